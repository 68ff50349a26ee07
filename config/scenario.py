"""A small world from a JSON description, so that a load or a race can be set up from outside."""

from datetime import timedelta
from decimal import Decimal

from django.conf import settings
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
from venues.generators import arena, club, grid, stadium, theatre
from venues.models import Venue
from venues.services import publish_layout

SHAPE = {
    "": {"agency", "venue", "event", "owned", "options"},
    "agency": {"slug", "name", "host", "currency"},
    "venue": {"name", "sections", "house", "places"},
    "event": {"title", "starts_in_days", "levels"},
    "options": {"sold", "rate_limits", "payment"},
}
HOUSES = {"club": club, "theatre": theatre}
HOUSES_OF_ANY_SIZE = {"arena": arena, "stadium": stadium}
LEVEL = {"name", "sections", "price", "cost"}


def load(description):
    """Builds agency, venue, event, stock and sales as described; returns ids, tokens and a sign-in.

    The shape is in docs/operators.md; raises Invalid for what it does not know or cannot do. An
    agency of the same slug is reused.
    """
    _check(description)
    options = description.get("options", {})
    agency = _agency(description["agency"], has_limits=options.get("rate_limits", "on") == "on")
    with acting_for(agency.pk):
        venue, layout = _venue(description["venue"])
        event = _event(agency, venue, layout, description["event"])
        order = _stock(event, description)
        gate = Gate.objects.create(event=event, name="Gate A")
        sold = _sell(event, options.get("sold", 0))
        password = reference(16)
        staff = _staff(agency, password)
        return {
            "agency": {"id": str(agency.pk), "slug": agency.slug, "host": agency.host},
            "venue": {"id": str(venue.pk), "layout": layout.content_hash},
            "event": {"id": str(event.pk), "slug": event.slug},
            "order": order and str(order.pk),
            "gate": {"id": str(gate.pk), "name": gate.name},
            "tokens": _tokens(gate, staff),
            "staff": {"user": staff.email, "password": password},
            "sold": sold,
        }


def _check(description):
    """Raises Invalid for a word that would otherwise be passed over in silence."""
    for name, known in SHAPE.items():
        _know(name or "scenario", description.get(name, {}) if name else description, known)
    for level in description["event"]["levels"]:
        _know("level", level, LEVEL)
    options = description.get("options", {})
    if options.get("rate_limits", "on") not in ("on", "off"):
        raise Invalid("options.rate_limits is on or off.")
    if options.get("payment", settings.PAYMENT_PROVIDER) != settings.PAYMENT_PROVIDER:
        raise Invalid(f"Payments go through {settings.PAYMENT_PROVIDER or 'nobody'} here.")
    sold = options.get("sold", 0)
    if type(sold) is not int or sold < 0:
        raise Invalid("options.sold is a number of places.")


def _know(name, given, known):
    unknown = ", ".join(sorted(set(given) - known))
    if unknown:
        raise Invalid(f"This {name} has words that mean nothing here: {unknown}.")


def _agency(wanted, *, has_limits):
    with as_system():
        found = Agency.objects.filter(slug=wanted["slug"]).first()
        agency = found or Agency(
            slug=wanted["slug"],
            name=wanted.get("name", wanted["slug"].title()),
            host=wanted.get("host", f"{wanted['slug']}.localhost"),
            currency=wanted.get("currency", "EUR"),
        )
        agency.has_limits = has_limits
        agency.save()
    Remembered.forget_everything()
    return agency


def _venue(wanted):
    venue, _ = Venue.objects.get_or_create(name=wanted["name"], defaults={"kind": "ARENA"})
    layout, _ = publish_layout(
        venue=venue, plan=_plan(wanted), name=wanted["name"], source="scenario"
    )
    return venue, layout


def _plan(wanted):
    house = wanted.get("house")
    if house is None:
        return grid(wanted["sections"])
    if house in HOUSES:
        return HOUSES[house]()
    if house not in HOUSES_OF_ANY_SIZE or type(wanted.get("places")) is not int:
        raise Invalid("A house is club or theatre, or arena or stadium with a number of places.")
    return HOUSES_OF_ANY_SIZE[house](wanted["places"])


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
    """Buys what is owned through a purchase order like anybody else; returns the order.

    What has no price is owned for nothing: it can be seen in the stock, and not be sold.
    """
    sections = _owned(event, description.get("owned", "all"))
    if not sections:
        return None
    costs = {
        label: Decimal(level.get("cost", "0"))
        for level in description["event"]["levels"]
        for label in level["sections"]
    }
    of_supplier = {"bank_account": "FR76 3000 1007 9412 3456 7890 185"}
    supplier, _ = Supplier.objects.get_or_create(name="Scenario supplier", defaults=of_supplier)
    order = draft_order(supplier=supplier, currency=event.currency)
    for section in sections:
        cost = Money(costs.get(section.label, Decimal(0)), event.currency)
        add_line(order=order, event=event, section=section, unit_cost=cost)
    submit_order(order=order, by=None)
    confirm_order(order=order, by=None)
    receive_delivery(order=order, delivery_reference="scenario")
    return order


def _owned(event, wanted):
    """The sections that are owned, of "all" or {"sections": [label, …]}."""
    sections = list(event.layout.sections.order_by("position"))
    if wanted == "all":
        return sections
    if set(wanted) != {"sections"}:
        raise Invalid('What is owned is "all" or {"sections": […]}.')
    by_label = {section.label: section for section in sections}
    return [_section(by_label, label) for label in wanted["sections"]]


def _sell(event, wanted):
    """Sells the first `wanted` places on sale, in bookings of up to four, as already paid."""
    on_sale = event.seats.sellable().exclude(level=None).order_by("ordinal")
    ordinals = list(on_sale.values_list("ordinal", flat=True)[:wanted])
    now = timezone.now()
    sell_in_bulk(
        event,
        ordinals,
        customers=[remember_customer(email="past@scenario.example", name="Past buyer")],
        bought_between=(now - timedelta(days=1), now),
        party_sizes={min(4, event.max_per_booking): 1},
    )
    return len(ordinals)


def _tokens(gate, staff):
    customer = remember_customer(email="buyer@scenario.example", name="Scenario buyer")
    wanted = {
        "buyer": {"customer_id": customer.pk},
        "gate": {"gate_id": gate.pk},
        "promoter": {},
        "partner": {},
        "staff": {"user": staff},
    }
    return {
        role: ApiKey.objects.make(role=role, name=f"Scenario {role}", **bound)[1]
        for role, bound in wanted.items()
    }


def _staff(agency, password):
    email = f"staff@{agency.slug}.example"
    user, _ = User.objects.get_or_create(email=email, defaults={"is_staff": True, "name": "Staff"})
    user.set_password(password)
    user.save()
    Membership.objects.get_or_create(user=user, defaults={"role": Membership.Role.OWNER})
    return user
