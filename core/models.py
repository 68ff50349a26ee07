"""Tables of the shared kernel: outbox, idempotency keys, number series, audit trail."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.audit import append_only
from core.tenancy import TenantModel

FAILING_AFTER = 5


class OutboxQuerySet(models.QuerySet):
    def due(self):
        return self.filter(done_at=None, failed_at=None, due_at__lte=Now())

    def failed(self):
        """Given up, or failing again and again: what somebody should look at."""
        return self.filter(
            Q(failed_at__isnull=False) | Q(attempts__gte=FAILING_AFTER), done_at=None
        )


class OutboxMessage(TenantModel):
    """One fact for one handler. Done when `done_at` is set, given up when `failed_at` is."""

    id = models.BigAutoField(primary_key=True)
    fact = models.CharField(max_length=120)
    payload = models.JSONField()
    handler = models.CharField(max_length=160)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    due_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True, default="")

    objects = OutboxQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="outbox_due",
                condition=Q(done_at=None, failed_at=None),
            )
        ]

    def __str__(self):
        return f"{self.fact.rpartition('.')[2]} → {self.handler}"


class IdempotencyKey(TenantModel):
    """The stored reply of a value-moving POST, kept with its caller and the hash of its request."""

    id = models.BigAutoField(primary_key=True)
    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True, help_text="The JSON that was answered, letter by letter.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "caller", "key"], name="one_reply_per_key")
        ]

    def __str__(self):
        return self.key


class NumberSeries(TenantModel):
    """The last number given out in a series such as `receipt-2026`, without gaps."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=40)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "number series"
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "name"], name="one_series_per_name")
        ]

    def __str__(self):
        return f"{self.name}: {self.last}"


class AuditEntry(TenantModel):
    """Who changed what: written by database triggers (core.audit), never changed afterwards."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=80, blank=True)
    action = models.CharField(max_length=6)
    table = models.CharField(max_length=63, db_column="table_name")
    row_id = models.CharField(max_length=40)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "audit trail"
        indexes = [models.Index(fields=["table", "row_id"], name="audit_of_row")]
        triggers = append_only()

    def __str__(self):
        done = {"INSERT": "made", "UPDATE": "changed", "DELETE": "deleted"}[self.action]
        return f"{self.table.partition('_')[2]} {done}".capitalize()
