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
from tickets.models import VALID, Admission, Scan, Status, Ticket, TransferredTicket
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
}
FORMER = "former"
PASSED_ON = "This ticket was passed on to somebody else."
BEFORE = "It was refused before. Scan it again."
OFFERED = "This ticket is offered to somebody else. Whoever has it can take it back."

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
    "offered_until",
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
    """A verdict with the ticket it is about (or None) and, of a used one, its first admission.
    `is_old`: what was shown is of before the ticket had its present code."""

    verdict: str
    ticket: Ticket | None = None
    first_admission: Admission | None = None
    is_old: bool = False

    @property
    def message(self):
        """A sentence for the person at the gate."""
        if self.verdict == Verdict.WRONG_EVENT:
            return f"For: {_in_words(self.ticket.event)}."
        if self.verdict == Verdict.NOT_VALID:
            return self._why_not()
        return MESSAGES[self.verdict]

    def _why_not(self):
        """What is so now does not explain a refusal of before, but is what matters at the door."""
        ticket = self.ticket
        if self.is_old and ticket.status == Status.TRANSFERRED:
            return PASSED_ON
        if ticket.status in VALID and ticket.locked_because:
            return ticket.locked_because
        if ticket.status in (*VALID, Status.USED) and not self.is_old:
            return OFFERED if ticket.is_offered_at(timezone.now()) else BEFORE
        return WHY_NOT.get(ticket.status, "This code was replaced by a newer one.")


def admit(*, code, gate, device_id, nonce):
    """Judges a code (or a typed ticket number) at a gate and lets its holder in at most once.

    The order of judgement: signature, key, event and gate, state and generation, open offer to somebody
    else, duplicate. Every attempt is kept as a Scan; the same nonce from the same device gets the same
    answer again.
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
        is_old = bool(scan.ticket) and not _is_present(scan.ticket, code)
        return ScanResult(scan.verdict, scan.ticket, _first_admission(scan.ticket), is_old)


@use_case
def _admit(*, code, gate, device_id, nonce):
    verdict, ticket, is_old = _judge(code, gate)
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
    return ScanResult(verdict, ticket, first, is_old)


def _judge(code, gate):
    """(verdict, locked ticket or None, whether it has another code or number by now)."""
    ticket, signed = _find(code)
    if ticket is None:
        return Verdict.UNKNOWN, None, False
    is_old = not _is_current(ticket, signed)
    return _verdict(ticket, gate, is_old=is_old), ticket, is_old


def _verdict(ticket, gate, *, is_old):
    if ticket.event_id != gate.event_id:
        return Verdict.WRONG_EVENT
    if not gate.serves(ticket.entrance):
        return Verdict.WRONG_GATE
    if ticket.status == Status.USED and not is_old:
        return Verdict.DUPLICATE
    is_valid = ticket.status in VALID and not ticket.locked_because
    if not is_valid or is_old or ticket.is_offered_at(timezone.now()):
        return Verdict.NOT_VALID
    return Verdict.ADMITTED


def _is_present(ticket, code):
    """Whether this is what the ticket is known by now."""
    number = _number_in(code)
    return number == ticket.number if number else _is_current(ticket, _signed(code))


def _number_in(code):
    """The ticket number that was typed, or an empty string."""
    typed = re.sub(r"[\s-]+", "", code).upper()
    return f"{typed[:4]}-{typed[4:8]}-{typed[8:]}" if NUMBER.fullmatch(typed) else ""


def _signed(code):
    """The TicketCode, or None for what we did not sign."""
    try:
        return verify(code, public_keys())
    except CodeRefused:
        return None


def _find(code):
    """(locked ticket, the TicketCode, None for its number, or FORMER for one that it has no more), or
    (None, None). A number is the agency's, so it is found at every event of it."""
    number = _number_in(code)
    if number:
        return _by_number(number)
    signed = _signed(code)
    if signed is None:
        return None, None
    return _locked(id=signed.ticket, event_id=signed.event), signed


def _by_number(number):
    ticket = _locked(number=number)
    if ticket is not None:
        return ticket, None
    former = TransferredTicket.objects.filter(number=number).first()
    return (_locked(id=former.ticket_id), FORMER) if former else (None, None)


def _locked(**keys):
    return read(Ticket, SHOWN, for_update=True, **keys)


def _is_current(ticket, signed):
    """A number has no generation, but changes with it; a code must carry the ticket's present one."""
    if signed is None or signed is FORMER:
        return signed is None
    return signed.generation == ticket.generation and signed.is_valid_at(timezone.now())


def _first_admission(ticket):
    if ticket is None:
        return None
    return Admission.objects.filter(ticket=ticket).select_related("gate").order_by("entry").first()
