"""Tickets that change hands: looked at, filtered, exported, and taken back for whoever offered them."""

from django import forms
from django.contrib import admin

from core.admin_base import ReadOnlyAdmin, step
from core.admin_parts import (
    Panel,
    Table,
    columns,
    linked,
    panel,
    pill,
    status_of,
    timeline,
    when,
)
from core.locks import database_now
from core.words import many
from tickets.admin_states import pills_of
from tickets.models import Transfer, TransferredTicket, TransferStatus
from tickets.services import mail_offer_again, take_back_transfer

RECENT = 50


class WhyBackForm(forms.Form):
    """Why staff end an offer."""

    reason = forms.CharField(
        label="Reason",
        max_length=200,
        help_text="Whoever offered them reads it, such as: You asked us on the phone.",
    )


class StateFilter(admin.SimpleListFilter):
    """As the clock says: an offer that is over has lapsed, whether or not that was noted."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return TransferStatus.choices

    def queryset(self, request, queryset):
        now = database_now()
        lapsed = queryset.filter(status=TransferStatus.PENDING, expires_at__lte=now)
        rules = {
            TransferStatus.PENDING: queryset.open_at(now),
            TransferStatus.EXPIRED: lapsed | queryset.filter(status=TransferStatus.EXPIRED),
        }
        if self.value() in rules:
            return rules[self.value()]
        known = self.value() in TransferStatus.values
        return queryset.filter(status=self.value()) if known else queryset


class BegunByFilter(admin.SimpleListFilter):
    title = "offered by"
    parameter_name = "by"

    def lookups(self, request, model_admin):
        return [("guest", "The guest"), ("staff", "Staff")]

    def queryset(self, request, queryset):
        if self.value() not in ("guest", "staff"):
            return queryset
        return queryset.filter(begun_by__isnull=self.value() == "guest")


def state_of(transfer):
    """Its pill, by the clock."""
    if transfer.status == TransferStatus.PENDING and not transfer.is_open_at(database_now()):
        return pill(TransferStatus.EXPIRED, TransferStatus.EXPIRED.label)
    return status_of(transfer)


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    list_display = ["to", "giver_link", "concert", "state", "begun", "until"]
    list_filter = [
        StateFilter,
        BegunByFilter,
        ("event", admin.RelatedOnlyFieldListFilter),
        ("begun_at", admin.DateFieldListFilter),
    ]
    list_select_related = ["event", "giver"]
    search_fields = [
        *("recipient_name", "recipient_email", "giver__name", "giver__email"),
        *("rows__ticket__number", "rows__number"),
    ]
    search_help_text = "Name, e-mail or ticket number, of now or before"
    ordering = ["-begun_at", "pk"]
    fields = [
        *("event_link", "giver_link", "recipient_name", "recipient_email", "taken_by", "message"),
        *(
            "begun",
            "begun_by",
            "reason",
            "until",
            "decided",
            "decided_by",
            "why_over",
            "terms_link",
        ),
    ]
    readonly_fields = fields
    steps = ["mail_again", "take_back"]
    export_columns = {
        "Event": "event__title",
        "Starts": "event__starts_at",
        "From": "giver__name",
        "From e-mail": "giver__email",
        "To": "recipient_name",
        "To e-mail": "recipient_email",
        "Status": "status",
        "Offered": "begun_at",
        "Until": "expires_at",
        "Decided": "decided_at",
        "Reason of staff": "reason",
    }

    @admin.display(description="To", ordering="recipient_name")
    def to(self, transfer):
        return transfer.recipient_name

    @admin.display(description="From", ordering="giver__name")
    def giver_link(self, transfer):
        return linked(transfer.giver)

    @admin.display(description="Taken by")
    def taken_by(self, transfer):
        return linked(transfer.recipient)

    @admin.display(description="Event", ordering="event__starts_at")
    def concert(self, transfer):
        return transfer.event.title

    @admin.display(description="Event")
    def event_link(self, transfer):
        return linked(transfer.event)

    @admin.display(description="State", ordering="status")
    def state(self, transfer):
        return state_of(transfer)

    @admin.display(description="Offered", ordering="begun_at")
    def begun(self, transfer):
        return when(transfer.begun_at)

    @admin.display(description="Until", ordering="expires_at")
    def until(self, transfer):
        return when(transfer.expires_at)

    @admin.display(description="Decided")
    def decided(self, transfer):
        return when(transfer.decided_at)

    @admin.display(description="Terms accepted")
    def terms_link(self, transfer):
        return linked(transfer.terms)

    def under_title(self, transfer):
        return [state_of(transfer)]

    def above(self, transfer):
        return [transfer.event]

    def panels(self, request, transfer):
        return [_tickets_panel(transfer)]

    def history_of(self, request, transfer):
        rows = transfer.rows.select_related("ticket")
        return timeline([transfer, *(row.ticket for row in rows)])

    @step(
        "Mail the offer again",
        when=lambda transfer: transfer.is_open_at(database_now()),
        says="The mail goes to the same address, with a new link; the one before is worthless then.",
    )
    def mail_again(self, request, transfer):
        mail_offer_again(transfer.pk)
        return f"{transfer.recipient_name} is mailed again."

    @step(
        "Take back",
        when=lambda transfer: transfer.is_open_at(database_now()),
        tone="danger",
        is_page=True,
    )
    def take_back(self, request, transfer):
        """Says why, looks, confirms: what was offered is its giver's again."""

        def work(form):
            reason = form.cleaned_data["reason"]
            if "confirmed" not in request.POST:
                return self._look(request, transfer, reason)
            take_back_transfer(transfer.pk, by=request.user, why=reason)
            return self.back(request, transfer, done="The tickets are their giver’s again.")

        return self.form_page(
            request, WhyBackForm(request.POST or None), work,
            title=f"Take back: {transfer}", thing=transfer, submit="Look at it first",
            note=f"{transfer.giver} offers them until {transfer.expires_at:%-d %b %Y}.",
        )  # fmt: skip

    def _look(self, request, transfer, reason):
        return self.page(
            request,
            "admin/do_it.html",
            title=f"Take back: {transfer}",
            thing=transfer,
            hidden=[("reason", reason), ("confirmed", "yes")],
            note=f"The link that {transfer.recipient_name} has is worthless then. The codes that "
            f"{transfer.giver} has open the door again. Both are told.",
            submit=f"Take back {many(transfer.rows.count(), 'ticket')}",
            keeps=True,
            panels=[_tickets_panel(transfer)],
        )


