"""Who is buying."""

from customers.models import Customer


def remember_customer(*, email, name, phone=""):
    """The agency's customer with this e-mail, made if new.

    A guest proves nothing about who he is, so what is already known of a customer is never
    overwritten by a checkout; an empty phone is filled in.
    """
    customer, made = Customer.objects.get_or_create(
        email=email.strip().lower(), defaults={"name": name.strip(), "phone": phone.strip()}
    )
    if not made and phone and not customer.phone:
        Customer.objects.filter(pk=customer.pk, phone="").update(phone=phone.strip())
    return customer
