"""Reckons a published draw again."""

import json
from pathlib import Path

from django.core.management import BaseCommand, CommandError

from customers.draws import digest_of, order_of


class Command(BaseCommand):
    help = (
        "Checks the draw.json of a draw's page: that its numbers are those whose SHA-256 was "
        "published, that they stand in the order that follows from the lot, and that no more are in "
        "than was said. Asks no database."
    )
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="draw.json, as downloaded")
        parser.add_argument("--sha256", help="the SHA-256 you noted before the lot was known")
        parser.add_argument(
            "--value", help="the lot as you read it at its source: 3 11 17 22 40 41"
        )

    def handle(self, *, file, sha256=None, value=None, **_):
        draw = _read(file)
        numbers, order = draw["order"], order_of(draw["value"], draw["order"])
        checks = {
            "a number stands twice": len(set(numbers)) == len(numbers),
            "these are not the numbers that were frozen": digest_of(numbers)
            == draw["sha256_of_numbers"],
            "this is not the list you noted": sha256 in (None, draw["sha256_of_numbers"]),
            "this is not the lot you read": value in (None, draw["value"]),
            "the order is another": numbers == order,
            "more are in than was said": draw["let_in"]
            <= min(draw["drawn"] + draw["reserve"], len(numbers)),
        }
        wrong = [words for words, holds in checks.items() if not holds]
        if wrong:
            raise CommandError(f"NOT as published: {'; '.join(wrong)}.")
        self.stdout.write(
            f"As published: {len(numbers)} entries, {draw['let_in']} of them in, by the lot "
            f"{draw['value']}.\nSHA-256 of the frozen numbers: {draw['sha256_of_numbers']}\n"
            f"Compare the lot with its source yourself: {draw['source']}"
        )


SHAPE = {"order": list, "value": str, "sha256_of_numbers": str, "drawn": int, "reserve": int}
SHAPE |= {"let_in": int, "source": str}


def _read(file):
    """The published dict; raises CommandError for a file that is none."""
    try:
        draw = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"This is no draw.json: {error}") from error
    if not isinstance(draw, dict) or any(
        not isinstance(draw.get(name), kind) for name, kind in SHAPE.items()
    ):
        raise CommandError("This is no draw.json: something is missing.")
    if not all(isinstance(number, str) for number in draw["order"]):
        raise CommandError("This is no draw.json: its numbers are no text.")
    return draw
