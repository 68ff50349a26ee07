"""Reads values out of files other people's programs wrote.

What can be repaired is repaired here: missing keys, nulls, numbers for text, text for numbers,
stray spaces, old encodings. What cannot stays visible: a number that is none becomes NaN, which the
plan's validation then reports with the name of the object.
"""

import json
import math
import re

from venues.plan import MOST_PLACES, PlanError, problems_of
from venues.plan.soundness import LONGEST_NAME, shortened, shown

MOST_BYTES = 20 * 1024 * 1024
MOST_PARTS = 2_000_000
"""Objects and lists of a JSON document: each costs many times the bytes that spell it."""

_SPACES = re.compile(r"[ \t\r\n\u00a0\u2007\u202f]+")
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,20}")


def text_of(content):
    """The text of a file; bytes may be UTF-8, UTF-16 with a mark, or Windows-1252."""
    if len(content) > MOST_BYTES:
        raise PlanError([f"File: is larger than {MOST_BYTES // 1024 // 1024} MB"])
    if isinstance(content, str):
        return content.removeprefix("\ufeff")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def json_of(text):
    """The JSON document in a text."""
    if text.count("{") + text.count("[") > MOST_PARTS:
        raise PlanError([f"File: has more than {MOST_PARTS:,} objects and lists"])
    try:
        return json.loads(text)
    except RecursionError:
        raise PlanError(["File: is nested too deeply"]) from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise PlanError([f"File: is not sound JSON: {error.msg} at {place}"]) from None
    except ValueError:
        raise PlanError(["File: has a number of thousands of digits"]) from None


def part(form, key):
    """A dict within a dict; empty when it is missing or something else."""
    value = form.get(key) if isinstance(form, dict) else None
    return value if isinstance(value, dict) else {}


def parts(form, key):
    """The dicts of a list within a dict, nulls left out; empty when there is no such list.

    Raises PlanError when something else stands there: it may be seats that would be lost.
    """
    value = form.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise PlanError([f"File: '{key}' is not a list"])
    for number, each in enumerate(value, start=1):
        if not isinstance(each, dict | None):
            raise PlanError(
                [f"File: entry {number} of '{key}' is {type(each).__name__}, no object"]
            )
    return [each for each in value if each is not None]


def decorations(form, key):
    """Like `parts`, but whatever is no dict is passed over: nothing is sold from these."""
    value = form.get(key) if isinstance(form, dict) else None
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def label(value):
    """What is printed: text without stray spaces, whole numbers without a fraction."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return _SPACES.sub(" ", str(value)).strip()


def caption(value):
    """A text nothing depends on, such as a title or a drawn word: shortened where needed."""
    text = label(value)
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def spot(what, *names):
    """An object as it is called in messages."""
    named = [shown(text) for text in map(label, names) if text]
    return " ".join([what, *named])


def first_label(*values):
    """The first of several values that prints as something."""
    return next((text for text in map(label, values) if text), "")


def number(value, default=math.nan):
    """A float; `default` for what is missing, NaN for what is not a number."""
    if value is None or value == "":
        return default
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return math.nan
    try:
        return float(value.strip().replace(",", ".") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return math.nan


def whole(value):
    """An int, or None for what is not a whole number."""
    found = number(value)
    return int(found) if math.isfinite(found) and found == int(found) else None


def flag(value):
    """Whether a switch is on, however it is spelled."""
    if value is None or isinstance(value, bool):
        return bool(value)
    return label(value).lower() in ("1", "true", "yes", "y", "x", "oui", "ja")


def point(form, key=""):
    """(x, y) of a dict, or of a dict within it."""
    form = part(form, key) if key else form
    return number(form.get("x")), number(form.get("y"))


def colour(value):
    """A plain colour, or "": nothing else may reach a style sheet."""
    text = label(value)
    return text if _COLOUR.fullmatch(text) else ""


def sound(plan, problems):
    """The plan, or PlanError with the importer's problems and the plan's own."""
    own = problems_of(plan) if plan.places or not problems else []
    every = list(dict.fromkeys([*problems, *own]))
    if every:
        raise PlanError(shortened(every))
    return plan


def refuse_too_many(seats, capacities=()):
    """Raise PlanError for a number of places no plan may have, before any is made. Capacities that
    cannot be are left to who tells them by name."""
    places = seats + sum(each for each in capacities if each and 0 < each <= MOST_PLACES)
    if places > MOST_PLACES:
        raise PlanError([f"Plan: {places:,} places, at most {MOST_PLACES:,} are possible"])
