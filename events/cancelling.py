"""What comes back when tickets are cancelled: the rules of a policy, in figures and in words."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db.models import Q

from core.memory import Remembered
from core.money import Money
from core.tenancy import current_agency_id
from core.words import many
from events.models import BackTo, CancellationPolicy

FINAL = "Tickets cannot be given back."
ALWAYS = "If the event is cancelled, you get back all you paid."
WHERE = {
    BackTo.CARD: [],
    BackTo.CREDIT: ["What you get back is credit for later bookings."],
    BackTo.CHOICE: [
        "You choose whether what you get back goes to where you paid from or becomes credit for later "
        "bookings."
    ],
}
_policies = Remembered(seconds=5)


@dataclass(frozen=True, slots=True)
class Window:
    """Until `hours` before the start `percent` of a ticket, and `fixed` of it beside that, is kept."""

    hours: int
    percent: Decimal = Decimal(0)
    fixed: Decimal = Decimal(0)

    def kept_of(self, paid):
        """What is kept of a ticket for which this was paid without fees (Money, halves up); never more
        than that."""
        return min(
            Money.rounded(paid.amount * self.percent / 100 + self.fixed, paid.currency), paid
        )

    @property
    def span(self):
        """14 days, or 36 hours."""
        days, hours = divmod(self.hours, 24)
        return many(self.hours, "hour") if hours else many(days, "day")

    @property
    def until(self):
        """Such as "Until 14 days before the start"."""
        return f"Until {self.span} before the start" if self.hours else "Until the start"

    def back(self, policy):
        """Such as "50 % of the ticket price, less €2.00 a ticket, without the fees"."""
        if not (self.percent or self.fixed):
            return "all you paid" if policy.fees_refundable else "all but the fees"
        share = f"{(100 - self.percent).normalize():f} % of " if self.percent else ""
        fixed = Money(self.fixed, policy.currency)
        less = f", less {fixed.display()} a ticket" if fixed else ""
        fees = "and the fees" if policy.fees_refundable else "without the fees"
        return f"{share}the ticket price{less}, {fees}"


@dataclass(frozen=True, slots=True)
class Policy:
    """The Windows of a CancellationPolicy, the earliest end first, with what else it says."""

    windows: tuple[Window, ...]
    fees_refundable: bool
    is_partial: bool
    currency: str
    back_to: str = BackTo.CARD.value
    exchange_fee: Decimal | None = None

    def window_at(self, starts_at, now):
        """The Window that counts `now`, or None when nothing can be given back any more."""
        return next((each for each in self.windows if now <= _end(each, starts_at)), None)

    def ends(self, starts_at):
        """[(Window, the moment it ends)] for an event that starts then."""
        return [(window, _end(window, starts_at)) for window in self.windows]

    @property
    def sentences(self):
        """As buyers read it before they buy."""
        if not self.windows:
            return [FINAL, *self.exchanging, ALWAYS]
        told = [f"{each.until} you get back {each.back(self)}." for each in self.windows]
        return [*told, *self.rest]

    @property
    def rest(self):
        """The sentences beside those of the windows."""
        parts = [] if self.is_partial else ["All tickets of a booking are cancelled together."]
        parts += [*WHERE[self.back_to], *self.exchanging]
        return ["After that you get nothing back.", *parts, ALWAYS]

    @property
    def exchanging(self):
        """What buyers are told of changing seats."""
        if self.exchange_fee is None:
            return []
        fee = Money(self.exchange_fee, self.currency)
        cost = f"for {fee.display()} a ticket" if fee else "free of charge"
        return [
            f"You may change seats until the start, {cost}. If they cost less, you get back of the "
            "difference what you would get back of a ticket."
        ]

    @classmethod
    def of(cls, said):
        """The Policy that a dict of its fields (of SaleTerms or CancellationPolicy) says."""
        return cls(
            windows=tuple(
                Window(each["hours"], Decimal(each["percent"]), Decimal(each["fixed"]))
                for each in said["windows"]
            ),
            fees_refundable=said["fees_refundable"],
            is_partial=said["is_partial"],
            currency=said["currency"],
            back_to=said.get("back_to", BackTo.CARD.value),
            exchange_fee=_decimal(said.get("exchange_fee")),
        )


def _decimal(said):
    return None if said is None else Decimal(said)


def _end(window, starts_at):
    return starts_at - timedelta(hours=window.hours)


def sentences_of(policy):
    """What buyers are told of a Policy, or of there being None."""
    return policy.sentences if policy else [FINAL, ALWAYS]


def policy_of(event):
    """The Policy under which tickets of an event are sold now, some seconds old at most, or None."""
    known = _policies.get(current_agency_id(), _read)
    return known.get(event.pk) or known.get(event.currency)


def _read():
    """{event id: Policy} of events with one of their own, {currency: Policy} of the defaults."""
    columns = ("windows", "fees_refundable", "is_partial", "currency", "back_to", "exchange_fee")
    chosen = CancellationPolicy.objects.filter(Q(events__isnull=False) | Q(is_default=True))
    found = {}
    for row in chosen.values("events", "is_default", *columns):
        policy = Policy.of(row)
        if row["is_default"]:
            found[policy.currency] = policy
        if row["events"]:
            found[row["events"]] = policy
    return found
