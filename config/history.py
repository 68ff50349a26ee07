"""Past sales in bulk: the rows that sales through the services leave, written for thousands of
places at once. For the demo and for load scenarios; a sale to a living buyer goes through bookings.

The rows pass every constraint and trigger like any others, and `check_invariants` finds nothing.
What does not happen is what only a living buyer needs: no fact is recorded and no mail is sent.
"""

import math
import random
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise
from secrets import token_hex

from django.db import connection

from core.ids import reference, uuid7
from core.money import Money
from core.tenancy import current_agency_id
from core.transactions import use_case
from events.charges import kept, sold_under
from events.models import Channel
from inventory.models import EventSeat
from inventory.models.seats import SeatLedger
from inventory.services import SeatsTaken
from tickets.services import active_key

BATCH = 3000
"""Bookings written in one transaction: a few seconds of work."""

# django-pgtrigger asks this setting for each row; where it is not set that costs an error per row.
# The seat ledger's writer would say that all was sold now: WRITE says when.
LEDGER_BY_HAND = "SELECT set_config('pgtrigger.ignore', %(seat_ledger)s, true)"
LEDGER_BY_ITSELF = "SET LOCAL pgtrigger.ignore = '{}'"
# Tables that have just been filled have no statistics: loops within loops would take minutes where
# a hash takes milliseconds.
NO_LOOPS = "SET LOCAL enable_nestloop = off"
LOOPS = "SET LOCAL enable_nestloop = on"
# What triggers and keys look up is planned once a session: perhaps while the tables were empty, and
# then by reading them from end to end for each row.
PLAN_AFRESH = "DISCARD PLANS"
LOCK = """
SELECT count(*) FROM (
  SELECT id FROM inventory_eventseat WHERE event_id = %(event)s AND ordinal = ANY (%(ordinals)s)
  ORDER BY id FOR NO KEY UPDATE) locked
"""
BOOKINGS = """
CREATE TEMP TABLE past_booking AS
SELECT * FROM unnest(
  %(booking_ids)s::uuid[], %(numbers)s::text[], %(customers)s::uuid[], %(holders)s::text[],
  %(reserved)s::timestamptz[], %(opened)s::timestamptz[], %(settled)s::timestamptz[],
  %(payments)s::uuid[], %(captures)s::uuid[], %(sales)s::uuid[], %(provider_refs)s::text[]
) AS b(id, number, customer_id, holder, reserved_at, opened_at, settled_at, payment_id, capture_id,
       sale_id, provider_ref)
"""
PLACES = """
CREATE TEMP TABLE past_place AS
SELECT w.booking_id, w.position, w.ticket_id, w.ticket_number, w.used_at, e.id AS seat_id,
       e.ordinal, coalesce(e.price, l.price) AS price, e.cost,
       0::numeric AS fee, 0::numeric AS tax_on_top, 0::numeric AS tax_in_price,
       0::numeric AS tax_in_fee, 0::numeric AS absorbed,
       c.label AS section, s.row, s.label AS seat, s.kind, c.entrance, s.restricted_view,
       s.disclosure, c.view_note
FROM unnest(%(ordinals)s::int[], %(of_bookings)s::uuid[], %(positions)s::int[],
            %(tickets)s::uuid[], %(ticket_numbers)s::text[], %(used)s::timestamptz[])
     AS w(ordinal, booking_id, position, ticket_id, ticket_number, used_at)
JOIN inventory_eventseat e ON e.event_id = %(event)s AND e.ordinal = w.ordinal
JOIN events_pricelevel l ON l.id = e.level_id
JOIN venues_layoutseat s ON s.id = e.seat_id AND s.layout_id = %(layout)s
JOIN venues_layoutsection c ON c.id = s.section_id
WHERE e.ownership = 'OWNED' AND e.status = 'AVAILABLE'
"""
PRICES = "SELECT DISTINCT price FROM past_place"
CHARGED = ("fee", "tax_on_top", "tax_in_price", "tax_in_fee", "absorbed")
CHARGES = """
UPDATE past_place SET fee = f.fee, tax_on_top = f.tax_on_top, tax_in_price = f.tax_in_price,
  tax_in_fee = f.tax_in_fee, absorbed = f.absorbed
FROM unnest(%(price)s::numeric[], %(fee)s::numeric[], %(tax_on_top)s::numeric[],
            %(tax_in_price)s::numeric[], %(tax_in_fee)s::numeric[], %(absorbed)s::numeric[])
     AS f(price, fee, tax_on_top, tax_in_price, tax_in_fee, absorbed)
WHERE f.price = past_place.price
"""
SUMS = """
CREATE TEMP TABLE past_sum AS
SELECT booking_id, count(*) AS places, sum(price) AS price, sum(fee) AS fee,
       sum(tax_on_top) AS tax_on_top, sum(tax_in_price) AS tax_in_price,
       sum(tax_in_fee) AS tax_in_fee, sum(absorbed) AS absorbed,
       sum(price + fee + tax_on_top) AS total, sum(cost) AS cost
FROM past_place GROUP BY booking_id;

ANALYZE past_booking, past_place, past_sum
"""
# The order is that of a sale: claim, booking, tickets, money, sold. A place that ends as sold has
# been reserved before, because the trigger on its status allows nothing else.
WRITE = """
UPDATE inventory_eventseat e
SET status = 'RESERVED', claimed_by = p.booking_id, claimed_until = clock_timestamp()
FROM past_place p WHERE e.id = p.seat_id;

INSERT INTO bookings_booking (id, agency_id, number, event_id, customer_id, channel, status,
  ticket_count, price, fee, tax_on_top, tax_in_price, tax_in_fee, absorbed, total, currency,
  terms_id, reserved_at, reserved_until, confirmed_at, payment_id, cancellation_reason)
SELECT b.id, %(agency)s, b.number, %(event)s, b.customer_id, 'WEB', 'CONFIRMED', s.places,
       s.price, s.fee, s.tax_on_top, s.tax_in_price, s.tax_in_fee, s.absorbed, s.total,
       %(currency)s, %(terms)s, b.reserved_at,
       b.reserved_at + make_interval(secs => %(kept_seconds)s), b.settled_at,
       CASE WHEN s.total > 0 THEN b.payment_id END, ''
FROM past_booking b JOIN past_sum s ON s.booking_id = b.id;

INSERT INTO tickets_ticket (id, agency_id, event_id, event_seat_id, ordinal, number, status,
  section, "row", seat, seat_kind, entrance, restricted_view, disclosure, view_note, holder_name,
  generation, signing_key_id, created_at, confirmed_at)
SELECT p.ticket_id, %(agency)s, %(event)s, p.seat_id, p.ordinal, p.ticket_number,
       CASE WHEN p.used_at IS NULL THEN 'CONFIRMED' ELSE 'USED' END, p.section, p.row, p.seat,
       p.kind, p.entrance, p.restricted_view, p.disclosure, p.view_note, b.holder, 1,
       %(signing_key)s, b.reserved_at, b.settled_at
FROM past_place p JOIN past_booking b ON b.id = p.booking_id;

INSERT INTO bookings_bookingitem (agency_id, booking_id, ticket_id, event_seat_id, position, price,
  fee, tax_on_top, tax_in_price, tax_in_fee, absorbed, total, cost, currency)
SELECT %(agency)s, booking_id, ticket_id, seat_id, position, price, fee, tax_on_top, tax_in_price,
       tax_in_fee, absorbed, price + fee + tax_on_top, cost, %(currency)s
FROM past_place;

INSERT INTO payments_payment (id, agency_id, reference, covers, description, provider, provider_ref,
  provider_payment_ref, provider_url, status, amount, currency, failure, created_at, opened_at,
  settled_at, fee, fee_currency, card_read_at)
SELECT b.payment_id, %(agency)s, b.id, ARRAY[b.id],
       left(s.places || CASE s.places WHEN 1 THEN ' ticket, ' ELSE ' tickets, ' END
            || %(title)s, 200),
       'simulated', 'cs_sim_' || b.provider_ref, 'pi_sim_' || b.provider_ref, '', 'SUCCEEDED',
       s.total, %(currency)s, '', b.reserved_at, b.opened_at, b.settled_at,
       0, %(currency)s, b.settled_at
FROM past_booking b JOIN past_sum s ON s.booking_id = b.id WHERE s.total > 0;

INSERT INTO payments_journal (id, agency_id, source, source_id, kind, memo, posted_at)
SELECT b.capture_id, %(agency)s, 'payment', b.payment_id, 'captured', '', b.settled_at
FROM past_booking b JOIN past_sum s ON s.booking_id = b.id WHERE s.total > 0
UNION ALL
SELECT b.sale_id, %(agency)s, 'booking', b.id, 'sold', b.number, b.settled_at FROM past_booking b;

INSERT INTO payments_ledgerentry (agency_id, journal_id, account, amount, currency)
SELECT %(agency)s, line.journal_id, line.account, line.amount, %(currency)s
FROM past_booking b JOIN past_sum s ON s.booking_id = b.id
CROSS JOIN LATERAL (VALUES
  (b.capture_id, 'provider_clearing', s.total),
  (b.capture_id, 'customer_deposits', -s.total),
  (b.sale_id, 'customer_deposits', s.total),
  (b.sale_id, 'ticket_revenue', s.tax_in_price + s.absorbed - s.price),
  (b.sale_id, 'fee_revenue', s.tax_in_fee - s.fee - s.absorbed),
  (b.sale_id, 'taxes_collected', -s.tax_on_top - s.tax_in_price - s.tax_in_fee),
  (b.sale_id, 'cost_of_sales', s.cost),
  (b.sale_id, 'inventory', -s.cost)
) AS line(journal_id, account, amount)
WHERE line.amount <> 0;

UPDATE inventory_eventseat e SET status = 'SOLD', claimed_until = NULL
FROM past_place p WHERE e.id = p.seat_id;

INSERT INTO inventory_seatentry (agency_id, event_id, event_seat_id, at, kind, stock, cost,
  list_price, currency, price_before, price_after, reason, actor)
SELECT %(agency)s, %(event)s, p.seat_id, b.settled_at, 'SOLD', -1, -p.cost, -p.price, %(currency)s,
       p.price, p.price, '', ''
FROM past_place p JOIN past_booking b ON b.id = p.booking_id ORDER BY b.settled_at
"""
ADMIT = """
CREATE TEMP TABLE past_entry AS
SELECT p.ticket_id, p.used_at, (
    SELECT g.id FROM tickets_gate g
    WHERE g.event_id = %(event)s AND (cardinality(g.entrances) = 0 OR p.entrance = ''
                                      OR p.entrance = ANY (g.entrances))
    ORDER BY g.name LIMIT 1) AS gate_id
FROM past_place p WHERE p.used_at IS NOT NULL;

INSERT INTO tickets_admission (agency_id, ticket_id, entry, gate_id, at)
SELECT %(agency)s, ticket_id, 1, gate_id, used_at FROM past_entry ORDER BY used_at;

INSERT INTO tickets_scan (agency_id, gate_id, ticket_id, device_id, nonce, code_digest, verdict, at)
SELECT %(agency)s, gate_id, ticket_id, gate_id, 'past-' || ticket_id, '', 'admitted', used_at
FROM past_entry ORDER BY used_at;

DROP TABLE past_entry
"""
CLEAN_UP = "DROP TABLE past_booking, past_place, past_sum"

