"""Credit of guests: what came and went, given and taken back by staff for a reason."""

from uuid import uuid4

from django import forms
from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from agencies.queries import current_agency
from core.admin_base import step
from core.admin_forms import AmountField
from core.admin_parts import Panel, Table, amount, columns, linked, money_column, panel, when
from core.errors import Invalid
from customers.admin_entries import EntriesOfGuests, guest_of
from payments.admin_desk import WholeCents
from payments.admin_ledger import entries_of, entries_table
from payments.models import CreditEntry
from payments.services import (
    credit_of,
    give_credit,
    pay_out_at_desk,
    payable,
    payable_of,
    take_credit,
)

SHOWN = 20
GIVE, TAKE = "give", "take"


class CreditForm(WholeCents, forms.Form):
    """Which guest gets how much, or loses it, and why. `key` makes sending it twice one entry."""

    email = forms.EmailField(label="E-mail of the guest")
    what = forms.ChoiceField(
        label="What", choices=[(GIVE, "Give credit"), (TAKE, "Take credit back")], initial=GIVE
    )
    amount = AmountField(label="Amount", min_value=0, max_digits=14, decimal_places=3)
    reason = forms.CharField(max_length=200, help_text="Staff read it, and the guest does, too.")
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class PayOutForm(WholeCents, forms.Form):
    """How much of a guest's credit goes back to where it was paid from, and why."""

    amount = AmountField(label="Amount", min_value=0, max_digits=14, decimal_places=3)
    reason = forms.CharField(max_length=200, help_text="Staff read it, and the guest does, too.")
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


@admin.register(CreditEntry)
class CreditEntryAdmin(EntriesOfGuests):
    list_display = [
        *("made", "guest", "kind", money_column("amount", "Came, went"), "reason"),
        *("lapses", "person"),
    ]
    list_filter = [
        *("kind", "currency", ("made_at", admin.DateFieldListFilter)),
        ("expires_at", admin.DateFieldListFilter),
    ]
    ordering = ["-made_at", "pk"]
    fields = ["guest_link", "made", "kind", "amount_shown", "reason", "lapses", "person"]
    fields += ["payment_link", "refund_link"]
    readonly_fields = fields
    steps = ["pay_out"]
    export_columns = {
        "At": "made_at",
        "Guest": "customer__name",
        "E-mail": "customer__email",
        "What": "kind",
        "Amount": "amount",
        "Currency": "currency",
        "Reason": "reason",
        "Lapses": "expires_at",
        "By": "made_by__name",
    }

    def add_page(self, request):
        """Giving credit, or taking it back."""
        form = CreditForm(
            request.POST or None,
            currency=current_agency().currency,
            initial={"email": request.GET.get("email", "")[:254]},
        )
        return self.form_page(
            request,
            form,
            lambda form: self._write(request, form),
            title="Credit of a guest",
            note="It can be used for the next booking under this e-mail. Nothing that was written is "
            "ever changed: to correct it, write the opposite.",
            submit="Write it down",
        )

    def _write(self, request, form):
        said = form.cleaned_data
        customer = guest_of(said["email"])
        change = give_credit if said["what"] == GIVE else take_credit
        made = change(
            customer.pk,
            form.money("amount"),
            reason=said["reason"],
            by=request.user,
            key=said["key"],
        )
        left = credit_of(customer.pk, made.currency)
        return self.back(request, made, done=f"{customer} has {left.display()} of credit now.")

    @step(
        "Pay out",
        when=lambda entry: entry.kind == CreditEntry.Kind.BACK and bool(payable(entry)),
        is_page=True,
        right="add",
    )
    def pay_out(self, request, entry):
        """Sends credit back to where it was paid from: how much and why, a look at it, done."""
        most = payable(entry)
        form = PayOutForm(
            request.POST or None, currency=entry.currency, initial={"amount": most.amount}
        )

        def work(form):
            if "seen" not in request.POST:
                return self._look_at_payment(request, entry, form)
            said = form.cleaned_data
            refund = pay_out_at_desk(
                entry.pk,
                form.money("amount"),
                reason=said["reason"],
                by=request.user,
                key=said["key"],
            )
            done = f"{refund.money.display()} is on its way back to {_paid_from(refund.payment)}."
            return self.back(request, entry.customer, done=done)

        return self.form_page(
            request,
            form,
            work,
            title=f"Pay out credit of {entry.customer}",
            thing=entry,
            note=f"{most.display()} of it can go back to {_paid_from(entry.payment)}: what is there "
            "still, and was no credit before.",
            submit="Look at it first",
        )

    def _look_at_payment(self, request, entry, form):
        money, most, said = form.money("amount"), payable(entry), form.cleaned_data
        if money > most or not money:
            raise Invalid(f"{most.display()} of this credit can be paid out.")
        left = credit_of(entry.customer_id, entry.currency) - money
        rows = [
            ["Goes back", money.display()],
            ["To", _paid_from(entry.payment)],
            ["By the payment", linked(entry.payment)],
            [f"Credit that {entry.customer} has then", left.display()],
        ]
        names = ("amount", "reason", "key")
        return self.page(
            request,
            "admin/do_it.html",
            title=f"Pay out credit of {entry.customer}",
            thing=entry,
            hidden=[*((name, said[name]) for name in names), ("seen", "1")],
            note="It is credit no more at once, and sent like any refund. It cannot be undone.",
            submit=f"Pay out {money.display()}",
            back=request.path,
            panels=[Panel("What goes back", Table(columns("", ""), rows))],
        )

    def panels(self, request, entry):
        if not self.admin_site.allows(request, "view", "payments.journal"):
            return []
        booked = entries_of(source="credit", source_id=entry.pk)
        return [Panel("In the ledger", entries_table(booked))] if booked else []

    @admin.display(description="Amount")
    def amount_shown(self, entry):
        return amount(entry.amount, entry.currency)

    @admin.display(description="Payment")
    def payment_link(self, entry):
        return linked(entry.payment)

    @admin.display(description="Refund")
    def refund_link(self, entry):
        return linked(entry.refund)


