"""Registration draws in reachable states, for an agency acted for."""

from datetime import timedelta

import pgtrigger
from django.utils import timezone

from accounts.models import User
from core.memory import Remembered
from customers import draws
from customers.models import Draw

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LOTTO = "3 11 17 22 40 41"


def terms(**said):
    now = timezone.now()
    return draws.Terms(
        **{
            "name": "First night",
            "opens_at": now - HOUR,
            "closes_at": now + 80 * MINUTE,
            "places": 2,
            "source": "The six main numbers of the Belgian Lotto of 3 December",
            "source_kind": Draw.Source.NUMBERS,
            "source_count": 6,
            "source_highest": 45,
            "source_at": now + 5 * HOUR,
            **said,
        }
    )


def open_draw(event, *emails, **said):
    """One that takes entries, with these in it."""
    made = draws.make(event=event, terms=terms(**said))
    draws.open_registration(made.pk)
    for email in emails:
        draws.enter(made.pk, email)
    Remembered.forget_everything()
    return Draw.objects.get(pk=made.pk)


def later(draw, by):
    """The draw as if so much time had gone by since it was written."""
    with pgtrigger.ignore("customers.Draw:terms_stay"):
        Draw.objects.filter(pk=draw.pk).update(
            opens_at=draw.opens_at - by,
            closes_at=draw.closes_at - by,
            source_at=draw.source_at - by,
        )
    Remembered.forget_everything()
    draw.refresh_from_db()
    return draw


def frozen(event, *emails, **said):
    """One whose list is frozen, and whose source is known."""
    made = later(open_draw(event, *emails, **said), 2 * HOUR)
    draws.freeze(made.pk)
    made.refresh_from_db()
    return later(made, 4 * HOUR)


def drawn(event, *emails, value=LOTTO, **said):
    return draws.type_value(frozen(event, *emails, **said).pk, typed=value, by=somebody())


def somebody(email="box@parterre.example"):
    """A member of staff."""
    return User.objects.filter(email=email).first() or User.objects.create_user(
        email, "secret", name="Bo"
    )


def people(count):
    return [f"fan{number}@post.example" for number in range(count)]
