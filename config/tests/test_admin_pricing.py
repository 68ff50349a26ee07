"""Prices through the back office: choose, look, change, undo; rules from their terms to their work."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from config.tests import world
from config.tests.world import address, of, told
from inventory.handlers import change_many_prices
from inventory.models import PriceChange, PriceJob, PricingRule, SeatEntry
from inventory.pricing.rules import run_rules

pytestmark = pytest.mark.django_db
ADD = "inventory.pricechange", "add"
TERMS = {
    "name": "Last week",
    "position": "1",
    "basis": "PRESENT",
    "percent": "-10",
    "plus": "0",
    "currency": "EUR",
    "velocity_days": "7",
    "max_change_percent": "15",
    "direction": "BOTH",
    "hours_between": "24",
}


@pytest.fixture
def event(agency):
    """Stalls at €40 a seat, rows A and B (places 0 to 19) owned at €25 each."""
    _, layout = world.venue()
    event = world.event_on_sale(layout)
    world.received_order(event, rows="A-B")
    return event


def page_for(event, **more):
    words = "".join(f"&{name}={value}" for name, value in more.items())
    return f"{address(*ADD)}?event={event.pk}{words}"


def asked(client, event, **fields):
    """The answer to a filled-in form."""
    wanted = {"way": "PERCENT", "value": "-10", "rounding": "", "reason": "Slow week"}
    return client.post(page_for(event), {**wanted, **fields})


def looked_at(client, event, **fields):
    answer = asked(client, event, **fields)
    assert answer.status_code == 302, answer.context["form"].errors
    return client.get(answer["Location"])


def applied(client, event, page):
    return client.post(page_for(event), {"as_of": page.context["found"].as_of})


# Bulk changes


def test_prices_are_looked_at_changed_and_given_back(mireille, event):
    world.reservation(event, [0])
    page = looked_at(mireille, event, places="0-9")
    words = page.content.decode()
    assert '<b class="num">9</b> places, −10 %' in words
    assert "1 is reserved or sold and keeps its price." in words
    assert "€360.00" in words
    assert "€324.00" in words
    assert "−10.0%" in words
    assert not PriceChange.objects.exists()
    answer = applied(mireille, event, page)
    change = PriceChange.objects.get()
    assert told(mireille, answer["Location"]) == ["9 places have a new price."]
    assert "2 to 10" in mireille.get(of(change)).content.decode()
    preview = mireille.get(of(change, "undo")).content.decode()
    assert "Given back" in preview
    answer = mireille.post(of(change, "undo"))
    assert told(mireille, answer["Location"]) == ["9 places have their former price back."]
    assert set(event.seats.values_list("price", flat=True)) == {None}
    again = mireille.post(of(change, "undo"))
    assert "not possible now" in told(mireille, again["Location"])[0]


def test_a_change_leaves_as_a_file_place_by_place(mireille, event):
    applied(mireille, event, looked_at(mireille, event, places="3", reason="=1+1"))
    export = mireille.get(of(PriceChange.objects.get(), "as_csv"))
    rows = list(csv.reader(io.StringIO(export.content.decode())))
    assert rows[1] == ["Stalls", "A", "4", "Stalls", "", "36.00", "EUR", "'=1+1"]
    assert "attachment" in export["Content-Disposition"]
    assert mireille.get(of(PriceChange.objects.get(), "as_xlsx")).content[:2] == b"PK"


def test_what_the_address_says_is_chosen_already(mireille, event):
    stalls = event.layout.sections.get(label="Stalls")
    level = event.levels.get(name="Stalls")
    form = mireille.get(page_for(event, section=stalls.pk, level=level.pk)).context["form"]
    assert (form["section"].value(), form["level"].value()) == (str(stalls.pk), str(level.pk))
    for strange in ("section=x", "level=%00", "places=9-3", "event=x"):
        assert mireille.get(f"{page_for(event)}&{strange}").status_code == 200, strange


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"value": ""}, "Say how much."),
        ({"value": "1,000"}, "Write the amount as 20.50"),
        ({"value": "-200"}, "cannot be a price"),
        ({"reason": ""}, "This field is required."),
        ({"places": "0-9999"}, "is not a range of this house"),
        ({"cost_from": "30", "cost_to": "20"}, "This is less than where it begins."),
        ({"rounding": "7"}, "7 is not one of the available choices"),
        ({"way": "TO", "value": "-1"}, "A price is never less than nothing."),
        ({"way": "TO", "value": "1" * 30}, "Ensure that there are no more than 14 digits"),
    ],
)
def test_what_cannot_be_is_said_beside_what_was_typed(mireille, event, fields, says):
    page = asked(mireille, event, **{"words": "stalls", **fields})
    assert page.status_code == 200
    assert says in page.content.decode().replace("&#x27;", "'")
    assert 'value="stalls"' in page.content.decode()
    assert not PriceChange.objects.exists()


def test_below_cost_is_shown_and_refused_until_somebody_says_why(mireille, event):
    page = looked_at(mireille, event, way="TO", value="20")
    assert "20 places would sell below cost" in page.context["refusal"]
    answer = applied(mireille, event, page)
    assert "below cost" in told(mireille, answer["Location"])[0]
    assert not PriceChange.objects.exists()
    page = looked_at(mireille, event, way="TO", value="20", below_cost_reason="It is raining")
    applied(mireille, event, page)
    assert PriceChange.objects.get().reason == "Slow week (below cost: It is raining)"


def test_a_look_that_somebody_overtook_is_shown_again(mireille, event):
    page = looked_at(mireille, event)
    world.event_on_sale(event.layout, title="Another")
    applied(mireille, event, looked_at(mireille, event, places="0"))
    looked_at(mireille, event)
    answer = applied(mireille, event, page)
    assert answer["Location"].endswith("&preview")
    assert "have changed since you looked" in told(mireille, answer["Location"])[0]
    assert PriceChange.objects.count() == 1


def test_a_large_change_is_left_to_a_worker(mireille, event, monkeypatch):
    monkeypatch.setattr("inventory.admin_pricing.IN_A_PAGE", 19)
    answer = applied(mireille, event, looked_at(mireille, event))
    waiting = mireille.get(answer["Location"]).content.decode()
    assert "20 places are being given their new price" in waiting
    assert 'http-equiv="refresh"' in waiting
    job = PriceJob.objects.get()
    change_many_prices(type("Fact", (), {"job_id": str(job.pk)}))
    done = mireille.get(answer["Location"])
    assert told(mireille, done["Location"]) == ["20 places have a new price."]


def test_only_owners_and_purchasing_change_prices(agency, event):
    for role, status in (("PURCHASING", 200), ("BOX_OFFICE", 403), ("FINANCE", 403)):
        client = world.client_of(world.staff(agency, role), agency)
        assert client.get(page_for(event)).status_code == status, role
        assert asked(client, event).status_code in (302, 403)
        assert client.post(address("inventory.pricingrule", "pause_all")).status_code == (
            302 if role == "PURCHASING" else 403
        )
    assert not PriceChange.objects.exists()


def test_a_seat_tells_the_history_of_its_price(mireille, event):
    applied(mireille, event, looked_at(mireille, event, places="3"))
    seat = event.seats.get(ordinal=3)
    words = mireille.get(of(seat)).content.decode()
    assert "Slow week" in words
    assert "Owner" in words  # who did it
    listed = mireille.get(f"{address('inventory.seatentry')}?kind__exact=REPRICED&q=slow")
    assert listed.context["cl"].result_count == 1
    export = mireille.post(
        f"{address('inventory.seatentry', 'export')}?kind__exact=REPRICED", {"format": "0"}
    )
    assert b"Slow week" in export.content
    assert SeatEntry.objects.filter(kind="BOUGHT").count() == 20


# Rules


@pytest.fixture
def rule(mireille, event):
    answer = mireille.post(address("inventory.pricingrule", "add"), TERMS)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    return PricingRule.objects.get()


def test_a_rule_is_tried_simulated_switched_on_and_works(mireille, event, rule):
    assert (
        "not possible now" in told(mireille, mireille.post(of(rule, "switch_on"))["Location"])[-1]
    )
    tried = mireille.get(of(rule, "try_now")).content.decode()
    assert "20 days to go, 0 % sold, −10 % of €40.00" in tried
    assert not PriceChange.objects.exists()
    mireille.post(of(rule, "simulate"))
    assert "No past sales were chosen" in mireille.get(of(rule, "switch_on")).content.decode()
    mireille.post(of(rule, "switch_on"))
    assert run_rules(event.pk, timezone.now()) == 20
    page = mireille.get(of(rule)).content.decode()
    assert "Rule ‘Last week’" in page
    assert event.seats.get(ordinal=0).price == 36


def test_other_terms_have_to_be_simulated_again(mireille, event, rule):
    mireille.post(of(rule, "simulate"))
    mireille.post(of(rule, "switch_on"))
    mireille.post(of(rule), {**TERMS, "name": "Last days"})
    rule.refresh_from_db()
    assert rule.is_on
    mireille.post(of(rule), {**TERMS, "percent": "-12"})
    rule.refresh_from_db()
    assert (rule.is_on, rule.simulated_at, rule.percent) == (False, None, Decimal(-12))


def test_the_switches_pause_one_rule_or_all(mireille, event, rule):
    mireille.post(of(rule, "simulate"))
    mireille.post(of(rule, "switch_on"))
    until = timezone.localtime() + timedelta(hours=3)
    mireille.post(of(rule, "pause"), {"until": f"{until:%Y-%m-%dT%H:%M}"})
    assert "Paused" in mireille.get(of(rule)).content.decode()
    assert run_rules(event.pk, timezone.now()) == 0
    past = mireille.post(of(rule, "pause"), {"until": "2020-01-01T10:00"})
    assert "This moment has passed." in past.content.decode()
    mireille.post(of(rule, "pause"), {"until": ""})
    mireille.post(address("inventory.pricingrule", "pause_all"))
    assert "All rules rest" in mireille.get(address("inventory.pricingrule")).content.decode()
    assert run_rules(event.pk, timezone.now()) == 0
    mireille.post(address("inventory.pricingrule", "work_again"))
    assert run_rules(event.pk, timezone.now()) == 20
    assert mireille.get(address("inventory.pricingrule", "pause_all")).status_code == 405


def test_terms_that_contradict_each_other_are_refused_beside_the_field(mireille, event):
    wrong = {
        **{"floor": "50", "ceiling": "40", "hours_between": "0"},
        **{"days_to_event_from": "9", "days_to_event_to": "3", "sold_percent_from": "-1"},
    }
    form = mireille.post(address("inventory.pricingrule", "add"), {**TERMS, **wrong}).context[
        "adminform"
    ]
    assert set(form.errors) == {"ceiling", "hours_between", "days_to_event_to", "sold_percent_from"}
    assert not PricingRule.objects.exists()


def test_a_simulation_stands_on_the_rules_page(mireille, event, rule):
    world.sold_booking(event, [0, 1])
    mireille.post(of(rule, "simulate"), {"events": [str(event.pk)]})
    words = mireille.get(of(rule)).content.decode()
    assert "at unchanged numbers sold" in words
    assert "no demand is modelled" in words
    assert "€80.00" in words
    strange = mireille.post(of(rule, "simulate"), {"events": ["x"]})
    assert "is not one of the available choices" in strange.content.decode()
