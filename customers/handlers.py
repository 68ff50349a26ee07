from core.outbox import subscribe
from customers.draws import tell_next
from customers.facts import DrawDecided


@subscribe(DrawDecided)
def tell_entrants(fact):
    tell_next(fact.draw_id, after=fact.after, last=fact.last)
