from core.outbox import subscribe
from core.postgres.prepared import prepared
from payments.facts import RefundRequested
from payments.services import send_refund


@subscribe(RefundRequested)
@prepared()
def send_requested_refund(fact):
    send_refund(fact.refund_id)
