from core.outbox import subscribe
from suppliers import moving  # noqa: F401 - registers what follows an event to another layout
from suppliers.facts import DeliveryAsked
from suppliers.services import carry_out


@subscribe(DeliveryAsked)
def receive_delivery_asked_for(fact):
    carry_out(fact.delivery_id)
