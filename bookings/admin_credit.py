"""What credit and points of guests were for: which booking they paid, or what they came of."""

from django.utils.html import format_html_join

from bookings.models import Booking, Cancellation, PlannedExchange
from core.admin_parts import linked
from customers.admin_points import WORDS_OF as OF_POINTS
from customers.models import PointEntry
from payments.admin_credit import WORDS_OF
from payments.models import CreditEntry

Kind = CreditEntry.Kind


def words_of(entries):
    """{entry's id: (what it is, links to its bookings)} of CreditEntries, four queries for all."""
    made = Cancellation.objects.select_related("booking", "exchanged_for").in_bulk(
        [each.reference for each in entries if each.reference and each.kind == Kind.BACK]
    )
    paid = {each.payment_id for each in entries if each.payment_id}
    plans = PlannedExchange.objects.filter(payment__in=paid).values_list("payment", flat=True)
    differences = set(plans)
    covers = dict(
        CreditEntry.objects.filter(
            pk__in=[each.pk for each in entries], payment__isnull=False
        ).values_list("pk", "payment__covers")
    )
    bookings = Booking.objects.in_bulk({pk for found in covers.values() for pk in found})
    told = {}
    for each in entries:
        if each.reference in made:
            told[each.pk] = _of_cancellation(made[each.reference])
        elif each.kind in (Kind.BACK, Kind.HELD, Kind.RETURNED):
            is_more = each.kind == Kind.BACK and each.payment_id in differences
            words = "Paid for a change of seats" if is_more else each.get_kind_display()
            known = [bookings[pk] for pk in covers.get(each.pk, ()) if pk in bookings]
            told[each.pk] = words, format_html_join(", ", "{}", [[linked(one)] for one in known])
    return told


def _of_cancellation(made):
    if made.exchanged_for is None:
        return f"Of cancelled tickets of {made.booking.number}", linked(made)
    links = [[linked(made.booking)], [linked(made.exchanged_for)]]
    return f"Changed from {made.booking.number}", format_html_join(" → ", "{}", links)


def words_of_points(entries):
    """{entry's id: (what it is, links to its bookings)} of PointEntries that are about bookings."""
    about = [each.reference for each in entries if each.reference]
    bookings = Booking.objects.select_related("instead_of").in_bulk(about)
    given = Cancellation.objects.filter(booking__in=about).select_related("exchanged_for")
    news = {}
    for made in given.order_by("made_at", "pk"):
        news.setdefault(made.booking_id, []).append(made.exchanged_for)
    told = {}
    for each in entries:
        if each.reference in bookings:
            told[each.pk] = _of_points(each, bookings[each.reference], news.get(each.reference, []))
    return told


def _of_points(entry, booking, news):
    """Of tickets of which some were changed, and some only given back, it is not known which."""
    if entry.kind == PointEntry.Kind.REVERSED and news and all(news):
        numbers = ", ".join(new.number for new in news)
        return f"Changed for {numbers}", linked(booking)
    if entry.kind == PointEntry.Kind.EARNED and booking.instead_of:
        return f"Earned, changed from {booking.instead_of.number}", linked(booking)
    return entry.get_kind_display(), linked(booking)


WORDS_OF.append(words_of)
OF_POINTS.append(words_of_points)