SEAT_LEDGER = SeatLedger().get_pgid(EventSeat)
BY_WEEKDAY = (1.0, 0.95, 0.95, 1.05, 1.25, 0.9, 0.95)
BY_HOUR = (2, 1, 0.5, 0.3, 0.3, 0.5, 1.5, 3, 5, 7, 9, 9, 10, 9, 7, 6, 6, 7, 9, 12, 14, 13, 9, 5)


@dataclass(frozen=True)
class Party:
    """One past booking: the places, who bought them, and when he reserved."""

    ordinals: list
    customer: object
    at: datetime


def sell_in_bulk(
    event, ordinals, *, customers, bought_between, party_sizes, used=0.0, chance=random
):
    """Sells these places of the event as past bookings, paid and confirmed; returns the bookings' ids.

    `bought_between` is (first, last) moment. `party_sizes` {places: weight}; neighbours by ordinal
    stay together. `used` is the share of tickets that were admitted, at gates the event must have.
    Raises SeatsTaken with the places that are not sellable; earlier batches then stay sold.
    Prices are those of now.
    """
    parties = list(
        _parties(event, sorted(ordinals), customers, bought_between, party_sizes, chance)
    )
    numbers = set()
    return [
        booking_id
        for start in range(0, len(parties), BATCH)
        for booking_id in _write(event, parties[start : start + BATCH], numbers, used, chance)
    ]