def _tickets_panel(transfer):
    found = list(transfer.rows.select_related("ticket").order_by("ticket__ordinal", "pk"))
    states = pills_of([row.ticket for row in found])
    rows = [
        [linked(row.ticket), row.ticket.place, states[row.ticket_id], row.number, _code(row)]
        for row in found
    ]
    titles = columns("Ticket", "Place", "State", "Its number then", "Its code then")
    return Panel("Tickets", Table(titles, rows), count=len(rows))


def _code(row):
    is_dead = row.ticket.generation != row.generation
    words = f"Code {row.generation}"
    return pill("RETIRED", f"{words}, replaced") if is_dead else pill("ACTIVE", words)


def transfers_table(transfers):
    """Transfers, the newest first: from whom to whom, and what became of it."""
    rows = [
        [when(each.begun_at), linked(each, each.recipient_name), each.recipient_email,
         linked(each.giver), state_of(each), when(each.decided_at or each.expires_at)]
        for each in transfers
    ]  # fmt: skip
    titles = columns("Offered", "To", "E-mail", "From", "State", "Decided, or until")
    return Table(titles, rows, empty="Nothing was given to anybody.")


@panel("tickets.ticket", needs="tickets.transfer")
def hands_of_ticket(request, ticket):
    """Through whose hands it went, the first first."""
    rows = TransferredTicket.objects.filter(ticket=ticket).select_related(
        "transfer__giver", "transfer__recipient"
    )
    found = [
        [when(row.transfer.decided_at or row.transfer.begun_at), linked(row.transfer.giver),
         linked(row.transfer, row.transfer.recipient_name), state_of(row.transfer), row.number,
         _code(row)]
        for row in rows.order_by("pk")
    ]  # fmt: skip
    if not found:
        return None
    titles = columns("When", "From", "To", "State", "Number before", "Code before")
    return Panel("Hands it went through", Table(titles, found), count=len(found))


@panel("events.event", needs="tickets.transfer")
def transfers_of_event(request, event):
    latest = event.transfers.select_related("giver").order_by("-begun_at", "pk")[:RECENT]
    found = list(latest)
    return Panel("Tickets given", transfers_table(found), count=len(found)) if found else None


@panel("customers.customer", needs="tickets.transfer")
def transfers_of_customer(request, customer):
    """What he gave away, and what he was given."""
    both = Transfer.objects.filter(giver=customer) | Transfer.objects.filter(recipient=customer)
    found = list(both.select_related("giver").order_by("-begun_at", "pk")[:RECENT])
    title = "Tickets given and taken"
    return Panel(title, transfers_table(found), count=len(found)) if found else None
