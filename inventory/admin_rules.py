"""Pricing rules: their terms, a try on what is there now, a simulation, the switches."""

from decimal import Decimal

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from agencies.models import Agency
from agencies.queries import current_agency, local_today
from core.admin_base import BackOfficeAdmin, step
from core.admin_parts import Panel, Table, amount, columns, pill
from core.money import Money
from core.tenancy import current_agency_id
from core.words import many
from events.models import Event
from inventory.admin_pricing_forms import PauseForm, RuleForm, SimulateForm
from inventory.admin_pricing_panels import changes_table
from inventory.models import PricingRule
from inventory.pricing.rules import (
    PRICED_EVENTS,
    let_rules_work,
    pause,
    pause_all_rules,
    proposals,
    switch_off,
    switch_on,
)
from inventory.pricing.setting import Setting, Way
from inventory.pricing.simulating import comparable_events, keep_simulation, simulate

TRIED_EVENTS = 20
SHOWN_REASONS = 100
KNOWN = (
    "Numbers sold stay as they were: whether somebody would have bought at another price nobody knows, "
    "and no demand is modelled. Prices are before fees, as the seat ledger has them; the rule decides "
    "once a day, in the morning. Prices begin as they were when the seats were bought, and changes "
    "that were made by hand since are left out."
)


def state_of(rule, now):
    """On, paused or off, as a pill."""
    if not rule.is_on:
        return pill("DRAFT", "Off")
    if rule.paused_until and rule.paused_until > now:
        return pill("PENDING", "Paused")
    return pill("ACTIVE", "On")


