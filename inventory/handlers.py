from core.outbox import subscribe
from events.facts import EventPublished
from events.models import Event
from inventory.facts import PriceJobAsked
from inventory.pricing.changing import carry_out
from inventory.services import lay_out


@subscribe(EventPublished, prompt=True)
def lay_out_published_event(fact):
    lay_out(Event.objects.get(pk=fact.event_id))


@subscribe(PriceJobAsked)
def change_many_prices(fact):
    carry_out(fact.job_id)
