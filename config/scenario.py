"""A small world from a JSON description, so that a load or a race can be set up from outside."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from accounts.models import ApiKey, User
from agencies.models import Agency, Membership
from config.history import sell_in_bulk
from core.errors import Invalid
from core.ids import reference
from core.memory import Remembered
from core.money import Money
from core.tenancy import acting_for, as_system
from core.transactions import use_case
from customers.services import remember_customer
from events.models import Event
from events.services import free_slug, open_sale, price_sections, publish
from inventory.services import lay_out
from suppliers.models import Supplier
from suppliers.services import (
    add_line,
    confirm_order,
    draft_order,
    receive_delivery,
    submit_order,
)
from tickets.models import Gate
from venues.generators import grid
from venues.models import Venue
from venues.services import publish_layout


def load(description):
    """Builds agency, venue, event, stock and sales as described; returns ids, tokens and a sign-in.

    The shape is in the contract of docs/operators.md. An agency of the same slug is reused.
    """
    agency = _agency(description["agency"])
    with acting_for(agency.pk):
        venue, layout = _venue(description["venue"])
        event = _event(agency, venue, layout, description["event"])
        order = _stock(event, description)
        gate = Gate.objects.create(event=event, name="Gate A")
        sold = _sell(event, description.get("options", {}).get("sold", 0))
        return {
            "agency": {"id": str(agency.pk), "slug": agency.slug, "host": agency.host},
            "venue": {"id": str(venue.pk), "layout": layout.content_hash},
            "event": {"id": str(event.pk), "slug": event.slug},
            "order": order and str(order.pk),
            "gate": {"id": str(gate.pk), "name": gate.name},
            "tokens": _tokens(gate),
            "staff": _staff(agency),
            "sold": sold,
        }


def _agency(wanted):
    with as_system():
        found = Agency.objects.filter(slug=wanted["slug"]).first()
        if found:
            return found
        agency = Agency(
            slug=wanted["slug"],
            name=wanted.get("name", wanted["slug"].title()),
            host=wanted.get("host", f"{wanted['slug']}.localhost"),
            currency=wanted.get("currency", "EUR"),
        )
        agency.save()
    Remembered.forget_everything()
    return agency


def _venue(wanted):
    venue, _ = Venue.objects.get_or_create(name=wanted["name"], defaults={"kind": "ARENA"})
    plan = grid(wanted["sections"])
    layout, _ = publish_layout(venue=venue, plan=plan, name=wanted["name"], source="scenario")
    return venue, layout


@use_case
def _event(agency, venue, layout, wanted):
    now = timezone.now()
    starts_at = now + timedelta(days=wanted.get("starts_in_days", 30))
    event = Event.objects.create(
        slug=free_slug(wanted["title"], starts_at),
        title=wanted["title"],
        venue=venue,
        layout=layout,
        starts_at=starts_at,
        sale_starts_at=now - timedelta(days=1),
        sale_ends_at=starts_at,
        currency=agency.currency,
        time_zone=venue.time_zone,
    )
    sections = {section.label: section for section in layout.sections.all()}
    for position, level in enumerate(wanted["levels"], start=1):
        price_sections(
            event=event,
            name=level["name"],
            price=Money(Decimal(level["price"]), agency.currency),
            position=min(position, 6),
            areas=[(_section(sections, label), []) for label in level["sections"]],
        )
    publish(event.pk)
    lay_out(event)
    return open_sale(event.pk)


def _section(sections, label):
    if label not in sections:
        raise Invalid(f"The venue has no section {label}.")
    return sections[label]


def _stock(event, description):
    """Buys what is owned through a purchase order like anybody else; returns the order."""
    owned = description.get("owned", "all")
    costs = {
        label: Decimal(level.get("cost", "0"))
        for level in description["event"]["levels"]
        for label in level["sections"]
        if owned == "all" or label in owned.get("sections", [])
    }
    if not costs:
        return None
    supplier, _ = Supplier.objects.get_or_create(name="Scenario supplier")
    order = draft_order(supplier=supplier, currency=event.currency)
    for section in event.layout.sections.filter(label__in=costs):
        cost = Money(costs[section.label], event.currency)
        add_line(order=order, event=event, section=section, unit_cost=cost)
    submit_order(order=order, by=None)
    confirm_order(order=order, by=None)
    receive_delivery(order=order, delivery_reference="scenario")
    return order


def _sell(event, wanted):
    """Sells the first `wanted` sellable places, in bookings of up to four, as already paid."""
    ordinals = list(
        event.seats.sellable().order_by("ordinal").values_list("ordinal", flat=True)[:wanted]
    )
    now = timezone.now()
    sell_in_bulk(
        event,
        ordinals,
        customers=[remember_customer(email="past@scenario.example", name="Past buyer")],
        bought_between=(now - timedelta(days=1), now),
        party_sizes={min(4, event.max_per_booking): 1},
    )
    return len(ordinals)


def _tokens(gate):
    customer = remember_customer(email="buyer@scenario.example", name="Scenario buyer")
    wanted = {
        "buyer": {"customer_id": customer.pk},
        "gate": {"gate_id": gate.pk},
        "promoter": {},
        "partner": {},
    }
    return {
        role: ApiKey.objects.make(role=role, name=f"Scenario {role}", **bound)[1]
        for role, bound in wanted.items()
    }


def _staff(agency):
    email, password = f"staff@{agency.slug}.example", reference(16)
    user, _ = User.objects.get_or_create(email=email, defaults={"is_staff": True, "name": "Staff"})
    user.set_password(password)
    user.save()
    Membership.objects.get_or_create(user=user, defaults={"role": Membership.Role.OWNER})
    return {"user": email, "password": password}
