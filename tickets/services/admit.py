"""Letting somebody in: one transaction on the ticket's row, whatever the number of gates."""

import hashlib
import re
from dataclasses import dataclass

from django.db import IntegrityError, connection
from django.utils import timezone

from core.errors import Invalid, NotFound
from core.postgres.rows import read
from core.tenancy import current_agency_id
from core.transactions import broken_constraint, use_case
from tickets.codes import CodeRefused, verify
from tickets.models import Admission, Scan, Status, Ticket
from tickets.services.keys import public_keys

Verdict = Scan.Verdict
NUMBER = re.compile(r"[2-9B-DF-HJ-NP-TV-XZ]{12}")
MESSAGES = {
    Verdict.ADMITTED: "Welcome.",
    Verdict.DUPLICATE: "This ticket has already been used.",
    Verdict.WRONG_GATE: "This ticket belongs to another entrance.",
    Verdict.UNKNOWN: "This is not one of our ticket codes.",
}
OF_GATE = ("tickets_scan_gate_id_fk", "tickets_admission_gate_id_fk")
WHY_NOT = {
    Status.RESERVED: "This ticket was never paid.",
    Status.CANCELLED: "This ticket was cancelled.",
    Status.REFUNDED: "This ticket was refunded.",
    Status.TRANSFERRED: "This ticket was passed on to somebody else.",
}

# What the door needs to know of a ticket.
SHOWN = (
    "id",
    "agency_id",
    "event_id",
    "number",
    "status",
    "section",
    "row",
    "seat",
    "seat_kind",
    "entrance",
    "holder_name",
    "generation",
    "locked_because",
)
KEEP_SCAN = """
INSERT INTO tickets_scan (agency_id, gate_id, ticket_id, device_id, nonce, verdict, code_digest)
VALUES (%(agency)s, %(gate)s, %(ticket)s, %(device)s, %(nonce)s, %(verdict)s, %(digest)s)
"""
LET_IN = f"""
WITH used AS (
  UPDATE tickets_ticket SET status = 'USED' WHERE id = %(ticket)s
), entered AS (
  INSERT INTO tickets_admission (agency_id, ticket_id, entry, gate_id)
  VALUES (%(agency)s, %(ticket)s, 1, %(gate)s)
)
{KEEP_SCAN}
"""  # noqa: S608 - constants only


class NonceReused(Invalid):
    """A device repeated a nonce with another code; nothing was scanned."""

    code = "nonce_reused"


class GateGone(NotFound):
    """The gate was removed; nothing was scanned."""


def _digest(code):
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def _in_words(event):
    """Les heures blanches, Thu 3 Dec, Nantes; with the year unless it is this one there."""
    start, this_year = event.local_start, timezone.now().astimezone(event.zone).year
    day = f"{start:%a %-d %b}" if start.year == this_year else f"{start:%a %-d %b %Y}"
    return ", ".join(filter(None, [event.title, day, event.venue.city]))


@dataclass(frozen=True)
class ScanResult:
    """A verdict with the ticket it is about (or None) and, of a used one, its first admission."""

    verdict: str
    ticket: Ticket | None = None
    first_admission: Admission | None = None

    @property
    def message(self):
        """A sentence for the person at the gate."""
        if self.verdict == Verdict.WRONG_EVENT:
            return f"For: {_in_words(self.ticket.event)}."
        if self.verdict == Verdict.NOT_VALID:
            return self._why_not()
        return MESSAGES[self.verdict]

    def _why_not(self):
        """A lock of now does not explain a refusal of before, but is what matters at the door."""
        ticket = self.ticket
        if ticket.status == Status.CONFIRMED and ticket.locked_because:
            return ticket.locked_because
        return WHY_NOT.get(ticket.status, "This code was replaced by a newer one.")


def admit(*, code, gate, device_id, nonce):
    """Judges a code (or a typed ticket number) at a gate and lets its holder in at most once.

    The order of judgement: signature, key, event and gate, state and generation, duplicate. Every
    attempt is kept as a Scan; the same nonce from the same device gets the same answer again.
    Raises NonceReused, or GateGone for a gate that somebody has removed.
    """
    try:
        return _admit(code=code, gate=gate, device_id=device_id, nonce=nonce)
    except IntegrityError as error:
        if broken_constraint(error) in OF_GATE:
            raise GateGone("There is no such gate.") from None
        repeated = Scan.objects.select_related("ticket").filter(device_id=device_id, nonce=nonce)
        scan = repeated.first()
        if scan is None:
            raise
        if scan.code_digest != _digest(code):
            raise NonceReused("This nonce was used for another code.") from None
        return ScanResult(scan.verdict, scan.ticket, _first_admission(scan.ticket))


@use_case
def _admit(*, code, gate, device_id, nonce):
    verdict, ticket = _judge(code, gate)
    scan = {
        "agency": current_agency_id(),
        "gate": gate.pk,
        "ticket": ticket and ticket.pk,
        "device": device_id,
        "nonce": nonce,
        "verdict": str(verdict),
        "digest": _digest(code),
    }
    if verdict == Verdict.ADMITTED:
        ticket.move_to(Status.USED)
    with connection.prepared_cursor() as cursor:
        cursor.execute(LET_IN if verdict == Verdict.ADMITTED else KEEP_SCAN, scan)
    first = _first_admission(ticket) if verdict == Verdict.DUPLICATE else None
    return ScanResult(verdict, ticket, first)


def _judge(code, gate):
    """(verdict, locked ticket or None)."""
    ticket, signed = _find(code)
    if ticket is None:
        return Verdict.UNKNOWN, None
    if ticket.event_id != gate.event_id:
        return Verdict.WRONG_EVENT, ticket
    if not gate.serves(ticket.entrance):
        return Verdict.WRONG_GATE, ticket
    if ticket.status == Status.USED and _is_current(ticket, signed):
        return Verdict.DUPLICATE, ticket
    is_valid = ticket.status == Status.CONFIRMED and not ticket.locked_because
    if not is_valid or not _is_current(ticket, signed):
        return Verdict.NOT_VALID, ticket
    return Verdict.ADMITTED, ticket


def _find(code):
    """(locked ticket, TicketCode or None for a typed number), or (None, None). A number is the
    agency's, so it is found at every event of it."""
    typed = re.sub(r"[\s-]+", "", code).upper()
    if NUMBER.fullmatch(typed):
        number = f"{typed[:4]}-{typed[4:8]}-{typed[8:]}"
        return _locked(number=number), None
    try:
        signed = verify(code, public_keys())
    except CodeRefused:
        return None, None
    return _locked(id=signed.ticket, event_id=signed.event), signed


def _locked(**keys):
    return read(Ticket, SHOWN, for_update=True, **keys)


def _is_current(ticket, signed):
    """A typed number has no generation; a code must carry the ticket's present one."""
    if signed is None:
        return True
    return signed.generation == ticket.generation and signed.is_valid_at(timezone.now())


def _first_admission(ticket):
    if ticket is None:
        return None
    return Admission.objects.filter(ticket=ticket).select_related("gate").order_by("entry").first()
