"""The gate: one call, one verdict."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import role
from core.api import PROBLEM_RESPONSES
from core.errors import Invalid, NotFound
from core.ids import uuid7
from core.memory import Remembered
from tickets.models import Gate, Scan
from tickets.queries import answered_at
from tickets.services import GateGone, admit

# Like the key that leads to it, a gate may be some seconds old; its tickets never are.
_gates = Remembered(seconds=5)


class ScanRequest(serializers.Serializer):
    """`gate` is a gate's id or name and may be left out by a device bound to one. A repeated `nonce`
    repeats the answer; without one every call is a scan of its own."""

    code = serializers.CharField(max_length=400, trim_whitespace=True)
    gate = serializers.CharField(max_length=60, required=False, allow_blank=True)
    nonce = serializers.CharField(max_length=64, required=False, allow_blank=True)


class GateQuestion(serializers.Serializer):
    gate = serializers.CharField(
        max_length=60, required=False, allow_blank=True, help_text="A gate's id or name."
    )


class ScannedTicket(serializers.Serializer):
    id = serializers.UUIDField()
    number = serializers.CharField()
    section = serializers.CharField()
    row = serializers.CharField()
    seat = serializers.CharField()
    kind = serializers.CharField()
    entrance = serializers.CharField()


class ScannedGuest(serializers.Serializer):
    name = serializers.CharField()
    needs = serializers.ListField(child=serializers.CharField())


class FirstAdmission(serializers.Serializer):
    at = serializers.DateTimeField()
    gate = serializers.CharField()


class ScannedEvent(serializers.Serializer):
    """`time_zone` is the venue's, such as Europe/Paris: the clock that the door goes by."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    starts_at = serializers.DateTimeField()
    time_zone = serializers.CharField()


class TicketEvent(ScannedEvent):
    city = serializers.CharField()


class ScanReply(serializers.Serializer):
    """The verdict with whom it is about; `ticket` and `guest` are null for an unknown code. `event` is
    the gate's. `ticket_event` is there for `wrong_event` only: what the ticket is for."""

    verdict = serializers.ChoiceField(Scan.Verdict.choices)
    message = serializers.CharField()
    gate = serializers.CharField()
    at = serializers.DateTimeField()
    event = ScannedEvent()
    ticket = ScannedTicket(allow_null=True)
    guest = ScannedGuest(allow_null=True)
    first_admission = FirstAdmission(allow_null=True)
    ticket_event = TicketEvent(allow_null=True)


class GateCounts(serializers.Serializer):
    """Scans answered at the gate: let in, sent to another entrance, and all other refusals."""

    admitted = serializers.IntegerField()
    other_entrance = serializers.IntegerField()
    refused = serializers.IntegerField()


class GateReply(serializers.Serializer):
    """Where a device stands: its gate with the entrances it serves (none named: all), and tonight."""

    id = serializers.UUIDField()
    gate = serializers.CharField()
    entrances = serializers.ListField(child=serializers.CharField())
    event = ScannedEvent()
    counts = GateCounts()


class DeviceGate(APIView):
    """The gate a device serves, its event and what was answered there so far; scans nothing. A device
    that is bound to no gate names one by id or name as `gate`."""

    permission_classes = [role("gate")]

    @extend_schema(
        parameters=[GateQuestion],
        responses={200: GateReply, **PROBLEM_RESPONSES},
    )
    def get(self, request):
        asked = GateQuestion(data=request.query_params)
        asked.is_valid(raise_exception=True)
        gate = _gate(request.user.key, asked.validated_data.get("gate", ""))
        return Response(_gate_now(gate))


class ScanTicket(APIView):
    """Judges a ticket code at a gate and admits its holder at most once. Always 200 with a verdict
    when the question was understood; the device's key must belong to a gate."""

    permission_classes = [role("gate")]

    @extend_schema(request=ScanRequest, responses={200: ScanReply, **PROBLEM_RESPONSES})
    def post(self, request):
        asked = ScanRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        gate = _gate(request.user.key, asked.validated_data.get("gate", ""))
        result = _answer(gate, request.user.key, asked.validated_data)
        return Response(_reply(result, gate))


def _answer(gate, key, asked):
    """The ScanResult; a gate that is gone is no longer remembered."""
    nonce = asked.get("nonce") or str(uuid7())
    try:
        return admit(code=asked["code"], gate=gate, device_id=key.pk, nonce=nonce)
    except GateGone:
        _gates.forget()
        raise


def _gate(key, wanted):
    """The device's gate; a device bound to one cannot name another."""
    return _gates.get((key.agency_id, key.gate_id, wanted), lambda: _find_gate(key, wanted))


def _find_gate(key, wanted):
    gates = Gate.objects.select_related("event")
    if key.gate_id:
        gate = gates.filter(pk=key.gate_id).first()
        if gate is None or wanted not in ("", gate.name, str(gate.pk)):
            raise NotFound("This device does not serve that gate.")
        return gate
    if not wanted:
        raise Invalid("Say which gate this is: the device is not bound to one.")
    found = gates.filter(pk=wanted) if _is_uuid(wanted) else gates.filter(name=wanted)
    named = list(found[:2])
    if len(named) > 1:
        raise Invalid("Several events have a gate of this name: give its id.")
    if not named:
        raise NotFound("There is no such gate.")
    return named[0]


def _is_uuid(text):
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _reply(result, gate):
    ticket, first = result.ticket, result.first_admission
    return {
        "verdict": result.verdict,
        "message": result.message,
        "gate": gate.name,
        "at": timezone.now().isoformat(),
        "event": _event(gate.event),
        "ticket": _ticket(ticket) if ticket else None,
        "guest": _guest(ticket) if ticket else None,
        "first_admission": first and {"at": first.at.isoformat(), "gate": first.gate.name},
        "ticket_event": _ticket_event(result),
    }


def _gate_now(gate):
    given = answered_at(gate)
    admitted, elsewhere = given[Scan.Verdict.ADMITTED], given[Scan.Verdict.WRONG_GATE]
    return {
        "id": str(gate.pk),
        "gate": gate.name,
        "entrances": gate.entrances,
        "event": _event(gate.event),
        "counts": {
            "admitted": admitted,
            "other_entrance": elsewhere,
            "refused": given.total() - admitted - elsewhere,
        },
    }


def _event(event):
    return {
        "id": str(event.pk),
        "title": event.title,
        "starts_at": event.starts_at.isoformat(),
        "time_zone": event.time_zone,
    }


def _ticket_event(result):
    if result.verdict != Scan.Verdict.WRONG_EVENT:
        return None
    event = result.ticket.event
    return {**_event(event), "city": event.venue.city}


def _ticket(ticket):
    return {
        "id": str(ticket.pk),
        "number": ticket.number,
        "section": ticket.section,
        "row": ticket.row,
        "seat": ticket.seat,
        "kind": ticket.seat_kind,
        "entrance": ticket.entrance,
    }


def _guest(ticket):
    needs = ["wheelchair"] if ticket.seat_kind == "WHEELCHAIR" else []
    return {"name": ticket.holder_name, "needs": needs}
