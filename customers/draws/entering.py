"""Entering a draw and leaving it: by a mailed key that proves the mailbox, or the key of an entry."""

from datetime import datetime, timedelta
from uuid import UUID

from django.core.signing import BadSignature, Signer, dumps, loads
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from core.errors import DomainError
from core.ids import uuid7
from core.locks import lock
from core.outbox import record
from core.transactions import broken_constraint, use_case
from customers.facts import (
    DrawCalledOff,
    DrawDecided,
    DrawEntered,
    DrawEntryDecided,
    DrawEntryWithdrawn,
    DrawLinkAsked,
)
from customers.models import Draw, DrawEntry
from customers.models.draw_rules import NOT_OPEN
from customers.same_person import person_of

LINK_IS_VALID = timedelta(hours=24)
TOLD_AT_ONCE = 500
SESSION_KEY = "draws"
REMEMBERED = 20  # draws
LINK, ENTRY = "tessera.draw-link", "tessera.draw-entry"


class NotTaken(DomainError):
    """This draw takes no entries now."""

    code = "draw_takes_no_entries"


@use_case
def ask_for_link(draw, email):
    """Has a link mailed that proves this mailbox, if it may enter or has an entry."""
    record(DrawLinkAsked(draw_id=draw.pk, email=email.strip().lower(), request_id=uuid7()))


def entry_of(draw_id, email):
    """The DrawEntry of whoever this is, however he writes his address, or None."""
    return DrawEntry.objects.filter(draw=draw_id, mailbox=person_of(email)).first()


@use_case
def enter(draw_id, email):
    """The DrawEntry of whoever reads this mailbox, made if it is new. Raises NotTaken before the
    registration opens and from the moment it closes, by the database's clock."""
    email = email.strip().lower()
    try:
        with transaction.atomic():
            entry = DrawEntry.objects.create(draw_id=draw_id, email=email)
    except IntegrityError as error:
        if broken_constraint(error) == NOT_OPEN:
            return _known(draw_id, email, NotTaken("This draw takes no entries now."))
        return _known(draw_id, email, error)
    record(DrawEntered(entry_id=entry.pk))
    return entry


def _known(draw_id, email, problem):
    """The entry that was there before; raises the problem when there is none."""
    entry = entry_of(draw_id, email)
    if entry is None:
        raise problem
    return entry


@use_case
def withdraw(entry_id, *, why=""):
    """Takes an entry out, for the fan himself, or by staff, who say `why`. The address that goes is
    told. Of a frozen list only the address goes: its number keeps its place. Before, nothing stays;
    of what staff take out the number does, for everybody to count."""
    for draw in lock(Draw.objects.filter(entries=entry_id)):  # none: he has just gone
        found = DrawEntry.objects.filter(pk=entry_id, withdrawn_at=None)
        for entry in found:
            record(_gone(entry, why))
            if draw.is_open and not why:
                found.delete()
            else:
                is_struck = draw.is_open
                found.update(email=None, withdrawn_at=Now(), why_out=why, is_struck=is_struck)


def _gone(entry, why):
    return DrawEntryWithdrawn(
        draw_id=entry.draw_id, entry_id=entry.pk, number=entry.number, email=entry.email, why=why
    )


@use_case
def tell_next(draw_id, *, after, last):
    """Has the entries at some places above `after` told what became of them, and the rest up to `last`
    after that: whoever is told twice is mailed once."""
    upto = min(after + TOLD_AT_ONCE, last)
    entries = DrawEntry.objects.filter(draw=draw_id, rank__range=(after + 1, upto))
    living = entries.filter(withdrawn_at=None).order_by("rank").values_list("pk", flat=True)
    record(*(DrawEntryDecided(entry_id=pk) for pk in living))
    if upto < last:
        record(DrawDecided(draw_id=draw_id, after=upto, last=last))


@use_case
def tell_called_off(draw_id, *, after):
    """Has some entries of a draw that was called off told so, and the rest after that."""
    entries = DrawEntry.objects.filter(draw=draw_id, pk__gt=after, withdrawn_at=None)
    part = list(entries.order_by("pk").values_list("pk", flat=True)[:TOLD_AT_ONCE])
    record(*(DrawEntryDecided(entry_id=pk) for pk in part))
    if len(part) == TOLD_AT_ONCE:
        record(DrawCalledOff(draw_id=draw_id, after=part[-1]))


# Keys


def link_key(draw, email):
    """Proves for a day that whoever has it reads this mailbox."""
    return dumps({"draw": str(draw.pk), "email": email}, salt=LINK)


def entry_key(entry):
    """Opens the page of an entry, for as long as there is one."""
    return Signer(salt=ENTRY).sign(str(entry.pk))


def exchange(request, draw, key):
    """Remembers in the session what a mailed key of this draw proves; returns whether it is one."""
    proven = _by_link(draw, key) or _by_entry(draw, key)
    if proven is None:
        return False
    request.session.cycle_key()
    known = request.session.get(SESSION_KEY, {})
    known.pop(str(draw.pk), None)
    request.session[SESSION_KEY] = dict([*known.items(), (str(draw.pk), proven)][-REMEMBERED:])
    return True


def _by_link(draw, key):
    try:
        said = loads(key, salt=LINK, max_age=LINK_IS_VALID)
    except BadSignature:
        return None
    if said["draw"] != str(draw.pk):
        return None
    return {"email": said["email"], "until": (timezone.now() + LINK_IS_VALID).isoformat()}


def _by_entry(draw, key):
    try:
        entry_id = UUID(Signer(salt=ENTRY).unsign(key))
    except BadSignature:
        return None
    return {"entry": str(entry_id)} if draw.entries.filter(pk=entry_id).exists() else None


def proven_in(request, draw):
    """(the e-mail that this browser may enter with, or "", and its DrawEntry, or None)."""
    known = request.session.get(SESSION_KEY, {}).get(str(draw.pk), {})
    if "entry" in known:
        return "", draw.entries.filter(pk=known["entry"]).first()
    if known and datetime.fromisoformat(known["until"]) > timezone.now():
        return known["email"], entry_of(draw.pk, known["email"])
    return "", None
