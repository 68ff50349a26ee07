"""The credit of who has proven his mailbox in this browser: offered at the checkout, chosen there."""

from decimal import Decimal, InvalidOperation

from bookings.models import Booking
from bookings.views.typed import CREDIT
from core.errors import Invalid
from core.money import Money
from customers.links import customer_id_of, customer_of
from payments.models import Status
from payments.services import credit_of


def offered_credit(request, due, payment, typed):
    """{"money", "value", "rest", "is_chosen"} of what can be paid with credit of what is `due` (Money),
    or None. What the open `payment` holds is still his."""
    customer_id = customer_id_of(request)
    if customer_id is None or not due:
        return None
    is_open = payment is not None and payment.status == Status.PROCESSING
    held = (
        _held_of(payment, customer_id) if is_open and payment.credit else Money.zero(due.currency)
    )
    money = min(credit_of(customer_id, due.currency) + held, due)
    if not money:
        return None
    is_chosen = bool(held) if typed is None else typed.get(CREDIT) == str(money.amount)
    rest = due - money
    return {"money": money, "value": str(money.amount), "rest": rest, "is_chosen": is_chosen}


def _held_of(payment, customer_id):
    is_his = payment.credit_entries.filter(kind="HELD", customer=customer_id).exists()
    return payment.by_credit if is_his else Money.zero(payment.currency)


def chosen_credit(request, booking):
    """{"credit", "whose"} for `services.pay`: what the buyer has ticked, as Money, and the id of who
    he has proven to be; empty where nobody has. Raises Invalid for what our page does not say, and
    where the booking is under another e-mail."""
    customer_id = customer_id_of(request)
    if customer_id is None:
        return {}
    nothing = Money.zero(booking.currency)
    said = request.POST.get(CREDIT, "")
    if not said:
        return {"credit": nothing}
    try:
        credit = Money(Decimal(said[:20]), booking.currency)
    except InvalidOperation:
        credit = nothing
    if credit <= nothing:
        raise Invalid("This is not an amount of credit.")
    if Booking.objects.values_list("customer", flat=True).get(pk=booking.pk) != customer_id:
        raise Invalid(
            f"Your credit pays for bookings under {customer_of(request).email}. Enter that e-mail, or "
            "take the tick away."
        )
    return {"credit": credit, "whose": customer_id}
