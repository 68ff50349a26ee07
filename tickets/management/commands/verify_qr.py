from django.conf import settings
from django.utils import timezone

from core.commands import OperatorCommand
from tickets import codes, keys


class Command(OperatorCommand):
    help = (
        "Verifies a ticket code without the database: the public key is derived from the signing "
        "secret. Says what the code holds; whether the ticket is still valid only the database knows."
    )

    def add_arguments(self, parser):
        parser.add_argument("code")

    def work(self, code, **options):
        read = codes.read(code)
        private = keys.derive(settings.TICKET_SIGNING_SECRET, read.key_id)
        codes.verify(code, {read.key_id: keys.public_bytes(private)})
        return {
            "ok": read.is_valid_at(timezone.now()),
            "ticket": str(read.ticket),
            "event": str(read.event),
            "generation": read.generation,
            "key_id": read.key_id.hex(),
            "valid_until": read.valid_until,
        }
