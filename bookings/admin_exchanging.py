"""Changing seats at the desk: tickets of a paid booking are given for the seats of a reservation, and
what is missing is taken in cash or on the terminal."""

from uuid import UUID

from django import forms
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from bookings.cancelling import left_of, preview
from bookings.models import Booking, GoesTo, Status
from bookings.receipt import discount_of
from bookings.services.exchange import difference, exchange, wish_of
from core.admin_forms import AmountField
from core.admin_parts import Panel, Table, columns
from core.errors import Invalid
from core.locks import database_now
from core.money import Money
from core.words import many
from payments.admin_desk import WholeCents
from payments.models import DeskTaking
from tickets.admin_states import pills_of


class ChangeSeatsForm(WholeCents, forms.Form):
    """Which tickets for which reservation, and how the guest pays what is missing."""

    number = forms.CharField(
        label="Number of the reservation with the new seats",
        max_length=12,
        help_text="Reserve them first; the number stands on its page.",
    )
    tickets = forms.MultipleChoiceField(
        label="Tickets to give",
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        error_messages={"required": "Choose at least one ticket."},
    )
    way = forms.ChoiceField(
        label="What is missing is paid",
        choices=[("", "Not at all: they cost no more"), *DeskTaking.Way.choices],
        required=False,
    )
    given = AmountField(
        label="The guest gives", min_value=0, max_digits=14, decimal_places=3, required=False,
        help_text="In cash; the change is worked out.",
    )  # fmt: skip
    reference = forms.CharField(label="Reference on the slip", max_length=40, required=False)
    to = forms.ChoiceField(
        label="Where goes what is left of cheaper seats",
        choices=[("", "As the policy says, or to where it was paid from"), *GoesTo.choices],
        required=False,
    )
    reason = forms.CharField(
        max_length=200,
        required=False,
        help_text="Only to change them for nothing, and to give all back that cheaper ones cost less, "
        "where the terms of sale do not let the guest.",
    )

    def __init__(self, *args, items, may_override, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["tickets"].choices = [
            (str(item.ticket_id), item.ticket.place) for item in items
        ]
        if not may_override:
            del self.fields["reason"]

    def taking(self, by):
        """What `take_at_desk` needs, or None."""
        said = self.cleaned_data
        if not said["way"]:
            return None
        given = self.money("given").amount if said["given"] else None
        return {"way": said["way"], "by": by, "given": given, "reference": said["reference"]}


def exchange_page(pages, request, booking):
    """The step's pages: choose, look at the money, confirm what was looked at."""
    form = ChangeSeatsForm(
        request.POST or None,
        currency=booking.currency,
        items=left_of(booking),
        may_override=pages.admin_site.allows(request, "step", "bookings.cancellation"),
    )

    def work(form):
        new, tickets = _reservation(form, booking), map(UUID, form.cleaned_data["tickets"])
        tickets, reason = frozenset(tickets), form.cleaned_data.get("reason", "")
        to = form.cleaned_data["to"]
        how = {"by": request.user.pk, "reason": reason, "to": GoesTo(to) if to else None}
        seen = request.POST.get("seen")
        if not seen:
            return _look(pages, request, booking, form, wish_of(new, tickets, **how))
        if form.cleaned_data["way"]:
            pages.may_handle_money(request)
        made = exchange(
            new.pk, booking_id=booking.pk, tickets=tickets, seen=seen,
            taking=form.taking(request.user), **how,
        )  # fmt: skip
        return pages.back(request, made, done=f"The seats are changed: {made} is paid and sold.")

    return pages.form_page(
        request, form, work, title=f"Change seats: {booking}", thing=booking,
        submit="See the money first",
        note="The tickets that are given die when the new seats are sold, or nothing happens.",
    )  # fmt: skip


def _reservation(form, booking):
    number = form.cleaned_data["number"].strip().upper()
    new = Booking.objects.filter(number=number, status=Status.RESERVED).first()
    if new is None or new.event_id != booking.event_id:
        raise Invalid(f"There is no open reservation {number} for this event.")
    return new


def _look(pages, request, booking, form, wish):
    old = Booking.objects.select_related("event", "terms").get(pk=booking.pk)
    quote = preview(old, wish, now=database_now())
    missing = difference(quote)
    names = ("number", "way", "given", "reference", "to", "reason")
    said = [(name, request.POST.get(name, "")) for name in names if name in form.fields]
    said += [("tickets", ticket) for ticket in sorted(map(str, wish.tickets))]
    return pages.page(
        request,
        "admin/do_it.html",
        title=f"Change seats: {booking}",
        thing=booking,
        hidden=[*said, ("seen", quote.name)],
        note=f"The new seats cost {wish.towards.money.display()}. {_money_told(quote)} "
        f"{_discount_told(quote)}Changing the seats cannot be undone.",
        submit=f"Change the seats, take {missing.display()}" if missing else "Change the seats",
        keeps=True,
        panels=[_worth_panel(quote)],
    )


def _money_told(quote):
    """What is to be paid, or what becomes of what the new seats cost less."""
    missing = difference(quote)
    if missing:
        return f"{missing.display()} is to be paid."
    told, kept = ["Nothing is to be paid."], quote.kept_of_rest
    rest = max(quote.refunded - quote.wish.towards.money, Money.zero(kept.currency))
    if kept:
        told.append(
            f"They cost {(rest + kept).display()} less; by the terms of sale {kept.display()} of it "
            f"is kept{'' if rest else ', and nothing comes back'}."
        )
    to_credit = rest - quote.to_card
    told += [f"{quote.to_card.display()} goes back to the card."] if quote.to_card else []
    told += [f"{to_credit.display()} becomes credit."] if to_credit else []
    return " ".join(told)


def _discount_told(quote):
    codes, discount = discount_of(quote.booking, [line.item for line in quote.lines])
    if not discount:
        return ""
    of_codes = f" of the code{'s' * (len(codes) > 1)} {', '.join(codes)}" if codes else ""
    return f"The {discount.display()} discount{of_codes} does not go with the new seats. "


def _worth_panel(quote):
    """Ticket by ticket what was paid, what is kept, and what counts towards the new seats or comes
    back."""
    states = pills_of([line.item.ticket for line in quote.lines])
    rows = [
        [line.item.ticket.place, states[line.item.ticket_id], line.paid.display(),
         line.kept_for_changing.display(), line.kept_of_rest.display(), line.refunded.display()]
        for line in quote.lines
    ]  # fmt: skip
    changing = quote.kept - quote.kept_of_rest
    sums = (quote.paid, changing, quote.kept_of_rest, quote.refunded)
    foot = [many(len(rows), "ticket"), "", *(each.display() for each in sums)]
    titles = columns(
        "Place", "State", "Paid#", "Kept for changing#", "Kept of what is less#", "Counts#"
    )
    return Panel("What the tickets are worth", Table(titles, rows, foot), count=len(rows))
