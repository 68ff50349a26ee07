"""What cancelling tickets would bring, line by line: the same arithmetic for looking and for doing."""

import json
from dataclasses import dataclass
from hashlib import blake2s
from uuid import UUID

from bookings.cancelling.exchanging import fees_of, kept_of_rest
from bookings.cancelling.sources import left_of_card, shares_of, sources_of, take
from bookings.models import Booking, BookingItem, GoesTo, Grounds, Rule
from core.errors import DomainError
from core.money import Money, total
from core.words import many
from events.cancelling import Window
from events.charges import Terms, sold_under_terms
from events.models import BackTo
from events.models import Status as EventStatus
from payments.models import Payment
from tickets.models import Status as TicketStatus

ADMITTING = (TicketStatus.CONFIRMED, TicketStatus.TRANSFERRED, TicketStatus.USED)
IN_OTHER_HANDS = (TicketStatus.TRANSFERRED, TicketStatus.USED)
NO_POLICY = Terms()


class NotCancellable(DomainError):
    """These tickets cannot be cancelled like this; nothing was changed."""

    code = "not_cancellable"


@dataclass(frozen=True)
class Wish:
    """Which tickets (their ids; none: all that are left), on whose `grounds`, and by which `rule`.

    A rule other than the policy, or a ticket that was used or passed on, wants a `reason`; whether who
    asks may do so is asked of the edges. `by` is the id of the member of staff. `refund_reason` (of
    Refund.Reason): what the refund says where it is not the usual. `to` is where the money shall go,
    where there is a choice. With the grounds EXCHANGE its value goes `towards` another booking first.
    """

    tickets: frozenset[UUID] = frozenset()
    grounds: Grounds = Grounds.BUYER
    rule: Rule = Rule.POLICY
    reason: str = ""
    by: int | None = None
    refund_reason: str = ""
    to: GoesTo | None = None
    towards: Booking | None = None

    @property
    def is_override(self):
        return self.rule != Rule.POLICY


@dataclass(frozen=True)
class Line:
    """One ticket: what of it is kept, of the ticket and of the fee with the tax on it, and what goes
    back. Together they are what was paid. Of a ticket given for cheaper seats `kept_of_rest` is the
    part of what is kept of it that the new seats cost less."""

    item: BookingItem
    kept_of_ticket: Money
    kept_fee: Money
    refunded: Money
    kept_of_rest: Money

    @property
    def paid(self):
        return self.item.sum_of("total")

    @property
    def kept(self):
        return self.kept_of_ticket + self.kept_fee

    @property
    def kept_for_changing(self):
        return self.kept - self.kept_of_rest

    @property
    def counts(self):
        """What it counts towards other seats."""
        return self.paid - self.kept_for_changing


@dataclass(frozen=True)
class Quote:
    """What comes of a Wish. `window` is the one of the policy that counts, if it decides. Of what comes
    back `to_credit` becomes credit of the buyer, the rest goes back to where it was paid from:
    `paid_out` of it [(Payment, Money)] to payments that this one stems from, through credit."""

    booking: Booking
    wish: Wish
    lines: list[Line]
    window: Window | None
    is_whole: bool
    to_credit: Money
    paid_out: tuple = ()

    def _sum(self, name):
        return total((getattr(line, name) for line in self.lines), self.booking.currency)

    @property
    def paid(self):
        return self._sum("paid")

    @property
    def kept(self):
        return self._sum("kept")

    @property
    def kept_of_tickets(self):
        return self._sum("kept_of_ticket")

    @property
    def kept_fees(self):
        return self._sum("kept_fee")

    @property
    def kept_of_rest(self):
        """What is kept of the difference where the new seats cost less."""
        return self._sum("kept_of_rest")

    @property
    def refunded(self):
        return self._sum("refunded")

    @property
    def to_card(self):
        return self.refunded - self.to_credit

    @property
    def becomes_credit(self):
        """What becomes credit, also what is paid out again at once."""
        return self.to_credit + total((money for _, money in self.paid_out), self.booking.currency)

    @property
    def name(self):
        """The same for the same tickets and the same money, of new seats too, and for nothing else."""
        said = [str(self.booking.pk), str(self.wish.grounds), str(self.wish.rule)]
        said.append(str(self.to_credit.amount))
        new = self.wish.towards
        said += [str(new.pk), str(new.money)] if new else []
        said += [
            [line.item.pk, *(str(part.amount) for part in (line.kept_of_ticket, line.kept_fee))]
            for line in self.lines
        ]
        return blake2s(json.dumps(said).encode(), digest_size=16).hexdigest()


