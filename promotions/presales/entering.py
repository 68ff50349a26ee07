"""Letting buyers into a presale: by a code, or because they have proven an address that is on a list.

What does not let in is answered alike, whatever it is, after one look-up by a keyed digest. Only the
reservation counts uses; that nothing is left is asked here so that nobody chooses places in vain.
"""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from core.errors import DomainError
from core.transactions import use_case
from customers.lists import lists_of
from inventory.models import Presale
from promotions.codes import customer_of, digest_of, spelled
from promotions.models import Code, PresaleVisit, Status, Type, Use


class NoEntry(DomainError):
    """This lets nobody into a presale of this event now, whether it exists or not."""

    code = "no_entry"

    def __init__(self):
        super().__init__("This code opens nothing here now. Look at how it is spelled.")


@dataclass(frozen=True, slots=True)
class Pass:
    """Lets a buyer into a presale. `customer` stands for him if he has proven who he is
    (promotions.codes), and is empty for whoever has the code. `tickets_each` is how many one buyer may
    have through it, None for as many as he likes."""

    presale_id: UUID
    promotion_id: UUID
    code_id: UUID
    customer: str = ""
    tickets_each: int | None = None


def admit(event, text):
    """The Pass of whoever knows this code. Raises NoEntry."""
    digest = digest_of(spelled(text))  # what cannot be a code is looked up like one
    found = _entries(event).filter(digest=digest, is_listed=False).filter(_has_use("code"))
    return _pass(found.filter(_has_use("promotion")).first())


def admit_listed(event, email):
    """The Pass of the buyer who reads this mailbox, if a running presale has a list that he is on; else
    None. The caller knows that it is his."""
    found = _entries(event).filter(
        is_listed=True,
        promotion__presale__lists__overlap=ArraySubquery(lists_of(email).values("pk")),
    )
    code = found.first()
    return code and _pass(code, customer_of(email))


def pass_of(event, code_id, customer=""):
    """The Pass of who came in by this code, as the proven `customer` if he is one; None when its
    presale is over or the code was closed."""
    code = _entries(event).filter(pk=code_id).first()
    return code and _pass(code, customer)


def presale_of(reference):
    """The id of the running presale that a booking was made in, or None."""
    uses = Use.objects.of(reference).filter(promotion__presale__in=_running())
    return uses.values_list("promotion__presale", flat=True).first()


@use_case
def visited(admitted):
    """Somebody came in with this Pass."""
    PresaleVisit.objects.create(promotion_id=admitted.promotion_id, code_id=admitted.code_id)


def _running():
    return Presale.objects.running().order_by().values("pk")


def _entries(event):
    """The open codes of the event's running presales, the presale that ends last first."""
    return (
        Code.objects.filter(
            is_open=True,
            promotion__type=Type.PRESALE,
            promotion__status=Status.ACTIVE,
            promotion__presale__event=event.pk,
            promotion__presale__in=_running(),
        )
        .select_related("promotion")
        .order_by("-promotion__presale__starts_at", "pk")
    )


def _has_use(key):
    """Whether a code, or its promotion, has a use left; a lapsed one is given to who asks for it."""
    limit = "usage_limit" if key == "code" else "promotion__usage_limit"
    outer = "pk" if key == "code" else "promotion"
    live = Use.objects.live().filter(**{key: OuterRef(outer)}).order_by().values(key)
    taken = Coalesce(Subquery(live.annotate(n=Count("pk")).values("n")), Value(0))
    return Q(**{limit: None}) | Q(**{f"{limit}__gt": taken})


def _pass(code, customer=""):
    if code is None:
        raise NoEntry
    offer = code.promotion
    return Pass(offer.presale_id, offer.pk, code.pk, customer, offer.tickets_per_customer)
