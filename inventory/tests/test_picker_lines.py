"""The picker on its wire: the protocol, and that nonsense changes nothing."""

import io
import json
import sys

import pytest
from django.core.management import CommandError, call_command

from core.errors import Invalid
from inventory.picking.lines import Conversation


def seat(name, **own):
    section, row, index = name.split("-")
    plain = {"block": 0, "x": float(index), "y": float(row), "category": "gold"}
    known = {"id": name, "section": section, "row": row, "index": int(index), "accessible": False}
    return {**known, **plain, "status": 0, **own}


SEATS = [seat(f"A-{row}-{index}") for row in (1, 2) for index in range(6)]


def first(seats=SEATS, focal=(2.5, 0.0)):
    return json.dumps({"init": {"seats": seats, "focal": focal and list(focal)}})


def pick(conversation, n, **more):
    wanted = {"op": "pick", "n": n, "section": None, "category": None, "accessible": False}
    return json.loads(conversation.answer(json.dumps({**wanted, "changed": {}, **more})))


def test_what_was_answered_is_taken_once_it_is_told():
    judged = Conversation(first())
    assert pick(judged, 2) == {"ids": ["A-1-2", "A-1-3"]}
    assert pick(judged, 2) == {"ids": ["A-1-2", "A-1-3"]}  # nobody said that it was taken
    assert pick(judged, 2, changed={"A-1-2": 1, "A-1-3": 1}) != {"ids": ["A-1-2", "A-1-3"]}
    assert pick(judged, 2, changed={"A-1-2": 0, "A-1-3": 0}) == {"ids": ["A-1-2", "A-1-3"]}


def test_filters_hold_and_what_does_not_fit_is_an_empty_answer():
    silver = [seat(f"B-9-{index}", category="silver") for index in range(4)]
    space = seat("B-9-4", category="silver", accessible=True)
    judged = Conversation(first([*silver, space, *SEATS]))
    assert pick(judged, 4, category="silver") == {"ids": [f"B-9-{index}" for index in range(4)]}
    assert pick(judged, 5, category="silver") == {"ids": []}
    assert pick(judged, 2, accessible=True) == {"ids": ["B-9-3", "B-9-4"]}
    assert pick(judged, 2, section="A", accessible=True) == {"ids": []}
    assert pick(judged, 1, section="C") == {"ids": []}


def test_seats_may_come_in_any_order_and_say_only_what_matters():
    bare = [
        {key: each[key] for key in ("id", "section", "row", "index", "x", "y")}
        for each in reversed(SEATS)
    ]
    assert pick(Conversation(first(bare, focal=None)), 2) == {"ids": ["A-1-2", "A-1-3"]}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not JSON"),
        ("[]", "one JSON object"),
        (first([]), "list of seats"),
        (first([SEATS[0], SEATS[0]]), "same id"),
        (first([SEATS[0], {**SEATS[0], "id": "other"}]), "same section, row, block and index"),
        (first([{**SEATS[0], "x": float("nan")}]), "x and y must be numbers"),
        (first([{**SEATS[0], "x": 1e308}]), "x and y must be numbers"),
        (first([{**SEATS[0], "y": 10**400}]), "x and y must be numbers"),
        (first([{**SEATS[0], "index": "1"}]), "whole number"),
        (first([{**SEATS[0], "status": 7}]), "status"),
        (first(focal=(1, "a")), "two numbers"),
        ('{"op": "pick", "n": 1}', "first line"),
    ],
)
def test_a_house_that_is_none_is_refused(line, words):
    with pytest.raises(Invalid, match=words):
        Conversation(line)


@pytest.mark.parametrize(
    "wanted",
    [
        {"n": 0},
        {"n": True},
        {"n": -1},
        {"n": 10**30},
        {"n": "2"},
        {"n": 5, "accessible": True},
        {"n": 1, "changed": {"X": 1}},
        {"n": 1, "changed": {"A-1-0": 2}},
        {"n": 1, "changed": {"A-1-0": []}},
        {"n": 1, "changed": ["A-1-0"]},
        {"n": 1, "op": "sell"},
    ],
)
def test_a_pick_that_makes_no_sense_is_answered_with_a_reason(wanted):
    judged = Conversation(first())
    answer = pick(judged, **wanted)
    assert (answer["ids"], bool(answer["error"])) == ([], True)
    assert pick(judged, 2) == {"ids": ["A-1-2", "A-1-3"]}


def test_what_has_changed_is_true_even_where_the_pick_makes_no_sense():
    judged = Conversation(first())
    assert pick(judged, 0, changed={"A-1-2": 1})["error"]
    assert pick(judged, 1, changed={"X": 1, "A-1-3": 1})["error"]
    found = pick(judged, 2)["ids"]
    assert len(found) == 2
    assert not {"A-1-2", "A-1-3"} & set(found)


@pytest.mark.parametrize("n", [13, 100])
def test_more_than_there_are_is_an_empty_answer(n):
    assert pick(Conversation(first()), n) == {"ids": []}


@pytest.mark.parametrize("line", ["", "[" * 100_000, "null", "\ufffd\x00", "9" * 5000, '"x"'])
def test_a_line_that_is_none_does_not_end_the_conversation(line):
    judged = Conversation(first())
    assert json.loads(judged.answer(line))["error"]
    assert pick(judged, 2) == {"ids": ["A-1-2", "A-1-3"]}


def test_the_command_speaks_line_by_line(monkeypatch, capsys):
    spoken = "\n".join([first(), "", '{"op": "pick", "n": 2}', "nonsense", ""])
    monkeypatch.setattr(sys, "stdin", io.StringIO(spoken))
    call_command("seat_picker", stdio=True)
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert answers[0] == {"ids": ["A-1-2", "A-1-3"]}
    assert answers[1]["ids"] == []
    assert "not JSON" in answers[1]["error"]
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    with pytest.raises(CommandError, match="not JSON"):
        call_command("seat_picker", stdio=True)
