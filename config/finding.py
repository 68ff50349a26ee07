"""One box that finds a booking, guest, ticket, order or event of the agency."""

from dataclasses import dataclass

from django.apps import apps

from core.admin_parts import page_of

MOST = 6
# Where to look, in this order: model, what the words may begin or stand in, what describes a hit.
PLACES = [
    ("bookings.booking", ["number__istartswith"], "booking"),
    ("tickets.ticket", ["number__istartswith"], "ticket"),
    ("suppliers.purchaseorder", ["number__icontains", "supplier_reference__iexact"], "order"),
    ("suppliers.deliveryreceipt", ["number__icontains"], "receipt"),
    ("customers.customer", ["email__istartswith", "name__icontains"], "guest"),
    ("events.event", ["title__icontains"], "event"),
    ("suppliers.supplier", ["name__icontains"], "supplier"),
    ("venues.venue", ["name__icontains"], "venue"),
]


@dataclass(frozen=True)
class Found:
    kind: str
    name: str
    address: str


def find(request, site, words):
    """Found things the reader may see, a few of each kind; nothing for less than two letters."""
    if len(words) < 2:
        return []
    return [
        Found(kind, str(thing), page_of(thing))
        for label, lookups, kind in PLACES
        if site.allows(request, "view", label)
        for thing in _matching(apps.get_model(label), lookups, words)
    ]


def _matching(model, lookups, words):
    """By primary key first come, first shown; each lookup is a query that an index can serve."""
    hits = {}
    for lookup in lookups:
        for thing in model.objects.filter(**{lookup: words}).order_by("-pk")[:MOST]:
            hits.setdefault(thing.pk, thing)
    return list(hits.values())[:MOST]
