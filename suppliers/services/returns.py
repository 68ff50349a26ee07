"""Sending unsold seats back: asked for, answered by the supplier, credited."""

from itertools import groupby

from django.db.models import F, Q
from django.db.models.functions import Now

from agencies.queries import local_today
from core import failpoints
from core.audit import because
from core.errors import DomainError, Invalid
from core.locks import lock, lock_one
from core.money import Money, total
from core.numbering import next_number
from core.outbox import record
from core.transactions import use_case
from core.words import many
from inventory.models import EventSeat, Ownership
from inventory.models import Status as SeatStatus
from inventory.services import give_back, lock_seats, put_on_sale, take_off_sale
from payments.ledger import post
from payments.models import Account
from suppliers.facts import ReturnAskedFor
from suppliers.models import (
    Acquisition,
    Basis,
    CreditNote,
    PurchaseOrderLine,
    ReturnLine,
    ReturnStatus,
    SupplierReturn,
)
from suppliers.services.credits import issue


class NotReturnable(DomainError):
    """These seats cannot go back, or not so many of them; nothing was changed."""

    code = "not_returnable"


def returnable(today):
    """Acquisitions that may go back on this day: within their window, or without one and not firm."""
    is_open = Q(return_by__gte=today) | Q(return_by=None) & ~Q(line__order__basis=Basis.FIRM)
    return Acquisition.objects.filter(is_open, returned_at=None)


@use_case
def request_returns(*, wanted, among=None, reason="", by=None):
    """Asks suppliers to take seats back: `wanted` is {order line id: how many}. Of each line the seats
    farthest back that are free are taken, of those `among` (EventSeat ids) if given, and blocked from
    now on.

    Returns a SupplierReturn for each supplier and currency. Raises NotReturnable naming the line of
    which not so many can go back; then nothing is asked.
    """
    lines = PurchaseOrderLine.objects.filter(pk__in=wanted).select_related("order__supplier")
    lines = {line.pk: line for line in lines}
    if not lines or len(lines) < len(wanted) or min(wanted.values()) < 1:
        raise Invalid("Say of which lines how many seats go back.")
    chosen = _choose(lines, wanted, among)
    failpoints.reach("return.after_choice")
    by_partner = sorted(chosen, key=lambda each: _partner(lines[each.line_id]))
    return [
        _ask(list(bought), lines, reason, by)
        for _, bought in groupby(by_partner, key=lambda each: _partner(lines[each.line_id]))
    ]


def _partner(line):
    return line.order.supplier.name, str(line.order.supplier_id), line.currency


def _choose(lines, wanted, among):
    """The Acquisitions to send back, chosen among the free ones while these are locked."""
    candidates = returnable(local_today()).filter(line__in=lines)
    if among is not None:
        candidates = candidates.filter(event_seat__in=among)
    owned = EventSeat.objects.filter(ownership=Ownership.OWNED, status=SeatStatus.AVAILABLE)
    seats = lock(owned.filter(pk__in=candidates.values("event_seat")))
    free = {seat.pk: seat.ordinal for seat in seats}
    of_line = {}
    for bought in candidates.filter(event_seat__in=free):
        of_line.setdefault(bought.line_id, []).append(bought)
    chosen = []
    for line_id, quantity in wanted.items():
        found = sorted(of_line.get(line_id, []), key=lambda each: -free[each.event_seat_id])
        if len(found) < quantity:
            raise NotReturnable(
                f"{lines[line_id]}: {many(quantity, 'seat was', 'seats were')} to go back, "
                f"{many(len(found), 'is', 'are')} free and may. Nothing was asked for."
            )
        chosen += found[:quantity]
    return chosen


def _ask(bought, lines, reason, by):
    line = lines[bought[0].line_id]
    year = local_today().year
    asked = SupplierReturn.objects.create(
        number=f"RT-{year}-{next_number(f'return-{year}'):04d}",
        supplier=line.order.supplier,
        reason=reason,
        expected=sum(
            each.unit_cost for each in bought if lines[each.line_id].order.is_owed_on_delivery
        ),
        currency=line.currency,
        requested_by=by,
    )
    ReturnLine.objects.bulk_create(
        ReturnLine(
            supplier_return=asked,
            acquisition=each,
            cost=each.unit_cost,
            currency=each.currency,
        )
        for each in bought
    )
    because(f"Return {asked} asked for{f': {reason}' if reason else ''}")
    take_off_sale([each.event_seat_id for each in bought])
    record(ReturnAskedFor(return_id=asked.pk))
    return asked


