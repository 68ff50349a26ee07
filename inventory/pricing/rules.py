"""Pricing rules at work: what they propose now, applying it, and who may stop them."""

from collections import defaultdict

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from agencies.models import Agency
from agencies.queries import current_agency
from core.errors import DomainError
from core.locks import alone, lock_one
from core.money import Money
from core.tenancy import acted_by, current_agency_id
from core.transactions import use_case
from events.models import Event
from events.models import Status as EventStatus
from inventory.models import PriceChange, PricingRule
from inventory.pricing.looking import Move
from inventory.pricing.proposing import Market, Part, decide
from inventory.pricing.setting import Cohort
from inventory.pricing.writing import Change, NothingToChange, PlacesBusy, write

PRICED_EVENTS = (EventStatus.PUBLISHED, EventStatus.ON_SALE, EventStatus.SOLD_OUT)
REMEMBERED_DAYS = 400  # further back no rule looks
COHORTS = """
WITH told AS MATERIALIZED (
  SELECT event_seat_id, max(at) FILTER (WHERE kind = 'BOUGHT') AS bought_at,
         max(at) FILTER (WHERE kind = 'REPRICED') AS repriced_at
  FROM inventory_seatentry
  WHERE event_id = %(event)s AND kind IN ('BOUGHT', 'REPRICED') GROUP BY event_seat_id
)
SELECT e.currency, c.id, c.label, l.id, coalesce(l.name, 'No level'), e.price, l.price, e.cost,
       floor(extract(epoch FROM %(now)s - told.bought_at) / 86400)::int AS owned_days,
       floor(extract(epoch FROM %(now)s - told.repriced_at) / 3600)::int AS hours_since,
       array_agg(e.ordinal ORDER BY e.ordinal)
FROM inventory_eventseat e
JOIN venues_layoutseat s ON s.id = e.seat_id
JOIN venues_layoutsection c ON c.id = s.section_id
LEFT JOIN events_pricelevel l ON l.id = e.level_id
LEFT JOIN told ON told.event_seat_id = e.id
WHERE e.event_id = %(event)s AND e.ownership = 'OWNED' AND e.status NOT IN ('RESERVED', 'SOLD')
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ORDER BY min(e.ordinal)
"""
STOCK = """
SELECT e.level_id, s.section_id, count(*), count(*) FILTER (WHERE e.status = 'SOLD')
FROM inventory_eventseat e JOIN venues_layoutseat s ON s.id = e.seat_id
WHERE e.event_id = %(event)s AND e.ownership = 'OWNED' GROUP BY 1, 2
"""
SALES = """
SELECT e.level_id, s.section_id, floor(extract(epoch FROM %(now)s - n.at) / 86400)::int AS ago,
       sum(CASE n.kind WHEN 'SOLD' THEN 1 ELSE -1 END)
FROM inventory_seatentry n
JOIN inventory_eventseat e ON e.id = n.event_seat_id
JOIN venues_layoutseat s ON s.id = e.seat_id
WHERE n.event_id = %(event)s AND n.kind IN ('SOLD', 'UNSOLD')
  AND n.at > %(now)s - make_interval(days => %(days)s)
GROUP BY 1, 2, 3
"""


class NotSimulated(DomainError):
    """A rule is switched on only after somebody has seen what it would have done."""

    code = "not_simulated"


def rules_at_work(now):
    """Rules that are on and not paused, in the order in which they decide."""
    return PricingRule.objects.filter(
        Q(paused_until=None) | Q(paused_until__lte=now), is_on=True
    ).order_by("position", "name", "pk")


def for_event(rules, event):
    """Those of a queryset of rules that may speak about an event."""
    return rules.filter(Q(event=None) | Q(event=event), currency=event.currency)


def proposals(rules, event, now):
    """[Proposal] of these rules, in their order, for the free places of an event as it is now."""
    return decide(list(rules), market_of(event, now), cohorts_at(event, now))


def cohorts_at(event, now):
    """The Cohorts of the event's places that may be repriced, with their ages at `now`."""
    agency = current_agency()
    return [_cohort(agency, *row) for row in _rows(COHORTS, event, now)]


def _cohort(agency, currency, *row):
    section_id, section, level_id, level, own, level_price, cost, owned, since, ordinals = row
    return Cohort(
        currency=currency,
        section_id=section_id,
        section=section,
        level_id=level_id,
        level=level,
        own=own,
        level_price=level_price,
        cost=cost,
        least=agency.least_price(Money(cost, currency)).amount,
        ordinals=tuple(ordinals),
        owned_days=owned,
        hours_since=since,
    )


