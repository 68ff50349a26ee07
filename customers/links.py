"""Links that prove who reads a mailbox: signed, valid for a day, exchanged for a line in the session.

Whoever reads the mails of a customer is that customer: there is no password to forget or to steal.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.core.signing import BadSignature, TimestampSigner
from django.utils import timezone

from customers.models import Customer

SESSION_KEY = "customer"
KEY_IS_VALID = timedelta(hours=24)
PROVEN_FOR = timedelta(days=7)
FRESH_FOR = timedelta(minutes=30)


def _signer():
    return TimestampSigner(salt="tessera.customer-link")


def mailed_key(customer):
    """The key that opens the pages of this customer for a day."""
    return _signer().sign(str(customer.pk))


def exchange(request, key):
    """Remembers in the session whose key this is; returns whether it is one of ours and still valid."""
    try:
        customer_id = _signer().unsign(key, max_age=KEY_IS_VALID)
    except BadSignature:
        return False
    request.session.cycle_key()
    now = timezone.now()
    request.session[SESSION_KEY] = {
        "id": customer_id,
        "until": (now + PROVEN_FOR).isoformat(),
        "at": now.isoformat(),
    }
    return True


def customer_id_of(request):
    """The id of the customer who has proven himself in this browser, or None."""
    proven = request.session.get(SESSION_KEY)
    if not proven or datetime.fromisoformat(proven["until"]) <= timezone.now():
        return None
    return UUID(proven["id"])


def is_fresh(request, customer_id):
    """Whether this customer has opened a link of his mail in this browser within half an hour: for what
    cannot be undone, a browser that was left open is not enough."""
    if customer_id is None or customer_id_of(request) != customer_id:
        return False
    at = request.session[SESSION_KEY].get("at")
    return bool(at) and datetime.fromisoformat(at) > timezone.now() - FRESH_FOR


def customer_of(request):
    """The customer who has proven himself in this browser, or None."""
    customer_id = customer_id_of(request)
    return customer_id and Customer.objects.filter(pk=customer_id).first()


def forget(request):
    """The browser is nobody's any more."""
    request.session.pop(SESSION_KEY, None)
