"""Whoever calls /api/v1/ in stories: a partner, a buyer with a key of his own, staff of each role."""

import json
from dataclasses import dataclass

from django.test import Client

from accounts.models import ApiKey
from core.tenancy import acting_for

API = "/api/v1"
NOOR = {"email": "noor@post.example", "name": "Noor Vance"}


@dataclass
class Caller:
    """A key and what is sent with it; `key` is None for nobody."""

    key: ApiKey | None
    client: Client

    def ask(self, method, path, body=None, *, once="", api=API):
        """(status, JSON or None) of a call, with the Idempotency-Key `once` if it is given."""
        sent = "" if body is None else json.dumps(body)
        headers = {"Idempotency-Key": once} if once else {}
        answer = self.client.generic(
            method, f"{api}{path}", sent, content_type="application/json", headers=headers
        )
        assert answer.status_code in (503, *range(200, 500)), answer.content
        return answer.status_code, answer.json() if answer.content else None

    def get(self, path, **said):
        return self.ask("GET", path, **said)

    def post(self, path, body=None, **said):
        return self.ask("POST", path, {} if body is None else body, **said)

    def reserve(self, event, *seats, contact=NOOR, **said):
        """A booking of these places that was reserved over the API."""
        body = {"event": str(event.pk), "seats": list(seats), **said}
        status, made = self.post("/bookings", body | ({"contact": contact} if contact else {}))
        assert status == 201, made
        return made


def calling(house, **key):
    """A Caller of the agency with a new key of these fields; nobody without any."""
    headers = {"host": house.agency.host}
    if not key:
        return Caller(None, Client(headers=headers))
    with acting_for(house.agency.pk):
        made, secret = ApiKey.objects.make(name="A key", **key)
    return Caller(made, Client(headers={**headers, "authorization": f"Api-Key {secret}"}))


def partner(house):
    return calling(house, role="partner")


def member(house, role="OWNER"):
    return calling(house, role="staff", user=house.people[role])
