"""What may stand in a `time_zone` field: UTC or an IANA name, such as Europe/Paris."""

from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db.models import CheckConstraint, Func
from django.db.models.fields import BooleanField


def validate_time_zone(name):
    """Raises ValidationError for a name that no clock can be set by."""
    if name != "UTC" and not ("/" in name and _exists(name)):
        raise ValidationError(
            "There is no time zone %(name)s. It is a name such as Europe/Paris.",
            code="unknown_time_zone",
            params={"name": name},
        )


def _exists(name):
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # unknown, not a relative path, a folder
        return False
    return True


class IsTimeZone(Func):
    """True in the database when PostgreSQL knows the zone."""

    function = "tessera_is_time_zone"
    output_field = BooleanField()


def is_time_zone(field="time_zone", *, name):
    """The CheckConstraint that keeps invented zones out, whoever writes them."""
    return CheckConstraint(condition=IsTimeZone(field), name=name)
