"""A whole purchase on the site, and how soon a provider's word becomes tickets: jobs of
bench.inside."""

import os
import time

from django.test import Client

from bench import processor
from bench.pressing import press
from bookings.models import Booking
from bookings.services import contact, pay, reserve
from core.tenancy import acting_for
from events.models import Event
from payments.models import Payment

GUEST = {"name": "Ada Verbeke", "email": "ada@post.example", "phone": ""}


def buy(wanted):
    """Samples of `rounds` runs of `times` purchases of two seats: reserving, the checkout, paying,
    coming back paid, and the booking's page. What the provider does is not counted."""
    places = iter(range(0, 10**6, 2))
    _purchase(wanted, next(places), lambda: None, lambda: None)  # processes and plans are warm
    return [_run(wanted, places) for _ in range(wanted["rounds"])]


def _run(wanted, places):
    groups = {"web": [os.getpid()], **wanted["groups"]}
    used, spent, stand = dict.fromkeys(groups, 0), [], {}

    def begin():
        stand["cpu"], stand["at"] = processor.used(groups), time.perf_counter()

    def end():
        cost = processor.between(stand["cpu"], processor.used(groups), 1)
        spent[-1] += 1000 * (time.perf_counter() - stand["at"])
        for group in groups:
            used[group] += cost[group] / wanted["times"]

    for _ in range(wanted["times"]):
        spent.append(0)
        _purchase(wanted, next(places), begin, end)
    return {"milliseconds": spent, "seconds": sum(spent) / 1000, "cpu": used}


def _purchase(wanted, place, begin, end):
    """One purchase; the buyer's time at the provider lies between `end` and the second `begin`."""
    buyer = Client(headers={"host": "127.0.0.1"})
    begin()
    seats = {"seat": [place, place + 1]}
    checkout = _moved(buyer.post(f"/events/{wanted['slug']}/reserve/", seats))
    _shown(buyer.get(checkout))
    _moved(buyer.post(f"{checkout}pay/", GUEST))
    end()
    with acting_for(wanted["agency"]):
        payment = Payment.objects.get(reference=checkout.split("/")[2])
    press(payment.provider_ref)
    begin()
    booking = _moved(buyer.get(f"{checkout}return/"))
    _shown(buyer.get(booking))
    end()


def _moved(answer):
    if answer.status_code != 302:
        raise RuntimeError(f"{answer.request['PATH_INFO']} answered {answer.status_code}")
    return answer.url


def _shown(answer):
    if answer.status_code != 200:
        raise RuntimeError(f"{answer.request['PATH_INFO']} answered {answer.status_code}")


def go_to_pay(wanted):
    """{booking id: the provider's reference} of so many buyers who are on the provider's page."""
    found = {}
    with acting_for(wanted["agency"]):
        event = Event.objects.select_related("layout", "venue").get(pk=wanted["event"])
        for place in range(wanted["count"]):
            booking = reserve(event=event, ordinals=[place])
            contact(booking.pk, **GUEST)
            pay(booking.pk)
            found[str(booking.pk)] = Payment.objects.get(reference=booking.pk).provider_ref
    return found


def confirmed(wanted):
    """{booking id: when it was confirmed, in seconds since 1970} of those that are."""
    with acting_for(wanted["agency"]):
        rows = Booking.objects.filter(pk__in=wanted["bookings"], confirmed_at__isnull=False)
        return {str(pk): at.timestamp() for pk, at in rows.values_list("pk", "confirmed_at")}
