"""The first page of the back office: what needs doing today. Every part is one question, sorted by
urgency, with the next action in the row; a part is there only for who may act on it."""

from functools import partial

from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from config.desk.approving import approvals
from config.desk.buying import deliveries, mismatches, payables, waiting
from config.desk.doors import doors
from config.desk.lots import draws
from config.desk.selling import paying, sales
from config.desk.stock import holds, paces, windows
from config.desk.trouble import alerts, failed
from core.words import many


def dashboard(request, context):
    """Adds `desk`: the parts this reader may see, by name."""
    agency = request.agency
    begins = admin.site.allows(request, "step", "bookings.eventchange")
    may_see = partial(admin.site.allows, request, "view")
    parts = {
        "approvals": ("suppliers.purchaseorder", partial(approvals, request.user, begins=begins)),
        "sales": ("bookings.booking", sales),
        "doors": ("events.event", doors),
        "waiting": ("suppliers.purchaseorder", waiting),
        "deliveries": ("suppliers.purchaseorder", deliveries),
        "payables": ("suppliers.accountspayable", payables),
        "mismatches": ("suppliers.supplierinvoice", mismatches),
        "windows": ("suppliers.supplierreturn", windows),
        "holds": ("inventory.hold", holds),
        "paces": ("inventory.eventseat", paces),
        "paying": ("bookings.booking", paying),
        "alerts": ("bookings.alert", alerts),
        "draws": ("customers.drawentry", partial(draws, request.user)),
        "failed": ("payments.refund", partial(failed, may_see)),
    }
    desk = {
        name: part(agency) for name, (label, part) in parts.items() if agency and may_see(label)
    }
    can_order = admin.site.allows(request, "add", "suppliers.purchaseorder")
    return {
        **context,
        "desk": desk,
        "agency": agency,
        "now": timezone.localtime(),
        "tally": _tally(desk),
        "can_see_outbox": may_see("core.outboxmessage"),
        "can_see_seats": admin.site.allows(request, "view", "inventory.eventseat"),
        "can_buy": admin.site.allows(request, "step", "suppliers.purchaseorder"),
        "can_return": admin.site.allows(request, "add", "suppliers.supplierreturn"),
        "can_price": admin.site.allows(request, "add", "inventory.pricechange"),
        "new_order": can_order and reverse("admin:suppliers_purchaseorder_add"),
    }


def _tally(desk):
    """[(figure, words)] of what the reader may see, four at most."""
    found = []
    if "sales" in desk:
        today = desk["sales"].today
        words = f"sold today, {many(today.tickets, 'ticket')}"
        if today.given_back:
            words += f"; given back {many(today.given_back, 'ticket')}, {today.back.display()}"
        found.append((today.money.display(), words))
    if "doors" in desk:
        tonight = sum(door.sold for door in desk["doors"] if door.is_today)
        found.append((f"{tonight:,}", "guests expected today"))
    if "paying" in desk:
        found.append((f"{desk['paying'].seats:,}", "seats being paid right now"))
    if "payables" in desk:
        own, *others = (money.display() for money in desk["payables"].soon)
        more = f", and {' and '.join(others)}" if others else ""
        found.append((own, f"to pay within 7 days{more}"))
    if "deliveries" in desk and len(found) < 4:
        found.append((f"{desk['deliveries'].seats:,}", "seats still to arrive"))
    return found[:4]
