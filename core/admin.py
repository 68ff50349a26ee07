"""The outbox with what failed in it, and the audit trail."""

from django.contrib import admin
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.html import format_html

from core.admin_base import ReadOnlyAdmin, step
from core.admin_names import (
    column_name,
    in_words,
    model_of,
    names_of,
    row_name,
    rows_in,
    thing_name,
    value_name,
)
from core.admin_parts import pill, story, when
from core.models import AuditEntry, OutboxMessage
from core.tasks import nudge


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"
    STATES = {
        "failed": {"failed_at__isnull": False},
        "waiting": {"done_at": None, "failed_at": None},
        "done": {"done_at__isnull": False},
    }

    def lookups(self, request, model_admin):
        return [(key, key.capitalize()) for key in self.STATES]

    def queryset(self, request, queryset):
        return queryset.filter(**self.STATES.get(self.value(), {}))


def try_again(messages):
    """Given-up messages become due at once, with all their attempts; returns how many."""
    revived = messages.failed().update(failed_at=None, due_at=Now(), attempts=0)
    transaction.on_commit(nudge)
    return revived


def is_failed(message):
    return message.failed_at is not None


@admin.register(OutboxMessage)
class OutboxAdmin(ReadOnlyAdmin):
    list_display = ["state", "what", "handler", "attempts", "made", "due", "problem"]
    list_display_links = ["what"]
    list_filter = [StateFilter, "handler"]
    search_fields = ["fact", "handler", "payload"]
    search_help_text = "Fact, handler or an id in it"
    readonly_fields = ["state", "what", "handler", "payload", "attempts", "made", "due", "problem"]
    fields = readonly_fields
    actions = ["retry_selected"]
    steps = ["retry"]
    export_columns = {
        "Fact": "fact",
        "Handler": "handler",
        "Made": "created_at",
        "Attempts": "attempts",
        "Done": "done_at",
        "Given up": "failed_at",
    }

    @admin.display(description="State", ordering="failed_at")
    def state(self, message):
        if message.failed_at:
            return pill("FAILED", "Failed")
        return pill("done", "Done") if message.done_at else pill("PENDING", "Waiting")

    @admin.display(description="Fact", ordering="fact")
    def what(self, message):
        return message.fact.rpartition(".")[2]

    @admin.display(description="Made", ordering="created_at")
    def made(self, message):
        return when(message.created_at)

    @admin.display(description="Next try", ordering="due_at")
    def due(self, message):
        return "–" if message.done_at or message.failed_at else when(message.due_at)

    @admin.display(description="Why")
    def problem(self, message):
        """The last line of what went wrong; the rest is in the worker's log."""
        last = message.last_error.strip().rpartition("\n")[2]
        return format_html('<span class="bad">{}</span>', last[:200]) if last else "–"

    @step(
        "Try again",
        when=is_failed,
        tone="primary",
        says="What had to be told is told once more. Handlers are harmless the second time.",
    )
    def retry(self, request, message):
        try_again(OutboxMessage.objects.filter(pk=message.pk))
        return "It is due again and will be tried at once."

    @admin.action(description="Try again what failed", permissions=["step"])
    def retry_selected(self, request, messages):
        revived = try_again(messages)
        self.message_user(request, f"{revived} of the chosen are due again.")


@admin.register(AuditEntry)
class AuditAdmin(ReadOnlyAdmin):
    list_display = ["moment", "who", "words", "which"]
    list_display_links = ["moment"]
    list_filter = ["action", "table", ("at", admin.DateFieldListFilter)]
    search_fields = ["row_id", "actor"]
    search_help_text = "Id of a row or of who acted"
    readonly_fields = ["moment", "who", "words", "which", "was", "became", "row_id"]
    fields = readonly_fields
    export_columns = {
        "At": "at",
        "Actor": "actor",
        "Action": "action",
        "Table": "table",
        "Row": "row_id",
        "Before": "before",
        "After": "after",
    }

    def get_changelist_instance(self, request):
        changes = super().get_changelist_instance(request)
        _name(changes.result_list)
        return changes

    def get_object(self, request, object_id, from_field=None):
        entry = super().get_object(request, object_id, from_field)
        _name([entry] if entry else [])
        return entry

    @admin.display(description="When", ordering="pk")
    def moment(self, entry):
        return when(entry.at)

    @admin.display(description="Who", ordering="actor")
    def who(self, entry):
        return entry.name or entry.actor or "the system"

    @admin.display(description="What")
    def words(self, entry):
        return in_words(entry, entry.names) or f"{thing_name(entry.table)} changed"

    @admin.display(description="Which", ordering="row_id")
    def which(self, entry):
        name, model = row_name(entry, entry.names), model_of(entry.table)
        if entry.action == "DELETE" or model not in self.admin_site._registry:
            return name
        meta = model._meta
        page = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[entry.row_id])
        return format_html('<a href="{}">{}</a>', page, name)

    @admin.display(description="Before")
    def was(self, entry):
        return _values(entry, entry.before)

    @admin.display(description="After")
    def became(self, entry):
        return _values(entry, entry.after)

    def history_of(self, request, entry):
        """What else happened to the same row."""
        return story({entry.table: [entry.row_id]})


def _name(entries):
    """Gives the entries `name`, of who acted, and `names` of the rows they tell about."""
    actors, rows = names_of(entry.actor for entry in entries), rows_in(entries)
    for entry in entries:
        entry.name, entry.names = actors.get(entry.actor), rows


def _values(entry, values):
    """status: Draft, supplier: Quai Productions"""
    told = (
        f"{column_name(entry.table, column)}: {value_name(entry.table, column, value, entry.names)}"
        for column, value in (values or {}).items()
    )
    return ", ".join(told) or "–"
