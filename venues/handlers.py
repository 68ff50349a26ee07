from core.outbox import subscribe
from venues.facts import PublicationAsked
from venues.publishing import carry_out


@subscribe(PublicationAsked)
def publish_what_was_asked_for(fact):
    carry_out(fact.publication_id)
