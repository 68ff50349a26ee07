"""What a promotion gives and when, in words."""

from core.money import Money
from core.words import many
from events.models import Channel, Event, PriceLevel
from promotions.models import Per, Type


def gives(promotion):
    """10 % off; buy 2, get 1 free; €5.00 off each ticket; no booking fees."""
    return WAYS[promotion.type](promotion)


def _percent(value):
    return f"{value.normalize():f} %"


def _some_for_some(promotion):
    free = "free" if promotion.percent == 100 else f"at {_percent(promotion.percent)} off"
    return f"Buy {promotion.buy}, get {promotion.get} {free}"


def _amount_off(promotion):
    each = " each ticket" if promotion.per == Per.TICKET else ""
    return f"{promotion.money('amount').display()} off{each}"


WAYS = {
    Type.PERCENTAGE_DISCOUNT: lambda promotion: f"{_percent(promotion.percent)} off",
    Type.BUY_ONE_GET_ONE: _some_for_some,
    Type.FIXED_DISCOUNT: _amount_off,
    Type.FREE_SHIPPING: lambda promotion: "No booking fees",
    Type.PRESALE: lambda promotion: "Opens a presale",
}


def conditions(promotion):
    """[(what, in words)] of everything else it says."""
    told = [
        ("Kinds", ", ".join(Event.Kind(kind).label for kind in promotion.kinds)),
        ("Events", _named(Event, promotion.events)),
        ("Price levels", _named(PriceLevel, promotion.levels)),
        ("Sold through", ", ".join(Channel(each).label for each in promotion.channels)),
        ("From", many(promotion.min_tickets, "ticket") if promotion.min_tickets > 1 else ""),
        ("Worth at least", _display(promotion, promotion.min_amount)),
        ("Takes off at most", _display(promotion, promotion.max_discount)),
        ("With others", _together(promotion)),
        ("Currency", promotion.currency),
    ]
    return [(what, words) for what, words in told if words]


def _display(promotion, value):
    return Money.rounded(value, promotion.currency).display() if value else ""


def _together(promotion):
    if not promotion.is_stackable:
        return "Alone, if it gives more than the others"
    return f"Goes together with others that do, {promotion.priority} in their order"


def _named(model, ids):
    found = model.objects.filter(pk__in=ids)
    if model is PriceLevel:
        return ", ".join(f"{level.event}: {level}" for level in found.select_related("event"))
    return ", ".join(str(each) for each in found)
