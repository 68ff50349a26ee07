from core.outbox import subscribe
from suppliers.facts import DeliveryAsked
from suppliers.services import carry_out


@subscribe(DeliveryAsked)
def receive_delivery_asked_for(fact):
    carry_out(fact.delivery_id)
