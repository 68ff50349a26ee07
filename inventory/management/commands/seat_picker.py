"""The seat picker over standard input and output, for judging it from outside."""

import sys

from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from inventory.picking.lines import Conversation


class Command(BaseCommand):
    """Speaks JSON lines, see inventory.picking.lines, until its input ends. Touches no database."""

    help = "Chooses seats for parties: JSON lines on standard input, answers on standard output."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--stdio", action="store_true", required=True, help="Speak JSON lines.")

    def handle(self, **options):
        if hasattr(sys.stdin, "reconfigure"):  # not where a test speaks
            sys.stdin.reconfigure(encoding="utf-8", errors="replace")
        lines = (line for line in sys.stdin if line.strip())
        try:
            conversation = Conversation(next(lines, ""))
        except DomainError as error:
            raise CommandError(error.message) from error
        for line in lines:
            self.stdout.write(conversation.answer(line))
            self.stdout.flush()
