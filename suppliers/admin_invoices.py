"""Suppliers' invoices: entered line by line, compared, and decided when they do not match."""

from dataclasses import dataclass

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from agencies.queries import local_today
from core.admin_base import BackOfficeAdmin, step
from core.admin_forms import AmountField, styled
from core.admin_parts import (
    Panel,
    Table,
    amount,
    columns,
    day,
    linked,
    money_column,
    panel,
    status_column,
    status_of,
)
from core.money import Money
from suppliers import services
from suppliers.admin_choosing import Choosing, chosen, link_to_add
from suppliers.admin_forms import day_field
from suppliers.models import (
    AGREED,
    Basis,
    InvoiceLine,
    InvoiceStatus,
    LandedCost,
    PurchaseOrder,
    PurchaseOrderLine,
    SupplierInvoice,
)

MONEY = {"required": False, "min_value": 0, "max_digits": 14, "decimal_places": 3}
OTHERS = 2  # rows for what is not on the order
LET_THROUGH = (InvoiceStatus.MATCHED, InvoiceStatus.ACCEPTED)


def seats_on(*statuses):
    """How many seats of the outer order are on invoices in these states, as an expression."""
    lines = InvoiceLine.objects.filter(
        invoice__order=OuterRef("pk"), invoice__status__in=statuses, line__isnull=False
    )
    sums = lines.order_by().values("invoice__order").annotate(seats=Sum("quantity"))
    return Coalesce(Subquery(sums.values("seats")), 0)


@dataclass(frozen=True)
class Row:
    """What an invoice may ask for: an order line, an extra cost, or something else; how many seats
    arrived and are on no invoice, and the form's fields for it."""

    words: str
    agreed: Money | None
    waiting: int | None
    fields: dict
    line: PurchaseOrderLine | None = None
    landed_cost: LandedCost | None = None


class InvoiceForm(forms.Form):
    """An invoice of an order, filled in with what was received and not invoiced yet."""

    number = forms.CharField(label="Their number", max_length=60)
    invoiced_on = day_field("Invoiced on")
    due_on = day_field("Due on", "Empty: by the terms of the order.")

    def __init__(self, *args, order, **kwargs):
        super().__init__(*args, **kwargs)
        self.order = order
        self.fields["invoiced_on"].required = True
        self.fields["invoiced_on"].initial = local_today()
        before = InvoiceLine.objects.filter(invoice__order=order).exclude(
            invoice__status=InvoiceStatus.REFUSED
        )
        self._rows = [
            *(self._seats(n, line, before) for n, line in enumerate(_lines(order))),
            *(self._extra(n, cost, before) for n, cost in enumerate(order.landed_costs.all())),
            *(self._other(n) for n in range(OTHERS)),
        ]

    def _seats(self, number, line, before):
        known = before.filter(line=line).aggregate(seats=Sum("quantity"))["seats"] or 0
        waiting = max(line.received - known, 0)
        names = {"quantity": f"quantity_{number}", "price": f"price_{number}"}
        self.fields[names["quantity"]] = forms.IntegerField(
            required=False, min_value=0, initial=waiting
        )
        self.fields[names["price"]] = AmountField(initial=line.unit_cost, **MONEY)
        words = f"{line.event}: {line.description}"
        return Row(words, line.cost, waiting, names, line=line)

    def _extra(self, number, cost, before):
        known = before.filter(landed_cost=cost).aggregate(amount=Sum("amount"))["amount"] or 0
        names = {"price": f"extra_{number}"}
        self.fields[names["price"]] = AmountField(initial=max(cost.amount - known, 0), **MONEY)
        return Row(str(cost), cost.money, None, names, landed_cost=cost)

    def _other(self, number):
        names = {"words": f"other_{number}", "price": f"other_amount_{number}"}
        self.fields[names["words"]] = forms.CharField(
            required=False,
            max_length=200,
            widget=forms.TextInput(attrs={"placeholder": "Something else"}),
        )
        self.fields[names["price"]] = AmountField(**MONEY)
        return Row("", None, None, names)

    def shown_rows(self):
        """[(Row, {quantity, price, words: bound field})]"""
        return [
            (row, {name: self[field] for name, field in row.fields.items()}) for row in self._rows
        ]

    def clean(self):
        given = super().clean()
        if not self.errors:
            for row in self._rows:
                price, words = given.get(row.fields["price"]), row.fields.get("words")
                if words and price and not given.get(words):
                    self.add_error(words, "Say what this is for.")
        return given

    def billed(self):
        """What was filled in as Billed lines; raises WrongScale."""
        found = (self._billed(row) for row in self._rows)
        return [each for each in found if each]

    def _billed(self, row):
        given = {name: self.cleaned_data.get(field) for name, field in row.fields.items()}
        quantity = given.get("quantity", 1)
        if not quantity or given["price"] is None or not (row.line or given["price"]):
            return None
        return services.Billed(
            unit_price=Money(given["price"], self.order.currency),
            quantity=quantity,
            line=row.line,
            landed_cost=row.landed_cost,
            description=given.get("words") or row.words,
        )


