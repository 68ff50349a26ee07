import json
import sys
from pathlib import Path

from django.db import IntegrityError, transaction

from config import scenario
from core.commands import OperatorCommand
from core.errors import Invalid
from core.tenancy import as_system


class Command(OperatorCommand):
    help = "Builds a small world from a JSON file (- for standard input) and prints its keys."

    def add_arguments(self, parser):
        parser.add_argument("file")

    def work(self, file, **options):
        text = sys.stdin.read() if file == "-" else Path(file).read_text()
        try:
            with as_system(), transaction.atomic():
                return scenario.load(json.loads(text))
        except (KeyError, TypeError, ArithmeticError, ValueError, IntegrityError) as error:
            raise Invalid(f"The scenario cannot be read: {error!r}.") from error
