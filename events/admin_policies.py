"""Cancellation policies: made once, read as buyers read them, never rewritten."""

import re
from decimal import Decimal
from itertools import pairwise
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpResponseRedirect
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextInputWidget

from agencies.queries import current_agency
from core.admin_base import BackOfficeAdmin, step
from core.admin_forms import AmountField, BackOfficeForm
from core.admin_parts import Panel, Table, amount, columns, linked, panel, when
from core.memory import Remembered
from core.money import Money, WrongScale
from events import services
from events.cancelling import Policy, Window, policy_of, sentences_of
from events.models import CancellationPolicy

LINES = (1, 2, 3)
SPAN = re.compile(r"(\d{1,5})\s*(d|days?|h|hours?|)", re.IGNORECASE)
HOURS_OF_A_DAY = 24
LONGEST_HOURS = 2 * 365 * HOURS_OF_A_DAY


class SpanField(forms.CharField):
    """A time before the start as staff write it (14, 14 days, 36 h), as hours."""

    widget = UnfoldAdminTextInputWidget

    def to_python(self, value):
        words = super().to_python(value).strip()
        if not words:
            return None
        found = SPAN.fullmatch(words)
        if not found:
            raise ValidationError("Write 14 days or 36 hours.")
        hours = int(found[1]) * (1 if found[2].lower().startswith("h") else HOURS_OF_A_DAY)
        if hours > LONGEST_HOURS:
            raise ValidationError("Two years at most.")
        return hours


def _line():
    """The fields of a line: until when, what percentage and what amount is kept."""
    digits = {"required": False, "min_value": 0, "decimal_places": 3}
    return (
        SpanField(
            required=False, label="Until", help_text="14 days, or 36 hours, before the start."
        ),
        AmountField(label="Kept, in %", max_value=100, max_digits=6, **digits),
        AmountField(label="Kept of each ticket", max_digits=11, **digits),
    )


CHEAPER_SEATS = (
    " Of cheaper seats the difference comes back as tickets of that worth would: what the lines below "
    "keep is kept of it, and after the last of them nothing comes back."
)


