from agencies.queries import agency_named
from core.commands import OperatorCommand
from core.errors import NotFound
from core.tenancy import acting_for
from suppliers.models import PurchaseOrder
from suppliers.services import receive_delivery


class Command(OperatorCommand):
    help = "Receives all that is outstanding of a confirmed purchase order."

    def add_arguments(self, parser):
        parser.add_argument("order", help="The order's number.")
        parser.add_argument("--agency", help="The agency's slug; not needed when there is one.")
        parser.add_argument("--reference", default="", help="The supplier's delivery reference.")

    def work(self, order, agency, reference, **options):
        with acting_for(agency_named(agency).pk):
            found = PurchaseOrder.objects.filter(number=order).first()
            if found is None:
                raise NotFound(f"There is no purchase order {order}.")
            receipt = receive_delivery(order=found, delivery_reference=reference)
        return {
            "ok": True,
            "receipt": receipt.number,
            "seats": receipt.seats,
            "amount": str(receipt.amount),
            "currency": receipt.currency,
        }
