"""Start-up checks: the database role must not be able to look past row-level security."""

from django.core.checks import Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections

ROLE = "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"


@register(Tags.database)
def the_role_cannot_bypass_row_level_security(app_configs, databases, **kwargs):
    """Refuses superusers and BYPASSRLS; runs with `check --database default`."""
    errors = []
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            cursor.execute(ROLE)
            superuser, bypass = cursor.fetchone()
        if superuser or bypass:
            errors.append(
                Error(
                    "The database role can look past row-level security.",
                    hint="Point DATABASE_URL at a role without SUPERUSER and BYPASSRLS.",
                    id="core.E001",
                )
            )
    return errors


def refuse_a_role_that_bypasses():
    """For whatever begins to serve or to work: raises ImproperlyConfigured for a role that can look
    past row-level security. A database that is away is not judged; /readyz says so."""
    try:
        errors = the_role_cannot_bypass_row_level_security(None, ["default"])
    except OperationalError:
        return
    if errors:
        raise ImproperlyConfigured(f"{errors[0].msg} {errors[0].hint}")
