from core.outbox import subscribe
from customers.draws import call_off_all, tell_called_off, tell_next
from customers.facts import DrawCalledOff, DrawDecided
from events.facts import EventOver


@subscribe(DrawDecided)
def tell_entrants(fact):
    tell_next(fact.draw_id, after=fact.after, last=fact.last)


@subscribe(DrawCalledOff)
def tell_that_it_is_off(fact):
    tell_called_off(fact.draw_id, after=fact.after)


@subscribe(EventOver)
def call_off_its_draws(fact):
    call_off_all(fact.event_id)