def _parties(event, ordinals, customers, bought_between, party_sizes, chance):
    groups = list(_groups(ordinals, party_sizes, chance))
    moments = _moments(bought_between, event.starts_at, len(groups), chance)
    for group, at in zip(groups, moments, strict=True):
        yield Party(group, chance.choice(customers), at)


def _groups(ordinals, party_sizes, chance):
    """Runs of neighbours, cut into groups whose sizes are drawn by weight."""
    if not ordinals:
        return
    group, size = [ordinals[0]], _size(party_sizes, chance)
    for before, ordinal in pairwise(ordinals):
        if len(group) >= size or ordinal != before + 1:
            yield group
            group, size = [], _size(party_sizes, chance)
        group.append(ordinal)
    yield group


def _size(party_sizes, chance):
    return chance.choices(list(party_sizes), list(party_sizes.values()))[0]


def _moments(bought_between, night, count, chance):
    """So many moments: most on the first days and before the night, on Fridays, in the evening."""
    first, last = bought_between
    days = [first.date() + timedelta(days=n) for n in range((last.date() - first.date()).days + 1)]
    weights = [_demand(day, first.date(), night.date()) for day in days]
    for day in chance.choices(days, weights, k=count):
        hour = chance.choices(range(24), BY_HOUR)[0]
        at = datetime.combine(day, time(hour, tzinfo=first.tzinfo))
        at += timedelta(seconds=chance.uniform(0, 3600))
        yield at if first <= at < last else first + (last - first) * chance.random()


