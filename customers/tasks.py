"""Jobs that tidy up what time has decided."""

from celery import shared_task

from core.tasks import in_turn
from core.tenancy import as_system
from customers.points import expire_points, lapsed_points


@shared_task
def let_points_lapse():
    """Takes away the points that have lapsed; returns of how many customers. Nobody could have spent
    them before either."""
    with as_system():
        rows = lapsed_points()
    return in_turn(rows, expire_points)
