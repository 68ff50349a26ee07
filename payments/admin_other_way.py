"""What a provider refused, in the hands of who has given it back another way and says so."""

from django import forms
from django.contrib import admin

from core.admin_base import step
from core.admin_parts import Panel, Table, columns, linked
from payments.ledger import refunded_from
from payments.models import Account, OtherWay, RefundStatus
from payments.services import ways_of, went_another_way


def how_back(refund):
    """How it went back that was refused, and what was done; for tables."""
    return f"{refund.get_other_way_display()}: {refund.other_way_note}" if refund.other_way else "–"


class OtherWayForm(forms.Form):
    way = forms.ChoiceField(label="It went back", widget=forms.RadioSelect)
    note = forms.CharField(
        label="What was done",
        max_length=120,
        help_text="The transfer’s reference, or who got the cash. At the provider’s own site: its "
        "number of the refund, by which payouts are compared. Never a card number.",
    )

    def __init__(self, *args, ways, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["way"].choices = [(way.value, way.label) for way in ways]


class AnotherWay:
    """Mixin of the refunds' admin: the step by which a failed one is settled by hand."""

    @admin.display(description="Another way")
    def other_way_shown(self, refund):
        return how_back(refund)

    @admin.display(description="Said by")
    def said_by(self, refund):
        return str(refund.other_way_by or "–")

    @step(
        "It went back another way",
        when=lambda refund: refund.status == RefundStatus.FAILED,
        is_page=True,
    )
    def another_way(self, request, refund):
        """How, and what was done; a look at what is booked; done."""
        form = OtherWayForm(request.POST or None, ways=ways_of(refund.payment))

        def work(form):
            if "seen" not in request.POST:
                return self._look_at_other_way(request, refund, form.cleaned_data)
            made = went_another_way(refund.pk, **form.cleaned_data, by=request.user)
            words = f"{made.money.display()} are booked as paid back {made.by_other_way}."
            return self.back(request, made, done=words)

        return self.form_page(
            request,
            form,
            work,
            title=f"{refund.money.display()} went back another way",
            thing=refund,
            note=f"{refund.failure or 'The provider refused it.'} Say it here once the guest has it.",
            submit="Look at it first",
        )

    def _look_at_other_way(self, request, refund, said):
        refund.other_way, refund.other_way_note = said["way"], said["note"]
        money = refund.money.display()
        went = [
            ["Of the payment", linked(refund.payment, refund.payment.money.display())],
            ["Asked because", refund.get_reason_display()],
            ["Failed because", refund.failure or "–"],
            ["It went back", OtherWay(said["way"]).label],
            ["What was done", said["note"]],
        ]
        booked = [
            [Account.CUSTOMER_DEPOSITS.label, money, ""],
            [Account(refunded_from(refund)).label, "", money],
        ]
        return self.page(
            request,
            "admin/do_it.html",
            title=f"{money} went back {refund.by_other_way}",
            thing=refund,
            hidden=[*said.items(), ("seen", "1")],
            note="The guest is told by mail. The provider is asked once whether it sent it after all, "
            "and never to send it again. It cannot be undone.",
            submit=f"Book {money} as paid back",
            back=request.path,
            panels=[
                Panel("What went back", Table(columns("", ""), went)),
                Panel("What is booked", Table(columns("Account", "Debit#", "Credit#"), booked)),
            ],
        )
