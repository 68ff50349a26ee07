"""A settlement statement on paper: what was sold of which order, and what is owed for it."""

from dataclasses import dataclass

from django.db.models import Count, F, Q, Sum

from core.money import Money
from suppliers.models import ConsignmentSale
from suppliers.paper import (
    GREY,
    LEFT,
    MIDDLE,
    RIGHT,
    SMALL,
    STRONG,
    TEXT,
    day_of,
    letterhead,
    printed,
    to_supplier,
)

SOLD, BACK, EACH, WORDS = 116, 138, 164, 76


@dataclass(frozen=True)
class Part:
    """Seats of one order line at one cost: how many were sold, came back, and what is owed for them."""

    event: str
    line: str
    order: str
    cost: Money
    sold: int
    back: int
    owed: Money


def parts_of(sales):
    """Parts of a queryset of ConsignmentSale, by event, line and cost."""
    kind = ConsignmentSale.Kind
    rows = (
        sales.order_by()
        .values(
            "currency",
            cost=F("acquisition__unit_cost"),
            event=F("acquisition__line__event__title"),
            starts=F("acquisition__line__event__starts_at"),
            line=F("acquisition__line__description"),
            order=F("acquisition__line__order__number"),
        )
        .annotate(
            sold=Count("pk", filter=Q(kind=kind.SOLD)),
            back=Count("pk", filter=Q(kind=kind.CAME_BACK)),
            owed=Sum("amount"),
        )
        .order_by("starts", "event", "order", "line", "cost")
    )
    return [
        Part(
            event=row["event"],
            line=row["line"],
            order=row["order"],
            cost=Money(row["cost"], row["currency"]),
            sold=row["sold"],
            back=row["back"],
            owed=Money(row["owed"], row["currency"]),
        )
        for row in rows
    ]


def render(statement):
    """The PDF of a statement, as bytes."""
    title = f"Settlement statement {statement}"
    return printed(title, lambda sheet: _fill(sheet, title, statement))


def _fill(sheet, title, statement):
    letterhead(sheet, title, day_of(statement.made_at))
    top = sheet.y
    sheet.block(LEFT, "To", to_supplier(statement.supplier))
    left_end, sheet.y = sheet.y, top
    sheet.block(MIDDLE, "Sold on consignment", [f"Up to {day_of(statement.up_to)}"])
    sheet.y = max(left_end, sheet.y) + 5
    _head(sheet)
    for part in parts_of(statement.sales.all()):
        if sheet.room(16):
            _head(sheet)
        _part(sheet, part)
    sheet.room(16)
    sheet.y += 4
    is_credit = statement.amount < 0
    sheet.total("You owe us" if is_credit else "We owe you", max(statement.money, -statement.money))
    for debt in statement.payables.all():
        sheet.put(RIGHT, f"Due on {debt.due_on:%-d %b %Y}", TEXT, align="right")


def _head(sheet):
    sheet.head(
        *((LEFT, "Event and seats"), (SOLD, "Sold"), (BACK, "Came back")),
        *((EACH, "Each"), (RIGHT, "Amount")),
    )


def _part(sheet, part):
    figures = [
        *((SOLD, f"{part.sold:,}"), (BACK, f"{part.back:,}")),
        *((EACH, part.cost.display()), (RIGHT, part.owed.display())),
    ]
    for x, figure in figures:
        sheet.put(x, figure, TEXT, align="right")
    sheet.paragraph(LEFT, part.event, STRONG, measure=WORDS)
    sheet.paragraph(LEFT, part.line, measure=WORDS)
    sheet.paragraph(LEFT, f"Order {part.order}", SMALL, measure=WORDS, colour=GREY)
    sheet.y -= 1
    sheet.rule()
    sheet.y += 5.4