def policy_of(booking):
    """The Policy that the booking was sold under, or None."""
    return terms_of(booking).cancellation


def terms_of(booking):
    """The Terms that the booking was sold under."""
    return sold_under_terms(booking.terms_id) if booking.terms_id else NO_POLICY


def preview(booking, wish, *, now, taken=None):
    """The Quote of a Wish at a moment (the event of the booking is read); changes nothing. Raises
    NotCancellable with what stands against it.

    Who looks at many bookings at once keeps in `taken` {payment id: Money} what the others get of
    payments that paid for several.
    """
    if not booking.is_sold:
        raise NotCancellable("Only tickets of a paid booking can be cancelled.")
    chosen, is_whole = _chosen(booking, wish)
    policy = policy_of(booking)
    window = policy and policy.window_at(booking.event.starts_at, now)
    _check_hands(chosen, wish, now)
    if wish.grounds == Grounds.EXCHANGE:
        _check_exchange(booking, wish, policy, now)
        lines = _exchanged(chosen, wish, terms_of(booking), window)
    else:
        if wish.rule == Rule.POLICY:
            _check_policy(booking, policy, window, is_whole=is_whole)
        lines = [_line(item, terms_of(booking), wish.rule, window) for item in chosen]
    if wish.rule != Rule.POLICY or wish.grounds == Grounds.EXCHANGE:
        window = None
    back = total((line.refunded for line in lines), booking.currency)
    return Quote(
        booking, wish, lines, window, is_whole, *_where_to(booking, wish, policy, back, taken)
    )


def may_choose(booking):
    """Whether the buyer chooses where the money of this booking goes."""
    policy = policy_of(booking)
    return policy is not None and policy.back_to == BackTo.CHOICE


def _where_to(booking, wish, policy, back, taken):
    """(what of the money that comes back stays credit, what of it is paid out as credit). Where it goes
    is for policy or wish; what was paid with credit goes back last, and as credit, but for what had
    become credit only because seats were changed."""
    if _goes_to(wish, policy) == GoesTo.CREDIT:
        if booking.customer_id is None:
            raise NotCancellable("Nobody is named as its buyer, who could have the credit.")
        return back, ()
    nothing = Money.zero(back.currency)
    used = min(back, wish.towards.money) if wish.towards else nothing
    payment = Payment.objects.filter(pk=booking.payment_id, credit__gt=0).first()
    if payment is None or not back:
        return used, ()
    taken = {} if taken is None else taken
    rest = back - used
    by_credit = rest - take(payment, min(rest, left_of_card(payment, taken)), taken)
    paid_out = shares_of(sources_of(payment), by_credit, taken)
    return used + by_credit - total((money for _, money in paid_out), back.currency), paid_out


def _goes_to(wish, policy):
    if wish.grounds == Grounds.EVENT:
        return GoesTo.CARD
    if wish.rule != Rule.POLICY or policy.back_to == BackTo.CHOICE:
        return wish.to or GoesTo.CARD
    said = GoesTo(policy.back_to)
    if wish.to not in (None, said):
        raise NotCancellable(f"By its terms of sale the money goes to: {said.label.lower()}.")
    return said


def may_give_back(booking, now):
    """Whether its buyer could cancel a ticket of the booking now, if he still has one."""
    policy = policy_of(booking)
    is_open = booking.is_sold and booking.event.status != EventStatus.CANCELLED
    return is_open and policy is not None and bool(policy.window_at(booking.event.starts_at, now))


def left_of(booking):
    """The BookingItems that are not cancelled, in their order, with tickets."""
    items = BookingItem.objects.filter(booking=booking, cancelled=None)
    return list(items.select_related("ticket").order_by("position"))


def own_left_of(booking):
    """Those of `left_of` that its buyer did not give to somebody else."""
    return [item for item in left_of(booking) if item.ticket.holder_id is None]


