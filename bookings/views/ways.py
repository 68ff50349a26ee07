"""Where a buyer can pay: at the agency's providers that take the currency."""

from agencies.queries import current_agency
from payments.providers import IN_WORDS, ways_to_pay


def ways_of(money, payment, chosen):
    """What the buyer chooses from, [{"name", "words", "is_chosen"}]; empty where there is no choice."""
    names = ways_to_pay(current_agency(), money) if money else []
    if len(names) < 2:
        return []
    wanted = (chosen, payment.provider if payment else "", names[0])
    chosen = next(name for name in wanted if name in names)
    return [
        {"name": name, "words": IN_WORDS.get(name, name), "is_chosen": name == chosen}
        for name in names
    ]