@admin.register(PricingRule)
class PricingRuleAdmin(BackOfficeAdmin):
    form = RuleForm
    list_display = ["name", "position", "state", "about", "does", "last_run_at"]
    list_filter = ["is_on", "basis", "event"]
    list_select_related = ["event", "level", "section"]
    list_before_template = "admin/rules_switch.html"
    search_fields = ["name"]
    ordering = ["position", "name", "pk"]
    steps = ["simulate", "try_now", "switch_on", "pause", "switch_off"]
    fieldsets = [
        ("Rule", {"fields": ["name", "position"]}),
        (
            "For places that",
            {
                "fields": [
                    *("event", "level", "section", "owned_days_from"),
                    ("days_to_event_from", "days_to_event_to"),
                    ("sold_percent_from", "sold_percent_to"),
                    ("velocity_from", "velocity_to", "velocity_days"),
                ]
            },
        ),
        ("New price", {"fields": ["basis", ("percent", "plus", "currency"), "round_to"]}),
        (
            "Never beyond",
            {
                "fields": [
                    ("max_change_percent", "direction"),
                    ("floor", "ceiling"),
                    *("below_cost_reason", "hours_between"),
                ]
            },
        ),
    ]
    export_columns = {
        "Position": "position",
        "Name": "name",
        "On": "is_on",
        "Paused until": "paused_until",
        "Event": "event__title",
        "Level": "level__name",
        "Section": "section__label",
        "Basis": "basis",
        "Percent": "percent",
        "Plus": "plus",
        "Currency": "currency",
        "Floor": "floor",
        "Ceiling": "ceiling",
        "Limit percent": "max_change_percent",
        "Hours between": "hours_between",
        "Simulated": "simulated_at",
        "Last run": "last_run_at",
    }

    # The list

    @admin.display(description="State", ordering="is_on")
    def state(self, rule):
        return state_of(rule, timezone.now())

    @admin.display(description="About")
    def about(self, rule):
        named = [str(each) for each in (rule.event, rule.level, rule.section) if each]
        return ", ".join(named) or "All events"

    @admin.display(description="Does")
    def does(self, rule):
        basis = rule.get_basis_display().lower()
        words = Setting(Way.PERCENT, rule.percent).in_words(rule.currency)
        return f"{basis} {words}"

    def changelist_view(self, request, extra_context=None):
        paused_at = Agency.objects.get(pk=current_agency_id()).rules_paused_at
        switch = {"rules_paused_at": paused_at, "may_switch": self.has_step_permission(request)}
        return super().changelist_view(request, {**switch, **(extra_context or {})})

    def get_urls(self):
        return [
            path(
                f"{name}/",
                self.admin_site.admin_view(require_POST(getattr(self, name))),
                name=f"inventory_pricingrule_{name}",
            )
            for name in ("pause_all", "work_again")
        ] + super().get_urls()

    def pause_all(self, request):
        return self._switched(
            request, pause_all_rules, "All rules rest: none changes a price until you let them."
        )

    def work_again(self, request):
        return self._switched(
            request, let_rules_work, "Rules work again, each as it was: on, paused or off."
        )

    def _switched(self, request, switch, done):
        if not self.has_step_permission(request):
            raise PermissionDenied
        switch()
        messages.success(request, done)
        return HttpResponseRedirect(self.list_address())

    # Terms

    def get_changeform_initial_data(self, request):
        kept = {"currency": current_agency().currency}
        return {**kept, **super().get_changeform_initial_data(request)}

    def save_model(self, request, obj, form, change):
        """Other terms than those that were simulated do not work."""
        if not change:
            obj.made_by = request.user
        elif set(form.changed_data) - {"name"}:
            if obj.is_on:
                messages.warning(request, f"{obj} is off now: simulate its new terms first.")
            obj.is_on, obj.simulated_at, obj.simulation = False, None, None
        super().save_model(request, obj, form, change)

    def response_add(self, request, obj, post_url_continue=None):
        return self.back(request, obj, done=f"{obj} is written and off. Simulate it next.")

    def under_title(self, rule):
        facts = [state_of(rule, timezone.now())]
        if rule.paused_until and rule.paused_until > timezone.now():
            facts.append(f"until {timezone.localtime(rule.paused_until):%-d %b %Y, %H:%M}")
        facts.append(self.about(rule))
        if Agency.objects.get(pk=current_agency_id()).rules_paused_at:
            facts.append("All rules rest at the moment")
        return facts

    def is_form_last(self, rule):
        return True

    def panels(self, request, rule):
        changes = rule.changes.defer("ordinals", "before", "after").select_related("made_by")
        found = [Panel("What it changed", changes_table(changes[:20]), count=changes.count())]
        return simulation_panels(rule.simulation, rule.simulated_at) + found

    # Steps

    @step("Simulate", tone="primary", is_page=True)
    def simulate(self, request, rule):
        given = request.POST if request.method == "POST" else None
        form = SimulateForm(given, events=comparable_events(rule))
        return self.form_page(
            request,
            form,
            lambda form: self._simulated(request, rule, form.cleaned_data["events"]),
            template="admin/rule_simulate.html",
            title=f"Simulate: {rule}",
            thing=rule,
            note=KNOWN
            if form.offered
            else f"There are no past sales in {rule.currency} yet: the "
            "simulation will be empty. Try the rule on what is there now before it works.",
        )

    def _simulated(self, request, rule, events):
        result = simulate(rule, events, local_today())
        keep_simulation(rule, result)
        days = sum(len(event["days"]) for event in result["events"])
        return self.back(request, rule, done=f"Simulated over {many(days, 'day')} of past sales.")

    @step("Try on now", is_page=True)
    def try_now(self, request, rule):
        """What it would change at this moment, by itself and before other rules; nothing is written."""
        now = timezone.now()
        tried = [(event, proposals([rule], event, now)) for event in _events_of(rule)]
        return self.page(
            request,
            "admin/panels.html",
            title=f"Now, if {rule} worked alone",
            thing=rule,
            panels=[_tried_panel(event, found) for event, found in tried]
            or [Panel("Coming events", Table([], [], empty="It speaks about no coming event."))],
        )

    @step("Switch on", when=lambda rule: not rule.is_on and rule.simulated_at, tone="primary",
          says="From its next turn on, within a quarter of an hour, the rule changes prices. Each "
          "change can be undone; what buyers have reserved keeps its price.")  # fmt: skip
    def switch_on(self, request, rule):
        switch_on(rule)
        return f"{rule} works from its next turn on."

    def switch_on_preview(self, request, rule):
        return simulation_panels(rule.simulation, rule.simulated_at)

    @step("Pause", when=lambda rule: rule.is_on, is_page=True)
    def pause(self, request, rule):
        form = PauseForm(request.POST or None, initial={"until": rule.paused_until})
        return self.form_page(
            request,
            form,
            lambda form: self._paused(request, rule, form.cleaned_data["until"]),
            title=f"Pause: {rule}",
            thing=rule,
            submit="Pause",
        )

    def _paused(self, request, rule, until):
        pause(rule, until=until)
        done = f"{rule} rests until then." if until else f"{rule} is back at work."
        return self.back(request, rule, done=done)

    @step("Switch off", when=lambda rule: rule.is_on, tone="danger",
          says="The rule changes nothing from now on. What it has changed stays: undo it change by "
          "change, below on its page.")  # fmt: skip
    def switch_off(self, request, rule):
        switch_off(rule)
        return f"{rule} is off."


