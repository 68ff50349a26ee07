"""Who is buying."""

from customers.models import Customer


def remember_customer(*, email, name, phone=""):
    """The agency's customer with this e-mail, made if new.

    A guest proves nothing about who he is, so a checkout never changes what is known of a customer.
    """
    customer, _ = Customer.objects.get_or_create(
        email=email.strip().lower(), defaults={"name": name.strip(), "phone": phone.strip()}
    )
    return customer
