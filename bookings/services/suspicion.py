"""What speaks for a sale being a fraud: points that add up, each with its reason in words. A sale with
as many as the agency says is noted for a person to look at; nothing is refused by itself.

It is asked once the provider has said what it thinks of the payment, some minutes after the sale.
docs/limits.md.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from agencies.queries import current_agency
from bookings.models import (
    Alert,
    AlertStatus,
    Booking,
    Cancellation,
    Channel,
    Concern,
    PlannedExchange,
)
from bookings.services.disputed import STANDING, lock_as_it_is
from core.locks import lock_one
from core.status import WrongState
from core.transactions import use_case
from core.words import many
from payments.models import Dispute, Payment, Risk
from payments.models import Status as PaymentStatus
from payments.services.settle import DECLINED

RISKY = {Risk.ELEVATED: 40, Risk.HIGHEST: 80}
CARD_DAYS, CARD_OTHERS, CARD_POINTS = 30, 2, 40
HOUR, DAY = timedelta(hours=1), timedelta(hours=24)
OFTEN = ((DAY, 6, 50), (HOUR, 3, 30))  # so many other purchases within that: so many points
NETWORK_OTHERS, NETWORK_POINTS = 3, 30
DECLINED_AT_LEAST, DECLINED_POINTS = 3, 40
MOST_ORDERS = 500  # of one network in two hours; more tell nothing new
DISPUTED_POINTS = 60
DEAR_TIMES, DEAR_POINTS, LAST_SALES = 5, 20, 200
LATE, LATE_POINTS = timedelta(hours=48), 15
MEDIAN = """
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY total), count(*) FROM (
  SELECT total FROM bookings_booking
  WHERE currency = %s AND confirmed_at < %s AND total > 0
  ORDER BY confirmed_at DESC LIMIT %s) last_sales
