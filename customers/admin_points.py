"""Loyalty in the back office: the programme, the points of guests, points given and taken by staff."""

from uuid import uuid4

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpResponseRedirect
from django.urls import reverse

from agencies.queries import current_agency
from core.admin_base import BackOfficeAdmin
from core.admin_forms import AmountField, BackOfficeForm
from core.admin_parts import Panel, Table, columns, linked, page_of, panel, when
from core.errors import DomainError, Invalid
from core.money import Money
from core.words import many
from customers.admin_entries import EntriesOfGuests, guest_of
from customers.models import PointEntry, Programme, Tier
from customers.points import (
    adjust,
    check_adjustment,
    count_from,
    earned_lately,
    in_circulation,
    points_of,
    running_programme,
    standing_of,
)

SHOWN = 20
MOST = 1_000_000_000  # points at once
NOT_RUNNING = (
    "The loyalty programme does not run: nothing is earned or spent, and nobody has a tier."
)


class ProgrammeForm(BackOfficeForm):
    class Meta:
        model = Programme
        fields = [
            *("is_on", "points_per_unit", "worth", "point_days"),
            *("silver_from", "gold_from", "platinum_from"),
        ]
        field_classes = {"points_per_unit": AmountField, "worth": AmountField}

    def clean_worth(self):
        worth = self.cleaned_data["worth"]
        self.instance.currency = self.instance.currency or current_agency().currency
        try:
            Money(worth, self.instance.currency)
        except DomainError as error:
            raise ValidationError(error.message) from error
        return worth


@admin.register(Programme)
class ProgrammeAdmin(BackOfficeAdmin):
    """An agency has one or none, so the list leads to it."""

    form = ProgrammeForm
    fieldsets = [
        ("Programme", {"fields": ["is_on"]}),
        ("Points", {"fields": ["points_per_unit", "worth", "point_days"]}),
        ("Tiers", {"fields": ["silver_from", "gold_from", "platinum_from"]}),
    ]

    def changelist_view(self, request, extra_context=None):
        there = Programme.objects.first() if self.has_view_permission(request) else None
        if there:
            return HttpResponseRedirect(page_of(there))
        if self.has_add_permission(request):
            return HttpResponseRedirect(reverse("admin:customers_programme_add"))
        return super().changelist_view(request, extra_context)

    def add_view(self, request, form_url="", extra_context=None):
        there = Programme.objects.first() if self.has_add_permission(request) else None
        if there:
            return HttpResponseRedirect(page_of(there))
        return super().add_view(request, form_url, extra_context)

    def render_change_form(self, request, context, add=False, **words):
        answer = super().render_change_form(request, context, add=add, **words)
        answer.context_data["has_add_permission"] &= add  # there is no second one
        return answer

    def response_add(self, request, obj, post_url_continue=None):
        return self.back(request, obj, done=self._said(obj))

    def response_change(self, request, obj):
        return self.back(request, obj, done=self._said(obj))

    @staticmethod
    def _said(programme):
        return "This holds from now on." if programme.is_on else NOT_RUNNING

    def under_title(self, programme):
        return ["Runs" if programme.is_on else "Does not run"]

    def panels(self, request, programme):
        points = in_circulation()
        worth = programme.worth_of(points).display()
        there = f"Guests have {many(points, 'point')} to spend, worth {worth}"
        rows = [
            [tier.label, f"{programme.begins_at(tier):,}", f"{count_from(tier):,}"]
            for tier in Tier
            if tier != Tier.BRONZE
        ]
        titles = columns("From the tier", "Points#", "Guests now#")
        return [Panel(there, Table(titles, rows))]


class AdjustForm(forms.Form):
    """Which guest gets how many points, or loses them, and why. `key` makes sending it twice one
    entry."""

    email = forms.EmailField(label="E-mail of the guest")
    points = forms.IntegerField(
        min_value=-MOST, max_value=MOST, help_text="Above 0 to give them, below 0 to take them."
    )
    reason = forms.CharField(max_length=200, help_text="Staff read it, and the guest does, too.")
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


