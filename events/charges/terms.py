"""The fees, taxes and cancellation policy in force for an event and a channel, as buyers are shown and
sold them."""

import json
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from functools import lru_cache, partial
from hashlib import blake2s

from django.db import transaction
from django.db.models import Q

from agencies.queries import local_today
from core.memory import Remembered
from core.money import Money, total
from core.tenancy import current_agency_id
from events.cancelling import Policy, policy_of
from events.charges.reckoning import (
    Charged,
    Fee,
    Line,
    Tax,
    is_waivable,
    reckon,
    tax_on_top_of,
)
from events.models import Event, FeeRule, Per, SaleTerms, TaxRule

_rules = Remembered(seconds=5)
_where = Remembered(seconds=5)
_kept = Remembered(seconds=3600)
_sold_under = Remembered(seconds=3600)
PRICES_KEPT = 4096


@dataclass(frozen=True)
class Terms:
    """Fees and Taxes under which tickets of an event are sold through a channel; of what was sold, also
    the Policy under which it can be given back."""

    fees: tuple[Fee, ...] = ()
    taxes: tuple[Tax, ...] = ()
    cancellation: Policy | None = None

    def reckon(self, lines, currency, *, waived=None):
        """The Reckoning of a booking of these Lines, with so much of its fees once a booking waived."""
        return reckon(lines, fees=self.fees, taxes=self.taxes, currency=currency, waived=waived)

    def of_one(self, price):
        """A ticket of this price (Money) as Charged, without what comes once a booking."""
        return _of_one(self, price)

    def all_in(self, price):
        """What a buyer pays for a ticket of this price (Money); fees on the booking come beside it."""
        return _of_one(self, price).total

    def waivable(self, cost):
        """The fees once a booking on top of tickets that cost this together (Money)."""
        fees = (fee.on(cost) for fee in self.once_a_booking) if cost else ()
        return total(fees, cost.currency)

    def tax_on_top_of(self, fee):
        """The part of a ticket's tax on top that is owed on its fee (Money)."""
        return tax_on_top_of(fee, self.taxes)

    @property
    def once_a_booking(self):
        """The fees that come once a booking on top of the tickets."""
        return [fee for fee in self.fees if is_waivable(fee)]

    @classmethod
    def of(cls, content):
        """The Terms that a SaleTerms's content says."""
        return cls(
            fees=tuple(
                Fee(**{**fee, "percent": Decimal(fee["percent"]), "amount": Decimal(fee["amount"])})
                for fee in content["fees"]
            ),
            taxes=tuple(
                Tax(**{**tax, "percent": Decimal(tax["percent"])}) for tax in content["taxes"]
            ),
            cancellation=Policy.of(content["cancellation"])
            if content.get("cancellation")
            else None,
        )

    @property
    def content(self):
        """As JSON can say it: amounts are strings."""
        return json.loads(json.dumps(asdict(self), default=str))

    @property
    def content_hash(self):
        spelled = json.dumps(self.content, sort_keys=True).encode()
        return blake2s(spelled, digest_size=8).hexdigest()


@lru_cache(PRICES_KEPT)
def _of_one(terms, price) -> Charged:
    of_tickets = [fee for fee in terms.fees if fee.per == Per.TICKET]
    line = Line(price, Money.zero(price.currency))
    return reckon([line], fees=of_tickets, taxes=terms.taxes, currency=price.currency).lines[0]


def terms_of(event, channel):
    """The Terms of an event in a Channel, some seconds old at most."""
    fees, taxes = _rules.get(current_agency_id(), _read)
    mine = [
        rule
        for rule in fees
        if rule.event_id in (None, event.pk)
        and rule.channel in ("", channel)
        and rule.currency == event.currency
    ]
    where = _where.get(event.pk, lambda: _place_of(event)) if taxes else None
    return Terms(
        fees=tuple(map(_fee, _closest(mine))),
        taxes=tuple(_tax(rule) for rule in taxes if _is_levied(rule, *where)),
    )


def sold_under(event, channel):
    """The Terms of an event in a Channel with its cancellation policy, which a booking keeps."""
    return replace(terms_of(event, channel), cancellation=policy_of(event))


def kept(terms):
    """The id of the SaleTerms that say these Terms, written if nobody sold under them before. It is
    remembered once it is committed."""
    key = current_agency_id(), terms.content_hash
    known = _kept.known(key)
    if known is None:
        known = SaleTerms.objects.get_or_create(
            content_hash=terms.content_hash, defaults={"content": terms.content}
        )[0].pk
        transaction.on_commit(partial(_kept.get, key, lambda: known))
    return known


def sold_under_terms(terms_id):
    """The Terms that the SaleTerms of this id say; they never change."""
    return _sold_under.get(terms_id, lambda: Terms.of(SaleTerms.objects.get(pk=terms_id).content))


def _read():
    """(FeeRules, TaxRules that count today) of the agency."""
    today = local_today()
    taxes = TaxRule.objects.filter(
        Q(since=None) | Q(since__lte=today), Q(until=None) | Q(until__gte=today)
    )
    return list(FeeRule.objects.all()), list(taxes)


def _place_of(event):
    """(kind, country, region) that taxes go by; asked for where the event was read without them."""
    if event.get_deferred_fields() or not Event.venue.is_cached(event):
        found = Event.objects.values_list("kind", "venue__country", "venue__region")
        return found.get(pk=event.pk)
    return event.kind, event.venue.country, event.venue.region


def _is_levied(rule, kind, country, region):
    return (
        rule.country == country
        and rule.region in ("", region)
        and (not rule.kinds or kind in rule.kinds)
    )


def _closest(rules):
    """Fees of the event before those of all, those of the channel before those of any."""
    ranks = {rule: (rule.event_id is not None, bool(rule.channel)) for rule in rules}
    best = max(ranks.values(), default=None)
    return [rule for rule in rules if ranks[rule] == best]


def _fee(rule):
    return Fee(rule.name, Per(rule.per), rule.percent, rule.amount, rule.is_absorbed)


def _tax(rule):
    return Tax(rule.name, rule.percent, rule.on, rule.is_contained)
