"""What operator commands share: `--json`, one result, exit code 1 when something is wrong."""

import json
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from core.checks import refuse_a_role_that_bypasses
from core.errors import DomainError
from core.tenancy import acted_by

# One says what is wrong with the role, among other things; the other needs no database.
FOR_ANY_ROLE = {"doctor", "verify_qr"}


class OperatorCommand(BaseCommand):
    """Subclasses implement `work(**options)` and return a JSON-able dict; `ok: False` in it is
    exit code 1. A DomainError is told as it is, without a traceback. Nothing is done with a
    database role that can look past row-level security."""

    requires_system_checks = []

    def create_parser(self, *args, **kwargs):
        parser = super().create_parser(*args, **kwargs)
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        return parser

    def handle(self, *args, **options):
        as_json = options.pop("json")
        name = self.__module__.rpartition(".")[2]
        try:
            if name not in FOR_ANY_ROLE:
                refuse_a_role_that_bypasses()
            with acted_by(f"command:{name}"):
                result = self.work(**options)
        except DomainError as error:
            result = {"ok": False, "error": error.message, "code": error.code, **error.details}
        except ImproperlyConfigured as error:
            result = {"ok": False, "error": str(error), "code": "improperly_configured"}
        self._tell(result, as_json)
        if result.get("ok") is False:
            sys.exit(1)

    def work(self, **options):
        raise CommandError("This command has no work to do.")

    def _tell(self, result, as_json):
        if as_json:
            self.stdout.write(json.dumps(result, default=str))
            return
        for line in self.lines(result):
            self.stdout.write(line)

    def lines(self, result):
        """What people read instead of the object; a command may have better words."""
        for name, value in result.items():
            shown = json.dumps(value, default=str) if isinstance(value, dict | list) else value
            yield f"{name}: {shown}"
