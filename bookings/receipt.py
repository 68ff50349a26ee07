"""What is in the price of a booking, as buyers are told it on every page and in every mail."""

from dataclasses import dataclass

from bookings.queries import items_with_tickets
from core.money import Money, total
from core.words import many
from events.charges import Line, sold_under_terms
from promotions.queries import uses_of
from promotions.words import gives


@dataclass(frozen=True)
class Code:
    """A code in a booking: what it gives, in words, and how much of it there was (Money): of the price
    of its tickets and of the fees that it waives."""

    text: str
    gives: str
    worth: Money


@dataclass(frozen=True)
class Receipt:
    """`rows` [(words, Money)] add up to `total`; `contained` [(words, Money)] are the taxes in them.
    `codes` are those that were taken in; the fees that they waive are in no row any more. A percentage
    falls with the price it is of: `spared` (Money) of fees and taxes are not paid for that reason.
    `lower_by` [Money] says of each ticket how much less it costs with the codes, all of this in."""

    rows: list
    contained: list
    total: Money
    codes: list
    spared: Money
    lower_by: list

    @property
    def saved(self):
        """How much lower the total is with the codes (Money)."""
        return total(self.lower_by, self.total.currency)


def receipt_of(booking, items):
    """The Receipt of a booking and its BookingItems, under the terms they were sold."""
    rows = [(many(len(items), "ticket").capitalize(), booking.sum_of("price"))]
    uses = uses_of(booking.pk) if booking.discount or booking.waived else []
    rows += [(f"Code {use.code.text}", -_off(use)) for use in uses if use.discount]
    if booking.terms_id is None:
        fees, taxes = [("Service fee", booking.sum_of("fee"))], []
    else:
        reckoned = sold_under_terms(booking.terms_id).reckon(
            map(_line, items), booking.currency, waived=booking.sum_of("waived")
        )
        fees, taxes = reckoned.fees, reckoned.taxes
    on_top = [levied for levied in taxes if not levied.tax.is_contained]
    lower_by = _lower_by(booking, items)
    return Receipt(
        rows=rows + _together([*fees, *map(_levied, on_top)]),
        contained=_together(_levied(levied) for levied in taxes if levied.tax.is_contained),
        total=booking.money,
        codes=[Code(use.code.text, gives(use.promotion), _off(use) + _waived(use)) for use in uses],
        spared=total(lower_by, booking.currency)
        - booking.sum_of("discount")
        - booking.sum_of("waived"),
        lower_by=lower_by,
    )


def discount_of(booking, chosen):
    """(the texts of a booking's codes, how much less these of its BookingItems cost with them, as
    Money)."""
    if not (booking.discount or booking.waived):
        return [], Money.zero(booking.currency)
    items = items_with_tickets(booking)
    receipt, ids = receipt_of(booking, items), {item.pk for item in chosen}
    lower_by = zip(items, receipt.lower_by, strict=True)
    spared = total((lower for item, lower in lower_by if item.pk in ids), booking.currency)
    return [code.text for code in receipt.codes], spared


def _lower_by(booking, items):
    """What each of the items would cost without its codes, less what it costs."""
    if booking.terms_id is None or not (booking.discount or booking.waived):
        return [item.sum_of("discount") for item in items]
    nothing = Money.zero(booking.currency)
    full = sold_under_terms(booking.terms_id).reckon(
        [Line(item.sum_of("price"), nothing) for item in items], booking.currency
    )
    return [line.total - item.sum_of("total") for line, item in zip(full.lines, items, strict=True)]


def _off(use):
    return Money(use.discount, use.currency)


def _waived(use):
    return Money(use.waived, use.currency)


def _line(item):
    return Line(item.sum_of("price"), item.sum_of("discount"))


def _levied(levied):
    tax = levied.tax
    return f"{tax.name} {tax.percent.normalize():f} %", levied.amount


def _together(rows):
    """Rows of the same words as one; a tax of tickets and fees at one rate is one tax to a reader."""
    sums = {}
    for words, amount in rows:
        sums[words] = sums[words] + amount if words in sums else amount
    return [row for row in sums.items() if row[1]]
