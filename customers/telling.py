"""What happened to draws, in the words of the trade."""

from core.admin_names import tells
from core.words import many
from customers.models import Draw, DrawStatus

READ = ("needs_second", "entered", "digest", "typed_by_id", "confirmed_by_id", "buyers_id")


@tells(Draw)
def told_of_draw(change, draw):
    if change.is_new:
        return f"Draw of {many(change.after['places'], 'place')} written"
    said = ("status", "value", "let_in", "why_off", *READ)
    told = [_moved(change, draw), _let_in(change), change.others(*said)]
    return ", ".join(filter(None, told))


def _moved(change, draw):
    status = change.became("status")
    entries = many(change.became("entered") or 0, "entry", "entries")
    waits = ", to be confirmed" if draw and draw.needs_second else ""
    words = {
        DrawStatus.OPEN: "Registration announced",
        DrawStatus.FROZEN: f"List frozen, {entries}",
        DrawStatus.TYPED: f"{change.became('value')} typed as the value{waits}",
        DrawStatus.DRAWN: "Drawn",
        DrawStatus.CALLED_OFF: f"Called off: {change.became('why_off')}",
    }
    if status == DrawStatus.FROZEN and change.was("status") == DrawStatus.TYPED:
        return "The typed value taken back"
    return words.get(status, "")


def _let_in(change):
    if not change.became("let_in"):
        return ""
    more = change.became("let_in") - change.was("let_in")
    return f"{many(more, 'entry', 'entries')} let in"
