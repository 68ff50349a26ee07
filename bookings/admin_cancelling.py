"""Cancelling tickets for a buyer, by the policy or, with the right to it, for a reason of one's own."""

from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import Q
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from bookings.cancelling import Wish, cancel, left_of, policy_of, preview
from bookings.changed_from import changed_from
from bookings.models import Cancellation, GoesTo, Grounds, Rule
from core.admin_base import ReadOnlyAdmin
from core.admin_parts import (
    Panel,
    Table,
    columns,
    linked,
    money_column,
    panel,
    pill,
    status_of,
    when,
)
from core.locks import database_now
from core.words import many
from events.cancelling import sentences_of
from payments.admin import refunds_table
from payments.admin_ledger import entries_of, entries_table
from tickets.admin_states import pills_of, words_of

OVERRIDES = [
    (Rule.POLICY, "What the policy says"),
    (Rule.ALL_BACK, "Everything that was paid for them"),
    (Rule.NOTHING_BACK, "Nothing, such as after a fraud"),
]
WHO_OVERRIDES = "Owner or finance can give all of it back."


class GiveBackForm(forms.Form):
    """Which tickets, by which rule, why."""

    tickets = forms.MultipleChoiceField(
        label="Tickets",
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        error_messages={"required": "Choose at least one ticket."},
    )
    rule = forms.ChoiceField(label="What goes back", choices=OVERRIDES, initial=Rule.POLICY)
    to = forms.ChoiceField(
        label="Where it goes",
        choices=[("", "As the policy says, or to where it was paid from"), *GoesTo.choices],
        required=False,
    )
    reason = forms.CharField(
        label="Reason",
        max_length=200,
        required=False,
        help_text="Needed wherever the policy does not decide; it stays with the booking.",
    )
    refund_reason = forms.ChoiceField(
        label="Because",
        choices=[
            ("", "The guest asked for it"),
            ("DUPLICATE", "The guest booked twice"),
            ("FRAUD", "It was a fraud"),
        ],
        required=False,
        help_text="The refund names it as its reason.",
    )

    def __init__(self, data, *, items, may_override, duplicate_of="", is_fraud=False):
        super().__init__(data)
        states = words_of([item.ticket for item in items])
        self.fields["tickets"].choices = [
            (str(item.ticket_id), _in_words(item, states[item.ticket_id])) for item in items
        ]
        self.fields["tickets"].initial = [str(item.ticket_id) for item in items]
        if not may_override:
            self.fields["rule"].choices = OVERRIDES[:1]
        elif duplicate_of or is_fraud:
            self.fields["rule"].initial = Rule.ALL_BACK
        if duplicate_of:
            self.fields["reason"].initial = f"Duplicate of {duplicate_of}"
            self.fields["refund_reason"].initial = "DUPLICATE"
        elif is_fraud:
            self.fields["reason"].initial = "Fraud"
            self.fields["refund_reason"].initial = "FRAUD"

    def wish(self, by):
        said = self.cleaned_data
        return Wish(
            frozenset(map(UUID, said["tickets"])),
            Grounds.STAFF,
            Rule(said["rule"]),
            said["reason"],
            by.pk,
            said["refund_reason"],
            GoesTo(said["to"]) if said["to"] else None,
        )


def _in_words(item, state):
    words = state[1]
    return f"{item.ticket.place}, {item.sum_of('total').display()}, {words[:1].lower()}{words[1:]}"


