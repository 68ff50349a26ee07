"""A million owned places, and what it takes to say what they are worth. Jobs of bench.inside."""

import os
import time
from datetime import timedelta
from pathlib import Path

from django.db import connection
from django.utils import timezone

from agencies.queries import local_today
from analytics.reports import REPORTS
from bench import processor
from config import scenario
from core.ids import uuid7
from core.money import Money
from core.tenancy import acting_for
from events.models import Event
from payments.ledger import post
from payments.models import Account
from suppliers.models import DeliveryReceipt, PurchaseOrder

FILL = Path(__file__).with_name("sql") / "stock.sql"
AGO = timedelta(days=30)
PLAIN_TABLES = "ANALYZE inventory_eventseat, inventory_seatentry, suppliers_acquisition"


def build_stock(wanted):
    """So many `events` with the places of one scenario, each bought with an order of its own."""
    found = scenario.load(wanted["scenario"])
    with acting_for(found["agency"]["id"]):
        original = Event.objects.get(pk=found["event"]["id"])
        order = PurchaseOrder.objects.get(pk=found["order"])
        for number in range(2, wanted["events"] + 1):
            _copy_event(original, order, number)
        with connection.cursor() as cursor:
            cursor.execute(PLAIN_TABLES)
    return {"arena": found}


def _copy_event(original, order, number):
    event = _copied(original, slug=f"{original.slug}-{number}", title=f"Night {number}")
    levels = {
        level.pk: _copied(level, event_id=event.pk).pk for level in original.levels.order_by("pk")
    }
    bought = _copied(order, number=f"PO-COPY-{number}")
    lines = {
        line.pk: _copied(line, order_id=bought.pk, event_id=event.pk).pk
        for line in order.lines.order_by("pk")
    }
    at = timezone.now() - AGO
    receipt = _copied(
        DeliveryReceipt.objects.get(order=order),
        number=f"GR-COPY-{number}",
        order_id=bought.pk,
        received_at=at,
    )
    values = {
        **{"event": event.pk, "original": original.pk, "receipt": receipt.pk, "at": at},
        **{"supplier": order.supplier_id, "levels": list(levels), "lines": list(lines)},
        **{"level_copies": list(levels.values()), "line_copies": list(lines.values())},
    }
    with connection.cursor() as cursor:
        for statement in FILL.read_text().split(";\n"):
            cursor.execute(statement, values)
    _book(receipt)


def _copied(row, **changes):
    """Another row with the same values."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return type(row).objects.create(**values | {"id": uuid7()} | changes)


def _book(receipt):
    money = Money(receipt.amount, receipt.currency)
    lines = [(Account.INVENTORY, money), (Account.ACCOUNTS_PAYABLE, -money)]
    post(source="receipt", source_id=receipt.pk, kind="received", lines=lines)


def value(wanted):
    """The first page of the report of stock value, by whatever it is divided, so many `rounds`; a
    sample each. The report runs in this process: it is the web."""
    groups = {"web": [os.getpid()], **wanted["groups"]}
    report, samples = REPORTS["stock-value"], []
    today = local_day(wanted["agency"])
    asked = [{"by": by} for by in ("event", "section", "level", "supplier", "order")]
    asked.append({"by": "event", "on": (today - timedelta(days=15)).isoformat()})
    with acting_for(wanted["agency"]):
        for question in asked * wanted["rounds"]:
            form = report.form(question)
            form.is_valid()
            before, begun = processor.used(groups), time.perf_counter()
            found = report.look(form.cleaned_data)
            seconds = time.perf_counter() - begun
            samples.append(
                {
                    "words": f"by {question['by']}" + (", 15 days ago" if "on" in question else ""),
                    "seats": found.sums[0]["seats"],
                    "seconds": seconds,
                    "milliseconds": [1000 * seconds],
                    "cpu": processor.between(before, processor.used(groups), 1),
                }
            )
    return samples


def local_day(agency_id):
    with acting_for(agency_id):
        return local_today()
