"""Who is buying."""

from core.ids import uuid7
from core.outbox import record
from core.postgres.fixed import Fixed
from core.transactions import use_case
from customers.facts import CustomerSought
from customers.models import Customer

NAMED = Fixed(lambda email: Customer.objects.filter(email=email))
"""At most one, by an e-mail in small letters, as all are kept."""


def remember_customer(*, email, name, phone=""):
    """The agency's customer with this e-mail, made if new.

    A guest proves nothing about who he is, so a checkout never changes what is known of a customer.
    """
    email = email.strip().lower()
    known = NAMED(email)
    if not known:  # whoever else makes him at this moment is waited for, and found then
        new = Customer(email=email, name=name.strip(), phone=phone.strip())
        Customer.objects.bulk_create([new], ignore_conflicts=True)
        known = NAMED(email)
    return known[0]


@use_case
def seek_customer(email):
    """Has the link to his bookings mailed to the customer with this e-mail, if there is one."""
    for found in NAMED(email.strip().lower()):
        record(CustomerSought(customer_id=found.pk, request_id=uuid7()))


@use_case
def describe_customer(customer_id, *, name, phone):
    """Writes what a customer, who has proven himself, says of himself. His e-mail is what he proved it
    by and stays."""
    Customer.objects.filter(pk=customer_id).update(name=name.strip(), phone=phone.strip())
