"""What a provider refuses for good goes back another way: a person gives it, and says so."""

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from core import failpoints
from core.errors import DomainError, Invalid, NotFound
from core.locks import alone
from core.outbox import record
from core.status import WrongState
from core.transactions import broken_constraint, use_case
from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.facts import RefundCompleted, RefundWentAnotherWay
from payments.models import DeskTaking, OtherWay, Refund, RefundStatus
from payments.providers import BY_HAND
from payments.services.desk import keep, one_drawer
from payments.services.refund import RefundTooHigh, book, find, locked, too_high
from payments.services.start import ProviderAway


class SentAfterAll(DomainError):
    """The provider says that it has sent what had failed, or is about to."""

    code = "sent_after_all"


class NotThisWay(Invalid):
    """The money cannot have gone back like this; nothing was booked."""

    code = "not_this_way"


def ways_of(payment):
    """The OtherWays in which a refund of this payment can have gone back."""
    away = [OtherWay.BANK, OtherWay.CASH]
    return away if payment.provider in BY_HAND else [*away, OtherWay.PROVIDER]


def went_another_way(refund_id, *, way, note, by):
    """A person has given back what its provider refused: `way` is an OtherWay, `note` what was done, at
    the provider's own site its number of the refund. Books it and tells the guest; returns the Refund.

    The provider is asked first whether it sent it after all. Raises WrongState when it did not fail, is
    being sent or is back; SentAfterAll, NotThisWay, ProviderAway, RefundTooHigh.
    """
    with alone(f"refund {refund_id}") as is_first:
        if not is_first:
            raise WrongState("It is being sent just now. Look once more.")
        _ask_first(Refund.objects.select_related("payment").get(pk=refund_id))
        return _give(refund_id, way=OtherWay(way), note=note.strip(), by=by)


def _ask_first(refund):
    try:
        known = find(refund)
    except ProviderUnavailable as error:
        raise ProviderAway(
            "The provider does not say at the moment whether it sent it after all. Nothing was booked."
        ) from error
    except (ProviderRefused, NotFound):
        return  # it knows nothing of the payment, or is not ours any more: it has sent nothing
    if known and known.state != "failed":
        raise SentAfterAll(
            "The provider says that it sends it after all. “Send it again” finds that, and sends "
            "nothing twice."
        )


@use_case
def _give(refund_id, *, way, note, by):
    if way == OtherWay.CASH:
        one_drawer()
    payment, refund = locked(refund_id)
    if refund.status != RefundStatus.FAILED:
        raise WrongState("It was sent again, or is back already. Look once more.")
    if way not in ways_of(payment):
        raise NotThisWay("No provider took this money: it went back in cash or by bank transfer.")
    if not note:
        raise NotThisWay("Say what was done: a reference, or a few words.")
    failpoints.reach("refund.before_other_way")
    refund.move_to(RefundStatus.COMPLETED)
    refund.other_way, refund.other_way_note, refund.other_way_by = way, note, by
    refund.completed_at = Now()
    if way == OtherWay.PROVIDER:
        refund.provider_ref = note
    _save(payment, refund)
    if way == OtherWay.CASH:
        keep(refund=refund, way=DeskTaking.Way.CASH, money=-refund.money, by=by)
    book(payment, refund)
    record(RefundCompleted(refund_id=refund.pk))
    record(RefundWentAnotherWay(refund_id=refund.pk))
    refund.refresh_from_db()
    return refund


def _save(payment, refund):
    try:
        with transaction.atomic():
            refund.save()
    except IntegrityError as error:
        if broken_constraint(error) == "no_card_number_in_a_refund":
            raise NotThisWay(
                "This looks like a card number or an account. Never write one down: say it in words."
            ) from None
        raise RefundTooHigh(too_high(refund.money, payment)) from error
