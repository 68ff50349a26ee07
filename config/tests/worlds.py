"""Worlds that many tests begin with, each made once and copied, not made anew for every test.

A test asks for one by taking the fixture of its name. Its database is then a copy of one in which that
world was committed; the database of all other tests is empty when they begin.
"""

import time
from copy import deepcopy
from dataclasses import dataclass, field, replace

import pytest
from django.db import connection, connections, transaction

from config.tests import scenarios, world
from core import tenancy
from core.embedded.copies import Copy
from core.memory import Remembered

BUILDERS = {}
STAYS_YOUNG = 300  # seconds: what waits in a world runs out, and its "today" was when it was made


def made_once(build):
    """A fixture for tests that begin with the world this builds; it gives what `build` returned."""
    name = build.__name__
    BUILDERS[name] = build

    @pytest.fixture(name=name)
    def told(worlds, begun):
        return worlds.told(name)

    return told


@made_once
def made_house():
    return scenarios.house()


@made_once
def made_shop():
    return scenarios.shop()


@made_once
def half_owned_house():
    """Places of section A alone can be sold."""
    return scenarios.house(owned={"sections": ["A"]})


@made_once
def parterre():
    return world.house()


@made_once
def small_parterre():
    return world.small_house()


@dataclass
class Made:
    """A world in a database of its own, and what its builder returned."""

    template: Copy
    told: object
    at: float


@dataclass
class Worlds:
    """The database of this process and the worlds that it can be a copy of."""

    copy: Copy
    redis: object
    holds: str | None = None
    made: dict[str, Made] = field(default_factory=dict)

    def __post_init__(self):
        self.empty = self.copy.template

    def begin(self, name=None):
        """Lets the database hold the world of this name, or nothing."""
        if name and self._is_old(name):
            self._make(name)
        elif name != self.holds:
            self._copy(self.made[name].template.name if name else self.empty)
        self.holds = name

    def told(self, name):
        """What the builder of the world returned: a copy, for tests change what they are given."""
        assert self.holds == name, f"The database holds {self.holds or 'nothing'}, not {name}."
        return deepcopy(self.made[name].told)

    def drop(self):
        """Drops every database of this process."""
        for each in self.made.values():
            each.template.drop()
        self.copy.drop()

    def _is_old(self, name):
        return name not in self.made or time.monotonic() - self.made[name].at > STAYS_YOUNG

    def _make(self, name):
        self._copy(self.empty)
        told = _committed(BUILDERS[name])
        connections.close_all()
        self.redis.flushdb()
        Remembered.forget_everything()
        template = replace(self.copy, name=f"{self.copy.name}_{name}", template=self.copy.name)
        template.recreate()
        self.copy = replace(self.copy, template=template.name)
        self.made[name] = Made(template, told, time.monotonic())

    def _copy(self, template):
        connections.close_all()
        self.copy = replace(self.copy, template=template)
        self.copy.recreate()


def _committed(build):
    """Deferred constraints must see the rows of every agency that was made."""
    with transaction.atomic():
        with tenancy._within(tenancy.NOBODY):
            told = build()
        with tenancy.as_system():
            connection.check_constraints()
    return told
