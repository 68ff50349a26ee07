from pathlib import Path

from agencies.queries import agency_named
from core.commands import OperatorCommand
from core.errors import Invalid, NotFound
from core.tenancy import acting_for
from suppliers.models import PurchaseOrder
from suppliers.reading import read_delivery
from suppliers.services import receive_delivery


class Command(OperatorCommand):
    help = (
        "Receives what a supplier's file lists (CSV, XLSX or lines such as “Sec 112 Row F 1-12 odd”) "
        "of a confirmed purchase order. With a problem in any line nothing is received, unless "
        "--partial says that the rest is wanted."
    )

    def add_arguments(self, parser):
        parser.add_argument("order", help="The order's number.")
        parser.add_argument("file", help="The supplier's file.")
        parser.add_argument("--agency", help="The agency's slug; not needed when there is one.")
        parser.add_argument("--reference", default="", help="The supplier's delivery reference.")
        parser.add_argument("--partial", action="store_true", help="Receive what has no problem.")
        parser.add_argument(
            "--guesses", action="store_true", help="Sections that had to be guessed are right."
        )

    def work(self, order, file, agency, reference, partial, guesses, **options):
        content = _content(file)
        with acting_for(agency_named(agency).pk):
            found = PurchaseOrder.objects.filter(number=order).first()
            if found is None:
                raise NotFound(f"There is no purchase order {order}.")
            reading = read_delivery(found, content)
            told = _told(reading)
            if (reading.problems and not partial) or (reading.guesses and not guesses):
                return {"ok": False, "receipt": None, "received": 0, **told}
            receipt = receive_delivery(
                order=found,
                ordinals_by_line=reading.ordinals_by_line,
                came_with=reading.parts,
                delivery_reference=reference,
            )
        return {
            "ok": True,
            "receipt": receipt.number,
            "received": receipt.seats,
            "amount": str(receipt.amount),
            "currency": receipt.currency,
            **told,
        }


def _content(file):
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.") from error


def _told(reading):
    """What was read, as JSON: each problem with its line of the file, and the sections guessed."""
    return {
        "lines": reading.lines,
        "seats": reading.seats,
        "problems": [
            {
                "line": problem.number,
                "text": problem.text,
                "code": str(problem.kind),
                "reason": problem.reason,
                "candidates": list(problem.candidates),
            }
            for problem in reading.problems
        ],
        "guesses": [
            {"line": match.first_line, "written": match.written, "section": match.section}
            for match in reading.guesses
        ],
    }
