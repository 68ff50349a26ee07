"""Signing keys of an agency and the codes made with them."""

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError

from core.errors import DomainError
from core.memory import Remembered
from core.postgres.fixed import Fixed
from core.tenancy import current_agency_id
from core.transactions import use_case
from tickets import codes, keys
from tickets.models import VALID, SigningKey, Status

VALID_AFTER_END = timedelta(days=2)
_public = Remembered(seconds=5)


class NoCode(DomainError):
    """A ticket that is not valid has no code."""

    code = "no_code"


ACTIVE = Fixed(lambda: SigningKey.objects.filter(status=SigningKey.Status.ACTIVE))


def active_key():
    """The SigningKey that signs for the current agency, made on first use."""
    return ACTIVE.first() or _first_key()


def _first_key():
    try:
        return rotate_signing_key()
    except IntegrityError:  # another process was first
        return SigningKey.objects.get(status=SigningKey.Status.ACTIVE)


@use_case
def rotate_signing_key():
    """A new key signs from now on; the previous one goes on verifying. Returns the new SigningKey."""
    key_id = keys.new_key_id()
    private = keys.derive(settings.TICKET_SIGNING_SECRET, key_id)
    SigningKey.objects.filter(status=SigningKey.Status.ACTIVE).update(
        status=SigningKey.Status.VERIFY_ONLY
    )
    return SigningKey.objects.create(key_id=key_id.hex(), public_key=keys.public_bytes(private))


def public_keys():
    """{key id: public key} that verify codes of the current agency, remembered for 5 seconds."""
    return _public.get(current_agency_id(), _usable_public_keys)


def _usable_public_keys():
    rows = SigningKey.objects.exclude(status=SigningKey.Status.RETIRED)
    return {bytes.fromhex(key.key_id): bytes(key.public_key) for key in rows}


def code_of(ticket):
    """The scannable text of a valid ticket (with event and signing_key loaded); raises NoCode."""
    if ticket.status not in (*VALID, Status.USED):
        raise NoCode("This ticket has no code: it is not valid for entry.")
    key_id = bytes.fromhex(ticket.signing_key.key_id)
    private = keys.derive(settings.TICKET_SIGNING_SECRET, key_id)
    end = (ticket.event.ends_at or ticket.event.starts_at) + VALID_AFTER_END
    return codes.sign(
        private,
        key_id,
        ticket=ticket.pk,
        event=ticket.event_id,
        generation=ticket.generation,
        valid_until=int(end.timestamp()),
    )
