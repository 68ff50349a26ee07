"""Row-level security, same-agency keys, and the functions that count uses."""

from django.db import migrations

from core.isolation import Isolate

# Both lock the counted row until the transaction ends, an unlimited one only against a limit being
# set: whoever sets one counts the uses there are.
TAKE = """
CREATE FUNCTION promotions_take(counted text, key_column text, key uuid) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE took boolean;
BEGIN
  FOR turn IN 1..2 LOOP
    EXECUTE format('UPDATE %I SET taken = taken + 1 WHERE id = $1 AND taken < usage_limit
                    RETURNING true', counted) INTO took USING key;
    IF took THEN RETURN true; END IF;
    EXECUTE format('SELECT true FROM %I WHERE id = $1 AND usage_limit IS NULL FOR SHARE', counted)
      INTO took USING key;
    IF took THEN RETURN true; END IF;
    -- Nobody waits for a use here: whoever has it locked is just keeping it or giving it back.
    EXECUTE format('UPDATE promotions_use SET status = ''RETURNED'', returned_at = clock_timestamp()
                    WHERE id IN (SELECT id FROM promotions_use WHERE %I = $1 AND status = ''HELD''
                                 AND held_until <= clock_timestamp() FOR UPDATE SKIP LOCKED)',
                   key_column) USING key;
  END LOOP;
  RETURN false;
END $$;
"""
RETURN = """
CREATE FUNCTION promotions_return(counted text, key uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE returned boolean;
BEGIN
  FOR turn IN 1..2 LOOP
    EXECUTE format('UPDATE %I SET taken = taken - 1 WHERE id = $1 AND usage_limit IS NOT NULL
                    RETURNING true', counted) INTO returned USING key;
    IF returned THEN RETURN; END IF;
    EXECUTE format('SELECT true FROM %I WHERE id = $1 AND usage_limit IS NULL FOR SHARE', counted)
      INTO returned USING key;
    IF returned THEN RETURN; END IF;
  END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("promotions", "0001_initial"), ("agencies", "0001_initial")]
    operations = [
        Isolate("Promotion"),
        Isolate("CodeBatch"),
        Isolate("Code"),
        Isolate("Use"),
        migrations.RunSQL(TAKE, "DROP FUNCTION promotions_take(text, text, uuid);"),
        migrations.RunSQL(RETURN, "DROP FUNCTION promotions_return(text, uuid);"),
    ]