def cancel_page(pages, request, booking):
    """The step's pages: choose, look at the money, confirm what was looked at."""
    may_override = pages.admin_site.allows(request, "step", "bookings.cancellation")
    form = GiveBackForm(
        request.POST or None,
        items=left_of(booking),
        may_override=may_override,
        duplicate_of=request.GET.get("duplicate_of", "")[:12],
        is_fraud="fraud" in request.GET,
    )

    def work(form):
        wish, seen = form.wish(request.user), request.POST.get("seen")
        if seen:
            made = cancel(booking.pk, wish, seen=seen)
            return pages.back(request, booking, done=_done(made))
        return _look(pages, request, booking, wish)

    rules = " ".join(sentences_of(policy_of(booking))[:-1])
    who = "" if may_override else f" {WHO_OVERRIDES}"
    return pages.form_page(
        request, form, work, title=f"Cancel tickets: {booking}", thing=booking,
        submit="See the money first", note=f"It was sold under this policy: {rules}{who}",
    )  # fmt: skip


def _done(made):
    back = f"{made.refunded_money.display()} goes back" if made.refunded else "nothing goes back"
    if made.credited:
        card = f", {made.refunded_money.display()} goes back" if made.refunded else ""
        back = f"{made.credited_money.display()} became credit{card}"
    return f"{many(made.ticket_count, 'ticket is', 'tickets are')} cancelled; {back}."


def _look(pages, request, booking, wish):
    quote = preview(booking, wish, now=database_now())
    sent = [("tickets", ticket) for ticket in sorted(map(str, wish.tickets))]
    said = [("rule", wish.rule.value), ("reason", wish.reason), ("seen", quote.name)]
    said += [("to", wish.to.value)] if wish.to else []
    said += [("refund_reason", wish.refund_reason)] if wish.refund_reason else []
    return pages.page(
        request,
        "admin/do_it.html",
        title=f"Cancel tickets: {booking}",
        thing=booking,
        hidden=sent + said,
        note="The codes stop working at once, the seats can be sold again (those of used tickets are "
        "blocked), and the money is on its way. It cannot be undone.",
        submit=f"Cancel {many(len(quote.lines), 'ticket')}, {quote.refunded.display()} back",
        keeps=True,
        panels=[quote_panel(quote)],
    )


def quote_panel(quote):
    """Line by line what was paid, what is kept and what goes back."""
    states = pills_of([line.item.ticket for line in quote.lines])
    rows = [
        [line.item.ticket.place, states[line.item.ticket_id], line.paid.display(),
         line.kept_of_ticket.display(), line.kept_fee.display(), line.refunded.display()]
        for line in quote.lines
    ]  # fmt: skip
    sums = (quote.paid, quote.kept_of_tickets, quote.kept_fees, quote.refunded)
    foot = [many(len(rows), "ticket"), "", *(each.display() for each in sums)]
    titles = columns("Place", "State", "Paid#", "Kept of it#", "Fee kept#", "Goes back#")
    credit = f", {quote.to_credit.display()} of it as credit" if quote.to_credit else ""
    return Panel(f"What goes back{credit}", Table(titles, rows, foot), count=len(rows))


def cancellations_panel(booking):
    """What was given back of a booking, or None."""
    made = list(booking.cancellations.select_related("refund", "made_by", "exchanged_for"))
    rows = [
        [linked(each, when(each.made_at)), each.ticket_count, each.get_grounds_display(),
         each.reason or each.get_rule_display(), each.kept_money.display(),
         each.refunded_money.display(), each.credited_money.display() if each.credited else "–",
         linked(each.exchanged_for), _state_of(each)]
        for each in made
    ]  # fmt: skip
    titles = columns(
        "Cancelled",
        "Tickets#",
        "By",
        "Because",
        "Kept#",
        "Goes back#",
        "As credit#",
        "Changed for",
        "Money",
    )
    return Panel("Cancelled tickets", Table(titles, rows), count=len(rows)) if made else None


def changed_panel(booking):
    """Which booking's tickets were given for this one, and how it was paid for; or None."""
    changed = changed_from(booking)
    if changed is None:
        return None
    row = [linked(changed.old), changed.worth.display()]
    row.append(f"{changed.more.display()} {changed.way}" if changed.more else "–")
    titles = columns("Booking", "It paid#", "Paid besides#")
    return Panel("Tickets that were given for it", Table(titles, [row]))


