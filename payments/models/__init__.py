"""Money in and out: payments, refunds, disputes, what providers told us, the double-entry ledger."""

from payments.models.bank import BankLine, BankStatement, LineStatus
from payments.models.credit import CreditEntry
from payments.models.desk import CashCount, DeskTaking
from payments.models.disputes import Dispute, DisputeStatus
from payments.models.payments import (
    CAPTURED,
    MOVES,
    NOT_PAID,
    NOTHING_DUE,
    OPEN,
    PAGE_EXPIRED,
    PAGE_SHUT,
    REFUND_MOVES,
    Account,
    AccountCode,
    InboxMessage,
    Journal,
    LedgerEntry,
    OtherWay,
    Payment,
    Refund,
    RefundStatus,
    Risk,
    Status,
)
from payments.models.payouts import LineState, Payout, PayoutLine, PayoutStatus

__all__ = [
    "CAPTURED",
    "MOVES",
    "NOTHING_DUE",
    "NOT_PAID",
    "OPEN",
    "PAGE_EXPIRED",
    "PAGE_SHUT",
    "REFUND_MOVES",
    "Account",
    "AccountCode",
    "BankLine",
    "BankStatement",
    "CashCount",
    "CreditEntry",
    "DeskTaking",
    "Dispute",
    "DisputeStatus",
    "InboxMessage",
    "Journal",
    "LedgerEntry",
    "LineState",
    "LineStatus",
    "OtherWay",
    "Payment",
    "Payout",
    "PayoutLine",
    "PayoutStatus",
    "Refund",
    "RefundStatus",
    "Risk",
    "Status",
]