def _lines(order):
    return order.lines.select_related("event").order_by("position", "pk")


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=200, help_text="It stays with the invoice.")


def does_not_match(invoice):
    return invoice.status == InvoiceStatus.EXCEPTION


def orders_to_invoice():
    """Firm orders of which something has arrived."""
    arrived = PurchaseOrderLine.objects.filter(order=OuterRef("pk"), received__gt=0)
    return PurchaseOrder.objects.filter(
        Exists(arrived), status__in=AGREED, basis=Basis.FIRM
    ).select_related("supplier")


@admin.register(SupplierInvoice)
class SupplierInvoiceAdmin(Choosing, BackOfficeAdmin):
    list_display = [
        *("number", "supplier", "order", "invoiced", "due", money_column("amount", "Amount")),
        *(money_column("variance", "Beyond delivery"), status_column()),
    ]
    list_filter = [
        "status",
        ("supplier", admin.RelatedOnlyFieldListFilter),
        ("invoiced_on", admin.DateFieldListFilter),
        ("due_on", admin.DateFieldListFilter),
    ]
    list_select_related = ["supplier", "order"]
    search_fields = ["number", "supplier__name", "order__number"]
    ordering = ["-invoiced_on", "pk"]
    fields = [
        *("supplier_link", "order_link", "invoiced", "due", "sum", "beyond", "entered_by"),
        *("decided_by", "decision_reason"),
    ]
    readonly_fields = fields
    steps = ["match", "accept", "refuse"]
    export_columns = {
        "Number": "number",
        "Supplier": "supplier__name",
        "Order": "order__number",
        "Invoiced": "invoiced_on",
        "Due": "due_on",
        "Amount": "amount",
        "Beyond delivery": "variance",
        "Currency": "currency",
        "Status": "status",
        "Decision": "decision_reason",
    }

    @admin.display(description="Invoiced", ordering="invoiced_on")
    def invoiced(self, invoice):
        return day(invoice.invoiced_on)

    @admin.display(description="Due", ordering="due_on")
    def due(self, invoice):
        return day(invoice.due_on)

    @admin.display(description="Amount")
    def sum(self, invoice):
        return amount(invoice.amount, invoice.currency)

    @admin.display(description="Beyond delivery")
    def beyond(self, invoice):
        return amount(invoice.variance, invoice.currency)

    @admin.display(description="Supplier")
    def supplier_link(self, invoice):
        return linked(invoice.supplier)

    @admin.display(description="Order")
    def order_link(self, invoice):
        return linked(invoice.order)

    def under_title(self, invoice):
        return [status_of(invoice), linked(invoice.supplier), linked(invoice.order)]

    def panels(self, request, invoice):
        return [*_findings(invoice), _asked(invoice), _laid_on(invoice)]

    # Entering

    def add_view(self, request, form_url="", extra_context=None):
        """Which order is invoiced, then what the invoice asks."""
        self.check_may_add(request)
        order = chosen(orders_to_invoice(), request.GET.get("order"))
        if order is None:
            return self.page(
                request,
                "admin/panels.html",
                title="New invoice: of which order?",
                panels=[_orders_panel()],
            )
        form = styled(InvoiceForm(request.POST or None, order=order))
        return self.form_page(
            request,
            form,
            lambda form: self._entered(request, order, form),
            template="admin/invoice_entry.html",
            title=f"New invoice of {order.supplier} for {order}",
            order=order,
        )

    def _entered(self, request, order, form):
        given = form.cleaned_data
        invoice = services.enter_invoice(
            order=order,
            number=given["number"],
            invoiced_on=given["invoiced_on"],
            due_on=given["due_on"],
            billed=form.billed(),
            by=request.user,
        )
        if invoice.status == InvoiceStatus.MATCHED:
            return self.back(request, invoice, done=f"{invoice} is entered and matches.")
        held = "so its debts are held" if invoice.payables.exists() else "and holds no debt"
        words = f"{invoice} is entered. It does not match, {held}."
        return self.back(request, invoice, problem=words)

    # Deciding

    @step("Match again", when=does_not_match, says="It is compared with what has arrived by now.")
    def match(self, request, invoice):
        found = services.match_again(invoice=invoice)
        is_matched = found.status == InvoiceStatus.MATCHED
        return f"{found} matches now." if is_matched else f"{found} still does not match."

    @step("Accept as it is", when=does_not_match, is_page=True)
    def accept(self, request, invoice):
        return self._decision(
            request,
            invoice,
            services.accept_invoice,
            title=f"Accept {invoice} as it is",
            note=_consequence(invoice),
            submit="Accept it",
            done=f"{invoice} is accepted.",
        )

    @step("Refuse", when=does_not_match, tone="danger", is_page=True)
    def refuse(self, request, invoice):
        return self._decision(
            request,
            invoice,
            services.refuse_invoice,
            title=f"Refuse {invoice}",
            note="Its debts are owed as if it had not come. The supplier can send it again.",
            submit="Refuse it",
            done=f"{invoice} is refused.",
        )

    def _decision(self, request, invoice, work, *, done, **words):
        def decided(form):
            work(invoice=invoice, by=request.user, reason=form.cleaned_data["reason"])
            return self.back(request, invoice, done=done)

        form = ReasonForm(request.POST or None)
        return self.form_page(request, form, decided, thing=invoice, **words)


