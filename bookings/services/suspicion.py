"""What speaks for a sale being a fraud: points that add up, each with its reason in words. A sale with
as many as the agency says is noted for a person to look at; nothing is refused by itself.

It is asked once the provider has said what it thinks of the payment, some minutes after the sale.
docs/limits.md.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import Q

from agencies.queries import current_agency
from bookings.models import Alert, AlertStatus, Booking, BookingItem, Channel, Concern
from bookings.services.disputed import STANDING
from core.locks import lock_one
from core.transactions import use_case
from core.words import many
from payments.models import Dispute, Payment, Risk
from payments.models import Status as PaymentStatus
from payments.services.settle import DECLINED
from tickets.services import lock_out, unlock

RISKY = {Risk.ELEVATED: 40, Risk.HIGHEST: 80}
CARD_DAYS, CARD_OTHERS, CARD_POINTS = 30, 2, 40
HOUR, DAY = timedelta(hours=1), timedelta(hours=24)
OFTEN = ((DAY, 6, 50), (HOUR, 3, 30))  # so many other purchases within that: so many points
NETWORK_OTHERS, NETWORK_POINTS = 3, 30
DECLINED_AT_LEAST, DECLINED_POINTS = 3, 40
DISPUTED_POINTS = 60
DEAR_TIMES, DEAR_POINTS, LAST_SALES = 5, 20, 200
LATE, LATE_POINTS = timedelta(hours=48), 15
LOCKED = "This ticket is locked: its sale is being looked at. Send the guest to the box office."
MEDIAN = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total), count(*) FROM (
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
    """Scores the sales that a payment paid for, and makes an Alert of each that has as many points as
    the agency says, or more than it had when somebody found nothing wrong; returns them. Harmless the
    second time. Sales at the desk are not scored: the guest stands there."""
    least = current_agency().suspicious_from
    if least is None:
        return []
    payment = Payment.objects.get(pk=payment_id)
    sold = Booking.objects.sold().exclude(channel=Channel.BOX_OFFICE)
    paid_for = sold.filter(pk__in=payment.covers, payment_id=payment_id, customer__isnull=False)
    scored = [(each, reasons_for(each, payment)) for each in paid_for.order_by("pk")]
    return [
        _note(booking, reasons)
        for booking, reasons in scored
        if sum(reason.points for reason in reasons) >= least
    ]


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
        alert.save()
    if is_new and current_agency().locks_suspicious:
        lock_suspicious(booking)
    return alert


def lock_suspicious(booking):
    """Its tickets admit nobody until `unlock_suspicious`; returns how many."""
    return lock_out(_unlocked(booking, because=""), LOCKED)


def unlock_suspicious(booking):
    """What `lock_suspicious` locked admits again; returns how many."""
    return unlock(_unlocked(booking, because=LOCKED), LOCKED)


def _unlocked(booking, because):
    """Ids of its tickets that are locked for this reason: who has another keeps it."""
    items = BookingItem.objects.filter(booking=booking, cancelled=None)
    return list(items.filter(ticket__locked_because=because).values_list("ticket", flat=True))


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
    near = _of_others(booking).filter(client=booking.client, confirmed_at__range=span)
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
    orders = Q(reference=booking.order_key)
    if booking.client.startswith("web:"):
        near = Booking.objects.filter(
            client=booking.client, reserved_at__gte=booking.reserved_at - HOUR
        )
        orders |= Q(reference__in=near.values("pk"))
    declined = Payment.objects.filter(orders, status=PaymentStatus.FAILED, failure=DECLINED)
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
    if count < LAST_SALES // 10 or float(booking.total) < DEAR_TIMES * median:
        return None
    times = float(booking.total) / median
    return Reason(DEAR_POINTS, f"Costs {times:.0f} times what half of the last sales cost at most")


def _late(booking, payment):
    if booking.event.starts_at - booking.confirmed_at > LATE:
        return None
    before = Booking.objects.filter(
        customer__person=booking.customer.person, confirmed_at__lt=booking.confirmed_at
    )
    if before.exclude(pk__in=payment.covers).exists():
        return None
    return Reason(LATE_POINTS, "A new guest, within two days of the event")
