"""Whether what a payout is made of is what we booked, movement by movement."""

from collections import Counter, defaultdict
from decimal import Decimal

from core.locks import lock
from core.money import Money
from payments.models import (
    CAPTURED,
    Account,
    Dispute,
    LedgerEntry,
    LineState,
    OtherWay,
    Payment,
    Payout,
    PayoutLine,
    PayoutStatus,
    Refund,
    RefundStatus,
)

Kind = PayoutLine.Kind
NOTHING = Decimal(0)
SETTLED = (LineState.MATCHED, LineState.EXPLAINED)


def judge(name, lines):
    """Says of PayoutLines of this provider, new or open, whether they are what we booked: sets what
    they are about, their status, and why not or what of them is the provider's fee. Saves nothing.

    Returns [what our books hold for each at the provider], for who explains one.
    """
    books = _Books(name, lines)
    return [_judge(line, books) for line in lines]


def _judge(line, books):
    booked, problem = JUDGES[line.kind](line, books)
    if line.gross - line.fee != line.net:
        problem = (
            f"{_shown(line, 'gross')} less {_shown(line, 'fee')} is not {_shown(line, 'net')}."
        )
    if line.currency != line.payout.currency:
        problem = f"It is in {line.currency}, and the payout in {line.payout.currency}."
    line.problem = problem[:200]
    line.status = LineState.OPEN if problem else LineState.MATCHED
    line.to_fees = NOTHING if problem else booked - line.net
    if line.status == LineState.MATCHED:
        books.settle(line)
    return booked


def _shown(line, name):
    return Money(getattr(line, name), line.currency).display()


def _sale(line, books):
    line.payment = payment = books.payments.get(line.payment_ref)
    if payment is None:
        return NOTHING, f"No payment of ours is called {line.payment_ref or 'nothing'}."
    if payment.status not in CAPTURED:
        return NOTHING, "By our books it was not paid."
    if payment.currency != line.currency:
        return (
            NOTHING,
            f"{payment.charged.display()} were paid; settled were {_shown(line, 'gross')}.",
        )
    if before := books.paid_out.get(payment.pk):
        return NOTHING, f"It was paid out before, in {before}."
    fee = books.fees_of_charges[payment.pk, line.currency]
    booked, problem = payment.charged.amount - fee, ""
    if payment.charged.amount != line.gross:
        charged = payment.charged.display()
        problem = f"{charged} were booked, and {_shown(line, 'gross')} came."
    elif fee and fee != line.fee:
        known = Money(fee, line.currency).display()
        problem = f"The fee was {_shown(line, 'fee')}, and {known} is booked."
    return booked, problem


def _refund(line, books):
    line.refund, line.payment = books.refund_of(line)
    refund = line.refund
    if refund is None:
        return NOTHING, f"No refund of ours is called {line.about or 'nothing'}."
    if refund.currency != line.currency:
        return (
            NOTHING,
            f"{refund.money.display()} were sent back; taken was {_shown(line, 'gross')}.",
        )
    if not _took(refund, line):
        return _not_refunded(line, books)
    if line.gross > 0:
        return NOTHING, "It did not reach the buyer and came back; by our books he has it."
    if before := books.refunded.get(refund.pk):
        return NOTHING, f"It was taken before, in {before}."
    sent = refund.money.display()
    words = f"{sent} were sent back, and {_shown(line, 'gross')} were taken."
    return -refund.amount, "" if refund.amount == -line.gross else words


def _took(refund, line):
    """Whether by our books it is this movement by which the provider sent a refund."""
    is_sent = refund.status == RefundStatus.COMPLETED and refund.provider_ref == line.about
    return is_sent and refund.other_way in ("", OtherWay.PROVIDER)


def _not_refunded(line, books):
    """A refund that failed was taken from the balance, and is given back to it: two movements."""
    if books.of_refund[line.about] == 0:
        return line.gross, ""
    said = line.refund.state_in_words
    return NOTHING, f"By our books this refund is {said[0].lower()}{said[1:]}."


def _dispute(line, books):
    line.dispute = dispute = books.disputes.get(line.about)
    if dispute is None:
        return NOTHING, f"No dispute of ours is called {line.about}."
    line.payment = dispute.payment
    held, fees = books.moved(dispute, line.currency)
    booked, problem = NOTHING, ""
    if held[line.gross]:
        booked += line.gross
    elif line.gross:
        problem = f"The bank moved {_shown(line, 'gross')}; that is not what we booked."
    if fees[-line.fee]:
        booked -= line.fee
    elif line.fee:
        known = sum(fees.elements())
        booked += known
        told = Money(-known, line.currency).display()
        problem = problem or f"The fee was {_shown(line, 'fee')}, and {told} is booked."
    return booked, problem