def _consequence(invoice):
    variance = Money(invoice.variance, invoice.currency)
    if variance.amount > 0:
        return f"{variance.display()} more than was received becomes owed; its debts can be paid."
    if variance.amount < 0:
        return f"{(-variance).display()} less than was received is asked: that becomes a credit."
    return "It asks as much as was received; its debts can be paid."


def _findings(invoice):
    rows = [[sentence] for sentence in invoice.findings]
    return [Panel("What differs", Table(columns("Finding"), rows), count=len(rows))] if rows else []


def _asked(invoice):
    rows = [
        [
            each.description,
            f"{each.quantity:,}",
            amount(each.unit_price, each.currency),
            amount(_agreed(each), each.currency),
            amount(each.amount, each.currency),
        ]
        for each in invoice.lines.select_related("line", "landed_cost").order_by("pk")
    ]
    foot = ["All together", "", "", "", amount(invoice.amount, invoice.currency)]
    titles = columns("For", "Seats#", "Each#", "Agreed#", "Amount#")
    return Panel("What it asks", Table(titles, rows, foot))


def _agreed(each):
    if each.line:
        return each.line.unit_cost
    return each.landed_cost and each.landed_cost.amount


def _laid_on(invoice):
    debts = invoice.payables.select_related("receipt").order_by("due_on", "pk")
    rows = [
        [
            linked(debt),
            str(debt.receipt or debt.get_kind_display()),
            debt.left.display(),
            status_of(debt),
        ]
        for debt in debts
    ]
    table = Table(columns("Debt", "For", "Left#", "State"), rows, empty="It has no debt yet.")
    return Panel("Debts it is for", table)


def _orders_panel():
    rows = [
        [
            link_to_add(SupplierInvoice, order, order=order.pk),
            order.supplier,
            status_of(order),
            f"{order.arrived:,}",
            f"{order.arrived - order.invoiced:,}",
            f"{order.disputed:,}",
        ]
        for order in orders_to_invoice()
        .annotate(
            arrived=Sum("lines__received"),
            invoiced=seats_on(*LET_THROUGH),
            disputed=seats_on(InvoiceStatus.EXCEPTION),
        )
        .order_by("-created_at", "pk")[:200]
    ]
    titles = columns("Order", "Supplier", "State", "Arrived#", "Not invoiced#", "In dispute#")
    return Panel("Orders", Table(titles, rows, empty="Nothing has arrived yet."), count=len(rows))


@panel("suppliers.purchaseorder", needs="suppliers.supplierinvoice")
def invoices_of(request, order):
    rows = [
        [linked(each), day(each.invoiced_on), each.money.display(), status_of(each)]
        for each in order.invoices.order_by("invoiced_on", "pk")
    ]
    table = Table(columns("Invoice", "Of", "Amount#", "State"), rows)
    return Panel("Invoices", table, count=len(rows)) if rows else None