def _chosen(booking, wish):
    left = left_of(booking)
    chosen = [item for item in left if not wish.tickets or item.ticket_id in wish.tickets]
    missing = len(wish.tickets) - len(chosen) if wish.tickets else 0
    if missing or not chosen:
        gone = many(missing or 1, "of these tickets is", "of these tickets are")
        raise NotCancellable(f"{gone} not in this booking, or cancelled already.")
    return chosen, len(chosen) == len(left)


def _check_hands(chosen, wish, now):
    """Who has been let in, or holds what somebody else paid for, loses his ticket only for a reason.
    The number of what is in other hands is not told: it opens the door."""
    if wish.is_override:
        if not wish.reason.strip():
            raise NotCancellable("Say why the policy does not count here.")
        return
    for item in chosen:
        if item.ticket.locked_because and wish.grounds != Grounds.EVENT:
            raise NotCancellable(f"{item.ticket.place} is locked: please write to us.")
        if item.ticket.status == TicketStatus.USED:
            raise NotCancellable(f"Ticket {item.ticket.number} was used at the gate.")
        if item.ticket.status == TicketStatus.TRANSFERRED:
            raise NotCancellable(
                f"{item.ticket.place} was passed on: its new holder would lose it."
            )
        if item.ticket.is_offered_at(now):
            raise NotCancellable(f"{item.ticket.place} is offered to somebody. Take it back first.")


def _check_policy(booking, policy, window, *, is_whole):
    if booking.event.status == EventStatus.CANCELLED:
        raise NotCancellable("The event is cancelled: all the money goes back by itself.")
    if policy is None or not policy.windows:
        raise NotCancellable("Tickets of this event are sold for good.")
    if window is None:
        raise NotCancellable("The time in which these tickets could be cancelled is over.")
    if not is_whole and not policy.is_partial:
        raise NotCancellable("The tickets of this booking can only be cancelled all together.")


def may_exchange(booking, now):
    """Whether its buyer may change seats of a booking now, if he still has one."""
    policy = policy_of(booking)
    is_open = booking.is_sold and booking.event.sells_at(now)
    return is_open and policy is not None and policy.exchange_fee is not None


def _check_exchange(booking, wish, policy, now):
    if wish.towards.event_id != booking.event_id or wish.towards.currency != booking.currency:
        raise NotCancellable("Seats are changed for others of the same event.")
    if booking.customer_id is None:
        raise NotCancellable("Nobody is named as its buyer.")
    if now >= booking.event.starts_at:
        raise NotCancellable("The event has begun: its seats are not changed any more.")
    if wish.rule == Rule.POLICY and (policy is None or policy.exchange_fee is None):
        raise NotCancellable("By its terms of sale these seats are not changed for others.")


def _exchanged(items, wish, terms, window):
    """The Lines of tickets given for other seats. All of them counts towards these, less what the
    policy keeps of each; what is left is kept in the part that it would keep of tickets given back."""
    nothing = Money.zero(items[0].currency)
    paid = [item.sum_of("total") for item in items]
    if wish.rule != Rule.POLICY:
        return [
            Line(item, nothing, nothing, money, nothing)
            for item, money in zip(items, paid, strict=True)
        ]
    fees = fees_of(items, terms.cancellation)
    rule = Rule.POLICY if window else Rule.NOTHING_BACK
    kept = total((_line(item, terms, rule, window).kept for item in items), nothing.currency)
    worth = [money - fee for money, fee in zip(paid, fees, strict=True)]
    parts = kept_of_rest(worth, wish.towards.money, kept, total(paid, nothing.currency))
    return [
        Line(item, fee + part, nothing, money - part, part)
        for item, fee, money, part in zip(items, fees, worth, parts, strict=True)
    ]


def _line(item, terms, rule, window):
    nothing, paid = Money.zero(item.currency), item.sum_of("total")
    fee = item.sum_of("fee")
    fee += terms.tax_on_top_of(fee)
    if rule == Rule.ALL_BACK:
        return Line(item, nothing, nothing, paid, nothing)
    if rule == Rule.NOTHING_BACK:
        return Line(item, paid - fee, fee, nothing, nothing)
    kept = window.kept_of(paid - fee)
    kept_fee = nothing if terms.cancellation.fees_refundable else fee
    return Line(item, kept, kept_fee, paid - kept - kept_fee, nothing)
