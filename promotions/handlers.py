from core.outbox import subscribe
from promotions.facts import CodesAsked
from promotions.services import make_codes


@subscribe(CodesAsked)
def draw_codes(fact):
    make_codes(fact.batch_id)
