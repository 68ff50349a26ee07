from core.outbox import subscribe
from payments.facts import RefundRequested
from payments.services import send_refund


@subscribe(RefundRequested)
def send_requested_refund(fact):
    send_refund(fact.refund_id)
