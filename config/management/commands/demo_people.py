import json

from django.conf import settings
from django.core.management.base import CommandError

from agencies.models import Agency, Membership
from bookings.links import mailed_key
from bookings.models import Booking
from config.demo.people import BUYERS, OPERATOR, PASSWORD, PROMOTER
from config.management.commands.seed_demo import keys_file
from core.commands import OperatorCommand
from core.tenancy import acting_for, as_system
from events.models import Event


class Command(OperatorCommand):
    help = "Says how to sign in to the demo: staff, gates, buyers. Refuses in production."

    def work(self, **options):
        if settings.PRODUCTION:
            raise CommandError("There is no demo in production.")
        with as_system():
            agency = Agency.objects.filter(slug="parterre").first()
        if agency is None:
            raise CommandError("There is no demo yet: run seed_demo.")
        with acting_for(agency.pk):
            return {
                "site": settings.SITE_URL,
                "admin": f"{settings.SITE_URL}/admin/",
                "password": PASSWORD,
                "staff": [*_staff(), {"email": OPERATOR[0], "role": "Platform operator"}],
                "promoter": PROMOTER[0],
                "gate": f"{settings.SITE_URL}/gate/",
                "gates": _gates(),
                "buyers": _buyers(),
                "mailbox": f"{settings.SITE_URL}/mailbox/",
            }

    def _tell(self, result, as_json):
        self.stdout.write(json.dumps(result) if as_json else _in_words(result))


def _staff():
    members = Membership.objects.filter(user__is_staff=True).select_related("user").order_by("pk")
    return [{"email": member.user.email, "role": member.get_role_display()} for member in members]


def _gates():
    """[{"event", "on", "keys": {gate: device key}}] of what is still to come, soonest first."""
    file = keys_file()
    keys = json.loads(file.read_text()) if file.exists() else {}
    coming = Event.objects.upcoming().filter(slug__in=keys).order_by("starts_at", "pk")
    return [
        {"event": event.title, "on": f"{event.local_start:%d %b %Y}", "keys": keys[event.slug]}
        for event in coming
    ]


def _buyers():
    """Of each buyer we know: a booking that is still to come, and the link that was mailed."""
    bookings = Booking.objects.sold().select_related("customer", "event")
    found = [
        bookings.filter(customer__email=email).order_by("-event__starts_at", "pk").first()
        for email, _, _ in BUYERS
    ]
    return [
        {
            "email": booking.customer.email,
            "booking": booking.number,
            "event": booking.event.title,
            "link": f"{settings.SITE_URL}/bookings/{booking.pk}/?k={mailed_key(booking)}",
        }
        for booking in found
        if booking
    ]


def _in_words(result):
    lines = [f"Back office   {result['admin']}   password of all: {result['password']}"]
    lines += [f"  {person['role']:<18}{person['email']}" for person in result["staff"]]
    lines.append(f"Scanner       {result['gate']}   device keys:")
    for night in result["gates"][:2]:
        lines += [
            f"  {gate:<8}{key}   {night['event']}, {night['on']}"
            for gate, key in night["keys"].items()
        ]
    lines.append("Bookings      no account needed; everybody pays on the simulator's page")
    lines += [
        f"  {buyer['email']:<20}{buyer['booking']}   {buyer['event']}\n    {buyer['link']}"
        for buyer in result["buyers"]
    ]
    lines.append(f"Mails         {result['mailbox']}")
    return "\n".join(lines)