def _state_of(cancellation):
    """How far its money is: by the refund that is not done yet, if there is one."""
    shown = cancellation.refund
    if cancellation.refunded and (shown is None or not cancellation.is_back):
        shown = cancellation.awaited.first() or cancellation.refunds.first()
    if shown and shown.other_way:
        return pill(shown.status, shown.state_in_words)
    return status_of(shown) if shown else "–"


@admin.register(Cancellation)
class CancellationAdmin(ReadOnlyAdmin):
    list_display = [
        *("made", "number", "concert", "ticket_count", money_column("kept", "Kept")),
        *(money_column("refunded", "Goes back"), money_column("credited", "As credit")),
        *("grounds", "rule", "reason"),
    ]
    list_display_links = ["number"]
    list_filter = [
        *("grounds", "rule", ("booking__event", admin.RelatedOnlyFieldListFilter)),
        ("made_at", admin.DateFieldListFilter),
    ]
    list_select_related = ["booking__event"]
    search_fields = ["booking__number", "booking__event__title", "reason"]
    ordering = ["-made_at", "pk"]
    fields = ["booking_link", "new_booking", "made", "grounds", "rule", "reason", "made_by"]
    readonly_fields = fields
    export_columns = {
        "Cancelled": "made_at",
        "Booking": "booking__number",
        "Event": "booking__event__title",
        "Tickets": "ticket_count",
        "Kept": "kept",
        "Goes back": "refunded",
        "As credit": "credited",
        "Currency": "currency",
        "Grounds": "grounds",
        "Changed for": "exchanged_for__number",
        "Rule": "rule",
        "Reason": "reason",
        "By": "made_by__email",
        "Refund": "refund__status",
    }

    @admin.display(description="Cancelled", ordering="made_at")
    def made(self, cancellation):
        return when(cancellation.made_at)

    @admin.display(description="Booking", ordering="booking__number")
    def number(self, cancellation):
        return cancellation.booking.number

    @admin.display(description="Event", ordering="booking__event__starts_at")
    def concert(self, cancellation):
        return cancellation.booking.event.title

    @admin.display(description="Booking")
    def booking_link(self, cancellation):
        return linked(cancellation.booking)

    @admin.display(description="Changed for")
    def new_booking(self, cancellation):
        return linked(cancellation.exchanged_for)

    def panels(self, request, cancellation):
        items = cancellation.items.select_related("item__ticket").order_by("item__position")
        rows = [
            [linked(each.item.ticket), each.item.ticket.place, each.item.sum_of("total").display(),
             each.kept.display(), each.money.display()]
            for each in items
        ]  # fmt: skip
        titles = columns("Ticket", "Place", "Paid#", "Kept#", "Goes back#")
        found = [Panel("Tickets", Table(titles, rows), count=len(rows))]
        refunds = list(cancellation.refunds.select_related("payment"))
        if refunds:
            title = "Refund" if len(refunds) == 1 else "Refunds, by the payments it came from"
            found.append(Panel(title, refunds_table(refunds)))
        if self.admin_site.allows(request, "view", "payments.journal"):
            booked = entries_of(source="cancellation", source_id=cancellation.pk)
            found.append(Panel("In the ledger", entries_table(booked)))
        return found


@panel("payments.refund", needs="bookings.cancellation")
def cancellation_of_refund(request, refund):
    """The tickets that it pays back."""
    paid_out = refund.credit_entries.values("reference")
    made = Cancellation.objects.filter(Q(refund=refund) | Q(pk__in=paid_out))
    made = made.select_related("booking").first()
    if made is None:
        return None
    row = [linked(made.booking), made.ticket_count, made.get_grounds_display(), made.reason or "–"]
    titles = columns("Booking", "Tickets#", "By", "Reason")
    return Panel("For cancelled tickets", Table(titles, [row]))
