"""Lines as people write them: "Sec 112 Row F 1-12 odd", "Section Parterre, A 1-5", "A rows 1-5, any
40", "112/F/1-12", "12 tickets: 112 F #1-12", "40 GA", "Bloc C rang 3 places 1 à 5"."""

import re
from dataclasses import replace

from suppliers.reading.asked import Asked
from suppliers.reading.files import shown

SECTION = (
    r"(?:sections?|sect|sec|blocs?|blocks?|blk|secteurs?|sektor|sector|settore|secci[oó]n|bereich)"
)
ROW = r"(?:rows?|rangs?|rang[ée]es?|reihen?|filas?)"
SEAT = r"(?:seats?|places?|si[èe]ges?|pl[aä]tze?|sitze?|asientos?|posti?|num[ée]ros?|n°|nos?|nr|\#)"
TICKETS = r"(?:seats?|tickets?|places?|billets?)"
# A keyword stands before what it names: Row F, Row: F, ROW5, but not Rowland.
KEYWORD = re.compile(
    rf"(?<![^\W_])(?:(?P<section>{SECTION})|(?P<rows>{ROW})|(?P<seats>{SEAT}))(?:[.:]|(?=[\s\d#]))"
    r"[\s:.#]*",
    re.IGNORECASE,
)
BEGINNING = re.compile(rf"{SECTION}\.?(?=[\s:\d])[\s:.]*", re.IGNORECASE)
WORD = re.compile(r"[^\s,;:/|]+")
ANY = re.compile(
    r"[\s,;:(]*(?<![^\W_])(?:"
    r"(?:any|qty|quantity|quantit[ée]|beliebige|menge)[\s:]*(?P<first>\d+)(?:\s+of\s+them)?"
    rf"(?:\s+{TICKETS})?"
    r"|(?P<second>\d+)\s+(?:any|beliebige|au\s+choix|standing(?:\s+places?)?|"
    rf"{TICKETS})|x\s*(?P<third>\d+)|(?P<fourth>\d+)\s*x"
    r")\s*\)?\.?$",
    re.IGNORECASE,
)
TIMES = re.compile(
    rf"(?:(?P<first>\d+)\s*(?:[x×](?=\s)|{TICKETS}(?=[\s:,]))"
    r"|(?:qty|quantity)[\s:]*(?P<second>\d+)(?=[\s:,]))[\s:,]*(?=[^\W_])",
    re.IGNORECASE,
)
COUNTED_NAME = re.compile(r"(\d+)\s+(\D+)")
COMPACT = re.compile(r"([^\s\-–/,;]+)([-–/])([^\s\-–/,;]+)\2([^\s\-–/,;]+(?:[-–]\d+)?)")
BULLET = re.compile(r"^[\s•*·–-]+(?=[^\d\s])")
EDGES = " \t,;:/|.-–"
FIELDS = re.compile(r"\s*[,;:/|\t]\s*")


def asked(number, line, sections):
    """What a line Asks for; `sections` are the Names of the house."""
    text = BULLET.sub("", line).strip()
    compact = COMPACT.fullmatch(text)
    if compact and sections.sure(compact[1]):
        return Asked(number, shown(line), compact[1], rows=compact[3], seats=compact[4])
    text, quantity = _without_quantity(text, sections)
    section, rest = _known_section(text, sections)
    named = _by_keyword(rest)
    if not section:
        section, rest = named.pop("section", ""), named.pop("rest", "")
        if not section:
            section, rest = _guessed_section(rest, sections)
        named |= {"rest": rest} if rest else {}
    return Asked(
        number, shown(line), section, quantity=quantity, is_block=bool(quantity), **_tidy(named)
    )


def is_heading(asked, line):
    """Whether a line only says the section of those below: "Section 112:"."""
    nothing_else = not (asked.rows or asked.seats or asked.rest or asked.quantity)
    return bool(asked.section) and nothing_else and line.rstrip().endswith(":")


def under(heading, asked):
    """A line that names no section, as one of the section above it."""
    words = " ".join(filter(None, [asked.section, asked.rest]))
    if asked.seats and not asked.rows:
        return replace(asked, section=heading, rows=words, rest="")
    return replace(asked, section=heading, rest=words)


def _without_quantity(text, sections):
    """(what is left, so many of it as the line counts) of "12 x 112 F", "112 F any 12", "40 GA"."""
    times = TIMES.match(text)
    if times and not sections.sure(times["first"] or ""):
        return text[times.end() :], times["first"] or times["second"]
    counted = COUNTED_NAME.fullmatch(text)
    if counted and not sections.sure(counted[1]) and sections.find(counted[2]).name:
        return counted[2], counted[1]
    match = ANY.search(text)
    if not match or not match.start():
        return text, ""
    return text[: match.start()], next(filter(None, match.groups()))


def _known_section(text, sections):
    """(section, what follows) when the line begins with a name that needs no guess."""
    start = BEGINNING.match(text)
    bare = text[start.end() :] if start else text
    ends = [match.end() for match in WORD.finditer(bare)][: sections.longest]
    for end in reversed(ends):
        found = sections.sure(bare[:end])
        if found:
            return bare[:end], bare[end:].strip(EDGES)
    return "", text


def _by_keyword(text):
    """{section, rows, seats: what follows that word; rest: what stands before all of them}."""
    found, last, start = {}, "rest", 0
    for match in KEYWORD.finditer(text):
        found[last] = f"{found.get(last, '')} {text[start : match.start()]}".strip(EDGES)
        last, start = match.lastgroup, match.end()
    found[last] = f"{found.get(last, '')} {text[start:]}".strip(EDGES)
    return {name: words for name, words in found.items() if words}


def _guessed_section(text, sections):
    """(section, what follows) for a line that begins with no known name: the longest beginning that
    could be one, else its first field or word."""
    words = list(WORD.finditer(text))
    for word in reversed(words[: sections.longest]):
        if sections.find(text[: word.end()]).name:
            return text[: word.end()], text[word.end() :].strip(EDGES)
    field = FIELDS.search(text)
    end = field.start() if field else words[0].end() if words else 0
    return text[:end], text[end:].strip(EDGES)


def _tidy(named):
    """Row F 1-12 without a word for seats is rows and seats in one; so is F before "seats 1-12"."""
    if "rows" in named and "seats" not in named and "rest" not in named:
        return {"rest": named["rows"]}
    if "seats" in named and "rows" not in named and "rest" in named:
        return {"rows": named["rest"], "seats": named["seats"]}
    return named
