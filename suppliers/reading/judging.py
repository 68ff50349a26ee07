"""Puts what was asked for beside what an order expects: what can be received, and why the rest not."""

from collections import defaultdict
from dataclasses import dataclass

from core.errors import Invalid
from core.words import many
from suppliers.reading import extras
from suppliers.reading.files import UNPRINTABLE
from suppliers.reading.names import GUESSES, SEVERAL
from suppliers.reading.result import Kind, Match, Part, Problem, Reading, Remark
from suppliers.reading.words import under
from venues.places import NotAPlace, in_words

ELSEWHERE = {
    "owned": (Kind.OWNED, "{places}: ours already, bought with {number}."),
    "clash": (Kind.CLASH, "{places}: on order with {number}."),
    "": (Kind.NOT_ORDERED, "{places}: not on this order."),
}


WHY = {
    "arrived": (Kind.RECEIVED, "has arrived before."),
    "off": (Kind.NOT_ORDERED, "called off, so not expected any more."),
}


class Judge:
    """Takes lines one after the other; `reading` says what came of them all."""

    def __init__(self, expected):
        self.expected = expected
        self.taken = {event: {} for event in expected.events}
        self.problems, self.remarks, self.lines = [], [], 0
        self._matches = {}
        self._blocks, self._elsewhere = [], defaultdict(dict)
        self._codes, self._extras = {}, {name: {} for name in ("codes", "files", "in_hand")}

    def refuse(self, asked, kind, reason, **more):
        self.problems.append(Problem(asked.number, asked.text, kind, reason, **more))

    def remark(self, number, text, reason):
        self.remarks.append(Remark(number, text, reason))

    def take(self, asked):
        """Reads one line. What is named place by place comes before what is any so many of them."""
        self.lines += 1
        if UNPRINTABLE in asked.text:
            self.refuse(asked, Kind.UNREADABLE, "Has characters that cannot be printed.")
            return
        try:
            event, wish = self._meant(asked)
        except _Refused as refused:
            self.refuse(asked, refused.kind, refused.message, candidates=refused.candidates)
            return
        if wish.any_of:
            self._blocks.append((asked, event, wish))
        else:
            self._named(asked, event, wish.ordinals)

    def reading(self):
        """The Reading of all lines taken."""
        for asked, event, wish in self._blocks:
            self._block(asked, event, wish)
        for event, found in self._elsewhere.items():
            self._stand_elsewhere(event, found)
        self._refuse_codes_that_came_before()
        self.problems.sort(key=lambda problem: problem.number)
        return Reading(
            parts=self._parts(),
            problems=tuple(self.problems),
            matches=tuple(Match(*words, *lines) for words, lines in self._matches.items()),
            remarks=tuple(sorted(self.remarks, key=lambda remark: remark.number)),
            lines=self.lines,
        )

    # Which places a line means

    def _meant(self, asked):
        """(event id, Wish): of several events the one that expects some of the places."""
        found, refusals = [], []
        for event in self._events(asked):
            try:
                found.append((event, self._wish(asked, event)))
            except _Refused as refusal:
                refusals.append(refusal)
        if not found:  # what is wrong is said of an event that has such a section
            raise min(refusals, key=lambda refusal: refusal.kind == Kind.UNKNOWN_SECTION)
        coming = self.expected.coming
        expecting = [
            each for each in found if not coming[each[0]].keys().isdisjoint(each[1].ordinals)
        ]
        if len(expecting) > 1:
            titles = [str(self.expected.events[event]) for event, _ in expecting]
            raise _Refused(Kind.AMBIGUOUS, "Several events of this order have it.", titles)
        return (expecting or found)[0]

    def _events(self, asked):
        if not asked.event:
            return list(self.expected.chosen)
        called = self.expected.called(asked.event)
        if not called:
            raise _Refused(
                Kind.UNKNOWN_EVENT,
                f"This order has no event {asked.event[:60]}.",
                self.expected.titles.names[:4],
            )
        return called

    def _wish(self, asked, event):
        section, asked = self._section(asked, event, self.expected.house_of(event))
        if asked.rest and (asked.rows or asked.seats):
            raise _Refused(Kind.UNREADABLE, f"“{asked.rest[:60]}” is not understood.")
        counted = _counted(asked)
        if not (asked.rows or asked.seats or asked.rest or counted or asked.is_cell):
            return Wish(self._all_of(event, section))
        try:
            wish = _standing if section.is_standing else self._seated
            wish = wish(asked, event, section, counted)
        except NotAPlace as refusal:
            raise _Refused(Kind.UNKNOWN_PLACE, refusal.message) from None
        if not wish.ordinals:
            raise _Refused(Kind.UNKNOWN_PLACE, "Names no place.")
        return wish

    def _seated(self, asked, event, section, counted):
        if not (asked.rows or asked.seats or asked.rest or counted):
            raise _Refused(Kind.UNREADABLE, f"Names no row and seat of {section.name}.")
        rows = asked.rows
        if asked.seats and not rows and section.has_rows:
            rows = self._only_row(event, section)
        ordinals = section.meant_by(rows=rows, seats=asked.seats, rest=asked.rest)
        if counted and not asked.is_block and counted != len(ordinals):
            reason = f"Says {many(counted, 'seat')} and names {len(ordinals):,}."
            raise _Refused(Kind.UNREADABLE, reason)
        return Wish(ordinals, counted if asked.is_block else 0)

    def _all_of(self, event, section):
        """What is still to come of a section that is named alone."""
        ordinals = section.meant_by()
        return [o for o in ordinals if o in self.expected.coming[event]] or ordinals

    def _section(self, asked, event, house):
        """(Section, the line): when none is named, the only one of the order."""
        found = house.names.find(asked.section)
        if found.name:
            if found.how:
                self._match(asked, asked.section, found.name, found.how in GUESSES)
            return house.sections[found.name], asked
        only = house.sections.get(self.expected.only_section(event))
        if only and found.how != SEVERAL:
            without = _without_section(asked)
            if without and _fits(only, without):
                if not asked.is_cell:
                    self._match(asked, "", only.label, True)
                return only, without
        raise _unknown_section(asked, found)

    def _only_row(self, event, section):
        """The row that is meant when none is named: the only one of which something was ordered."""
        ordered = self.expected.coming[event].keys() | self.expected.arrived[event].keys()
        rows = section.rows_of(ordered)
        if len(rows) != 1:
            raise _Refused(
                Kind.AMBIGUOUS, f"Names seats of {section.name} without a row.", rows[:4]
            )
        return f'"{rows[0]}"'

    def _match(self, asked, written, section, is_guess):
        first, lines = self._matches.get((written, section, is_guess), (asked.number, 0))
        self._matches[written, section, is_guess] = (first, lines + 1)

    # What may be received of them

    def _named(self, asked, event, ordinals):
        """Takes the places that are still to come; tells of every other one."""
        coming, taken = self.expected.coming[event], self.taken[event]
        others, good = defaultdict(list), []
        for ordinal in ordinals:
            if ordinal in taken:
                others[taken[ordinal].number].append(ordinal)
            elif ordinal in coming and ordinal not in self.expected.owned[event]:
                good.append(ordinal)
            elif ordinal in self.expected.arrived[event]:
                others["arrived"].append(ordinal)
            elif ordinal in self.expected.called_off[event]:
                others["off"].append(ordinal)
            else:
                self._elsewhere[event].setdefault(asked, []).append(ordinal)
        if others:
            self._tell_of_others(asked, event, others)
        self._receive(asked, event, good, of=ordinals)

    def _tell_of_others(self, asked, event, others):
        for why, ordinals in others.items():
            words = self._in_words(event, ordinals)
            kind, reason = WHY.get(why, (Kind.DUPLICATE, "named on line {why:,} already."))
            reason = f"{words}: {reason.format(why=why)}"
            self.refuse(asked, kind, reason, event_id=event, ordinals=tuple(ordinals))

    def _block(self, asked, event, wish):
        """Takes the first so many of the places that are still to come and not named elsewhere."""
        coming, owned = self.expected.coming[event], self.expected.owned[event]
        free = [
            ordinal
            for ordinal in wish.ordinals
            if ordinal in coming and ordinal not in self.taken[event] and ordinal not in owned
        ]
        extra = wish.any_of - len(free)
        if extra > 0:
            reason = f"{len(free):,} of these are still expected: {extra:,} too many."
            self.refuse(asked, Kind.OVER_RECEIPT, reason, event_id=event)
        good = free[: wish.any_of]
        self._receive(asked, event, good, of=good)

    def _receive(self, asked, event, good, *, of):
        """Takes the good places of those the line is about."""
        if not good:
            return
        try:
            said = self._said(asked, event, self.expected.house_of(event).at(of))
        except Invalid as refusal:
            kind = Kind.DAY if isinstance(refusal, extras.NotADay) else Kind.CODE
            self.refuse(asked, kind, refusal.message, event_id=event, ordinals=tuple(good))
            return
        self.taken[event] |= dict.fromkeys(good, asked)
        for name, values in said.items():
            kept = self._extras[name]
            kept |= {(event, ordinal): values[ordinal] for ordinal in good}
        self._compare_cost(asked, self.expected.coming[event][good[0]])

    def _said(self, asked, event, places):
        """{codes, files, in_hand: {ordinal: value}} of a line. Raises Invalid."""
        ordinals = [place.ordinal for place in places]
        said = {}
        if asked.codes:
            said["codes"] = extras.codes_of(asked.codes, places)
            self._refuse_known_codes(asked, event, said["codes"])
        if asked.file:
            said["files"] = dict.fromkeys(ordinals, extras.file_of(asked.file))
        if asked.in_hand:
            said["in_hand"] = dict.fromkeys(ordinals, extras.day_of(asked.in_hand))
        return said

    def _refuse_known_codes(self, asked, event, codes):
        for code in codes.values():
            line = self._codes.setdefault((event, code), asked.number)
            if line != asked.number:
                raise Invalid(f"Barcode {code[:40]} is on line {line:,} already.")
        if len(set(codes.values())) < len(codes):
            raise Invalid("The same barcode is given to two places.")

    def _refuse_codes_that_came_before(self):
        codes = self._extras["codes"]
        known = self.expected.known_codes(set(codes.values()))
        for (event, ordinal), code in list(codes.items()):
            if code in known:
                asked = self.taken[event].pop(ordinal)
                reason = f"Barcode {code[:40]} came with {known[code]} before."
                self.problems.append(
                    Problem(asked.number, asked.text, Kind.CODE, reason, (), event, (ordinal,))
                )

    def _compare_cost(self, asked, line):
        if asked.cost and extras.differs(asked.cost, line.cost):
            reason = f"Costs {asked.cost[:20]} there, was ordered at {line.cost.display()}."
            self.remark(asked.number, asked.text, reason)

    def _stand_elsewhere(self, event, found):
        ordinals = sorted({ordinal for named in found.values() for ordinal in named})
        stands = self.expected.standing_elsewhere(event, ordinals)
        for asked, named in found.items():
            by_place = defaultdict(list)
            for ordinal in named:
                by_place[stands.get(ordinal, ("", ""))].append(ordinal)
            for (where, number), some in by_place.items():
                kind, words = ELSEWHERE[where]
                reason = words.format(places=self._in_words(event, some), number=number)
                self.refuse(asked, kind, reason, event_id=event, ordinals=tuple(some))

    def _in_words(self, event, ordinals):
        words = in_words(self.expected.house_of(event).at(ordinals))
        return words if len(words) < 160 else f"{words[:150]}… ({len(ordinals):,} places)"

    def _parts(self):
        by_line = defaultdict(list)
        for event, taken in self.taken.items():
            for ordinal in taken:
                by_line[self.expected.coming[event][ordinal]].append(ordinal)
        lines = [line for line in self.expected.lines if line in by_line]
        return tuple(
            Part(line.pk, tuple(sorted(by_line[line])), **self._extras_of(line, by_line[line]))
            for line in lines
        )

    def _extras_of(self, line, ordinals):
        return {
            name: {o: values[line.event_id, o] for o in ordinals if (line.event_id, o) in values}
            for name, values in self._extras.items()
        }