def _paid_from(payment):
    """Where a payment came from, in the words of a sentence."""
    return {"cash": "the guest, in cash", "terminal": "the card, on the terminal"}.get(
        payment.provider, f"where it was paid from ({payment.provider})"
    )


# function([CreditEntry]) → {id: (what it is, link or "")}, of apps above, which know bookings.
WORDS_OF = []


def credit_table(entries):
    entries = list(entries)
    known = {key: told for words in WORDS_OF for key, told in words(entries).items()}
    plain = {each.pk: (each.get_kind_display(), "") for each in entries}
    told = plain | known
    rows = [
        [linked(each, when(each.made_at)), told[each.pk][0],
         told[each.pk][1] or each.reason or "–",
         amount(each.amount, each.currency), when(each.expires_at)]
        for each in entries
    ]  # fmt: skip
    titles = columns("At", "What", "Reason", "Came, went#", "Lapses")
    return Table(titles, rows, empty="This guest has had none.")


def _payable_table(customer):
    """What of a guest's credit can be paid out, or None."""
    rows = [
        [format_html('<a href="{}">Pay out {}</a>', _page_to_pay_out(entry), money.display()),
         linked(entry.payment), linked(entry, when(entry.made_at))]
        for entry, money in payable_of(customer.pk)
    ]  # fmt: skip
    return Table(columns("Can go back", "To the payment", "Came back"), rows) if rows else None


def _page_to_pay_out(entry):
    return reverse("admin:payments_creditentry_pay_out", args=[entry.pk])


@panel("customers.customer", needs="payments.creditentry")
def credit_of_guest(request, customer):
    """What a guest can pay with, and how it came and went."""
    entries = customer.credit_entries.all()[:SHOWN]
    currencies = sorted({current_agency().currency, *(each.currency for each in entries)})
    words = ", ".join(credit_of(customer.pk, each).display() for each in currencies)
    link = ()
    if admin.site.allows(request, "add", CreditEntry):
        page = reverse("admin:payments_creditentry_add")
        link = (f"{page}?email={customer.email}", "Give or take back")
    return Panel(f"Credit: {words}", credit_table(entries), link=link)


@panel("customers.customer", needs="payments.creditentry")
def credit_to_pay_out(request, customer):
    """Credit of a guest that can go back to where it was paid from, for those who may send it."""
    if not admin.site.allows(request, "add", CreditEntry):
        return None
    table = _payable_table(customer)
    return Panel("Credit that can be paid out", table) if table else None


@panel("payments.payment", needs="payments.creditentry")
def credit_of_payment(request, payment):
    """What was paid of it with credit, and what of it became credit."""
    entries = list(payment.credit_entries.select_related("customer"))
    return Panel("Credit", credit_table(entries), count=len(entries)) if entries else None
