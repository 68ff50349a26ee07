"""The database function behind core.time_zones.is_time_zone."""

from django.db import migrations

# PostgreSQL takes POSIX rules such as FOO+3 for zones; people mean names of the IANA list.
IS_TIME_ZONE = """
CREATE FUNCTION tessera_is_time_zone(wanted varchar) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  PERFORM now() AT TIME ZONE wanted;
  RETURN wanted = 'UTC' OR wanted ~ '^[A-Za-z]+/';
EXCEPTION WHEN invalid_parameter_value THEN
  RETURN false;
END $$;
"""
DROP_IS_TIME_ZONE = "DROP FUNCTION tessera_is_time_zone(varchar);"


class Migration(migrations.Migration):
    dependencies = [("core", "0003_isolation")]
    operations = [migrations.RunSQL(IS_TIME_ZONE, DROP_IS_TIME_ZONE)]
