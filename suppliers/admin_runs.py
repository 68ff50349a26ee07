"""Payment runs: chosen, looked at, proposed, approved by somebody else, paid, sent to the bank."""

from django import forms
from django.contrib import admin
from django.http import HttpResponse

from agencies.queries import current_agency, local_today
from core import exports
from core.admin_base import BackOfficeAdmin, step
from core.admin_forms import styled
from core.admin_parts import (
    Panel,
    Table,
    amount,
    columns,
    day,
    linked,
    money_column,
    status_column,
    status_of,
)
from core.errors import DomainError
from core.money import Money, WrongScale
from suppliers import services
from suppliers.admin_choosing import Choosing
from suppliers.admin_forms import day_field
from suppliers.models import AccountsPayable, PaymentRun, RunStatus, Supplier, SupplierPayment
from suppliers.services.runs import changes_of, payable_now, plan_run, why_not

SHOWN = 500


class RunForm(forms.Form):
    """Which debts a run is about: those due by a day, of a supplier, in a currency."""

    due_by = day_field("Due by")
    supplier = forms.ModelChoiceField(
        Supplier.objects.all(), required=False, empty_label="All suppliers"
    )
    currency = forms.ChoiceField()
    pay_on = day_field("Pay on")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        ours = current_agency().currency
        owed = AccountsPayable.objects.order_by("currency").values_list("currency", flat=True)
        known = [ours, *(each for each in owed.distinct() if each != ours)]
        self.fields["currency"].choices = [(each, each) for each in known]
        for name in ("due_by", "pay_on"):
            self.fields[name].required = True

    def clean_pay_on(self):
        if self.cleaned_data["pay_on"] < local_today():
            raise forms.ValidationError("This day has gone by.")
        return self.cleaned_data["pay_on"]

    def debts(self):
        given = self.cleaned_data
        return payable_now(
            currency=given["currency"], due_by=given["due_by"], supplier=given["supplier"]
        )


def is_in(*states):
    return lambda run: run.status in states


