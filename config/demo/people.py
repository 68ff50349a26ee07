"""The people of the demo agency: its staff, its promoter, and those who buy."""

from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

from django.contrib.auth.hashers import make_password
from django.utils.text import slugify

from accounts.models import User
from agencies.models import Membership, Organizer
from customers.models import Customer

PASSWORD = "tessera-demo"  # noqa: S105 - of a demo that refuses to run in production
OPERATOR = ("ops@tessera.example", "Tessera operations")
STAFF = [
    ("mireille@parterre.example", "Mireille Tessier", Membership.Role.OWNER),
    ("jonas@parterre.example", "Jonas Okoye", Membership.Role.PURCHASING),
    ("ines@parterre.example", "Inès Kaddour", Membership.Role.BOX_OFFICE),
    ("piet@parterre.example", "Piet Verhagen", Membership.Role.FINANCE),
    ("lena@parterre.example", "Lena Brandt", Membership.Role.GATE_MANAGER),
]
# What they approve alone; the owner any amount.
APPROVES = {Membership.Role.FINANCE: Decimal(30_000)}
PROMOTER = ("salome@quaiproductions.example", "Salomé Diaz")
ORGANIZER = ("Quai Productions", "booking@quaiproductions.example")
BUYERS = [
    ("noor@post.example", "Noor Vance", "+33 6 39 98 01 42"),
    ("tomas@post.example", "Tomas Lindqvist", "+46 70 174 06 31"),
]
FIRST, LAST = (Path(__file__).parent / "names.txt").read_text().split("\n\n")


def make_operator():
    """Whoever runs the platform; belongs to no agency."""
    email, name = OPERATOR
    return User.objects.create(
        email=email, name=name, password=_password(), is_staff=True, is_superuser=True
    )


@cache
def _password():
    """Made once: it is meant to be slow, and everybody has the same."""
    return make_password(PASSWORD)


def make_staff(people=STAFF):
    """One user a role; returns {role: User}."""
    return {role: _member(email, name, role) for email, name, role in people}


def _member(email, name, role):
    works_here = role != Membership.Role.PROMOTER
    user = User.objects.create(email=email, name=name, password=_password(), is_staff=works_here)
    Membership.objects.create(user=user, role=role, approval_limit=APPROVES.get(role))
    return user


def make_organizer():
    """The promoter's house, with Salomé who looks after it."""
    user = _member(*PROMOTER, Membership.Role.PROMOTER)
    name, email = ORGANIZER
    return Organizer.objects.create(name=name, email=email, user=user)


def make_buyers(*, before):
    """Noor and Tomas, whose bookings the demo shows: {first name: Customer}."""
    return {
        name.split()[0]: Customer.objects.create(
            email=email, name=name, phone=phone, created_at=before
        )
        for email, name, phone in BUYERS
    }


def make_public(count, *, chance, before):
    """So many customers with names of all Europe, first seen in the year `before` the sales began."""
    everybody = [(first, last) for first in FIRST.split() for last in LAST.split()]
    return Customer.objects.bulk_create(
        Customer(
            email=f"{_ascii(first)}.{_ascii(last)}@post.example",
            name=f"{first} {last}",
            created_at=before - timedelta(minutes=chance.randrange(365 * 24 * 60)),
        )
        for first, last in chance.sample(everybody, count)
    )


def _ascii(name):
    """The name as it stands in an address: no accents, lower case."""
    return slugify(name.replace("ø", "o").replace("ł", "l"))
