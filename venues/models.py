"""Venues and their layouts: immutable seat plans, named by the hash of their content."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.audit import Audited, append_only
from core.ids import uuid7
from core.tenancy import TenantKey, TenantModel
from core.time_zones import is_time_zone, validate_time_zone


class Venue(TenantModel):
    """A house, with its address and clock."""

    class Kind(models.TextChoices):
        STADIUM = "STADIUM", "Stadium"
        THEATER = "THEATER", "Theatre"
        ARENA = "ARENA", "Arena"
        CLUB = "CLUB", "Club"
        OUTDOOR = "OUTDOOR", "Outdoor"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.THEATER)
    address = models.CharField(max_length=200, blank=True)
    postcode = models.CharField(max_length=12, blank=True)
    city = models.CharField(max_length=80, blank=True)
    region = models.CharField(
        max_length=40, blank=True, help_text="State or province, where taxes depend on it."
    )
    country = models.CharField(max_length=2, blank=True, help_text="ISO code, such as FR.")
    time_zone = models.CharField(
        max_length=40, default="Europe/Paris", validators=[validate_time_zone]
    )
    directions = models.CharField(max_length=200, blank=True)
    licensed_capacity = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="How many people the house may hold. A layout with more places is not published.",
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "name"], name="one_venue_per_name"),
            is_time_zone(name="venue_time_zone_exists"),
        ]
        triggers = [Audited("agency_id", "name", "time_zone", "is_active", "address", "city")]

    def __str__(self):
        return f"{self.name}, {self.city}" if self.city else self.name


class Layout(TenantModel):
    """One published version of a venue's seat plan. Its rows never change; events are pinned to it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    venue = TenantKey(Venue, related_name="layouts")
    content_hash = models.CharField(max_length=32, editable=False)
    name = models.CharField(max_length=120)
    version = models.PositiveIntegerField(editable=False)
    capacity = models.PositiveIntegerField(editable=False)
    plan = models.JSONField(editable=False, help_text="Canonical description of the plan.")
    geometry_brotli = models.BinaryField(editable=False)
    geometry_gzip = models.BinaryField(editable=False)
    source = models.CharField(max_length=200, blank=True, editable=False)
    published_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["venue", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["venue", "version"], name="one_layout_per_version"),
            models.UniqueConstraint(
                fields=["venue", "content_hash"], name="one_layout_per_content"
            ),
            models.CheckConstraint(condition=Q(capacity__gt=0), name="layout_has_places"),
        ]
        indexes = [models.Index(fields=["content_hash"], name="layout_by_hash")]
        triggers = append_only()

    def __str__(self):
        return f"{self.name} v{self.version}"


class LayoutDraft(TenantModel):
    """A seat plan that is still being drawn. `plan` is its canonical form as drawn: it may have faults.

    `version` counts the saves, so that nobody saves over what he has not seen; `saved_as` is the digest
    of the request that made it. A draft that is published or thrown away is gone.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    venue = TenantKey(Venue, related_name="drafts")
    name = models.CharField(max_length=120)
    based_on = TenantKey(Layout, null=True, blank=True, editable=False, related_name="drafts")
    source = models.CharField(max_length=200, blank=True, editable=False)
    plan = models.JSONField(editable=False)
    places = models.PositiveIntegerField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    saved_at = models.DateTimeField(db_default=Now(), editable=False)
    saved_as = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["-saved_at", "pk"]
        indexes = [models.Index(fields=["agency_id", "-saved_at"], name="drafts_newest_first")]
        triggers = [Audited("agency_id", "venue_id", "name")]

    def __str__(self):
        return self.name


class TracingPicture(TenantModel):
    """A JPEG that lies under a draft while it is drawn along, such as a scanned plan. Never published:
    it goes with the draft. `x`, `y` (its upper left corner) and `width` are plan units."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    draft = TenantKey(LayoutDraft, models.CASCADE, related_name="tracings")
    content = models.BinaryField()
    columns = models.PositiveIntegerField()
    lines = models.PositiveIntegerField()
    x = models.FloatField(default=0)
    y = models.FloatField(default=0)
    width = models.FloatField(default=1000)
    opacity = models.PositiveSmallIntegerField(default=50)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draft"], name="one_picture_under_a_draft"),
            models.CheckConstraint(
                condition=models.Q(opacity__gte=5, opacity__lte=100, width__gt=0),
                name="tracing_picture_can_be_seen",
            ),
        ]

    def __str__(self):
        return f"Picture under {self.draft_id}"

    @property
    def placement(self):
        """What the editor shows it by: pixels, plan units, percent."""
        names = ("columns", "lines", "x", "y", "width", "opacity")
        return {name: getattr(self, name) for name in names}