@admin.register(PaymentRun)
class PaymentRunAdmin(Choosing, BackOfficeAdmin):
    list_display = [
        "number",
        "on",
        money_column("amount", "Amount"),
        "proposed_by",
        status_column(),
    ]
    list_filter = ["status", ("pay_on", admin.DateFieldListFilter), "currency"]
    list_select_related = ["proposed_by"]
    search_fields = ["number", "lines__payable__supplier__name", "lines__payable__order__number"]
    ordering = ["-proposed_at", "pk"]
    fields = ["on", "sum", "proposed_by", "approved_by", "paid_by"]
    readonly_fields = fields
    steps = ["approve", "pay", "bank_file", "cancel"]
    export_columns = {
        "Number": "number",
        "Pay on": "pay_on",
        "Amount": "amount",
        "Currency": "currency",
        "Status": "status",
        "Proposed by": "proposed_by__email",
        "Approved by": "approved_by__email",
    }

    @admin.display(description="Pay on", ordering="pay_on")
    def on(self, run):
        return day(run.pay_on)

    @admin.display(description="Amount")
    def sum(self, run):
        return amount(run.amount, run.currency)

    def panels(self, request, run):
        return [*_changes(run), _transfers(run), _debts(run)]

    def _next_steps(self, request, run):
        """Without the approval that who asks cannot give."""
        steps = super()._next_steps(request, run)
        if not why_not(run, request.user):
            return steps
        return [(each, to) for each, to in steps if each.name != "approve"]

    def _confirmed(self, request, run, found):
        reason = found.name == "approve" and why_not(run, request.user)
        if reason:
            return self.back(request, run, problem=reason)
        return super()._confirmed(request, run, found)

    # Proposing

    def add_view(self, request, form_url="", extra_context=None):
        """The debts that fit, some of them chosen, a look at what that pays, then the proposal."""
        self.check_may_add(request)
        if request.method == "POST":
            return self._propose(request)
        asked = request.GET if "due_by" in request.GET else None
        today = local_today()
        form = styled(RunForm(asked, initial={"due_by": today, "pay_on": today}))
        if asked is None or not form.is_valid():
            return self.page(request, "admin/run_choose.html", title="New payment run", form=form)
        if "debt" in request.GET:
            return self._preview(request, form, request.GET.getlist("debt"))
        debts = list(form.debts()[:SHOWN])
        plan = plan_run(debts, currency=form.cleaned_data["currency"])
        return self.page(
            request,
            "admin/run_choose.html",
            title="New payment run",
            form=form,
            debts=[line.debt for line in plan.lines],
            panels=_left_out(plan),
            is_cut=len(debts) == SHOWN,
        )

    def _preview(self, request, form, keys, problem=""):
        currency, pay_on = form.cleaned_data["currency"], form.cleaned_data["pay_on"]
        wanted = set(keys)
        debts = [debt for debt in form.debts() if str(debt.pk) in wanted]
        plan = plan_run(debts, currency=currency)
        if not plan.lines:
            return self.page(
                request,
                "admin/run_choose.html",
                title="New payment run",
                form=form,
                panels=_left_out(plan),
            )
        hidden = [
            *(("debt", line.debt.pk) for line in plan.lines),
            *(("pay_on", pay_on), ("seen", plan.money.amount), ("currency", currency)),
        ]
        return self.page(
            request,
            "admin/do_it.html",
            title="New payment run",
            note=f"{plan.money.display()} would leave the bank on {pay_on:%-d %b %Y}"
            f"{_with_credit(plan)}. Somebody else has to approve it before it is paid.",
            problem=problem,
            hidden=hidden,
            submit=f"Propose {plan.money.display()}",
            back=f"?{_without_debts(request)}",
            panels=[*_of_suppliers(plan), *_left_out(plan)],
        )

    def _propose(self, request):
        given = request.POST
        try:
            run = services.propose_run(
                debt_ids=given.getlist("debt"),
                pay_on=forms.DateField().to_python(given.get("pay_on")),
                money=_seen(given),
                by=request.user,
            )
        except (DomainError, forms.ValidationError) as refused:
            words = getattr(refused, "message", "") or "Please choose once more."
            self.message_user(request, words, level="error")
            return self.page(
                request,
                "admin/run_choose.html",
                title="New payment run",
                form=styled(RunForm(initial={"due_by": local_today(), "pay_on": local_today()})),
            )
        return self.back(request, run, done=f"{run} is proposed. It waits for somebody’s approval.")

    # Deciding and paying

    @step(
        "Approve",
        when=is_in(RunStatus.PROPOSED),
        tone="primary",
        says="Somebody else than who proposed it agrees to all of it. It can then be paid.",
    )
    def approve(self, request, run):
        services.approve_run(run=run, by=request.user)
        return f"{run} is approved. It can be paid."

    @step(
        "Pay",
        when=is_in(RunStatus.APPROVED),
        tone="primary",
        says="Each supplier is booked as paid once, and the debts as settled. Send the bank file to "
        "the bank as well. What is booked is not undone.",
    )
    def pay(self, request, run):
        paid = services.pay_run(run=run, by=request.user)
        return f"{paid} is paid: {paid.money.display()}."

    @step(
        "Cancel",
        when=is_in(RunStatus.PROPOSED, RunStatus.APPROVED),
        tone="danger",
        says="Nothing is paid. Its debts can be proposed again.",
    )
    def cancel(self, request, run):
        services.cancel_run(run=run)
        return f"{run} is cancelled."

    def approve_preview(self, request, run):
        return self.panels(request, run)

    pay_preview = cancel_preview = approve_preview

    @step(
        "Bank file",
        when=is_in(RunStatus.APPROVED, RunStatus.PAID),
        is_page=True,
    )
    def bank_file(self, request, run):
        """What the bank is told, one row a supplier, as CSV."""
        sums = sums_of(run)
        nowhere = [supplier.name for supplier, account, _ in sums if not account]
        if nowhere:
            problem = f"No bank account was known of {', '.join(nowhere)}: there is no bank file."
            return self.back(request, run, problem=problem)
        titles = ["Supplier", "Bank account", "Amount", "Currency", "Reference", "Pay on"]
        rows = [
            [
                supplier.name,
                account,
                money.amount,
                run.currency,
                run.number,
                run.pay_on,
            ]
            for supplier, account, money in sums
        ]
        file = exports.write_csv(titles, rows)
        named = {"Content-Disposition": f'attachment; filename="{run.number}.csv"'}
        return HttpResponse(file, content_type="text/csv; charset=utf-8", headers=named)


