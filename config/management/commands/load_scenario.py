import json
import sys
from pathlib import Path

from config import scenario
from core.commands import OperatorCommand
from core.errors import Invalid


class Command(OperatorCommand):
    help = "Builds a small world from a JSON file (- for standard input) and prints its keys."

    def add_arguments(self, parser):
        parser.add_argument("file")

    def work(self, file, **options):
        text = sys.stdin.read() if file == "-" else Path(file).read_text()
        try:
            description = json.loads(text)
            return scenario.load(description)
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise Invalid(f"The scenario cannot be read: {error!r}.") from error