def _events_of(rule):
    """Coming events it may speak about, the next ones first."""
    events = Event.objects.upcoming().filter(status__in=PRICED_EVENTS, currency=rule.currency)
    if rule.event_id:
        events = events.filter(pk=rule.event_id)
    return events.order_by("starts_at", "pk")[:TRIED_EVENTS]


def _tried_panel(event, found):
    rows = [
        [each.cohort.level, each.cohort.section, f"{len(each.cohort.ordinals):,}",
         amount(each.cohort.present, event.currency),
         "stays" if each.price is None else amount(each.price, event.currency), each.reason]
        for each in found[:SHOWN_REASONS]
    ]  # fmt: skip
    titles = columns("Level", "Section", "Places#", "Price now#", "Becomes#", "Why")
    table = Table(titles, rows, empty="No place fits, or each has the right price already.")
    places = sum(len(each.cohort.ordinals) for each in found if each.price is not None)
    return Panel(str(event), table, count=places)


# What it would have done


def simulation_panels(kept, at):
    """The stored simulation as Panels."""
    if kept is None:
        return []
    currency = kept["currency"]
    rows = [_event_row(event, currency) for event in kept["events"]]
    titles = ("Event", "Sold#", "Dearer#", "Cheaper#", "Same#", "Brought in#")
    titles += ("At the rule’s prices#", "Difference#", "Changes#")
    words = "No past sales were chosen: nothing is known about how it would have done."
    known = {"words": KNOWN, "at": at}
    found = [
        Panel("Simulation: at unchanged numbers sold", Table(columns(*titles), rows, empty=words)),
        Panel("What this knows and what not", template="admin/_known.html", context=known),
    ]
    return found + [_days_panel(event, currency) for event in kept["events"] if event["sold"]]


def _event_row(event, currency):
    actual, simulated = Decimal(event["actual"]), Decimal(event["simulated"])
    counts = [f"{event[name]:,}" for name in ("sold", "above", "below", "same")]
    money = [amount(_money(value, currency), currency) for value in (actual, simulated)]
    gain = amount(_money(simulated - actual, currency), currency)
    return [event["title"], *counts, *money, gain, f"{event['changes']:,}"]


def _money(value, currency):
    return Money.rounded(value, currency).amount


def _days_panel(event, currency):
    """The days on which something was sold."""
    rows = [
        [day["day"], f"{day['days_to_go']:,}", f"{day['stock']:,}", f"{day['sold']:,}",
         *(amount(_money(Decimal(day[name]) / day["sold"], currency), currency)
           for name in ("actual", "simulated"))]
        for day in event["days"] if day["sold"]
    ]  # fmt: skip
    titles = columns(
        "Day", "Days to go#", "In stock that morning#", "Sold#", "Average price#", "At the rule’s#"
    )
    return Panel(f"Day by day: {event['title']}", Table(titles, rows), count=len(rows))