def market_of(event, now):
    """The Market of an event: what is owned and sold where, and what was sold on which day."""
    sold = defaultdict(dict)
    for level, section, ago, seats in _rows(SALES, event, now):
        sold[level, section][ago] = int(seats)
    parts = [
        Part(level, section, owned, gone, sold[level, section])
        for level, section, owned, gone in _rows(STOCK, event, now)
    ]
    return Market(days_to_event(event, now), tuple(parts))


def days_to_event(event, now):
    """Calendar days on the venue's clock from `now` to the day it begins."""
    return (event.local_start.date() - now.astimezone(event.zone).date()).days


def _rows(sql, event, now):
    with connection.cursor() as cursor:
        cursor.execute(sql, {"event": event.pk, "now": now, "days": REMEMBERED_DAYS})
        return cursor.fetchall()


# At work


def run_rules(event_id, now):
    """Applies the rules at work to an event, unless somebody else is at it; returns how many places
    have a new price. Doing it again changes nothing until the rules' hours between have passed."""
    with alone(f"pricing rules: {event_id}") as is_first:
        if not is_first or Agency.objects.get(pk=current_agency_id()).rules_paused_at:
            return 0
        event = Event.objects.get(pk=event_id)
        if event.starts_at <= now or event.status not in PRICED_EVENTS:
            return 0
        wanted = defaultdict(list)
        for each in proposals(for_event(rules_at_work(now), event), event, now):
            if each.price is not None:
                wanted[each.rule].append(each)
        return sum(_applied(event, rule, several, now) for rule, several in wanted.items())


def _applied(event, rule, several, now):
    try:
        with acted_by("pricing rules"):
            return apply_rule(event=event, rule_id=rule.pk, wanted=several, now=now).seats
    except (NothingToChange, PlacesBusy):
        return 0  # the next turn sees how things stand then


@use_case
def apply_rule(*, event, rule_id, wanted, now):
    """Writes what a rule proposed, as long as it is still at work; returns the PriceChange. Raises
    NothingToChange or PlacesBusy."""
    rule = lock_one(PricingRule.objects.filter(pk=rule_id))
    paused = Agency.objects.get(pk=current_agency_id()).rules_paused_at
    if paused or not rules_at_work(now).filter(pk=rule_id).exists():
        raise NothingToChange(f"{rule} is not at work any more.")
    given = defaultdict(list)
    for each in wanted:
        given[each.reason].append(Move(each.cohort, each.price))
    rule.last_run_at = now
    rule.save(update_fields=["last_run_at"])
    source, reason = PriceChange.Source.RULE, f"Rule ‘{rule.name}’"
    return write(Change(event, source, reason, None, {"rule": rule}), given)


# Switches


@use_case
def switch_on(rule):
    """Puts a rule to work from its next turn on. Raises NotSimulated."""
    rule = lock_one(PricingRule.objects.filter(pk=rule.pk))
    if rule.simulated_at is None:
        raise NotSimulated("Simulate this rule first: look at what it would have done.")
    rule.is_on, rule.paused_until = True, None
    rule.save(update_fields=["is_on", "paused_until"])


@use_case
def switch_off(rule):
    """Takes a rule from work. What it has changed stays."""
    rule = lock_one(PricingRule.objects.filter(pk=rule.pk))
    rule.is_on, rule.paused_until = False, None
    rule.save(update_fields=["is_on", "paused_until"])


@use_case
def pause(rule, *, until):
    """Keeps a rule from work until a moment; None ends the pause."""
    rule = lock_one(PricingRule.objects.filter(pk=rule.pk))
    rule.paused_until = until
    rule.save(update_fields=["paused_until"])


@use_case
def pause_all_rules():
    """No rule of the agency changes a price until `let_rules_work`; one that is just writing ends."""
    agency = lock_one(Agency.objects.filter(pk=current_agency_id()))
    agency.rules_paused_at = agency.rules_paused_at or timezone.now()
    agency.save(update_fields=["rules_paused_at"])


@use_case
def let_rules_work():
    """Ends `pause_all_rules`. Every rule is then on, off or paused as it was."""
    Agency.objects.filter(pk=current_agency_id()).update(rules_paused_at=None)
