"""Which terms make sense, in words: asked by the back office and by the API before the database is."""

from core.errors import DomainError
from core.money import Money
from promotions.models import Type, UseStatus

# What each type asks for; whatever else of these was filled in is left out.
ASKED = {
    Type.PERCENTAGE_DISCOUNT: ("percent",),
    Type.BUY_ONE_GET_ONE: ("percent", "buy", "get"),
    Type.FIXED_DISCOUNT: ("amount",),
    Type.FREE_SHIPPING: (),
}
OFFERED = [(each.value, each.label) for each in ASKED]
MEANT = {
    "percent": "How many percent?",
    "amount": "How much?",
    "buy": "How many?",
    "get": "How many?",
}


def tidied(terms):
    """These terms {name: value} without what their type does not ask for."""
    asked = ASKED[terms["type"]]
    return {**terms, **{name: None for name in MEANT if name not in asked}}


def problems_of(terms):
    """[(name, sentence)] of what makes no sense in terms {name: value}."""
    missing = [(name, MEANT[name]) for name in ASKED[terms["type"]] if not terms.get(name)]
    amounts = [(name, _amount(name, terms)) for name in ("amount", "min_amount", "max_discount")]
    found = [*missing, *amounts]
    if terms.get("percent") and not 0 < terms["percent"] <= 100:
        found.append(("percent", "More than nothing, and 100 at most."))
    elif terms.get("percent") and terms["percent"] != round(terms["percent"], 2):
        found.append(("percent", "Two decimals at most."))
    if terms.get("min_tickets") == 0:
        found.append(("min_tickets", "One at least."))
    return [(name, words) for name, words in found if words]


def _amount(name, terms):
    value = terms.get(name)
    if value is None:
        return ""
    if value < 0 or (value == 0 and name == "max_discount"):
        return "More than nothing, please."
    try:
        Money(value, terms["currency"])
    except DomainError as wrong:
        return wrong.message
    return ""


def problems_of_limits(limits, promotion):
    """[(name, sentence)] of what makes no sense in a window and limits {name: value}; `promotion` has
    the uses that are taken already."""
    found = []
    start, finish = limits.get("starts_at"), limits.get("ends_at")
    if start and finish and finish <= start:
        found.append(("ends_at", "This is not after it starts."))
    if limits.get("usage_limit_per_customer") == 0:
        found.append(("usage_limit_per_customer", "One at least, or nothing."))
    limit = limits.get("usage_limit")
    if limit is not None:
        taken = promotion.uses.exclude(status=UseStatus.RETURNED).count()
        if limit < max(taken, 1):
            words = f"{taken:,} are taken already." if taken else "One at least, or nothing."
            found.append(("usage_limit", words))
    return found