class Publication(TenantModel):
    """A large layout on its way to be published: a worker does it, once, from a draft or from the bytes
    of a file, which are dropped at the end. `mark` says what is published, so that it is asked for once
    at a time."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    venue = TenantKey(Venue, related_name="publications")
    mark = models.CharField(max_length=64)
    name = models.CharField(max_length=120, blank=True)
    draft = TenantKey(LayoutDraft, models.SET_NULL, null=True, related_name="publications")
    draft_version = models.PositiveIntegerField(null=True)
    file_name = models.CharField(max_length=200, blank=True)
    content = models.BinaryField(null=True)
    asked_at = models.DateTimeField(db_default=Now())
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    done_at = models.DateTimeField(null=True)
    layout = TenantKey(Layout, null=True, related_name="publications")
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["-asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["venue", "mark"], condition=Q(done_at=None), name="published_once_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(done_at=None, layout=None, problem="")
                | Q(done_at__isnull=False, content=None, layout__isnull=False, problem="")
                | Q(done_at__isnull=False, content=None, layout=None) & ~Q(problem=""),
                name="publication_has_one_end",
            ),
        ]

    def __str__(self):
        return self.name or self.file_name

    @property
    def is_under_way(self):
        return self.done_at is None


class LayoutSection(TenantModel):
    """A section of a layout, in the layout's order."""

    class Kind(models.TextChoices):
        SEATS = "SEATS", "Seats"
        STANDING = "STANDING", "Standing"
        TABLES = "TABLES", "Tables"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    layout = TenantKey(Layout, related_name="sections")
    position = models.PositiveIntegerField()
    label = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=Kind)
    zone = models.CharField(max_length=60, blank=True)
    floor = models.CharField(max_length=60, blank=True)
    entrance = models.CharField(max_length=60, blank=True)
    first_ordinal = models.PositiveIntegerField()
    places = models.PositiveIntegerField()
    categories = ArrayField(models.CharField(max_length=60), default=list)
    view_note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["layout", "position"]
        constraints = [
            models.UniqueConstraint(fields=["layout", "position"], name="one_section_per_position"),
            models.UniqueConstraint(fields=["layout", "label"], name="one_section_per_label"),
        ]
        triggers = append_only()

    def __str__(self):
        return self.label


class LayoutSeat(TenantModel):
    """A place of a layout. `ordinal` is its key on the wire; `block` and `index` say who sits beside
    whom: same section, row and block, and an index that differs by one."""

    class Kind(models.TextChoices):
        STANDARD = "STANDARD", "Seat"
        VIP = "VIP", "VIP seat"
        WHEELCHAIR = "WHEELCHAIR", "Wheelchair space"
        COMPANION = "COMPANION", "Companion seat"
        STANDING = "STANDING", "Standing"

    id = models.BigAutoField(primary_key=True)
    layout = TenantKey(Layout, related_name="seats")
    section = TenantKey(LayoutSection, related_name="seats")
    ordinal = models.PositiveIntegerField()
    row = models.CharField(max_length=60, blank=True)
    row_position = models.PositiveIntegerField()
    label = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.STANDARD)
    block = models.PositiveSmallIntegerField()
    index = models.PositiveIntegerField()
    x = models.PositiveIntegerField()
    y = models.PositiveIntegerField()
    category = models.CharField(max_length=60, blank=True)
    restricted_view = models.BooleanField(default=False)
    disclosure = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["layout", "ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["layout", "ordinal"], name="one_seat_per_ordinal"),
            models.UniqueConstraint(fields=["section", "row", "label"], name="one_seat_per_label"),
        ]
        triggers = append_only()

    def __str__(self):
        return f"{self.row} {self.label}".strip()
