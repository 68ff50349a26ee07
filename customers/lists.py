"""Lists of buyers: read from files, added to, asked."""

import csv
import io
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import F, Q

from core.errors import Invalid
from core.transactions import use_case
from customers.models import BuyerList, DrawEntry, DrawStatus, ListedBuyer
from customers.points import tier_of
from customers.same_person import person_of

MOST = 200_000  # addresses in one file
AT_ONCE = 5000
NAMED = 20  # of the lines that are no addresses
HEADINGS = ("email", "e-mail", "mail", "address")


@dataclass(frozen=True)
class Reading:
    """A file of addresses: `new` and `known` ones, {mailbox: as written}; `bad` lines, [(number,
    text)], and how many those are in all."""

    new: dict
    known: dict
    bad: list = field(default_factory=list)
    bad_count: int = 0


def read_addresses(content, *, buyers):
    """The Reading of a CSV file (bytes) for a BuyerList: the column called e-mail, or the first one.
    Raises Invalid for what is no text, or too much."""
    rows = _rows(content)
    column, rows = _column(rows)
    found, bad = {}, []
    for number, row in rows:
        text = row[column].strip() if len(row) > column else ""
        if not text:
            continue
        try:
            validate_email(text)
        except ValidationError:
            bad.append((number, text[:80]))
        else:
            found.setdefault(person_of(text), text.lower())
    if len(found) > MOST:
        raise Invalid(f"A file has {MOST:,} addresses at most; this one has {len(found):,}.")
    there = set(buyers.buyers.values_list("mailbox", flat=True))
    new = {mailbox: email for mailbox, email in found.items() if mailbox not in there}
    known = {mailbox: email for mailbox, email in found.items() if mailbox in there}
    return Reading(new, known, bad[:NAMED], len(bad))


def _rows(content):
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("This is no text in UTF-8: save the table as CSV (UTF-8).") from error
    separator = ";" if text.count(";") > text.count(",") else ","
    try:
        return list(enumerate(csv.reader(io.StringIO(text), delimiter=separator), start=1))
    except csv.Error as error:
        raise Invalid(f"This is no CSV file: {error}.") from error


def _column(rows):
    """(which column has the addresses, the rows below its heading)."""
    heading = [cell.strip().casefold() for cell in rows[0][1]] if rows else []
    for name in HEADINGS:
        if name in heading:
            return heading.index(name), rows[1:]
    return 0, rows


def lists_of(email):
    """The BuyerLists that this address is on: written there, by the tier of its person, or because a
    draw has let him in."""
    person, kinds = person_of(email), BuyerList.Kind
    tier = tier_of(person) if BuyerList.objects.filter(kind=BuyerList.Kind.TIER).exists() else None
    written = ListedBuyer.objects.filter(mailbox=person).values("list")
    of_tier = Q(kind=kinds.TIER, tier__in=tier.reached if tier else [])
    entries = DrawEntry.objects.filter(
        mailbox=person, draw__status=DrawStatus.DRAWN, rank__lte=F("draw__let_in")
    )
    drawn = Q(kind=kinds.DRAWN, pk__in=entries.values("draw__buyers"))
    return BuyerList.objects.filter(
        ~Q(kind__in=[kinds.TIER, kinds.DRAWN]) & Q(pk__in=written) | of_tier | drawn
    ).order_by()


@use_case
def add_buyers(buyers, found):
    """Puts these on a BuyerList, {mailbox: e-mail}; returns how many are new to it. Raises Invalid for
    the list of a tier, or of a draw."""
    if buyers.is_of_tier:
        raise Invalid(f"Who is on {buyers} follows from the points that guests have earned.")
    if buyers.is_drawn:
        raise Invalid(f"Who is on {buyers} follows from its draw.")
    before = buyers.buyers.count()
    rows = [
        ListedBuyer(list=buyers, email=email, mailbox=mailbox) for mailbox, email in found.items()
    ]
    ListedBuyer.objects.bulk_create(rows, batch_size=AT_ONCE, ignore_conflicts=True)
    return buyers.buyers.count() - before


@use_case
def strike_buyer(buyer_id):
    """Takes an address off its list."""
    ListedBuyer.objects.filter(pk=buyer_id).delete()


def told_size(buyers):
    """How many are on a BuyerList, as a page says it: of a tier's nobody is counted here."""
    if buyers.is_of_tier:
        return "–"
    if buyers.is_drawn:
        return f"{sum(draw.let_in for draw in buyers.draws.all() if draw.is_drawn):,}"
    return f"{buyers.buyers.count():,}"
