"""Promotions in bookings: what was taken off one, and what a promotion that is not active yet would
have given on the last sales."""

from itertools import groupby

from bookings.models import Booking, BookingItem
from core.admin_parts import Panel, Table, amount, columns, linked, panel, status_of
from core.money import Money, total
from core.words import many
from promotions.models import Type, Use
from promotions.queries import uses_of
from promotions.reckoning import Item, give
from promotions.refusals import not_enough
from promotions.words import gives

LAST = 200


@panel("bookings.booking", needs="promotions.use")
def codes_panel(request, booking):
    """The codes that a booking is reckoned with."""
    uses = uses_of(booking.pk)
    if not uses:
        return None
    rows = [
        [
            linked(use.promotion),
            use.code.text,
            gives(use.promotion),
            status_of(use),
            amount(use.discount, use.currency),
            amount(use.waived, use.currency),
        ]
        for use in uses
    ]
    titles = columns("Promotion", "Code", "Gives", "Use", "Discount#", "Fees waived#")
    return Panel("Promotions", Table(titles, rows), count=len(rows))


@panel("bookings.booking", needs="promotions.use")
def presale_panel(request, booking):
    """The presale that a booking was made in."""
    uses = Use.objects.of(booking.pk).exclude(promotion__presale=None)
    rows = [
        [linked(use.promotion.presale), use.code.text, status_of(use), f"{use.tickets:,}"]
        for use in uses.select_related("promotion__presale", "code")
    ]
    titles = columns("Presale", "Code", "Use", "Tickets#")
    return Panel("Presale", Table(titles, rows)) if rows else None


@panel("promotions.promotion", needs="bookings.booking")
def would_have_given(request, promotion):
    """Shown with a draft; nobody knows who would have bought because of it."""
    if not promotion.is_draft or promotion.type == Type.FREE_SHIPPING:
        return None
    last = Booking.objects.sold().filter(currency=promotion.currency)
    keys = list(last.order_by("-confirmed_at", "pk").values_list("pk", flat=True)[:LAST])
    found = [each for each in (_tried(promotion, sale) for sale in _sales(keys)) if each]
    off, revenue, cost = (_sum(found, at, promotion.currency) for at in range(3))
    amounts = (revenue, off, revenue - off, cost, revenue - off - cost)
    row = [f"{len(found):,}", *(amount(each.amount, each.currency) for each in amounts)]
    titles = ("Sales it fits#", "Listed at#", "Discount#", "Revenue#", "Cost#", "Margin left#")
    words = many(len(keys), "sale")
    return Panel(f"If the last {words} had had it", Table(columns(*titles), [row]))


def _sales(keys):
    """[BookingItem] of each of these bookings."""
    items = BookingItem.objects.filter(booking__in=keys).order_by("booking", "position")
    read = items.select_related("booking__event", "event_seat")
    return [list(group) for _, group in groupby(read, key=lambda item: item.booking_id)]


def _tried(promotion, sale):
    """(discount, listed price, cost) of a sale as Money; None if the promotion gives it nothing."""
    event = sale[0].booking.event
    items = [
        Item(Money(each.price, each.currency), event.pk, event.kind, each.event_seat.level_id)
        for each in sale
    ]
    good = [item for item in items if promotion.is_good_for(item)]
    nothing = Money.zero(promotion.currency)
    if not good or not_enough(promotion, good):
        return None
    given = give(promotion, items, [item.price for item in items], nothing)
    if not given:
        return None
    cost = total((Money(each.cost, each.currency) for each in sale), promotion.currency)
    return given.discount, total((item.price for item in items), promotion.currency), cost


def _sum(found, at, currency):
    return total((each[at] for each in found), currency)
