"""Panels of an order that weigh it up: its buy sheet, and what does not add up."""

from django.utils.html import format_html

from core.admin_parts import Panel, Table, columns
from suppliers.buy_sheet import sheets_of
from suppliers.services.states import differences

NONE = "–"


def sheet_panels(order):
    """What an order costs and brings, when it pays for itself, and how such seats sold before."""
    sheets, whole = sheets_of(order)
    if whole is None:
        return []
    found = [_worth(sheets, whole), _break_even(sheets, whole)]
    past = [_past(sheet) for sheet in sheets if sheet.history]
    if past:
        titles = columns("Places", "Nights#", "Seats#", "Sold#", "Average cost#", "Average list#")
        found.append(Panel("The same part of the house before", Table(titles, past)))
    return found


def _worth(sheets, whole):
    titles = columns(
        "Places",
        "Seats#",
        "Cost, with extra costs#",
        "Face value#",
        "List, before fees#",
        "Buyers pay#",
        "Margin#",
        "of the list price#",
    )
    rows = [[_name(sheet), *_figures(sheet)] for sheet in sheets]
    foot = ["All together", *_figures(whole)]
    return Panel("What it costs and what it brings", Table(titles, rows, foot))


def _name(sheet):
    return format_html("<b>{}</b><small>{}</small>", sheet.line.event, sheet.line)


def _figures(sheet):
    prices = sheet.prices
    is_priced = not prices.unpriced
    share = sheet.margin_share
    return [
        f"{sheet.seats:,}",
        sheet.cost.display(),
        sheet.face.display() if sheet.face else NONE,
        prices.before.display() if is_priced else f"{prices.unpriced:,} without a price",
        prices.after.display() if is_priced else NONE,
        sheet.margin.display() if sheet.margin is not None else NONE,
        f"{share:.1%}" if share is not None else NONE,
    ]


def _break_even(sheets, whole):
    titles = columns("Places", "Price of a seat at least#", "Seats to sell at list#", "of all#")
    rows = [[_name(sheet), *_needs(sheet)] for sheet in sheets]
    return Panel("When it pays for itself", Table(titles, rows, ["All together", *_needs(whole)]))


def _needs(sheet):
    needed = sheet.seats_to_break_even
    least = sheet.break_even_price.display()
    if needed is None:
        words = "has no price yet" if sheet.prices.unpriced else "not even all"
        return [least, words, NONE]
    return [least, f"{needed:,} of {sheet.seats:,}", f"{needed / sheet.seats:.0%}"]


def _past(sheet):
    history = sheet.history
    return [
        _name(sheet),
        f"{history.nights:,}",
        f"{history.seats:,}",
        f"{history.sold:,} ({history.sold_share:.0%})",
        history.cost.display(),
        history.price.display(),
    ]


def differences_panel(order):
    """Why an order is not complete although everything was counted; None when nothing differs."""
    problems = differences(order.lines.all())
    if not problems:
        return None
    table = Table(columns("What was counted is not what is owned"), [[each] for each in problems])
    return Panel("This does not add up", table, count=len(problems))