def _demand(day, first, night):
    rush = 6 * math.exp(-(day - first).days / 1.5)
    last_call = 2 * math.exp(-max((night - day).days, 0) / 3)
    return (1 + rush + last_call) * BY_WEEKDAY[day.weekday()]


@use_case
def _write(event, parties, numbers, used, chance):
    terms = sold_under(event, Channel.WEB)
    wanted = {
        "event": event.pk,
        "terms": kept(terms),
        "layout": event.layout_id,
        "agency": current_agency_id(),
        "currency": event.currency,
        "title": event.title,
        "kept_seconds": event.reservation_ttl,
        "signing_key": active_key().pk,
        "seat_ledger": f"{{{SEAT_LEDGER}}}",
        **_booking_columns(parties, numbers, chance),
    }
    wanted |= _place_columns(event, parties, wanted["booking_ids"], numbers, used, chance)
    with connection.cursor() as cursor:
        for statement in (PLAN_AFRESH, LEDGER_BY_HAND, NO_LOOPS, LOCK, BOOKINGS):
            cursor.execute(statement, wanted)
        cursor.execute(PLACES, wanted)
        if cursor.rowcount < len(wanted["ordinals"]):
            raise _taken(cursor, wanted["ordinals"])
        _set_charges(cursor, terms, event.currency)
        admit = ADMIT if any(wanted["used"]) else ""
        for statement in _statements(
            SUMS, WRITE, admit, CLEAN_UP, LOOPS, PLAN_AFRESH, LEDGER_BY_ITSELF
        ):
            cursor.execute(statement, wanted)
    return wanted["booking_ids"]


def _statements(*scripts):
    return [part for script in scripts for part in script.split(";\n") if part.strip()]


def _taken(cursor, ordinals):
    cursor.execute("SELECT ordinal FROM past_place")
    return SeatsTaken(set(ordinals) - {row[0] for row in cursor})


def _set_charges(cursor, terms, currency):
    """The agency's own rules, asked once for each price; none of them comes once a booking here."""
    cursor.execute(PRICES)
    prices = [row[0] for row in cursor]
    charged = [terms.of_one(Money(price, currency)) for price in prices]
    columns = {name: [getattr(line, name).amount for line in charged] for name in CHARGED}
    cursor.execute(CHARGES, {"price": prices, **columns})


def _booking_columns(parties, numbers, chance):
    count = range(len(parties))
    opened = [party.at + timedelta(seconds=chance.uniform(20, 200)) for party in parties]
    return {
        "booking_ids": [uuid7() for _ in count],
        "numbers": [_number(2, numbers) for _ in count],
        "customers": [party.customer.pk for party in parties],
        "holders": [party.customer.name for party in parties],
        "reserved": [party.at for party in parties],
        "opened": opened,
        "settled": [at + timedelta(seconds=chance.uniform(15, 120)) for at in opened],
        "payments": [uuid7() for _ in count],
        "captures": [uuid7() for _ in count],
        "sales": [uuid7() for _ in count],
        "provider_refs": [token_hex(12) for _ in count],
    }


def _place_columns(event, parties, booking_ids, numbers, used, chance):
    places = [
        (ordinal, booking_id, position)
        for party, booking_id in zip(parties, booking_ids, strict=True)
        for position, ordinal in enumerate(party.ordinals, start=1)
    ]
    ordinals, of_bookings, positions = (list(column) for column in zip(*places, strict=True))
    return {
        "ordinals": ordinals,
        "of_bookings": of_bookings,
        "positions": positions,
        "tickets": [uuid7() for _ in places],
        "ticket_numbers": [_number(3, numbers) for _ in places],
        "used": [_entry(event, chance) if chance.random() < used else None for _ in places],
    }


def _number(groups, taken):
    """BCDF-2345, as bookings and tickets are numbered; never one of `taken`, to which it is added."""
    while (number := "-".join(reference(4) for _ in range(groups))) in taken:
        pass
    taken.add(number)
    return number


def _entry(event, chance):
    """When somebody came in: most of them shortly before the start."""
    return event.starts_at - timedelta(minutes=chance.triangular(-20, 75, 18))
