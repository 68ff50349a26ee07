"""How staff say how rows may be parted."""

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.utils import timezone

from config.tests import world
from events.models import Event, SplitRule

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(agency):
    _, layout = world.venue()
    return world.draft_event(layout)


@pytest.fixture
def form_of(agency, event):
    """The form of the back office, as it is made for the owner."""
    request = RequestFactory().get("/")
    request.user, request.agency = world.staff(agency, "OWNER"), agency
    made = admin.site._registry[Event].get_form(request, event)

    def form_of(**changes):
        """As it was shown, sent with these changes."""
        given = {}
        for bound in made(instance=event):
            value = bound.value()
            if hasattr(value, "tzinfo"):
                local = timezone.localtime(value)
                given |= {
                    f"{bound.name}_0": f"{local:%Y-%m-%d}",
                    f"{bound.name}_1": f"{local:%H:%M}",
                }
            elif value not in (None, False):
                given[bound.name] = value
        return made({**given, **changes}, instance=event)

    return form_of


@pytest.mark.parametrize(
    ("typed", "sizes"), [("2, 4", [2, 4]), ("4 2;2", [2, 4]), (" 10 ", [10]), ("2,,3", [2, 3])]
)
def test_numbers_are_read_as_people_write_them(event, form_of, typed, sizes):
    form = form_of(split_rule=SplitRule.CUSTOM, split_sizes=typed)
    assert form.is_valid(), form.errors
    form.save()
    event.refresh_from_db()
    assert event.split_sizes == sizes
    assert form_of()["split_sizes"].value() == ", ".join(map(str, sizes))


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        (
            {"split_rule": "CUSTOM", "split_sizes": "two, 4"},
            "split_sizes",
            "“two” is not a number of places: write 2, 4, for two or four.",
        ),
        (
            {"split_rule": "CUSTOM", "split_sizes": "0"},
            "split_sizes",
            "Places are sold by 1 to 100 at a time, not by 0.",
        ),
        (
            {"split_rule": "CUSTOM", "split_sizes": "99999999999"},
            "split_sizes",
            "“99999999999” is not a number of places: write 2, 4, for two or four.",
        ),
        ({"split_rule": "CUSTOM"}, "split_sizes", "Say in which numbers places are sold."),
        ({"split_rule": "ANY", "split_sizes": "2"}, "split_sizes", "Only for numbers of your own."),
        (
            {"split_rule": "CUSTOM", "split_sizes": "2, 40"},
            "split_sizes",
            "Whole numbers from 1 to 10, please.",
        ),
        (
            {"split_rule": "PAIRS", "max_per_booking": 1},
            "split_rule",
            "One booking holds one place: nobody could buy a pair.",
        ),
    ],
)
def test_what_makes_no_sense_is_said_once_beside_its_field(form_of, changes, field, problem):
    form = form_of(**changes)
    assert not form.is_valid()
    assert form.errors == {field: [problem]}
    assert form[field].value() == changes.get(field, "")


def test_the_page_keeps_what_was_typed_and_says_what_each_choice_means(mireille, event):
    page = mireille.get(world.of(event)).content.decode()
    assert "What buyers may leave of a row" in page
    assert "Never a single place alone" in page
    answer = mireille.post(
        world.of(event), {"split_rule": "CUSTOM", "split_sizes": "two", "title": "Kept title"}
    )
    page = answer.content.decode()
    assert "“two” is not a number of places" in page
    assert 'value="two"' in page
    assert "Kept title" in page