@use_case
def accept_return(*, asked, by=None, kept=(), credit=None, supplier_reference=""):
    """The supplier takes the seats back, but for the ReturnLine ids in `kept`; `credit` (Money) is what
    he gives for them, their cost if not said. Those he takes are no longer ours; the others sell again.
    Where no credit is due, as for seats that were never owed, the return is closed at once.

    Returns the SupplierReturn; raises Invalid when nothing is taken or the credit cannot be.
    """
    asked = _answered(asked, ReturnStatus.ACCEPTED, by)
    lines = lock(asked.lines.select_related("acquisition__line__order"))
    taken = [line for line in lines if line.pk not in set(kept)]
    if not taken:
        raise Invalid("When no seat is taken back the supplier has refused.")
    shares = _shares(asked, taken, credit)
    _hand_over(asked, taken)
    _keep(asked, [line for line in lines if line.pk in set(kept)])
    for line, share in zip(taken, shares, strict=True):
        line.state, line.credit = ReturnLine.State.TAKEN_BACK, share.amount
    ReturnLine.objects.bulk_update(taken, ["state", "credit"], batch_size=1000)
    asked.expected = total(shares, asked.currency).amount
    if not asked.expected:
        asked.move_to(ReturnStatus.CLOSED)
    asked.supplier_reference = supplier_reference
    asked.save()
    _book(asked, taken, shares)
    failpoints.reach("return.before_commit")
    return asked


def _shares(asked, taken, credit):
    """The credit of each line: by cost, nothing for seats that were never paid for."""
    weights = [
        line.cost if line.acquisition.line.order.is_owed_on_delivery else 0 for line in taken
    ]
    cost = Money(sum(weights), asked.currency)
    credit = cost if credit is None else credit
    if credit.currency != asked.currency or not Money.zero(asked.currency) <= credit <= cost:
        raise Invalid(f"The credit is between nothing and {cost.display()}, what the seats cost.")
    return credit.split(weights) if cost else [credit] * len(taken)


def _hand_over(asked, taken):
    bought = [line.acquisition for line in taken]
    by_line = {}
    for each in bought:
        by_line.setdefault(each.line_id, []).append(each)
    lock(PurchaseOrderLine.objects.filter(pk__in=by_line))
    seat_ids = [each.event_seat_id for each in bought]
    lock_seats(seat_ids)
    because(f"Return {asked} accepted")
    if give_back(seat_ids) < len(seat_ids):
        raise NotReturnable("Some of these seats are not blocked any more. Nothing was given back.")
    Acquisition.objects.filter(pk__in=[each.pk for each in bought]).update(returned_at=Now())
    for line_id, part in by_line.items():
        PurchaseOrderLine.objects.filter(pk=line_id).update(returned=F("returned") + len(part))


def _book(asked, taken, shares):
    """Firm seats against a credit, and what it lacks of their cost; others against the supplier's
    stock."""
    cost = _cost(asked, [line for line in taken if line.acquisition.line.order.is_owed_on_delivery])
    consigned = _cost(
        asked, [line for line in taken if not line.acquisition.line.order.is_owed_on_delivery]
    )
    credit = total(shares, asked.currency)
    post(
        source="return",
        source_id=asked.pk,
        kind="accepted",
        memo=asked.number,
        lines=[
            (Account.SUPPLIER_CREDITS, credit),
            (Account.PURCHASE_VARIANCE, cost - credit),
            (Account.CONSIGNED_STOCK, consigned),
            (Account.INVENTORY, -(cost + consigned)),
        ],
    )


def _cost(asked, lines):
    return total((Money(line.cost, asked.currency) for line in lines), asked.currency)


@use_case
def refuse_return(*, asked, by=None):
    """The supplier takes nothing back; its seats sell again. Returns the SupplierReturn."""
    return _close(asked, ReturnStatus.REFUSED, by)


@use_case
def withdraw_return(*, asked, by=None):
    """We keep the seats after all; they sell again. Returns the SupplierReturn."""
    return _close(asked, ReturnStatus.WITHDRAWN, by)


def _close(asked, status, by):
    asked = _answered(asked, status, by)
    asked.save()
    _keep(asked, lock(asked.lines.select_related("acquisition")))
    return asked


def _answered(asked, status, by):
    related = SupplierReturn.objects.select_related("supplier")
    asked = lock_one(related.filter(pk=asked.pk))
    asked.move_to(status)
    asked.answered_at, asked.answered_by = Now(), by
    return asked


def _keep(asked, lines):
    """These seats stay ours and go back on sale."""
    if not lines:
        return
    seat_ids = [line.acquisition.event_seat_id for line in lines]
    lock_seats(seat_ids)
    because(f"Return {asked}: {asked.get_status_display().lower()}, stays ours")
    put_on_sale(seat_ids)
    ids = [line.pk for line in lines]
    ReturnLine.objects.filter(pk__in=ids).update(state=ReturnLine.State.KEPT)


@use_case
def credit_return(*, asked, number, issued_on, money, by=None):
    """The credit note for an accepted return has come: ACCEPTED → CREDITED. What it is above or below
    what was agreed is bought dearer or cheaper. Returns the CreditNote; raises KnownNumber."""
    asked = lock_one(SupplierReturn.objects.select_related("supplier").filter(pk=asked.pk))
    asked.move_to(ReturnStatus.CREDITED)
    difference = money - Money(asked.expected, asked.currency)
    note = issue(
        kind=CreditNote.Kind.RETURN,
        money=money,
        lines=[
            (Account.SUPPLIER_CREDITS, difference),
            (Account.PURCHASE_VARIANCE, -difference),
        ]
        if difference
        else [],
        supplier=asked.supplier,
        number=number,
        issued_on=issued_on,
        reason=f"Return {asked}",
        entered_by=by,
    )
    asked.credit_note = note
    asked.save(update_fields=["status", "credit_note"])
    return note