"""


@dataclass(frozen=True)
class Reason:
    points: int
    words: str


@use_case
def note_suspicion(payment_id):
    """Scores the sales that a payment paid for, alone or as what dearer seats cost more, and makes an
    Alert of each that has as many points as the agency says, or more than it had when somebody found
    nothing wrong; returns them. Harmless the second time. Sales at the desk are not scored: the guest
    stands there."""
    least = current_agency().suspicious_from
    if least is None:
        return []
    payment = Payment.objects.get(pk=payment_id)
    scored = [(each, reasons_for(each, payment)) for each in _sold_for(payment)]
    return [
        _note(booking, reasons)
        for booking, reasons in scored
        if sum(reason.points for reason in reasons) >= least
    ]


def _sold_for(payment):
    sold = Booking.objects.sold().exclude(channel=Channel.BOX_OFFICE)
    dearer = PlannedExchange.objects.filter(payment=payment).values("new")
    paid_for = Q(pk__in=payment.covers, payment_id=payment.pk) | Q(pk__in=dearer)
    return list(sold.filter(paid_for, customer__isnull=False).order_by("pk"))


def look_at_guest_again(payment_id):
    """A bank has taken back what somebody paid: his other purchases for coming events are scored."""
    payment = Payment.objects.get(pk=payment_id)
    people = Booking.objects.filter(pk__in=payment.covers).values("customer__person")
    others = Booking.objects.sold().filter(
        customer__person__in=people, event__starts_at__gt=Now(), payment_id__isnull=False
    )
    for other in set(others.values_list("payment_id", flat=True)) - {payment.pk}:
        if Payment.objects.filter(pk=other, charge_read_at__isnull=False).exists():
            note_suspicion(other)


def reasons_for(booking, payment):
    """The Reasons to look at a sold Booking and its Payment, the weightiest first."""
    asked = (_risk, _card, _often, _network, _declines, _disputes, _dear, _late)
    found = [rule(booking, payment) for rule in asked]
    return sorted(filter(None, found), key=lambda reason: -reason.points)


def _note(booking, reasons):
    score = sum(reason.points for reason in reasons)
    said = {"score": score, "reasons": [[each.points, each.words] for each in reasons]}
    alert, is_new = Alert.objects.get_or_create(
        booking=booking, concern=Concern.FRAUD, defaults=said
    )
    alert = lock_one(Alert.objects.filter(pk=alert.pk))
    if alert.status == AlertStatus.DISMISSED and score > alert.score:
        alert.move_to(AlertStatus.OPEN)
        is_new = True
    if alert.status == AlertStatus.OPEN:
        alert.score, alert.reasons = score, said["reasons"]
        alert.save(update_fields=["status", "score", "reasons"])
    if is_new and current_agency().locks_suspicious:
        hold_tickets(alert.pk)
    return alert


@use_case
def hold_tickets(alert_id, *, hold=True):
    """The tickets of an open alert's booking admit nobody until it is decided, or (`hold` false) admit
    again, unless a dispute locks them; returns the Alert. Raises WrongState for one that is decided."""
    alert = lock_one(Alert.objects.filter(pk=alert_id))
    if alert.status != AlertStatus.OPEN:
        raise WrongState("This alert is decided already.")
    alert.holds_tickets = hold
    alert.save(update_fields=["holds_tickets"])
    lock_as_it_is(alert.booking.payment_id)
    return alert


def follow_changed_seats(alert):
    """What is suspicious about seats that were given for others is so about these: the alert goes with
    them. Returns the one of the new booking, or None."""
    given_for = Cancellation.objects.filter(booking=alert.booking, exchanged_for__isnull=False)
    new = given_for.order_by("-made_at", "pk").values_list("exchanged_for", flat=True).first()
    if new is None:
        return None
    said = {"score": alert.score, "reasons": alert.reasons, "holds_tickets": alert.holds_tickets}
    return Alert.objects.get_or_create(booking_id=new, concern=Concern.FRAUD, defaults=said)[0]


# The rules: each says a Reason or None


def _risk(booking, payment):
    points = RISKY.get(payment.risk_level)
    if not points:
        return None
    score = f", {payment.risk_score} of 100" if payment.risk_score is not None else ""
    return Reason(
        points,
        f"The payment provider sees a risk: {payment.get_risk_level_display().lower()}{score}",
    )


def _card(booking, payment):
    if not payment.card:
        return None
    same = Payment.objects.filter(card=payment.card).values("pk")
    since = booking.confirmed_at - timedelta(days=CARD_DAYS)
    paid = _of_others(booking).filter(payment_id__in=same, confirmed_at__gte=since)
    return _people(paid, CARD_OTHERS, CARD_POINTS, "paid with this card within a month")


def _often(booking, payment):
    own = Booking.objects.sold().filter(customer__person=booking.customer.person, total__gt=0)
    own = own.exclude(pk__in=payment.covers)
    for span, least, points in OFTEN:
        bought = own.filter(
            confirmed_at__range=(booking.confirmed_at - span, booking.confirmed_at)
        ).count()
        if bought >= least:
            hours = "hour" if span == HOUR else "day"
            return Reason(points, f"{many(bought, 'other purchase')} within the {hours} before")
    return None


def _network(booking, payment):
    if not booking.client.startswith("web:"):
        return None
    span = (booking.confirmed_at - HOUR, booking.confirmed_at)
    near = _of_others(booking).filter(
        client=booking.client, confirmed_at__range=span, reserved_at__gte=span[0] - HOUR
    )
    words = "bought from this network within the hour before"
    return _people(near, NETWORK_OTHERS, NETWORK_POINTS, words)


def _of_others(booking):
    """Sales to other people."""
    sold = Booking.objects.sold().filter(customer__isnull=False)
    return sold.exclude(customer__person=booking.customer.person)


def _people(bookings, least, points, did):
    people = bookings.order_by().values("customer__person").distinct().count()
    return Reason(points, f"{many(people, 'other guest')} {did}") if people >= least else None


def _declines(booking, payment):
    orders = {booking.order_key}
    if booking.client.startswith("web:"):
        lately = (booking.reserved_at - HOUR, booking.confirmed_at)
        near = Booking.objects.filter(client=booking.client, reserved_at__range=lately)
        orders |= set(near.values_list("pk", flat=True)[:MOST_ORDERS])
    declined = Payment.objects.filter(
        reference__in=orders, status=PaymentStatus.FAILED, failure=DECLINED
    )
    count = declined.filter(settled_at__lte=booking.confirmed_at).count()
    if count < DECLINED_AT_LEAST:
        return None
    return Reason(DECLINED_POINTS, f"{many(count, 'payment was', 'payments were')} declined before")


def _disputes(booking, payment):
    theirs = Booking.objects.filter(customer__person=booking.customer.person)
    paid = theirs.exclude(pk__in=payment.covers).values("payment_id")
    disputes = Dispute.objects.filter(payment__in=paid, status__in=STANDING).count()
    if not disputes:
        return None
    taken = many(
        disputes, "earlier payment of this guest was", "earlier payments of this guest were"
    )
    return Reason(DISPUTED_POINTS, f"{taken} taken back by a bank")


def _dear(booking, payment):
    with connection.cursor() as cursor:
        cursor.execute(MEDIAN, [booking.currency, booking.confirmed_at, LAST_SALES])
        median, count = cursor.fetchone()
    if count < LAST_SALES // 10 or booking.total < DEAR_TIMES * median:
        return None
    return Reason(
        DEAR_POINTS,
        f"Costs {booking.total / median:.0f} times what half of the last sales cost at most",
    )


def _late(booking, payment):
    if booking.event.starts_at - booking.confirmed_at > LATE:
        return None
    before = Booking.objects.filter(
        customer__person=booking.customer.person, confirmed_at__lt=booking.confirmed_at
    )
    if before.exclude(pk__in=payment.covers).exists():
        return None
    return Reason(LATE_POINTS, "A new guest, within two days of the event")
