"""Use cases of payments, one module each. Nothing here talks to a provider inside a transaction."""

from payments.services.arrivals import NotThisPayout, assign_payout, awaited_payouts, bank_debited
from payments.services.bank import (
    NotPayableByTransfer,
    assign_line,
    expect_transfer,
    import_statement,
    line_sent_back,
    preview_statement,
    transferred_back,
)
from payments.services.charges import read_card, read_charge
from payments.services.credit import (
    NotEnoughCredit,
    credit_of,
    credit_of_card,
    expire_credit,
    give_back_as_credit,
    give_credit,
    left_on_card,
    pay_with_credit,
    take_credit,
)
from payments.services.desk import (
    DrawerDiffers,
    NotTakeable,
    count_cash,
    hand_out,
    in_drawer,
    take_at_desk,
    waiting_at_desk,
)
from payments.services.disputes import (
    NotAwaited,
    evidence_sent,
    read_disputes,
    record_disputes,
)
from payments.services.explaining import (
    NeedsWords,
    explain_line,
    explain_payout,
    judge_open_lines,
)
from payments.services.notices import receive_notice, work_notice
from payments.services.other_way import (
    NotThisWay,
    SentAfterAll,
    ways_of,
    went_another_way,
)
from payments.services.paying_out import NotPayable, pay_out, pay_out_at_desk, payable, payable_of
from payments.services.payouts import (
    follow_payout,
    read_payouts,
    record_payout,
)
from payments.services.points import WorthChanged, points_to_credit, worth_of_points
from payments.services.refund import request_refund, retry_refund, send_back, send_refund
from payments.services.settle import DECLINED, close_payment, dealt_with, settle
from payments.services.start import (
    NoSuchWay,
    PaymentBegun,
    ProviderAway,
    amend_payment,
    new_payment,
    open_payment,
    pay_at,
    shut_page,
    start_payment,
)
from payments.services.withheld import withheld_of

__all__ = [
    "DECLINED",
    "DrawerDiffers",
    "NeedsWords",
    "NoSuchWay",
    "NotAwaited",
    "NotEnoughCredit",
    "NotPayable",
    "NotPayableByTransfer",
    "NotTakeable",
    "NotThisPayout",
    "NotThisWay",
    "PaymentBegun",
    "ProviderAway",
    "SentAfterAll",
    "WorthChanged",
    "amend_payment",
    "assign_line",
    "assign_payout",
    "awaited_payouts",
    "bank_debited",
    "close_payment",
    "count_cash",
    "credit_of",
    "credit_of_card",
    "dealt_with",
    "evidence_sent",
    "expect_transfer",
    "expire_credit",
    "explain_line",
    "explain_payout",
    "follow_payout",
    "give_back_as_credit",
    "give_credit",
    "hand_out",
    "import_statement",
    "in_drawer",
    "judge_open_lines",
    "left_on_card",
    "line_sent_back",
    "new_payment",
    "open_payment",
    "pay_at",
    "pay_out",
    "pay_out_at_desk",
    "pay_with_credit",
    "payable",
    "payable_of",
    "points_to_credit",
    "preview_statement",
    "read_card",
    "read_charge",
    "read_disputes",
    "read_payouts",
    "receive_notice",
    "record_disputes",
    "record_payout",
    "request_refund",
    "retry_refund",
    "send_back",
    "send_refund",
    "settle",
    "shut_page",
    "start_payment",
    "take_at_desk",
    "take_credit",
    "transferred_back",
    "waiting_at_desk",
    "ways_of",
    "went_another_way",
    "withheld_of",
    "work_notice",
    "worth_of_points",
]
