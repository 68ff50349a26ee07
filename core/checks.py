"""Start-up checks: the database role must not be able to look past row-level security."""

from django.core.checks import Error, Tags, register
from django.db import connections

ROLE = "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"


@register(Tags.database)
def the_role_cannot_bypass_row_level_security(app_configs, databases, **kwargs):
    """Refuses superusers and BYPASSRLS; runs with `check --database default` and before serving."""
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
