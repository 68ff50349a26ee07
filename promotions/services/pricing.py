"""What typed codes take off a booking. Nothing is written; how often somebody may try is limited by
whoever lets him type."""

from dataclasses import dataclass, field, replace

from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.functions import Now

from core.money import Money, total
from promotions.codes import customer_of, digest_of, spelled
from promotions.models import Code, Status, Type, Use
from promotions.reckoning import Given, combine
from promotions.refusals import Refused, Why, not_enough, not_running, refused

MOST_CODES = 5  # that one booking may name


@dataclass(frozen=True)
class Context:
    """Who buys through which channel. `waivable` is what fees come once a booking before promotions
    (Money), None for none. Without an e-mail a buyer's own limit is asked when he says who he is."""

    currency: str
    channel: str
    email: str = ""
    waivable: Money | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What one code takes off."""

    code: Code
    given: Given

    @property
    def promotion(self):
        return self.given.promotion


@dataclass(frozen=True)
class Applied:
    """`discounts` are what each item is given (Money, in their order, never more than its price), by
    `parts` in the order in which they were taken; `refused` says of every other code why."""

    discounts: list[Money]
    currency: str
    parts: list[Part] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    @property
    def discount(self):
        return total(self.discounts, self.currency)

    @property
    def waived(self):
        """What of the fees that come once a booking is not asked for."""
        return total((part.given.waived for part in self.parts), self.currency)

    def waiving(self, fees):
        """The same, waiving no more than the fees (Money) that there are once discounts are taken."""
        parts, left = [], fees
        for part in self.parts:
            given = replace(part.given, waived=min(part.given.waived, left))
            left -= given.waived
            parts.append(replace(part, given=given))
        return replace(self, parts=parts)


def price_with(codes, items, context):
    """What these codes take off these Items: Applied. Takes no use: whoever sells redeems it.

    A code that does not exist is answered like one of another agency, of a draft, or a closed one.
    """
    typed = list(dict.fromkeys(codes))
    found = _found(typed[:MOST_CODES], customer_of(context.email))
    told = [refused(text, Why.TOO_MANY) for text in typed[MOST_CODES:]]
    good = {}  # {promotion: (as typed, Code)}
    for text in typed[:MOST_CODES]:
        code = found.get(text)
        no = refused(text, Why.UNKNOWN) if code is None else _why_not(text, code, items, context)
        if no is None and code.promotion in good:
            no = refused(text, Why.TWICE)
        if no is None:
            good[code.promotion] = text, code
        else:
            told.append(no)
    waivable = context.waivable or Money.zero(context.currency)
    parts = [
        Part(good[given.promotion][1], given) for given in combine(good, items, waivable=waivable)
    ]
    taken = {part.promotion for part in parts}
    told += [
        refused(text, _left_out(promotion, taken))
        for promotion, (text, _) in good.items()
        if promotion not in taken
    ]
    return Applied(_added(parts, items, context.currency), context.currency, parts, told)


def _added(parts, items, currency):
    return [total((part.given.amounts[at] for part in parts), currency) for at in range(len(items))]


def _left_out(promotion, taken):
    together = all(other.is_stackable for other in {promotion, *taken})
    return Why.NOTHING_LEFT if together or not taken else Why.NOT_TOGETHER


def _found(typed, customer):
    """{text: Code} of those that exist, in one query whatever they are."""
    digests = {text: digest_of(letters) for text in typed if (letters := spelled(text))}
    by_digest = {code.digest: code for code in _looked_up(digests.values(), customer)}
    return {text: by_digest[digest] for text, digest in digests.items() if digest in by_digest}


def _looked_up(digests, customer):
    lapsed = Use.objects.lapsed()
    own = Use.objects.live().filter(promotion=OuterRef("promotion"), customer=customer)
    of_promotion = own.exclude(customer="").order_by().values("promotion")
    return (
        Code.objects.filter(digest__in=list(digests), is_open=True)
        .exclude(promotion__status=Status.DRAFT)
        .exclude(promotion__type=Type.PRESALE)
        .select_related("promotion")
        .annotate(
            now=Now(),
            has_lapsed=Exists(lapsed.filter(code=OuterRef("pk"))),
            promotion_has_lapsed=Exists(lapsed.filter(promotion=OuterRef("promotion"))),
            used_by_buyer=Subquery(of_promotion.annotate(n=Count("pk")).values("n")),
        )
    )


def _why_not(text, code, items, context):
    """The Refused of a code that exists; None if it may take something off."""
    promotion = code.promotion
    why = not_running(promotion, code.now)
    if why:
        return refused(text, why)
    good = [item for item in items if promotion.is_good_for(item)]
    if not good or (promotion.channels and context.channel not in promotion.channels):
        return refused(text, Why.NOT_FOR_THESE)
    lacking = not_enough(promotion, good)
    if lacking:
        return refused(text, Why.MINIMUM, lacking)
    return _used_up(text, code)


def _used_up(text, code):
    promotion = code.promotion
    most = promotion.usage_limit_per_customer
    if most is not None and (code.used_by_buyer or 0) >= most:
        return refused(text, Why.USED_BY_YOU)
    is_full = _is_full(code, code.has_lapsed) or _is_full(promotion, code.promotion_has_lapsed)
    return refused(text, Why.USED_UP) if is_full else None


def _is_full(limited, has_lapsed):
    """Whether a promotion or code has no use left; a lapsed one is given back to who asks for it."""
    return (
        limited.usage_limit is not None and limited.taken >= limited.usage_limit and not has_lapsed
    )