@admin.register(PointEntry)
class PointEntryAdmin(EntriesOfGuests):
    list_display = ["made", "guest", "kind", "number", "reason", "lapses", "person"]
    list_filter = [
        *("kind", ("made_at", admin.DateFieldListFilter)),
        ("expires_at", admin.DateFieldListFilter),
    ]
    ordering = ["-made_at", "-pk"]
    fields = ["guest_link", "made", "kind", "number", "reason", "lapses", "person", "lot"]
    readonly_fields = fields
    export_columns = {
        "At": "made_at",
        "Guest": "customer__name",
        "E-mail": "customer__email",
        "What": "kind",
        "Points": "points",
        "Reason": "reason",
        "Lapses": "expires_at",
        "By": "made_by__name",
    }

    def add_page(self, request):
        """Giving points, or taking them: said, looked at, done."""
        form = AdjustForm(
            request.POST or None, initial={"email": request.GET.get("email", "")[:254]}
        )
        return self.form_page(
            request,
            form,
            lambda form: self._adjust(request, form),
            title="Points of a guest",
            note="Points given here can be spent like others, but count for no tier. Nothing that was "
            "written is ever changed: to correct it, write the opposite.",
            submit="See what it comes to",
        )

    def _adjust(self, request, form):
        said = form.cleaned_data
        customer = guest_of(said["email"])
        if running_programme() is None:
            raise Invalid(NOT_RUNNING)
        if "seen" not in request.POST:
            return self._preview(request, customer, **said)
        made = adjust(
            customer.pk,
            said["points"],
            reason=said["reason"],
            by=request.user,
            key=said["key"],
        )
        has = many(points_of(customer.pk), "point")
        return self.back(request, made, done=f"{customer} has {has} now.")

    def _preview(self, request, customer, *, email, points, reason, key):
        check_adjustment(customer.pk, points, reason)
        has = points_of(customer.pk)
        rows = [["Now", f"{has:,}"], ["This", f"{points:+,}"]]
        after = ["Then", f"{has + points:,}"]
        said = {"email": email, "points": points, "reason": reason, "key": key}
        return self.page(
            request,
            "admin/do_it.html",
            title=f"{'Give' if points > 0 else 'Take'} {many(abs(points), 'point')}: {customer}",
            hidden=[*said.items(), ("seen", "on")],
            note=f"{reason} – nothing is written yet.",
            submit="Write it down",
            back=f"{request.path}?email={email}",
            panels=[Panel("Points", Table(columns("", "Points#"), rows, foot=after))],
        )

    @admin.display(description="Points", ordering="points")
    def number(self, entry):
        return f"{entry.points:,}"

    @admin.display(description="Of")
    def lot(self, entry):
        return linked(entry.of)


# function([PointEntry]) → {id: (what it is, link)}, of apps above, which know bookings.
WORDS_OF = []


@panel("customers.customer", needs="customers.pointentry")
def points_of_guest(request, customer):
    """What a guest has earned: his tier, his points, and how these came and went."""
    programme = running_programme()
    entries = customer.point_entries.all()[:SHOWN]
    if programme is None and not entries:
        return None
    entries = list(entries)
    known = {key: told for words in WORDS_OF for key, told in words(entries).items()}
    told = {each.pk: (each.get_kind_display(), each.reason or "–") for each in entries} | known
    rows = [
        [linked(each, when(each.made_at)), *told[each.pk], f"{each.points:,}",
         when(each.expires_at)]
        for each in entries
    ]  # fmt: skip
    titles = columns("At", "What", "Reason", "Points#", "Lapses")
    return Panel(
        _in_words(programme, customer),
        Table(titles, rows, empty="This guest has had none."),
        link=_link(customer) if programme and admin.site.allows(request, "add", PointEntry) else (),
    )


def _in_words(programme, customer):
    standing = standing_of(customer.pk)
    points = f"Points: {standing.points:,}"
    if programme is None:
        return f"{points}, of a programme that does not run"
    lately = earned_lately(customer.person)
    worth = programme.worth_of(max(standing.points, 0)).display()
    return f"{points}, worth {worth}. {programme.tier_for(lately).label}: {lately:,} earned in 365 days"


def _link(customer):
    page = reverse("admin:customers_pointentry_add")
    return (f"{page}?email={customer.email}", "Give or take points")
