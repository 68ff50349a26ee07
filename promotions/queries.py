"""How promotions stand: how often they were used, and what they gave."""

from django.db.models import Count, DecimalField, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from core.money import DECIMAL_PLACES, MAX_DIGITS
from promotions.models import Use, UseStatus

AMOUNT = DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)


def standing(promotions):
    """Promotions (a queryset) with `kept` and `held` uses, and the `tickets`, what was `given` off them
    and the fees `waived` with the kept ones."""
    kept = Use.objects.filter(status=UseStatus.KEPT)
    held = Use.objects.live().filter(status=UseStatus.HELD)
    return promotions.annotate(
        kept=_of_each(kept, Count("pk")),
        held=_of_each(held, Count("pk")),
        tickets=_of_each(kept, Sum("tickets")),
        given=_of_each(kept, Sum("discount"), output_field=AMOUNT),
        waived=_of_each(kept, Sum("waived"), output_field=AMOUNT),
    )


def uses_of(reference):
    """What took something off a booking: its uses with their promotions and codes, in the order in
    which they were taken."""
    uses = Use.objects.of(reference).offers().select_related("promotion", "code")
    return list(uses.order_by("promotion__priority", "used_at", "pk"))


def codes_of(references):
    """The texts of the codes that take something off these bookings, each once, the first first."""
    uses = Use.objects.filter(reference__in=references, is_dropped=False).offers()
    return list(dict.fromkeys(uses.order_by("used_at", "pk").values_list("code__text", flat=True)))


def used_codes(codes):
    """Codes (a queryset) with how often they are used, held ones too: `used`."""
    live = Use.objects.live().filter(code=OuterRef("pk")).order_by().values("code")
    return codes.annotate(used=Coalesce(Subquery(live.annotate(n=Count("pk")).values("n")), 0))


def _of_each(uses, aggregate, **field):
    found = uses.filter(promotion=OuterRef("pk")).order_by().values("promotion")
    one = Subquery(found.annotate(found=aggregate).values("found"), **field)
    return Coalesce(one, Value(0), **field)
