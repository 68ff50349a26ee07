"""Who is buying."""

from core.ids import uuid7
from core.outbox import record
from core.transactions import use_case
from customers.facts import CustomerSought
from customers.models import Customer


def remember_customer(*, email, name, phone=""):
    """The agency's customer with this e-mail, made if new.

    A guest proves nothing about who he is, so a checkout never changes what is known of a customer.
    """
    customer, _ = Customer.objects.get_or_create(
        email=email.strip().lower(), defaults={"name": name.strip(), "phone": phone.strip()}
    )
    return customer


@use_case
def seek_customer(email):
    """Has the link to his bookings mailed to the customer with this e-mail, if there is one."""
    found = Customer.objects.filter(email__iexact=email.strip()).first()
    if found:
        record(CustomerSought(customer_id=found.pk, request_id=uuid7()))


@use_case
def describe_customer(customer_id, *, name, phone):
    """Writes what a customer, who has proven himself, says of himself. His e-mail is what he proved it
    by and stays."""
    Customer.objects.filter(pk=customer_id).update(name=name.strip(), phone=phone.strip())
