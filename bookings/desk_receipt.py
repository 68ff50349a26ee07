"""The slip for a guest who paid, or got his money back, at the desk."""

from agencies.queries import current_zone
from bookings.changed_from import changed_from
from bookings.orders import paid_with, sum_of
from bookings.receipt import receipt_of
from tickets.sheets import (
    GREY,
    HEADING,
    LEADING,
    LEFT,
    RIGHT,
    SMALL,
    TEXT,
    printed,
)


def slip_of(booking, takings):
    """The PDF (bytes) of what was taken and handed out for a Booking (with event), as DeskTakings, the
    oldest first."""
    title = f"Receipt {', '.join(taking.number for taking in takings)}"
    return printed(title, lambda sheet: _fill(sheet, title, booking, takings))


def _fill(sheet, title, booking, takings):
    sheet.letterhead(title)
    sheet.y += 10
    bookings = [booking, *paid_with(booking)]
    for each in bookings:
        _booking(sheet, each)
    if len(bookings) > 1:
        sheet.total("Paid together", sum_of(bookings))
        sheet.y += 4
    for taking in takings:
        _taking(sheet, taking)


def _booking(sheet, booking):
    sheet.put(LEFT, f"Booking {booking.number}", HEADING)
    sheet.y += 6
    sheet.paragraph(
        LEFT, f"{booking.event.title}, {booking.event.local_start:%-d %b %Y, %H:%M}", measure=150
    )
    for item in booking.items.select_related("ticket").order_by("position"):
        sheet.room(LEADING)
        sheet.put(LEFT, item.ticket.place, SMALL, colour=GREY)
        sheet.y += LEADING
    sheet.y += 4
    receipt = receipt_of(booking, list(booking.items.order_by("position")))
    _amounts(sheet, receipt.rows)
    sheet.y += 4
    sheet.total("Total", receipt.total)
    _amounts(sheet, [(f"of which {words}", money) for words, money in receipt.contained])
    changed = changed_from(booking)
    if changed:
        sheet.paragraph(LEFT, changed.in_words, measure=150)
    sheet.y += 4


def _amounts(sheet, rows):
    for words, money in rows:
        sheet.room(LEADING + 1)
        sheet.put(LEFT, words, TEXT)
        sheet.put(RIGHT, money.display(), TEXT, align="right")
        sheet.y += LEADING + 1


def _taking(sheet, taking):
    at = taking.at.astimezone(current_zone())
    sheet.room(20)
    sheet.put(LEFT, f"{taking.number}, {at:%-d %b %Y, %H:%M}", HEADING)
    sheet.y += 5.5
    verb = "Paid" if taking.amount > 0 else "Paid back"
    rows = [
        (f"{verb}: {taking.get_way_display().lower()} {taking.reference}".strip(), taking.money)
    ]
    if taking.change:
        rows += [("Given", taking.money + taking.change), ("Change", taking.change)]
    _amounts(sheet, rows)