class PolicyForm(BackOfficeForm):
    """Three lines: until when, and what is kept of each ticket then."""

    until_1, percent_1, fixed_1 = _line()
    until_2, percent_2, fixed_2 = _line()
    until_3, percent_3, fixed_3 = _line()

    class Meta:
        model = CancellationPolicy
        fields = ["name", "fees_refundable", "is_partial", "back_to", "exchange_fee"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.currency = current_agency().currency
        if (
            "exchange_fee" in self.fields
        ):  # what a policy says never changes, so a known one has none
            self.fields["exchange_fee"].help_text += CHEAPER_SEATS

    def _get_validation_exclusions(self):
        return super()._get_validation_exclusions() - {"currency"}

    def clean(self):
        said = super().clean()
        windows = [window for window in (self._window(line, said) for line in LINES) if window]
        windows.sort(key=lambda window: -window["hours"])
        if len({window["hours"] for window in windows}) < len(windows):
            raise ValidationError("Two lines end at the same time.")
        if any(_keeps_less(later, earlier) for earlier, later in pairwise(windows)):
            raise ValidationError("Nearer to the start at least as much is kept as before.")
        self.instance.windows = windows
        return said

    def _window(self, line, said):
        until, percent, fixed = (
            said.get(f"{name}_{line}") for name in ("until", "percent", "fixed")
        )
        if until is None:
            if percent or fixed:
                self.add_error(f"until_{line}", "Until when is this kept?")
            return None
        try:
            kept = Money(fixed or Decimal(0), self.instance.currency)
        except WrongScale as wrong:
            self.add_error(f"fixed_{line}", wrong.message)
            return None
        return {
            "hours": until,
            "percent": f"{(percent or Decimal(0)).normalize():f}",
            "fixed": str(kept.amount),
        }


def _keeps_less(later, earlier):
    """Whether it keeps less of any ticket, whatever that costs."""
    kept = [[Decimal(window[name]) for name in ("percent", "fixed")] for window in (later, earlier)]
    return kept[0] != kept[1] and all(a <= b for a, b in zip(*kept, strict=True))


@admin.register(CancellationPolicy)
class CancellationPolicyAdmin(BackOfficeAdmin):
    form = PolicyForm
    list_display = ["name", "told", "is_default", "count", "made"]
    list_filter = ["is_default", "is_partial", "fees_refundable", "back_to"]
    search_fields = ["name"]
    ordering = ["name", "pk"]
    readonly_fields = ["exchange_told"]
    steps = ["make_default", "no_default", "make_another"]
    export_columns = {
        "Policy": "name",
        "Windows": "windows",
        "Fees come back": "fees_refundable",
        "Single tickets": "is_partial",
        "Goes to": "back_to",
        "Change of seats": "exchange_fee",
        "Currency": "currency",
        "The agency's": "is_default",
        "Made": "made_at",
    }

    def get_fieldsets(self, request, obj=None):
        if obj:
            told = [*PolicyForm.Meta.fields[:-1], "exchange_told", "is_default"]
            return [("Policy", {"fields": told})]
        lines = [
            tuple(f"{name}_{line}" for name in ("until", "percent", "fixed")) for line in LINES
        ]
        return [
            ("Policy", {"fields": PolicyForm.Meta.fields}),
            (
                "What is kept",
                {
                    "fields": lines,
                    "description": "After the last of these times nothing comes back. No line: "
                    "tickets are sold for good. A line without figures gives all of it back.",
                },
            ),
        ]

    def has_change_permission(self, request, obj=None):
        return False

    @admin.display(description="Kept of each ticket when seats are changed")
    def exchange_told(self, policy):
        if policy.exchange_fee is None:
            return "Buyers may not change seats"
        return amount(policy.exchange_fee, policy.currency)

    @admin.display(description="As buyers read it")
    def told(self, policy):
        return " ".join(_policy(policy).sentences[:-1])

    @admin.display(description="Events")
    def count(self, policy):
        return policy.events.count()

    @admin.display(description="Made", ordering="made_at")
    def made(self, policy):
        return when(policy.made_at)

    def panels(self, request, policy):
        rows = [[sentence] for sentence in _policy(policy).sentences]
        events = policy.events.order_by("-starts_at", "pk")[:20]
        return [
            Panel("As buyers read it", Table(columns(""), rows)),
            Panel(
                "Events that chose it",
                Table(
                    columns("Event", "Starts"),
                    [[linked(event), when(event.starts_at)] for event in events],
                    empty="None did.",
                ),
            ),
        ]

    def response_add(self, request, obj, post_url_continue=None):
        return self.back(request, obj, done=f"{obj} can be chosen for events now.")

    @step(
        "Make it the agency’s",
        when=lambda policy: not policy.is_default,
        tone="primary",
        says="It counts for the next booking of every event that has chosen none. What was booked "
        "before keeps the policy it was booked under.",
    )
    def make_default(self, request, policy):
        services.make_default(policy.pk)
        Remembered.forget_everything()
        return f"{policy} counts wherever no other was chosen."

    @step(
        "No longer the agency’s",
        when=lambda policy: policy.is_default,
        says="Tickets of events that have chosen no policy cannot be given back from now on.",
    )
    def no_default(self, request, policy):
        services.make_default(policy.pk, is_default=False)
        Remembered.forget_everything()
        return f"{policy} counts only where it was chosen."

    @step("Make another like it", is_page=True, right="add")
    def make_another(self, request, policy):
        said = {
            "name": f"{policy.name} 2"[:60],
            "fees_refundable": "on" if policy.fees_refundable else "",
            "is_partial": "on" if policy.is_partial else "",
            "back_to": policy.back_to,
            "exchange_fee": "" if policy.exchange_fee is None else policy.exchange_fee,
        }
        for line, window in zip(LINES, _policy(policy).windows, strict=False):
            said |= _spelled(line, window)
        return HttpResponseRedirect(
            f"{reverse('admin:events_cancellationpolicy_add')}?{urlencode(said)}"
        )


def _policy(row):
    return Policy.of(vars(row))


def _spelled(line, window: Window):
    return {
        f"until_{line}": window.span,
        f"percent_{line}": window.percent,
        f"fixed_{line}": window.fixed,
    }


@panel("events.event", needs="events.cancellationpolicy")
def policy_of_event(request, event):
    """What its buyers are told of cancelling."""
    rows = [[sentence] for sentence in sentences_of(policy_of(event))]
    return Panel("If a buyer cannot come", Table(columns(""), rows))
