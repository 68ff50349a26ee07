"""Suppliers, and the orders by which every owned seat was bought; some are still on their way."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from zlib import crc32

from django.utils import timezone

from agencies.models import Membership
from config.demo import nights
from config.demo.programme import sections_in
from core.money import Money
from suppliers.models import (
    Basis,
    PaymentTerms,
    PurchaseOrder,
    PurchaseOrderLine,
    Status,
    Supplier,
)
from suppliers.services import (
    add_landed_cost,
    add_line,
    approve_order,
    cancel_order,
    change_order,
    confirm_order,
    draft_order,
    receive_delivery,
    submit_order,
)

KIND, FULFILLMENT = Supplier.Kind, PurchaseOrder.Fulfillment
SUPPLIERS = {
    nights.QUAY: (KIND.EVENT_ORGANIZER, "Salomé Diaz", "salome@quaiproductions.example"),
    nights.HALLE: (KIND.VENUE_OWNER, "Arnaud Cordier", "billetterie@halleverdier.example"),
    nights.ECLUSE: (KIND.VENUE_OWNER, "Maud Guérin", "ventes@theatredelecluse.example"),
    nights.FORGE: (KIND.VENUE_OWNER, "Malik Benali", "malik@petiteforge.example"),
    nights.MIRADOR: (KIND.VENUE_OWNER, "Lieke Verbeke", "reservations@sallemirador.example"),
    nights.LONDON: (KIND.VENUE_OWNER, "Fiona Brennan", "boxoffice@tanneryyard.example"),
    nights.TEAM: (KIND.PRODUCTION_COMPANY, "Jules Fontaine", "tickets@rives58.example"),
    nights.BROKER: (KIND.PROMOTER, "Greta Baumann", "desk@passagebillets.example"),
    nights.BALCON: (KIND.EVENT_ORGANIZER, "Yann Deschamps", "yann@petitbalcon.example"),
}
# Terms beyond the usual: what they let us owe, what they take off, when seats may go back.
TERMS = {
    nights.QUAY: {
        "credit_line": Decimal(900_000),
        "wholesale_discount": Decimal(35),
        "return_days": 21,
        "address": "Quai Productions SAS\n14 quai Rambaud\n69002 Lyon",
        "tax_id": "FR 32 812 556 014",
        "business_license": "PLATESV-R-2024-001187",
        "bank_account": "FR76 3000 4028 3798 7654 3210 943",
        "gets_receipts": True,
    },
    nights.HALLE: {"wholesale_discount": Decimal(20), "return_days": 21},
    nights.TEAM: {"credit_limit": Decimal(5_000), "return_days": 21},
}
PARTERRE = [name for name in SUPPLIERS if name != nights.BALCON]


def make_suppliers(names):
    """{name: Supplier}; brokers are paid at once."""
    return {
        name: Supplier.objects.create(
            name=name,
            kind=kind,
            contact_name=contact,
            email=email,
            payment_terms=PaymentTerms.IMMEDIATE if kind == KIND.PROMOTER else PaymentTerms.NET_30,
            **{"bank_account": _account(name), **TERMS.get(name, {})},
        )
        for name in names
        for kind, contact, email in [SUPPLIERS[name]]
    }


def _account(name):
    """An account that no bank has."""
    return f"XX00 {crc32(name.encode()):010d}"


@dataclass(frozen=True)
class Desk:
    """Who buys: suppliers by name, staff by role, and the day it is."""

    suppliers: dict
    staff: dict
    today: object

    @property
    def buyer(self):
        return self.staff[Membership.Role.PURCHASING]

    @property
    def owner(self):
        return self.staff[Membership.Role.OWNER]


def buy(event, night, desk):
    """Orders and receives the lots of a night, one order a supplier, a week before its sale."""
    for supplier, lots in groupby(sorted(night.lots, key=lambda lot: lot.supplier), _supplier):
        order = _agreed(supplier, event, list(lots), desk)
        written = _morning(event.sale_starts_at - timedelta(days=7))
        arrived = min(written + timedelta(days=4), timezone.now() - timedelta(hours=20))
        receive_delivery(
            order=order,
            by=desk.buyer,
            delivery_reference=f"DN {order.number[3:]}",
            received_at=arrived,
            delivered_on=arrived.date(),
        )
        _backdate(order, written)


def _supplier(lot):
    return lot.supplier


def leave_open(programme, desk):
    """One order in every other state: a draft, submitted, waiting for approval, confirmed with extra
    costs, half arrived, cancelled; and one that came on consignment."""
    events = {(night.title, night.in_days): event for night, event in programme}
    soon = desk.today + timedelta(days=6)
    _order(
        nights.ECLUSE,
        events["Les heures blanches", 9],
        [nights.Lot(nights.ECLUSE, "Dress circle", "23.00", "D-F")],
        desk,
        notes="Ask for the last two rows together with the boxes on the right.",
    )
    submitted = _order(
        nights.QUAY,
        events["Small Talk, Large Room", 17],
        [nights.Lot(nights.QUAY, "Balcony", "11.00", "A-B")],
        desk,
        expected_on=soon,
    )
    submit_order(order=submitted, by=desk.buyer)
    match = events["Rives 58 v Gent Harriers", 12]
    dear = _order(
        nights.TEAM,
        match,
        [nights.Lot(nights.TEAM, "109-110", "19.00")],
        desk,
        expected_on=soon,
        supplier_reference="R58-2291",
        fulfillment_notes="To the account hello@parterre.example.",
    )
    _add_costs(dear, ("TAX", "Stadium levy", "212.40"), ("SHIPPING", "Courier", "18.50"))
    _confirmed(dear, desk)
    _on_consignment(match, desk)
    _to_approve(events["The Low Lanterns", 51], desk, expected_on=soon)
    _half_arrived(events["The Low Lanterns", 51], desk)
    called_off = _agreed(
        nights.FORGE,
        events["Cartographers", 29],
        [nights.Lot(nights.FORGE, "Floor", "11.50")],
        desk,
        notes="The band has called the tour off; nothing was delivered.",
    )
    cancel_order(order=called_off)
    _forget_days_gone_by(desk.today)


def _add_costs(order, *costs):
    """Extra costs of an order: (kind, what it is, amount)."""
    for kind, words, amount in costs:
        money = Money(Decimal(amount), order.currency)
        add_landed_cost(order=order, kind=kind, description=words, amount=money)


def _on_consignment(event, desk):
    """A section that the team owns until it is sold."""
    lots = [nights.Lot(nights.TEAM, "111", "15.50")]
    order = _agreed(nights.TEAM, event, lots, desk, basis=Basis.CONSIGNMENT)
    receive_delivery(order=order, by=desk.buyer, delivery_reference="R58-2304")


def _to_approve(event, desk, **fields):
    """Dearer than one person decides: the owner has to look at it."""
    lots = [nights.Lot(nights.QUAY, "108-109", "54.00")]
    order = _order(nights.QUAY, event, lots, desk, **fields)
    _add_costs(order, ("TAX", "VAT that is not ours to deduct", "1180.00"))
    submit_order(order=order, by=desk.buyer)


def _forget_days_gone_by(today):
    """An order that is still open asks for nothing on a day that has passed."""
    lines = PurchaseOrderLine.objects.exclude(order__status=Status.COMPLETED)
    for name in ("in_hand_on", "return_by"):
        lines.filter(**{f"{name}__lt": today}).update(**{name: None})


def _agreed(supplier, event, lots, desk, **fields):
    order = _order(supplier, event, lots, desk, **fields)
    return _confirmed(order, desk)


def _confirmed(order, desk):
    """Submitted by who buys, approved by the owner where it is dear, and confirmed."""
    order = submit_order(order=order, by=desk.buyer)
    if order.needs_approval:
        approve_order(order=order, by=desk.owner)
    return confirm_order(order=order, by=desk.owner)


def _half_arrived(event, desk):
    """Of two sections the first came whole, of the second its first rows; the rest is late."""
    lots = [nights.Lot(nights.HALLE, "207-208", "27.00")]
    order = _agreed(nights.HALLE, event, lots, desk)
    late = desk.today - timedelta(days=2)
    order = change_order(order=order, version=order.version, expected_on=late)
    first, second = order.lines.order_by("position")
    receive_delivery(
        order=order,
        ordinals_by_line={first.pk: first.ordinals},
        by=desk.buyer,
        delivery_reference="BL 40417",
    )
    receive_delivery(
        order=order,
        ordinals_by_line={second.pk: second.ordinals[:96]},
        by=desk.buyer,
        delivery_reference="BL 40422",
    )


def _order(supplier, event, lots, desk, **fields):
    order = draft_order(
        supplier=desk.suppliers[supplier],
        currency=event.currency,
        fulfillment=FULFILLMENT.ELECTRONIC_TRANSFER,
        **fields,
    )
    for lot in lots:
        _add(order, event, lot)
    return order


def _add(order, event, lot, **fields):
    """A line a section; what is not sold may go back until three weeks before the night."""
    for section in sections_in(event.layout, lot.sections):
        add_line(
            order=order,
            event=event,
            section=section,
            rows=lot.rows,
            unit_cost=Money(Decimal(lot.cost), event.currency),
            retail_price=Decimal(lot.retail) if lot.retail else None,
            in_hand_on=event.starts_at.date() - timedelta(days=14),
            return_by=event.starts_at.date() - timedelta(days=21),
            **fields,
        )


def _morning(day):
    return datetime.combine(day, time(9, 40), timezone.get_current_timezone())


def _backdate(order, written):
    """Orders of long ago: their steps only know today."""
    changes = {"created_at": written}
    for step, days in (("submitted", 1), ("confirmed", 2), ("closed", 4)):
        changes[f"{step}_at"] = written + timedelta(days=days)
    PurchaseOrder.objects.filter(pk=order.pk).update(**changes)
