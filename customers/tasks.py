"""Jobs that tidy up what time has decided."""

from celery import shared_task

from core.tasks import in_turn
from core.tenancy import as_system
from customers.draws import freeze
from customers.models import Draw
from customers.points import expire_points, lapsed_points


@shared_task
def let_points_lapse():
    """Takes away the points that have lapsed; returns of how many customers. Nobody could have spent
    them before either."""
    with as_system():
        rows = lapsed_points()
    return in_turn(rows, expire_points)


@shared_task
def freeze_closed_draws():
    """Freezes the lists of draws whose registration has closed; returns how many. Nobody could have
    entered since. A list that is not frozen before its source is known can never be drawn."""
    with as_system():
        rows = list(
            Draw.objects.to_freeze().order_by("closes_at", "pk").values_list("pk", "agency_id")
        )
    return in_turn(rows, freeze)
