"""Steps of a booking at the desk: taking its money, handing money back, the slip."""

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpResponse

from agencies.queries import current_agency
from bookings.desk_receipt import slip_of
from bookings.models import Status
from bookings.orders import due_of, payments_of, sum_of
from bookings.services import await_transfer, buy_with_credit, contact, pay_at_desk
from bookings.services.at_desk import shut_page_of
from core.admin_base import step
from core.admin_forms import AmountField
from core.admin_parts import Panel
from core.money import Money
from payments.admin import refunds_table
from payments.admin_desk import WholeCents
from payments.models import DeskTaking
from payments.services import credit_of, hand_out, waiting_at_desk
from payments.statements import in_fours

Way = DeskTaking.Way


def is_due(booking):
    return booking.status == Status.RESERVED and booking.total > 0


def _due(booking):
    """(what is due for a booking and those of its order, a sentence's beginning with their numbers)."""
    bookings = due_of(booking) or [booking]
    numbers = ", ".join(each.number for each in bookings)
    return sum_of(bookings), f"Bookings {numbers} are" if len(
        bookings
    ) > 1 else f"Booking {numbers} is"


def _asked(booking):
    """What the forms of taking money are made with."""
    is_known = booking.customer_id is not None
    return {"due": _due(booking)[0], "credit": credit_at_desk(booking), "is_known": is_known}


def credit_at_desk(booking):
    """What the guest of a booking could pay with, as Money, or None."""
    return booking.customer_id and credit_of(booking.customer_id, booking.currency)


def pays_all(booking):
    """Whether the guest's credit is enough for the booking and those of its order."""
    credit = credit_at_desk(booking)
    return bool(credit) and credit >= _due(booking)[0]


def _rest(due, credit):
    return max(due - credit, Money.zero(due.currency))


def _credit(said, booking):
    """The credit that the page named, if it is to be used first, as Money; else None."""
    return Money(said["credit"], booking.currency) if said.get("with_credit") else None


def _take_words(due, credit):
    words = f"Take {due.display()}"
    return f"{words}, or {_rest(due, credit).display()} beside the credit" if credit else words


def takings_of(booking):
    found = DeskTaking.objects.filter(
        Q(payment__in=payments_of(booking)) | Q(refund__payment__in=payments_of(booking))
    )
    return found.order_by("at", "pk")