def _returned(line, books):
    line.returned = payout = books.payouts.get(line.about)
    if payout is None:
        return NOTHING, f"No payout of ours is called {line.about}."
    if payout.status != PayoutStatus.FAILED:
        return NOTHING, "By our books that payout did not fail."
    if payout.pk in books.came_back:
        return NOTHING, "It came back before."
    if payout.amount != line.gross:
        return (
            payout.amount,
            f"{payout.money.display()} had been sent, and {_shown(line, 'gross')} came.",
        )
    return line.gross, ""


def _fee(line, books):
    return NOTHING, ""


def _unknown(line, books):
    return NOTHING, f"The provider says: {line.description or 'nothing'}."


JUDGES = {
    Kind.PAYMENT: _sale,
    Kind.REFUND: _refund,
    Kind.DISPUTE: _dispute,
    Kind.FEE: _fee,
    Kind.RETURNED: _returned,
    Kind.ADJUSTMENT: _unknown,
    Kind.OTHER: _unknown,
}


class _Books:
    """What we know of all that some lines are about, read once for all of them."""

    def __init__(self, name, lines):
        paid = {line.payment_ref for line in lines} - {""}
        about = {line.about for line in lines} - {""}
        # Locked: who books what a charge cost does so before this, or sees that a payout has done it.
        payments = lock(Payment.objects.filter(provider=name, provider_payment_ref__in=paid))
        self.payments = {one.provider_payment_ref: one for one in payments}
        refunds = Refund.objects.filter(payment__in=payments).select_related("payment")
        self.refunds = list(refunds.order_by("pk"))
        disputes = Dispute.objects.filter(payment__provider=name, provider_ref__in=about)
        self.disputes = {one.provider_ref: one for one in disputes.select_related("payment")}
        payouts = Payout.objects.filter(provider=name, provider_ref__in=about)
        self.payouts = {one.provider_ref: one for one in payouts}
        self._read_lines(lines, about)
        self._read_ledger()

    def _read_lines(self, lines, about):
        """What stands in other payouts about the same."""
        ours = [line.pk for line in lines]
        self.paid_out, self.refunded, self.came_back = {}, {}, set()
        self.of_refund, self._of_dispute = Counter(), defaultdict(list)
        paid = [one.pk for one in self.payments.values()]
        found = PayoutLine.objects.exclude(pk__in=ours).select_related("payout")
        for line in found.filter(payment__in=paid) | found.filter(about__in=about):
            if line.kind == Kind.REFUND:
                self.of_refund[line.about] += line.gross
            if line.status in SETTLED:
                self.settle(line)
        for line in lines:
            if line.kind == Kind.REFUND:
                self.of_refund[line.about] += line.gross

    def settle(self, line):
        """Nothing else can be what this line is."""
        if line.kind == Kind.PAYMENT:
            self.paid_out[line.payment_id] = line.payout.provider_ref
        elif line.kind == Kind.REFUND and line.gross < 0:
            self.refunded[line.refund_id] = line.payout.provider_ref
        elif line.kind == Kind.RETURNED:
            self.came_back.add(line.returned_id)
        elif line.kind == Kind.DISPUTE:
            self._of_dispute[line.dispute_id].append(line)

    def _read_ledger(self):
        """{dispute id: [(held or fee, amount, currency)]} of what was booked at the provider, and
        {(payment id, currency): the fee of the charge} of what was booked before any payout."""
        self._booked, self.fees_of_charges = defaultdict(list), Counter()
        for dispute, kind, amount, currency in self._at_provider("dispute", self.disputes):
            self._booked[dispute].append((kind.partition(" ")[0], amount, currency))
        for payment, _, amount, currency in self._at_provider("charge", self.payments):
            self.fees_of_charges[payment, currency] -= amount

    def _at_provider(self, source, things):
        """[(id, kind, amount, currency)] of what journals of this source moved at the provider."""
        found = LedgerEntry.objects.filter(
            account=Account.PROVIDER_CLEARING,
            journal__source=source,
            journal__source_id__in=[one.pk for one in things.values()],
        )
        return found.values_list("journal__source_id", "journal__kind", "amount", "currency")

    def refund_of(self, line):
        """(the Refund that a line is about, the payment): by the provider's id; else, of one that was
        tried again, by its amount."""
        payment = self.payments.get(line.payment_ref)
        exact = [one for one in self.refunds if one.provider_ref == line.about]
        alike = [
            one
            for one in self.refunds
            if payment and one.payment_id == payment.pk and one.amount == abs(line.gross)
        ]
        return next(iter(exact or alike), None), payment

    def moved(self, dispute, currency):
        """What was booked for a dispute and stands in no payout yet: (Counter of what the bank moved,
        Counter of fees, both as they changed what the provider holds)."""
        held, fees = Counter(), Counter()
        for kind, amount, booked_in in self._booked[dispute.pk]:
            if booked_in == currency:
                (held if kind == "held" else fees)[amount] += 1
        for line in self._of_dispute[dispute.pk]:
            held[line.gross] -= 1
            fees[-line.fee] -= 1
        return +held, +fees