def _seen(given):
    """The sum that was shown and agreed to, as Money; raises ValidationError for what is none."""
    amount = forms.DecimalField().clean(given.get("seen"))
    try:
        return Money(amount, given.get("currency", ""))
    except WrongScale as error:
        raise forms.ValidationError(
            "This sum was not shown here. Please look once more."
        ) from error


def sums_of(run):
    """[(Supplier, bank account, Money)]: what each is sent where, without those whom credit notes
    satisfy, by name."""
    lines = run.lines.filter(amount__gt=0).select_related("payable__supplier")
    found = {}
    for line in lines.order_by("payable__supplier__name", "pk"):
        to = line.payable.supplier, line.bank_account
        found[to] = found.get(to, Money.zero(run.currency)) + Money(line.amount, run.currency)
    return [(*to, money) for to, money in found.items()]


def _with_credit(plan):
    return f", and {plan.credit.display()} of credit notes would be used" if plan.credit else ""


def _without_debts(request):
    kept = request.GET.copy()
    kept.pop("debt", None)
    return kept.urlencode()


def _of_suppliers(plan):
    """A Panel for each supplier: his debts, the credit notes used, what he is sent."""
    return [_of_supplier(supplier, lines, plan) for supplier, lines in plan.by_supplier()]


def _of_supplier(supplier, lines, plan):
    rows = [
        [
            day(line.debt.due_on),
            str(line.debt.receipt or line.debt.get_kind_display()),
            _invoice_of(line.debt),
            line.debt.left.display(),
            line.credit.display() if line.credit else "–",
            line.money.display(),
        ]
        for line in lines
    ]
    credit, money = (
        sum((getattr(line, name) for line in lines), Money.zero(plan.currency))
        for name in ("credit", "money")
    )
    account = f"To {supplier.bank_account}" if money else "By credit notes"
    foot = [account, "", "", (credit + money).display(), credit.display(), money.display()]
    titles = columns("Due", "For", "Invoice", "Left#", "By credit notes#", "In money#")
    return Panel(str(supplier), Table(titles, rows, foot), count=len(rows))


def _invoice_of(debt):
    return str(debt.invoice or ("–" if debt.statement_id else "none yet"))


def _left_out(plan):
    """Panels of the debts that are not in a run, and why."""
    reasons = {
        "Held, left out: their invoices do not match": plan.left_out,
        "Left out: no bank account of the supplier is known": plan.without_account,
    }
    return [_debts_left_out(words, debts) for words, debts in reasons.items() if debts]


def _debts_left_out(words, debts):
    rows = [
        [day(debt.due_on), linked(debt.supplier), linked(debt.invoice), debt.left.display()]
        for debt in debts
    ]
    table = Table(columns("Due", "Supplier", "Invoice", "Left#"), rows)
    return Panel(words, table, count=len(rows))


def _changes(run):
    """A Panel of what has changed since an open run was proposed."""
    is_open = run.status in (RunStatus.PROPOSED, RunStatus.APPROVED)
    rows = [[sentence] for sentence in changes_of(run)] if is_open else []
    title = "Changed since it was proposed: cancel it and propose it anew"
    return [Panel(title, Table(columns("What"), rows), count=len(rows))] if rows else []


def _transfers(run):
    paid = {each.supplier_id: each for each in SupplierPayment.objects.filter(run=run)}
    rows = [
        [
            linked(supplier),
            account or "no bank account was known",
            linked(paid.get(supplier.pk), "booked") if supplier.pk in paid else "–",
            money.display(),
        ]
        for supplier, account, money in sums_of(run)
    ]
    foot = ["All together", "", "", run.money.display()]
    titles = columns("Supplier", "Bank account", "Payment", "Amount#")
    return Panel("What is sent", Table(titles, rows, foot, empty="Credit notes pay all of it."))


def _debts(run):
    lines = run.lines.select_related("payable__supplier", "payable__invoice").order_by("pk")
    rows = [
        [
            linked(line.payable.supplier),
            linked(line.payable),
            linked(line.payable.invoice),
            amount(line.credit, line.currency) if line.credit else "–",
            amount(line.amount, line.currency),
            status_of(line.payable),
        ]
        for line in lines
    ]
    titles = columns("Supplier", "Debt", "Invoice", "By credit notes#", "In money#", "State")
    return Panel("Debts", Table(titles, rows), count=len(rows))
