"""The elements of an SVG file, read without trusting it.

No entity is expanded, nothing outside the file is looked at, and what it may hold is limited before
anything is built of it.
"""

from dataclasses import dataclass, field
from xml.parsers import expat

from venues.plan import MOST_PLACES, PlanError

MOST_ELEMENTS = 2 * MOST_PLACES + 50_000  # every seat may have a title
DEEPEST = 60
LONGEST_TEXT = 500
SVG = "http://www.w3.org/2000/svg"
NAMES = {
    SVG: "",
    "http://www.inkscape.org/namespaces/inkscape": "inkscape:",
    "http://www.w3.org/1999/xlink": "xlink:",
    "http://www.w3.org/XML/1998/namespace": "xml:",
}


@dataclass(slots=True)
class Element:
    """An element by its local name. `attributes` of namespaces that are not read are left out."""

    tag: str
    attributes: dict
    children: list = field(default_factory=list)
    text: str = ""
    title: str = ""

    def get(self, name, default=""):
        return self.attributes.get(name, default)

    def words(self):
        """All text within, in one line."""
        inner = " ".join(child.words() for child in self.children)
        return " ".join(f"{self.text} {inner}".split())


def read(text):
    """The root Element of an SVG document. Raises PlanError."""
    building = _Building()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = building.start
    parser.EndElementHandler = building.end
    parser.CharacterDataHandler = building.characters
    parser.EntityDeclHandler = _refuse_entities
    parser.ExternalEntityRefHandler = _refuse_entities
    try:
        parser.Parse(_declared_as_it_is(text).encode(errors="replace"), True)
    except expat.ExpatError as error:
        reason = expat.errors.messages[error.code]
        place = f"line {error.lineno}, column {error.offset + 1}"
        raise PlanError([f"File: is not sound XML: {reason} at {place}"]) from None
    if building.root.tag != "svg":
        raise PlanError([f"File: is a web page or other document (<{building.root.tag}>), no SVG"])
    return building.root


def _declared_as_it_is(text):
    """The text without the XML declaration: it is Unicode already, whatever it was written in."""
    text = text.lstrip()
    return text[text.index("?>") + 2 :] if text.startswith("<?xml") and "?>" in text else text


def _refuse_entities(*declaration):
    raise PlanError(["File: declares entities; save it as plain SVG"])


class _Building:
    """Takes in what the parser meets."""

    def __init__(self):
        self.root = None
        self.open = []
        self.count = 0

    def start(self, name, attributes):
        self.count += 1
        if self.count > MOST_ELEMENTS:
            raise PlanError([f"File: has more than {MOST_ELEMENTS:,} elements"])
        if len(self.open) >= DEEPEST:
            raise PlanError([f"File: is nested more than {DEEPEST} deep"])
        known = {_local(key): value for key, value in attributes.items()}
        element = Element(_local(name) or "other", {k: v for k, v in known.items() if k})
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)

    def end(self, name):
        element = self.open.pop()
        if element.tag == "title" and self.open and not self.open[-1].title:
            self.open[-1].title = element.words()

    def characters(self, text):
        element = self.open[-1]
        room = LONGEST_TEXT if element.tag != "style" else 100_000
        element.text = (element.text + text)[:room]


def _local(name):
    """circle, inkscape:label; empty for a namespace that is not read."""
    space, _, local = name.rpartition(" ")
    if not space:
        return local
    return NAMES[space] + local if space in NAMES else ""