class _Refused(Exception):
    """A line of which nothing can be received."""

    def __init__(self, kind, message, candidates=()):
        super().__init__(message)
        self.kind, self.message, self.candidates = kind, message, tuple(candidates)


@dataclass(frozen=True, slots=True)
class Wish:
    """The places a line is about: all of them, or any so many."""

    ordinals: list
    any_of: int = 0


def _counted(asked):
    """How many places a line counts; none for a line that does not."""
    if not asked.quantity:
        return 0
    words = asked.quantity.replace(",", "").replace(" ", "")
    if not words.isdecimal() or len(words) > 7 or not int(words):
        raise _Refused(Kind.UNREADABLE, f"“{asked.quantity[:40]}” is no number of seats.")
    return int(words)


def _standing(asked, event, section, counted):
    """Places of a standing area: by number where they are numbered, else any so many. A table has a
    line for each."""
    rest = asked.rest.strip("() ")
    named = asked.seats or rest
    if rest.isdecimal() and len(rest) < 8 and not counted:
        return Wish(section.meant_by(), int(rest))
    if any(character.isdecimal() for character in named):
        return Wish(section.meant_by(seats=named), counted if asked.is_block else 0)
    return Wish(section.meant_by(), counted or int(asked.is_cell))


def _without_section(asked):
    """The line with what stood for its section as rows; None for a table that names a section."""
    if asked.is_cell:
        return None if asked.section else asked
    return under("", asked)


def _fits(section, asked):
    try:
        return bool(section.meant_by(rows=asked.rows, seats=asked.seats, rest=asked.rest))
    except NotAPlace:
        return False


def _unknown_section(asked, found):
    name = asked.section[:60]
    if found.how == SEVERAL:
        reason = f"“{name}” could be one of several sections."
        return _Refused(Kind.AMBIGUOUS, reason, found.candidates)
    if not name:
        return _Refused(Kind.UNREADABLE, "Names no section.")
    return _Refused(Kind.UNKNOWN_SECTION, f"No section is called “{name}”.", found.candidates)
