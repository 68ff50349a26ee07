"""The migration operation that puts a tenant table under forced row-level security."""

from django.db import migrations

POLICY = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY {table}_agency ON {table}
  USING (agency_id = (SELECT nullif(current_setting('tessera.agency', true), '')::uuid)
         OR (SELECT current_setting('tessera.system', true) = 'on'))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('tessera.agency', true), '')::uuid)
         OR (SELECT current_setting('tessera.system', true) = 'on'));
"""
AGENCY_KEY = """
ALTER TABLE {table} ADD CONSTRAINT {table}_agency_fk
  FOREIGN KEY (agency_id) REFERENCES agencies_agency (id) ON DELETE RESTRICT;
"""
TARGET_INDEX = """
CREATE UNIQUE INDEX IF NOT EXISTS {target}_agency_key ON {target} (agency_id, {target_column});
"""
SAME_AGENCY_KEY = """
ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_fk
  FOREIGN KEY (agency_id, {column}) REFERENCES {target} (agency_id, {target_column})
  ON DELETE RESTRICT DEFERRABLE INITIALLY IMMEDIATE;
"""
DROP_KEY = "ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_{column}_fk;"
UNDO = """
DROP POLICY IF EXISTS {table}_agency ON {table};
ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_agency_fk;
"""


def tenant_keys(model):
    """The model's foreign keys that point to another tenant table."""
    return [
        field
        for field in model._meta.local_fields
        if field.many_to_one
        and any(f.name == "agency_id" for f in field.related_model._meta.fields)
    ]


class Isolate(migrations.operations.base.Operation):
    """Forced row-level security, the key to the agency, and same-agency foreign keys for a table.

    `agency_key=False` is for the tables of core and accounts, which lie below agencies; the
    first migration of agencies adds theirs.
    """

    reversible = True

    def __init__(self, model_name, agency_key=True):
        self.model_name = model_name
        self.agency_key = agency_key

    def deconstruct(self):
        kwargs = {} if self.agency_key else {"agency_key": False}
        return "Isolate", [self.model_name], kwargs

    def state_forwards(self, app_label, state):
        """Row-level security is the database's affair; Django's state does not know it."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        model = to_state.apps.get_model(app_label, self.model_name)
        table = model._meta.db_table
        schema_editor.execute(POLICY.format(table=table))
        if self.agency_key:
            schema_editor.execute(AGENCY_KEY.format(table=table))
        for key in tenant_keys(model):
            _hold(schema_editor, model, key)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        model = from_state.apps.get_model(app_label, self.model_name)
        table = model._meta.db_table
        for key in tenant_keys(model):
            schema_editor.execute(DROP_KEY.format(table=table, column=key.column))
        schema_editor.execute(UNDO.format(table=table))

    def describe(self):
        return f"Force row-level security on {self.model_name}"


class IsolateKeys(migrations.operations.base.Operation):
    """Same-agency foreign keys for TenantKeys that were added to a table after its Isolate."""

    reversible = True

    def __init__(self, model_name, *field_names):
        self.model_name = model_name
        self.field_names = field_names

    def deconstruct(self):
        return "IsolateKeys", [self.model_name, *self.field_names], {}

    def state_forwards(self, app_label, state):
        """Constraints of the database's own; Django's state does not know them."""

    def _keys(self, app_label, state):
        model = state.apps.get_model(app_label, self.model_name)
        return model, [model._meta.get_field(name) for name in self.field_names]

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        model, keys = self._keys(app_label, to_state)
        for key in keys:
            _hold(schema_editor, model, key)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        model, keys = self._keys(app_label, from_state)
        for key in keys:
            schema_editor.execute(DROP_KEY.format(table=model._meta.db_table, column=key.column))

    def describe(self):
        return f"Hold {', '.join(self.field_names)} of {self.model_name} within the agency"


def _hold(schema_editor, model, key):
    names = {
        "table": model._meta.db_table,
        "column": key.column,
        "target": key.related_model._meta.db_table,
        "target_column": key.target_field.column,
    }
    schema_editor.execute(TARGET_INDEX.format(**names) + SAME_AGENCY_KEY.format(**names))


def only_grows(*tables):
    """Takes from every role but the owner the right to change or remove rows of these tables: the
    trigger that refuses it can be told to look away (pgtrigger.ignore), a missing right cannot."""
    names = ", ".join(f"'{table}'" for table in tables)
    return migrations.RunSQL(
        f"""DO $$ DECLARE given record; BEGIN
        FOR given IN
          SELECT DISTINCT c.relname, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(
                 pg_get_userbyid(a.grantee)) END AS role
          FROM pg_class c, aclexplode(c.relacl) a
          WHERE c.relname IN ({names}) AND c.relnamespace = current_schema()::regnamespace
            AND a.grantee <> c.relowner
        LOOP
          EXECUTE format(
            'REVOKE UPDATE, DELETE, TRUNCATE ON %I FROM %s', given.relname, given.role);
        END LOOP; END $$;""",  # noqa: S608 - constants only
        migrations.RunSQL.noop,
    )


def readable_in_qa(*tables):
    """The tables below the views of schema qa, for the role that reads them, where it exists."""
    names = ", ".join(tables)
    return migrations.RunSQL(
        f"""DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'tessera_qa') THEN
          GRANT SELECT ON {names} TO tessera_qa;
        END IF; END $$;""",
        migrations.RunSQL.noop,
    )
