"""An event is cancelled, put off or moved: proposed, looked at, begun by a second person, watched."""

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Count, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce
from django.http import Http404
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminSplitDateTimeWidget

from agencies.queries import approvers_of
from bookings import changing
from bookings.models import SOLD, Booking, ChangeStatus, EventChange
from core.admin_base import BackOfficeAdmin, step
from core.admin_parts import Panel, Table, columns, linked, panel, status_column, status_of, when
from core.money import Money, total
from core.words import many
from events.models import PUBLIC, Event
from events.models import Status as EventStatus
from payments.admin import RefundAdmin
from payments.providers import IN_WORDS
from venues.models import Venue

SHOWN = 50
# How many bookings a proposal would be about.
CONCERNED = (
    Booking.objects.filter(event=OuterRef("event"), status__in=SOLD)
    .order_by()
    .values("event")
    .values(sold=Count("pk"))
)
Kind = EventChange.Kind


class ChangeForm(forms.Form):
    """What happens to the event, and what buyers are told."""

    kind = forms.ChoiceField(label="What happens", choices=Kind.choices)
    message = forms.CharField(
        label="Why",
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Buyers read this in their mail and on their page.",
    )
    new_starts_at = forms.SplitDateTimeField(
        label="New start",
        required=False,
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text="If it is put off, or moved to another time as well.",
    )
    new_venue = forms.ModelChoiceField(
        Venue.objects.none(),
        label="New house",
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="If it is moved: one in which the sold seats exist. If not, cancel the event.",
    )
    choose_until = forms.SplitDateTimeField(
        label="Money back until",
        required=False,
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text="If it is put off or moved: until then buyers may have all their money back.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["new_venue"].queryset = Venue.objects.order_by("name")

    def clean(self):
        said = super().clean()
        needs = {
            Kind.POSTPONED: ("new_starts_at", "choose_until"),
            Kind.MOVED: ("new_venue", "choose_until"),
        }.get(said.get("kind"), ())
        for name in needs:
            if not said.get(name) and name not in self.errors:
                self.add_error(name, "This is needed for what happens.")
        return said

    @property
    def fields_said(self):
        """The fields of `changing.propose` that this kind of change has."""
        said = self.cleaned_data
        if said["kind"] == Kind.CANCELLED:
            return {"kind": said["kind"], "message": said["message"]}
        return said | {"new_venue": said["new_venue"] if said["kind"] == Kind.MOVED else None}


def extent_panel(change):
    """The dry run: what beginning would do now."""
    extent = changing.extent_of(change.event)
    if change.is_cancelled:
        money = [
            ["Goes back to buyers", extent.money.display()],
            ["Unpaid reservations that end", f"{extent.unpaid:,}"],
        ]
    else:
        money = [["Goes back at most, if nobody keeps his tickets", extent.money.display()]]
    rows = [
        ["Sold bookings", f"{extent.bookings:,}"],
        ["Their tickets", f"{extent.tickets:,}"],
        *money,
        ["Tickets used at the gate", f"{extent.used:,}"],
    ]
    return Panel("What it would mean now", Table(columns("", "#"), rows))


WAYS = IN_WORDS | {
    "cash": "Cash",
    "terminal": "Card, at the desk",
    "bank": "Bank transfer",
    "credit": "Customer credit",
    "mixed": "With credit: other seats, or some back before",
    "disputed": "Disputed payments",
    "unpaid": "Not paid through us",
}
HANDLED = {
    "cash": "is handed out at the desk, when the buyer comes",
    "terminal": "is put back on the card at the desk, when the buyer comes",
    "bank": "somebody transfers it; it stands among the refunds until then",
    "credit": "is credit of the customer again at once",
    "mixed": "so many cannot be looked at one by one: each by the ways it was paid, the rest as credit",
    "disputed": "for a person to settle: the bank has taken the money, or may",
    "unpaid": "for a person to settle: we have no money that could be sent back",
}
BY_ITSELF = "goes back by itself, to where it was paid from"


def ways_panel(change):
    """The dry run's money by way of payment, so that whoever approves it sees who has work with it."""
    ways = changing.ways_of(change.event)
    money = Money.zero(change.event.currency)
    rows = [
        [
            WAYS.get(way.name, way.name),
            f"{way.bookings:,}",
            f"{way.tickets:,}",
            way.money.display(),
            HANDLED.get(way.name, BY_ITSELF),
        ]
        for way in ways
    ]
    foot = ["Together", "", "", sum((way.money for way in ways), money).display(), ""]
    title = "How it goes back" if change.is_cancelled else "How it goes back, if all want it"
    titles = columns("Paid by", "Bookings#", "Tickets#", "Money#", "What happens to it")
    note = "Nothing was paid."
    return Panel(title, Table(titles, rows, foot=foot if rows else [], empty=note))


def dry_run(change):
    return [extent_panel(change), ways_panel(change)]


def progress_panel(change):
    """How far it is, by the rows themselves."""
    found = change.bookings.aggregate(
        all=Count("pk"),
        done=Count("pk", filter=Q(done_at__isnull=False)),
        problems=Count("pk", filter=Q(done_at=None) & ~Q(problem="")),
        kept=Count("pk", filter=Q(answer="KEEP")),
        refunded=Count("pk", filter=Q(answer="REFUND")),
    )
    return Panel(
        "How far it is",
        template="admin/_change_progress.html",
        context={**found, "change": change, "is_running": change.status == ChangeStatus.RUNNING},
    )


STANDINGS = {
    "back": "Sent back, and there",
    "under_way": "On its way, at the provider",
    "by_hand": "For somebody to hand out or to transfer",
    "failed": "Failed: it did not go back",
    "credit": "Became credit",
    "left": "Not dealt with yet",
}
RARE = ("by_hand", "left")


def money_panel(change, may_see_refunds):
    """How its money stands, with the way to the refunds that failed."""
    found = [each for each in changing.standing_of(change) if each.count or each.name not in RARE]
    refunds = f"{reverse('admin:payments_refund_changelist')}?change={change.pk}"
    failed = any(each.count for each in found if each.name == "failed")
    rows = [[STANDINGS[each.name], f"{each.count:,}", each.money.display()] for each in found]
    money = total((each.money for each in found), change.event.currency)
    table = Table(
        columns("Money", "How many#", "Sum#"), rows, foot=["Together", "", money.display()]
    )
    return Panel(
        "How its money stands",
        table,
        template="admin/_change_money.html",
        context={
            "has_failed": failed,
            "address": f"{refunds}&status__exact=FAILED" if may_see_refunds else "",
        },
        link=(refunds, "All its refunds") if may_see_refunds else (),
    )


class OfChange(admin.SimpleListFilter):
    """Refunds of one change of an event, for who comes from its page."""

    title = "change of an event"
    parameter_name = "change"

    def lookups(self, request, model_admin):
        return [(str(change.pk), str(change.event)) for change in self._asked(request.GET)]

    def queryset(self, request, queryset):
        for change in self._asked(request.GET):
            return queryset.filter(pk__in=changing.refunds_of(change).values("pk"))
        return queryset

    def _asked(self, said):
        begun = EventChange.objects.exclude(begun_at=None).select_related("event")
        try:
            return begun.filter(pk=said.get("change")) if "change" in said else []
        except forms.ValidationError:
            return []


# The list is of an app below, which knows nothing of events.
RefundAdmin.list_filter.append(OfChange)


def problems_panel(change):
    rows = change.bookings.filter(done_at=None).exclude(problem="").select_related("booking")
    table = Table(
        columns("Booking", "What stands in the way"),
        [[linked(row.booking), row.problem] for row in rows.order_by("pk")[:SHOWN]],
    )
    return Panel("For a person to settle", table, count=rows.count())


@admin.register(EventChange)
class EventChangeAdmin(BackOfficeAdmin):
    list_display = ["made", "concert", "kind", status_column(), "count", "left", "money_until"]
    list_display_links = ["concert"]
    list_filter = ["status", "kind", ("made_at", admin.DateFieldListFilter)]
    list_select_related = ["event"]
    search_fields = ["event__title", "message"]
    ordering = ["-made_at", "pk"]
    fields = [
        *("event_link", "kind", "message", "old_start", "new_start", "new_house", "money_until"),
        *("is_for_two", "proposer", "beginner", "begun", "done"),
    ]
    readonly_fields = fields
    steps = ["begin", "withdraw", "try_again"]
    export_columns = {
        "Proposed": "made_at",
        "Event": "event__title",
        "What": "kind",
        "Why": "message",
        "Status": "status",
        "Bookings": "count",
        "Left": "left",
        "Begun": "begun_at",
        "Done": "done_at",
    }

    def get_queryset(self, request):
        is_left = Q(bookings__done_at=None, bookings__isnull=False)
        return (
            super()
            .get_queryset(request)
            .annotate(
                count=Case(
                    When(status=ChangeStatus.PROPOSED, then=Coalesce(Subquery(CONCERNED), 0)),
                    default=Count("bookings"),
                ),
                left=Count("bookings", filter=is_left),
            )
        )

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description="Proposed", ordering="made_at")
    def made(self, change):
        return when(change.made_at)

    @admin.display(description="Event", ordering="event__starts_at")
    def concert(self, change):
        return change.event.title

    @admin.display(description="Event")
    def event_link(self, change):
        return linked(change.event)

    @admin.display(description="Bookings", ordering="count")
    def count(self, change):
        return f"{change.count:,}"

    @admin.display(description="Left", ordering="left")
    def left(self, change):
        is_begun = change.status in (ChangeStatus.RUNNING, ChangeStatus.DONE)
        return f"{change.left:,}" if is_begun else "–"

    @admin.display(description="Was to start")
    def old_start(self, change):
        return when(change.old_starts_at)

    @admin.display(description="New start")
    def new_start(self, change):
        return when(change.new_starts_at)

    @admin.display(description="New house")
    def new_house(self, change):
        return linked(change.new_venue)

    @admin.display(description="Money back until", ordering="choose_until")
    def money_until(self, change):
        return when(change.choose_until)

    @admin.display(description="Needs a second person", boolean=True)
    def is_for_two(self, change):
        return change.needs_approval

    @admin.display(description="Proposed by")
    def proposer(self, change):
        return str(change.made_by or "–")

    @admin.display(description="Who began it")
    def beginner(self, change):
        return str(change.begun_by or "–")

    @admin.display(description="Under way since")
    def begun(self, change):
        return when(change.begun_at)

    @admin.display(description="Finished")
    def done(self, change):
        return when(change.done_at)

    def is_form_last(self, change):
        return True

    def panels(self, request, change):
        if change.status == ChangeStatus.PROPOSED:
            return [*self._second_person(change), *dry_run(change)]
        if change.status == ChangeStatus.WITHDRAWN:
            return []
        problems = problems_panel(change)
        may_see_refunds = self.admin_site.allows(request, "view", "payments.refund")
        return [
            progress_panel(change),
            *([problems] if problems.count else []),
            money_panel(change, may_see_refunds),
        ]

    def _second_person(self, change):
        """Who may begin it, where whoever proposed it may not."""
        money = changing.at_stake(change)
        if money is None:
            return []
        rows = [
            [str(member.user), member.get_role_display()]
            for member in approvers_of(money)
            if member.user_id != change.made_by_id
            and self.admin_site.allows_member(member, "step", EventChange)
        ]
        title = f"{money.display()} are at stake: somebody else has to begin it"
        empty = "Nobody else may: another owner, or a higher limit for somebody, is needed."
        return [Panel(title, Table(columns("Who may", "Role"), rows, empty=empty))]

    def _next_steps(self, request, change):
        """Without beginning it for whom it would be refused."""
        found = super()._next_steps(request, change)
        if change.status != ChangeStatus.PROPOSED or changing.may_begin(change, request.user):
            return found
        return [(each, address) for each, address in found if each.name != "begin"]

    # Proposing

    def add_view(self, request, form_url="", extra_context=None):
        if not self.has_add_permission(request):
            raise PermissionDenied
        if "event" not in request.GET:
            return self._events(request)
        event = Event.objects.filter(pk=request.GET["event"]).first() if _is_id(request) else None
        if event is None:
            raise Http404
        form = ChangeForm(request.POST or None)

        def work(form):
            made = changing.propose(event=event, by=request.user, **form.fields_said)
            return self.back(request, made, done="Proposed. Nothing has happened yet.")

        return self.form_page(
            request,
            form,
            work,
            title=f"Cancel, put off or move: {event}",
            submit="Look at what it means",
            note="Nothing happens yet: the next page says how many bookings and how much money it is "
            "about, and somebody has to begin it there.",
        )

    def _events(self, request):
        coming = Event.objects.filter(status__in=PUBLIC).exclude(status=EventStatus.CANCELLED)
        rows = [
            [format_html('<a href="?event={}"><b>{}</b></a>', event.pk, event), event.venue.name,
             when(event.starts_at), status_of(event)]
            for event in coming.select_related("venue").order_by("starts_at", "pk")[:SHOWN]
        ]  # fmt: skip
        table = Table(columns("Event", "Venue", "Starts", "State"), rows, empty="None is public.")
        shown = [Panel("Which event?", table, count=len(rows))]
        return self.page(request, "admin/panels.html", title="Change of an event", panels=shown)

    # Steps

    @step(
        "Begin",
        when=lambda change: change.status == ChangeStatus.PROPOSED,
        tone="danger",
        says="The event changes at once. Its bookings follow one after the other, with a mail each; it "
        "goes on by itself, also after a crash, and cannot be undone.",
    )
    def begin(self, request, change):
        changing.begin(change.pk, by=request.user)
        return "It has begun. The page shows how far it is; you need not wait."

    def begin_preview(self, request, change):
        return dry_run(change)

    @step("Withdraw it", when=lambda change: change.status == ChangeStatus.PROPOSED)
    def withdraw(self, request, change):
        changing.withdraw(change.pk)
        return "Withdrawn. Nothing has happened."

    @step(
        "Try the others again",
        when=lambda change: change.bookings.filter(done_at=None).exclude(problem="").exists(),
        says="Bookings in whose way something stood are dealt with once more.",
    )
    def try_again(self, request, change):
        count = changing.try_again(change.pk)
        return f"{many(count, 'booking is', 'bookings are')} tried once more."


def _is_id(request):
    try:
        return bool(EventChange._meta.pk.to_python(request.GET["event"]))
    except forms.ValidationError:
        return False


@panel("events.event", needs="bookings.eventchange")
def changes_of_event(request, event):
    """What became of it, and the way to cancel, put off or move it."""
    if event.status not in PUBLIC:
        return None
    rows = [
        [linked(change, change.get_kind_display()), status_of(change), when(change.made_at)]
        for change in event.changes.order_by("-made_at")
    ]
    table = Table(columns("Change", "State", "Proposed"), rows, empty="It is as it was sold.")
    new = f"{reverse('admin:bookings_eventchange_add')}?event={event.pk}"
    link = (new, "Cancel, put off or move it") if event.status != EventStatus.CANCELLED else None
    return Panel("If it cannot take place", table, link=link)
