"""The life of a promotion: written, active, paused, ended. Its terms are final once it was active."""

from django.utils import timezone

from core.locks import lock_one
from core.status import WrongState
from core.transactions import use_case
from promotions.models import TERMS, Promotion, Status


@use_case
def activate(promotion_id):
    """Its codes work from now on, or from `starts_at`. Returns the Promotion."""
    promotion = lock_one(Promotion.objects.filter(pk=promotion_id))
    if promotion.ends_at and promotion.ends_at <= timezone.now():
        raise WrongState(f"{promotion} ended before it began: give it a later end.")
    return _moved(promotion, Status.ACTIVE)


@use_case
def pause(promotion_id):
    """Its codes rest; what is reserved or sold with them stays as it is. Returns the Promotion."""
    return _moved(lock_one(Promotion.objects.filter(pk=promotion_id)), Status.PAUSED)


@use_case
def end(promotion_id):
    """Its codes have expired for good. Returns the Promotion."""
    return _moved(lock_one(Promotion.objects.filter(pk=promotion_id)), Status.ENDED)


@use_case
def copy_of(promotion_id, *, by):
    """A draft with the same terms, for other terms than those that were promised; without codes."""
    promotion = Promotion.objects.get(pk=promotion_id)
    kept = {name: getattr(promotion, name) for name in (*TERMS, "description")}
    limits = {
        name: getattr(promotion, name) for name in ("usage_limit", "usage_limit_per_customer")
    }
    name = _free_name(promotion.name)
    return Promotion.objects.create(name=name, made_by=by, **kept, **limits)


def _free_name(name):
    taken = set(
        Promotion.objects.filter(name__startswith=name[:100]).values_list("name", flat=True)
    )
    return next(
        called for n in range(2, len(taken) + 3) if (called := f"{name[:110]} ({n})") not in taken
    )


def _moved(promotion, status):
    promotion.move_to(status)
    promotion.save(update_fields=["status"])
    return promotion
