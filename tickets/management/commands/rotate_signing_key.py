from agencies.models import Agency
from core.commands import OperatorCommand
from core.errors import NotFound
from core.tenancy import acting_for, as_system
from tickets.services import rotate_signing_key


class Command(OperatorCommand):
    help = "New tickets of an agency are signed with a new key; earlier codes go on working."

    def add_arguments(self, parser):
        parser.add_argument("agency", help="The agency's slug.")

    def work(self, agency, **options):
        with as_system():
            found = Agency.objects.filter(slug=agency).first()
        if found is None:
            raise NotFound(f"There is no agency {agency}.")
        with acting_for(found.pk):
            return {"agency": agency, "key_id": rotate_signing_key().key_id}
