"""What was sold on consignment is booked soon after."""

from celery import shared_task

from core.tasks import in_turn
from core.tenancy import as_system
from suppliers.models import Basis, PurchaseOrder
from suppliers.services import accrue


@shared_task
def accrue_consignment():
    """For every agency that has consigned seats; returns for how many something was booked."""
    consigned = PurchaseOrder.objects.exclude(basis=Basis.FIRM).order_by().distinct("agency_id")
    with as_system():
        rows = list(consigned.values_list("agency_id", "agency_id"))
    return in_turn(rows, lambda agency_id: accrue())
