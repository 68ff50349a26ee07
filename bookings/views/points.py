"""Points of who has proven his mailbox in this browser: shown on his page, made into credit there and
at the checkout by one press."""

from decimal import Decimal, InvalidOperation
from uuid import UUID, uuid4

from django.core.paginator import Paginator
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache

from bookings.links import own_booking
from bookings.orders import due_of, present_payment, sum_of
from bookings.views.credit import offered_credit
from bookings.views.typed import send_back
from core.errors import DomainError, Invalid
from core.money import Money
from customers.links import customer_id_of
from customers.models import Tier
from customers.points import earned_lately, running_programme, standing_of
from payments.services import points_to_credit, worth_of_points

A_PAGE = 10
PART = "#points"
TOLD = "points"
"""Key of the session: what came of the last press on the customer's own page, said there once."""


def offered_points(request, due, credit):
    """{"points", "money", "key"} of the points that one press turns into credit: as many as what is
    `due` (Money) needs beside the credit that is offered; None where there are none."""
    customer_id = customer_id_of(request)
    if customer_id is None or not due:
        return None
    return _offer(customer_id, credit["rest"] if credit else due)


def _offer(customer_id, at_most=None):
    points, money = worth_of_points(customer_id, at_most)
    return {"points": points, "money": money, "key": uuid4()} if points else None


def points_shown(request, customer):
    """What a customer's page says of his points; None where the programme does not run."""
    programme = running_programme()
    if programme is None:
        return None
    lately = earned_lately(customer.person)
    tier = programme.tier_for(lately)
    above = [each for each in Tier if each not in tier.reached]
    standing = standing_of(customer.pk)
    return {
        "standing": standing,
        "worth": programme.worth_of(max(standing.points, 0)),
        "offer": _offer(customer.pk),
        "tier": tier,
        "lately": lately,
        "next": above[0] if above else None,
        "missing": programme.begins_at(above[0]) - lately if above else 0,
        "entries": Paginator(customer.point_entries.all(), A_PAGE).get_page(
            request.GET.get("points")
        ),
        "told": request.session.pop(TOLD, None),
    }


@never_cache
def own_points(request):
    """The press on the customer's own page; come back to, it is that page."""
    customer_id = customer_id_of(request)
    if customer_id is None:
        return redirect("find_booking")
    if request.method == "POST":
        try:
            made = _made_credit(request, customer_id)
            request.session[TOLD] = {"news": f"{made.money.display()} is your credit now."}
        except DomainError as refused:
            request.session[TOLD] = {"problem": refused.message}
    answer = redirect("mine")
    answer["Location"] += PART
    return answer


@never_cache
def points_at_checkout(request, booking_id):
    """The press at the checkout, a button of its one form, so that nothing that was typed is lost; all
    the credit that can be used is ticked then."""
    if request.method != "POST":
        return redirect("checkout", booking_id)
    booking = own_booking(request, booking_id)
    customer_id = customer_id_of(request)
    if customer_id is None:
        return send_back(
            request, booking, problem="Open the link in your mail again to use points."
        )
    try:
        made = _made_credit(request, customer_id)
    except DomainError as refused:
        return send_back(request, booking, part=PART, points={"problem": refused.message})
    due = sum_of(due_of(booking) or [booking])
    credit = offered_credit(request, due, present_payment(booking), None)
    told = {"news": f"{made.money.display()} is your credit now."}
    return send_back(request, booking, part=PART, ticked=credit and credit["money"], points=told)


def _made_credit(request, customer_id):
    """The CreditEntry of what the page said. Raises Invalid for what our page does not say."""
    said = {
        name: request.POST.get(f"points_{name}", "")[:40] for name in ("number", "worth", "key")
    }
    programme = running_programme()
    currency = programme.currency if programme else "EUR"
    try:
        points, key = int(said["number"]), UUID(said["key"])
        money = Money(Decimal(said["worth"]), currency)
    except (ValueError, InvalidOperation) as error:
        raise Invalid("This is not what the page said. Please look at it again.") from error
    if not 0 < points < 10**12:
        raise Invalid("This is not a number of points.")
    return points_to_credit(customer_id, points, money, key=key)
