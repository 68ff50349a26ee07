"""Text out of whatever bytes a supplier sends."""

import re

from core.errors import Invalid

MOST_BYTES = 20 << 20
MOST_LINES = 100_000
FOREIGN = {
    b"%PDF": "a PDF document; copy its text and paste it",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save it as XLSX or CSV",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x1f\x8b": "compressed; unpack it first",
    b"{\\rtf": "a word processor's document; copy its text and paste it",
}
LINE_ENDS = re.compile(r"\r\n|\r|\n")
# What cannot be printed is shown by this mark, and a line that has it is not received.
UNPRINTABLE = "␀"
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")
UNSEEN = re.compile("[\u200b\u200c\u200d\u200e\u200f\u00ad\ufeff]")


class Unreadable(Invalid):
    """Nothing of the file or text can be read; the sentence says why."""

    code = "unreadable"


def lines_of(text):
    """The lines of a text, whatever ends them. Raises Unreadable for too many."""
    lines = LINE_ENDS.split(CONTROLS.sub(UNPRINTABLE, UNSEEN.sub("", text)))
    refuse_too_many(len(lines) - (lines[-1] == ""))
    return lines


def refuse_too_many(count):
    if count > MOST_LINES:
        raise Unreadable(
            f"These are {count:,} lines; at most {MOST_LINES:,} are read at once. Nothing was read."
        )


def refuse_foreign(content):
    """Raises Unreadable for bytes that are too many, or no text at all."""
    if len(content) > MOST_BYTES:
        raise Unreadable(f"The file is larger than {MOST_BYTES >> 20} MB. Nothing was read.")
    for mark, what in FOREIGN.items():
        if content.startswith(mark):
            raise Unreadable(f"The file is {what}. Nothing was read.")


def text_of(content):
    """The text of a file's bytes: UTF-8, UTF-16, Windows-1252 or Latin-1, also line by line."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace").removeprefix("\ufeff")
    unmarked = _utf_16_without_mark(content)
    if unmarked:
        return content.decode(unmarked, errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "\n".join(map(_line, content.removeprefix(b"\xef\xbb\xbf").split(b"\n")))


def _line(content):
    """One line in the encoding that fits it: files are put together from several."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _utf_16_without_mark(content):
    """Which UTF-16 it is when every other byte of the beginning is zero; else nothing."""
    start = content[:2000]
    half = len(start) // 2
    if half < 4:
        return ""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if odd > 0.7 * half and even < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.7 * half and odd < 0.1 * half else ""


def shown(text, most=120):
    """A line as it is shown beside its problem: short, its blanks as one."""
    seen = " ".join(text[: 10 * most].split())
    return seen if len(seen) <= most else f"{seen[: most - 1]}…"
