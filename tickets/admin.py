"""Tickets, gates with their devices, and what happened at the gates."""

from django import forms
from django.contrib import admin
from django.db.models import Count

from accounts.models import ApiKey
from core.admin_base import BackOfficeAdmin, ReadOnlyAdmin, step
from core.admin_forms import BackOfficeForm
from core.admin_parts import (
    Entry,
    Panel,
    Table,
    columns,
    linked,
    panel,
    pill,
    status_column,
    timeline,
    when,
)
from events.models import Event
from tickets import admin_transfers  # noqa: F401 - it registers
from tickets.admin_states import pill_of
from tickets.models import Admission, Gate, Scan, SigningKey, Ticket
from tickets.services import rotate_signing_key

RECENT = 20


@admin.register(Ticket)
class TicketAdmin(ReadOnlyAdmin):
    list_display = ["number", "concert", "where", "holder_name", status_column(), "made"]
    list_filter = ["status", "seat_kind", ("event", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["event"]
    search_fields = ["number", "holder_name", "event__title"]
    ordering = ["-created_at", "pk"]
    fields = [
        *("number", "concert", "where", "entrance", "holder_name", "passed_on_to"),
        *("locked_because", "offered", "made", "confirmed", "generation", "signing_key"),
    ]
    readonly_fields = fields
    export_columns = {
        "Number": "number",
        "Event": "event__title",
        "Section": "section",
        "Row": "row",
        "Seat": "seat",
        "Kind": "seat_kind",
        "Holder": "holder_name",
        "Status": "status",
        "Made": "created_at",
        "Confirmed": "confirmed_at",
    }

    @admin.display(description="Event", ordering="event__starts_at")
    def concert(self, ticket):
        return ticket.event.title

    @admin.display(description="Place", ordering="ordinal")
    def where(self, ticket):
        return ticket.place

    @admin.display(description="Passed on to")
    def passed_on_to(self, ticket):
        return linked(ticket.holder)

    @admin.display(description="Offered until")
    def offered(self, ticket):
        return when(ticket.offered_until)

    @admin.display(description="Made", ordering="created_at")
    def made(self, ticket):
        return when(ticket.created_at)

    @admin.display(description="Valid since", ordering="confirmed_at")
    def confirmed(self, ticket):
        return when(ticket.confirmed_at)

    def under_title(self, ticket):
        return [pill_of(ticket)]

    def history_of(self, request, ticket):
        scans = Scan.objects.filter(ticket=ticket).select_related("gate")[:RECENT]
        told = [Entry(s.at, f"Gate {s.gate}", f"scan: {s.get_verdict_display()}") for s in scans]
        return timeline([ticket], told)


class GateForm(BackOfficeForm):
    """Entrances are written with commas; only those the event's map knows are taken."""

    class Meta:
        model = Gate
        fields = ["event", "name", "entrances"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["entrances"].help_text = "With commas between them. Empty: everybody may enter."
        if "event" in self.fields:
            self.fields["event"].queryset = Event.objects.select_related("venue").filter(
                layout__isnull=False
            )

    def clean(self):
        given = super().clean()
        event = given.get("event") or (not self.instance._state.adding and self.instance.event)
        if event:
            known = set(event.layout.sections.values_list("entrance", flat=True)) - {""}
            for name in set(given.get("entrances") or ()) - known:
                there = ", ".join(sorted(known)) or "none with a name"
                self.add_error("entrances", f"There is no entrance {name}. There are: {there}.")
        return given


class DeviceForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="Which device, such as “Scanner 3, Lena”.")


@admin.register(Gate)
class GateAdmin(BackOfficeAdmin):
    form = GateForm
    list_display = ["name", "concert", "starts", "serves_words", "admitted"]
    list_filter = [("event", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["event"]
    search_fields = ["name", "event__title"]
    ordering = ["-event__starts_at", "name", "pk"]
    fields = ["event", "name", "entrances"]
    steps = ["make_key"]
    export_columns = {"Gate": "name", "Event": "event__title", "Admitted": "entries"}

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(entries=Count("admissions"))

    def get_readonly_fields(self, request, obj=None):
        return ["event"] if obj else []

    @admin.display(description="Event", ordering="event__starts_at")
    def concert(self, gate):
        return gate.event.title

    @admin.display(description="Starts", ordering="event__starts_at")
    def starts(self, gate):
        return when(gate.event.starts_at)

    @admin.display(description="Entrances")
    def serves_words(self, gate):
        return ", ".join(gate.entrances) or "all"

    @admin.display(description="Admitted", ordering="entries")
    def admitted(self, gate):
        return f"{gate.entries:,}"

    def panels(self, request, gate):
        keys = list(ApiKey.objects.filter(gate_id=gate.pk).order_by("-created_at", "pk"))
        rows = [
            [
                linked(key),
                pill("CANCELLED", "Revoked") if key.revoked_at else pill("ACTIVE", "In use"),
                when(key.created_at),
            ]
            for key in keys
        ]
        table = Table(
            columns("Device", "State", "Made"),
            rows,
            empty="No device yet. Make a key and type it into the scanner once.",
        )
        return [Panel("Devices", table, count=len(keys)), _scans(gate.scans)]

    @step("Make a device key", is_page=True, tone="primary")
    def make_key(self, request, gate):
        form = DeviceForm(request.POST or None)
        return self.form_page(
            request,
            form,
            lambda form: self._made(request, gate, form.cleaned_data["name"]),
            title=f"New device at {gate}",
            thing=gate,
            submit="Make the key",
        )

    def _made(self, request, gate, name):
        _, secret = ApiKey.objects.make(role=ApiKey.Role.GATE, name=name, gate_id=gate.pk)
        return self.page(
            request,
            "admin/secret.html",
            title=f"Key of {name}",
            thing=gate,
            secret=secret,
            words="Type or paste it into the scanner at /gate/. It opens this gate only and is not "
            "shown again; a lost device is revoked under Keys.",
        )


def _scans(scans):
    latest = scans.select_related("ticket", "gate").order_by("-pk")[:RECENT]
    rows = [
        [
            when(scan.at),
            pill(scan.verdict, scan.get_verdict_display()),
            linked(scan.ticket),
            scan.ticket.place if scan.ticket else "–",
        ]
        for scan in latest
    ]
    return Panel("Latest scans", Table(columns("When", "Verdict", "Ticket", "Place"), rows))


class AtGate(ReadOnlyAdmin):
    """Rows of the gates' log."""

    list_select_related = ["gate__event", "ticket"]
    ordering = ["-pk"]

    @admin.display(description="When", ordering="pk")
    def moment(self, row):
        return when(row.at)

    @admin.display(description="Event", ordering="gate__event__starts_at")
    def concert(self, row):
        return row.gate.event.title

    @admin.display(description="Place")
    def place(self, row):
        return row.ticket.place if row.ticket else "–"

    def history_of(self, request, row):
        return timeline([row.ticket] if row.ticket else [])


@admin.register(Scan)
class ScanAdmin(AtGate):
    list_display = [
        "moment",
        status_column("verdict", "Verdict"),
        "gate",
        "concert",
        "ticket",
        "place",
    ]
    list_filter = [
        "verdict",
        ("gate__event", admin.RelatedOnlyFieldListFilter),
        ("at", admin.DateFieldListFilter),
    ]
    search_fields = ["ticket__number", "gate__name"]
    fields = ["moment", "verdict", "gate", "concert", "ticket", "place", "device"]
    readonly_fields = ["moment", "concert", "place", "device"]
    export_columns = {
        "At": "at",
        "Verdict": "verdict",
        "Event": "gate__event__title",
        "Gate": "gate__name",
        "Ticket": "ticket__number",
        "Device": "device_id",
    }

    @admin.display(description="Device")
    def device(self, scan):
        key = ApiKey.objects.filter(pk=scan.device_id).first()
        return key or scan.device_id


@admin.register(Admission)
class AdmissionAdmin(AtGate):
    list_display = ["moment", "gate", "concert", "ticket", "place", "entry"]
    list_filter = [
        ("gate__event", admin.RelatedOnlyFieldListFilter),
        ("at", admin.DateFieldListFilter),
    ]
    search_fields = ["ticket__number", "gate__name"]
    fields = ["moment", "gate", "concert", "ticket", "place", "entry"]
    readonly_fields = ["moment", "concert", "place"]
    export_columns = {
        "At": "at",
        "Event": "gate__event__title",
        "Gate": "gate__name",
        "Ticket": "ticket__number",
        "Entry": "entry",
    }


@admin.register(SigningKey)
class SigningKeyAdmin(ReadOnlyAdmin):
    list_display = ["key_id", status_column(), "made"]
    list_filter = ["status"]
    search_fields = ["key_id"]
    ordering = ["-created_at", "pk"]
    fields = ["key_id", "status", "made"]
    readonly_fields = ["made"]
    steps = ["rotate"]

    @admin.display(description="Made", ordering="created_at")
    def made(self, key):
        return when(key.created_at)

    @step(
        "Sign with a new key",
        when=lambda key: key.status == SigningKey.Status.ACTIVE,
        tone="danger",
        says="Tickets sold from now on are signed with a new key. Those sold before stay valid.",
    )
    def rotate(self, request, key):
        new = rotate_signing_key()
        return f"Key {new} signs from now on; tickets signed with {key} stay valid."


@panel("events.event", needs="tickets.gate")
def gates_of_event(request, event):
    gates = event.gates.annotate(entries=Count("admissions")).order_by("name")
    rows = [
        [linked(gate), ", ".join(gate.entrances) or "all", f"{gate.entries:,}"] for gate in gates
    ]
    table = Table(
        columns("Gate", "Entrances", "Admitted#"), rows, empty="No gate yet, so nobody can scan."
    )
    return Panel("Gates", table, count=len(rows))
