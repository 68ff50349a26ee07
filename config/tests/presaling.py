"""Presales in reachable states, for an agency acted for."""

from datetime import timedelta

from django.utils import timezone

from bookings.services import Sale, reserve
from customers.lists import add_buyers
from customers.models import BuyerList
from customers.same_person import person_of
from events.models import Event
from inventory.models import EventSeat
from promotions.presales import Terms, activate, admit, make, offer_of
from promotions.services import name_code

HOUR = timedelta(hours=1)


def not_on_sale_yet(event, opens_in=2 * HOUR):
    """The event, with the sale to all still to come."""
    Event.objects.filter(pk=event.pk).update(sale_starts_at=timezone.now() + opens_in)
    event.refresh_from_db()
    return event


def draft(event, name="Fan club", starts_in=-HOUR, **terms):
    terms = Terms(name=name, starts_at=timezone.now() + starts_in, **terms)
    return make(event=event, terms=terms)


def presale(event, code="FANS", *, code_limit=None, **terms):
    """One that runs, with a code unless that is empty."""
    made = draft(event, **terms)
    if code:
        name_code(promotion=offer_of(made), text=code, usage_limit=code_limit)
    activate(made.pk)
    return made


def set_aside(event, *sections):
    """The places of these sections are for presales only."""
    EventSeat.objects.filter(event=event, seat__section__label__in=sections).update(
        channel="PRESALE"
    )


def listed(*emails, name="Gold"):
    """The id of a list of these addresses."""
    made = BuyerList.objects.create(name=name, kind=BuyerList.Kind.PARTNER)
    add_buyers(made, {person_of(email): email for email in emails})
    return made.pk


def through(event, admitted):
    """The event, read anew, as it is seen with a Pass."""
    seen = Event.objects.select_related("venue", "layout").get(pk=event.pk)
    seen.presale_id = admitted and admitted.presale_id
    return seen


def buys(event, *ordinals, code="FANS", admitted=None, **words):
    """The booking of who comes in by a code, or with a Pass, and reserves these places."""
    admitted = admitted or (admit(event, code) if code else None)
    return reserve(
        event=through(event, admitted), ordinals=ordinals, sale=Sale(admitted=admitted, **words)
    )
