"""What came of a presale, as of now."""

from dataclasses import dataclass

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from promotions.models import PresaleVisit, Use, UseStatus

KEPT = Q(status=UseStatus.KEPT)
COUNT = IntegerField()


@dataclass(frozen=True, slots=True)
class Conversion:
    """`visits` of who was let in, `reservations` ever made, of them `held` now and `bookings` sold,
    with their `tickets`."""

    visits: int
    reservations: int
    held: int
    bookings: int
    tickets: int


def conversion_of(offer):
    """The Conversion of the presale whose Promotion this is."""
    uses = Use.objects.filter(promotion=offer)
    counted = uses.aggregate(
        reservations=Count("pk"),
        bookings=Count("pk", filter=KEPT),
        tickets=Coalesce(Sum("tickets", filter=KEPT), 0),
    )
    return Conversion(
        visits=PresaleVisit.objects.filter(promotion=offer).count(),
        held=uses.live().filter(status=UseStatus.HELD).count(),
        **counted,
    )


def codes_by_use(offer):
    """Its codes with `visits`, `reservations`, `bookings` and `tickets`, the most used first."""
    uses = Use.objects.filter(code=OuterRef("pk")).order_by().values("code")
    visits = PresaleVisit.objects.filter(code=OuterRef("pk")).order_by().values("code")
    return offer.codes.annotate(
        visits=_of_each(visits, Count("pk")),
        reservations=_of_each(uses, Count("pk")),
        bookings=_of_each(uses, Count("pk", filter=KEPT)),
        tickets=_of_each(uses, Sum("tickets", filter=KEPT)),
    ).order_by("-tickets", "-reservations", "-visits", "-is_listed", "pk")


def share(part, whole):
    """12 % of it, as words; a dash of nothing."""
    return f"{100 * part / whole:.0f} %" if whole else "–"


def _of_each(rows, aggregate):
    found = rows.annotate(found=aggregate).values("found")
    return Coalesce(Subquery(found, output_field=COUNT), Value(0))