class Due(forms.Form):
    """What was due when the page was shown, and the guest's credit, so that nothing else is taken, who
    buys where that is not known yet, and whether a guest who has some credit pays with it first."""

    due = forms.DecimalField(widget=forms.HiddenInput)
    name = forms.CharField(label="Guest", max_length=120)
    email = forms.EmailField(label="E-mail", help_text="The tickets go there.")
    with_credit = forms.BooleanField(required=False, label="Use the guest’s credit first")
    credit = forms.DecimalField(widget=forms.HiddenInput)

    def __init__(self, *args, due, credit, is_known, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["due"].initial = due.amount
        if is_known:
            del self.fields["name"], self.fields["email"]
        if credit:
            self.fields["credit"].initial = credit.amount
            self.fields[
                "with_credit"
            ].help_text = (
                f"{credit.display()} is there. {_rest(due, credit).display()} is left to take then."
            )
        else:
            del self.fields["with_credit"], self.fields["credit"]


class CashForm(WholeCents, Due):
    given = AmountField(
        label="The guest gives", min_value=0, max_digits=14, decimal_places=3,
        help_text="What he puts down; the change is worked out.",
    )  # fmt: skip


class SlipForm(Due):
    reference = forms.CharField(
        label="Reference on the slip",
        max_length=40,
        help_text="What the terminal printed, never a card number.",
    )


class DaysForm(forms.Form):
    days = forms.IntegerField(label="Days to pay", min_value=1, max_value=365)


class BackForm(forms.Form):
    reference = forms.CharField(
        label="Reference on the slip",
        max_length=40,
        required=False,
        help_text="For money that goes back by the terminal.",
    )


class AtTheDesk:
    """Mixin for the page of a booking."""

    @step("Take cash", when=is_due, is_page=True)
    def take_cash(self, request, booking):
        form = CashForm(request.POST or None, currency=booking.currency, **_asked(booking))
        return self._take(request, booking, form, Way.CASH, "Take cash")

    @step("Take a card on the terminal", when=is_due, is_page=True)
    def take_card(self, request, booking):
        form = SlipForm(request.POST or None, **_asked(booking))
        return self._take(request, booking, form, Way.TERMINAL, "Take a card on the terminal")

    def _take(self, request, booking, form, way, title):
        self.may_handle_money(request)
        due, numbers = _due(booking)

        def work(form):
            given = form.money("given").amount if way == Way.CASH else None
            reference = form.cleaned_data.get("reference", "")
            if booking.customer_id is None:
                contact(
                    booking.pk, email=form.cleaned_data["email"], name=form.cleaned_data["name"]
                )
            taking = pay_at_desk(
                booking.pk,
                way=way,
                by=request.user,
                due=Money(form.cleaned_data["due"], booking.currency),
                given=given,
                reference=reference,
                credit=_credit(form.cleaned_data, booking),
            )
            change = f" Change: {taking.change.display()}." if taking.change else ""
            words = (
                f"{taking.money.display()} taken, {taking}.{change} The tickets are on their way."
            )
            return self.back(request, booking, done=words)

        return self.form_page(
            request,
            form,
            work,
            thing=booking,
            title=f"{title}: {due.display()}",
            note=f"{numbers} paid in full and confirmed at once. A payment page that the guest has "
            "open is shut first.",
            submit=_take_words(due, credit_at_desk(booking)),
        )

    @step("Pay with the guest’s credit", when=lambda booking: is_due(booking) and pays_all(booking),
          says="All of it is paid with the guest’s credit and confirmed at once.")  # fmt: skip
    def pay_by_credit(self, request, booking):
        self.may_handle_money(request)
        shut_page_of(booking)
        payment = buy_with_credit(booking.pk)
        return f"{payment.money.display()} of credit was used. The tickets are on their way."

    @step("Let it be paid by bank transfer", when=is_due, is_page=True)
    def by_transfer(self, request, booking):
        """Keeps the places for some days; the buyer is mailed the account and a reference."""
        self.may_handle_money(request)
        due, _ = _due(booking)

        def work(form):
            payment = await_transfer(booking.pk, days=form.cleaned_data["days"])
            reference = in_fours(payment.provider_ref)
            return self.back(request, booking, done=f"Awaited with the reference {reference}.")

        return self.form_page(
            request,
            DaysForm(request.POST or None, initial={"days": current_agency().transfer_days}),
            work,
            thing=booking,
            title=f"Bank transfer of {due.display()}",
            note="The places are kept until then. What is not there in time gives them free; what "
            "comes later gets the same places if they are free, or goes back.",
            submit="Keep them and mail the account",
        )

    @step(
        "Hand the money back",
        when=lambda booking: waiting_at_desk(payments_of(booking)).exists(),
        is_page=True,
        tone="primary",
    )
    def hand_back(self, request, booking):
        """Money that was paid at the desk goes back there, the same way."""
        self.may_handle_money(request)
        waiting = list(waiting_at_desk(payments_of(booking)).select_related("payment"))

        def work(form):
            given = [
                hand_out(refund.pk, by=request.user, reference=form.cleaned_data["reference"])
                for refund in waiting
            ]
            words = ", ".join(f"{(-taking.money).display()} ({taking})" for taking in given)
            return self.back(request, booking, done=f"Handed back: {words}.")

        return self.form_page(
            request,
            BackForm(request.POST or None),
            work,
            template="admin/reasoned.html",
            thing=booking,
            panels=[Panel("To hand back", refunds_table(waiting), count=len(waiting))],
            title=f"Hand money back for {booking}",
            note="Give it back the way it was paid: in cash, or on the terminal.",
            submit="It is handed back",
        )

    def may_handle_money(self, request):
        if not self.admin_site.allows(request, "step", DeskTaking):
            raise PermissionDenied

    @step(
        "Print the receipt",
        when=lambda booking: takings_of(booking).exists(),
        right="view",
        is_page=True,
    )
    def desk_receipt(self, request, booking):
        response = HttpResponse(
            slip_of(booking, list(takings_of(booking))), content_type="application/pdf"
        )
        name = f"receipt-{booking.number}.pdf"
        response["Content-Disposition"] = f'inline; filename="{name}"'
        return response
