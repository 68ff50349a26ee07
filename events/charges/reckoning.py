"""What a buyer pays, line by line: the price of a ticket less what is taken off it, with the fees and
taxes of the terms it is sold under. Pure arithmetic; every amount is rounded where a line shows it, so
that lines add up to their sums and a refund of all of them to what was paid."""

from dataclasses import dataclass
from decimal import Decimal

from core.money import Money, total
from events.models import Per, TaxedAs


@dataclass(frozen=True, slots=True)
class Fee:
    """`percent` of what the tickets cost and `amount` beside it, of each ticket or once a booking. One
    that `is_absorbed` is part of the price instead of coming on top of it."""

    name: str
    per: Per = Per.TICKET
    percent: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)
    is_absorbed: bool = False

    def on(self, price):
        """The fee on a price, halves up (Money in, Money out)."""
        return Money.rounded(price.amount * self.percent / 100 + self.amount, price.currency)


@dataclass(frozen=True, slots=True)
class Tax:
    """`percent` of tickets or of fees, contained in what they are said to cost, or put on top."""

    name: str
    percent: Decimal
    on: TaxedAs = TaxedAs.ADMISSION
    is_contained: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """A ticket before charges: its price and what a promotion takes off it."""

    price: Money
    discount: Money

    @property
    def net(self):
        return self.price - self.discount


@dataclass(frozen=True, slots=True)
class Charged:
    """A ticket with its charges. `fee` and `tax_on_top` are paid beside the price; `tax_in_price` and
    `tax_in_fee` are contained in what is paid for ticket and fee, `absorbed` fees in the price."""

    price: Money
    discount: Money
    fee: Money
    tax_on_top: Money
    tax_in_price: Money
    tax_in_fee: Money
    absorbed: Money

    @property
    def total(self):
        return self.price - self.discount + self.fee + self.tax_on_top


@dataclass(frozen=True, slots=True)
class Levied:
    """A tax over all lines: `amount` on `base`, which contains it or not as its Tax says."""

    tax: Tax
    base: Money
    amount: Money


@dataclass(frozen=True, slots=True)
class Reckoning:
    """`lines` in the order they were given, `fees` [(name, Money)] as paid on top, `taxes` [Levied];
    `waived` is what of the fees once a booking is not asked for."""

    lines: list[Charged]
    fees: list[tuple[str, Money]]
    taxes: list[Levied]
    waived: Money
    currency: str

    def sum(self, name):
        """The sum of one amount of the lines, such as "total"."""
        return total((getattr(line, name) for line in self.lines), self.currency)


def reckon(lines, *, fees=(), taxes=(), currency, waived=None):
    """The Reckoning of Lines under Fees and Taxes.

    A ticket that costs nothing bears no fee, and none absorbs more than it costs. A fee on the booking
    is divided among its tickets by what they cost; up to `waived` (Money) of those on top is not asked
    for. All taxes of a kind are of what is paid without them.
    """
    lines = list(lines)
    columns = _Columns(len(lines), currency)
    spared = _spared(fees, lines, Money.zero(currency) if waived is None else waived)
    shares = [(fee, _shares(fee, lines, off)) for fee, off in zip(fees, spared, strict=True)]
    service = columns.added(by for fee, by in shares if not fee.is_absorbed)
    bases = {TaxedAs.ADMISSION: [line.net for line in lines], TaxedAs.SERVICE: service}
    levies = [
        (tax, by) for on, base in bases.items() for tax, by in _levies(base, on, taxes, currency)
    ]
    charged = zip(
        lines,
        service,
        columns.added(by for tax, by in levies if not tax.is_contained),
        *(
            columns.added(by for tax, by in levies if tax.is_contained and tax.on == on)
            for on in bases
        ),
        columns.added(by for fee, by in shares if fee.is_absorbed),
        strict=True,
    )
    return Reckoning(
        lines=[
            Charged(line.price, line.discount, fee, on_top, in_price, in_fee, min(inside, line.net))
            for line, fee, on_top, in_price, in_fee, inside in charged
        ],
        fees=[(fee.name, total(by, currency)) for fee, by in shares if not fee.is_absorbed],
        taxes=[
            Levied(tax, total(bases[tax.on], currency), total(by, currency)) for tax, by in levies
        ],
        waived=total(spared, currency),
        currency=currency,
    )


def tax_on_top_of(fee, taxes):
    """What `taxes` put on top of the fee of one line (Money)."""
    levies = _levies([fee], TaxedAs.SERVICE, taxes, fee.currency)
    return total((by[0] for tax, by in levies if not tax.is_contained), fee.currency)


@dataclass(frozen=True)
class _Columns:
    """Amounts of each of `count` lines."""

    count: int
    currency: str

    def added(self, columns):
        columns = list(columns)
        return [
            total((column[at] for column in columns), self.currency) for at in range(self.count)
        ]


def is_waivable(fee):
    """Whether it comes once a booking on top of the tickets, as what a promotion may spare does."""
    return fee.per == Per.BOOKING and not fee.is_absorbed


def _spared(fees, lines, waived):
    """What of each fee is not asked for."""
    spared = []
    for fee in fees:
        most = _whole_of(fee, lines, waived.currency) if is_waivable(fee) else waived * 0
        spared.append(min(waived, most))
        waived -= spared[-1]
    return spared


def _whole_of(fee, lines, currency):
    """A fee on the booking before anything of it is waived; nothing where the tickets cost nothing."""
    cost = total((line.net for line in lines), currency)
    return fee.on(cost) if cost else cost


def _shares(fee, lines, off):
    """What each line bears of a fee, of which this much is not asked for."""
    if fee.per == Per.TICKET:
        return [fee.on(line.net) if line.net else line.net for line in lines]
    whole = _whole_of(fee, lines, off.currency) - off
    return whole.split([line.net.amount for line in lines]) if whole else [whole] * len(lines)


def _levies(bases, on, taxes, currency):
    """[(tax, what each line bears of it)] of the taxes on this kind: a percentage of what is left of
    the base without the taxes that it contains, which together are rounded once."""
    contained = [tax for tax in taxes if tax.on == on and tax.is_contained and tax.percent]
    on_top = [tax for tax in taxes if tax.on == on and not tax.is_contained]
    within = sum(tax.percent for tax in contained)

    def share(base, percent):
        return Money.rounded(base.amount * percent / (100 + within), currency)

    parts = [share(base, within).split([tax.percent for tax in contained] or [1]) for base in bases]
    yield from ((tax, [part[at] for part in parts]) for at, tax in enumerate(contained))
    yield from ((tax, [share(base, tax.percent) for base in bases]) for tax in on_top)
