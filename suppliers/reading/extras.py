"""What a supplier says about places beside where they are: barcodes, files, days, costs."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from core.errors import Invalid
from venues.places import in_words

LONGEST_CODE, LONGEST_FILE = 120, 120
validate_address = URLValidator(schemes=["http", "https"])
CUT_BY_A_SPREADSHEET = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)
SEPARATORS = re.compile(r"[\s|;]+")
DAYS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%Y/%m/%d", "%d-%m-%Y", "%d %b %Y", "%d %B %Y")
# Spreadsheets count days from here.
FIRST_DAY = date(1899, 12, 30)
DAY_NUMBERS = range(36526, 73051)


class NotADay(Invalid):
    """A date that cannot be read."""

    code = "not_a_day"


def codes_of(written, places):
    """{ordinal: barcode} of as many barcodes as places. Raises Invalid."""
    codes = [written] if len(places) == 1 else SEPARATORS.split(written)
    if len(codes) != len(places):
        count = "One barcode is" if len(codes) == 1 else f"{len(codes)} barcodes are"
        raise Invalid(f"{count} given for {len(places)} places ({in_words(places)}).")
    for code in codes:
        if CUT_BY_A_SPREADSHEET.fullmatch(code):
            raise Invalid(f"Barcode {code} was cut by a spreadsheet; ask for it as text.")
        if len(code) > LONGEST_CODE:
            raise Invalid(f"A barcode is longer than {LONGEST_CODE} characters.")
    return {place.ordinal: code for place, code in zip(places, codes, strict=True)}


def file_of(written):
    """A file's name, or its address. Raises Invalid."""
    if is_address(written):
        try:
            validate_address(written)
        except ValidationError:
            raise Invalid(f"“{written[:60]}” is no address of a file.") from None
        return written
    if len(written) > LONGEST_FILE:
        raise Invalid(f"The file’s name is longer than {LONGEST_FILE} characters.")
    return written


def is_address(file):
    return file.lower().startswith(("http://", "https://"))


def day_of(written):
    """The date of text or of a spreadsheet's day number, days before months. Raises NotADay."""
    if written.isdecimal() and len(written) < 7 and int(written) in DAY_NUMBERS:
        return FIRST_DAY + timedelta(days=int(written))
    for pattern in DAYS:
        try:
            return datetime.strptime(written.partition("T")[0].strip(), pattern).date()  # noqa: DTZ007
        except ValueError:
            continue
    raise NotADay(f"“{written[:40]}” is no date; write it as 2027-03-13 or 13.03.2027.")


def differs(written, cost):
    """Whether a cost in words is a number other than this Money."""
    figures = re.sub(r"[^\d.,]", "", written)
    if "," in figures and "." not in figures:
        figures = figures.replace(",", ".")
    try:
        return Decimal(figures.replace(",", "")) != cost.amount
    except InvalidOperation:
        return False
