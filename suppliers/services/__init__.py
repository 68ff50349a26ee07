"""Use cases of buying, one module each."""

from suppliers.services.approving import (
    MayNotApprove,
    NotApproved,
    OutOfContract,
    OverCreditLine,
    approve_order,
    confirm_order,
    submit_order,
    withdraw_order,
)
from suppliers.services.cancelling import cancel_order, cancel_rest
from suppliers.services.consignment import NothingToSettle, accrue, settle
from suppliers.services.copying import copy_order
from suppliers.services.credits import (
    KnownNumber,
    apply_credit,
    enter_credit_note,
    refund_credit,
)
from suppliers.services.deliveries import (
    AlreadyAsked,
    ask_for,
    carry_out,
    cost_of,
    discard_delivery,
    keep_delivery,
    keep_document,
    reading_of,
    seats_so_far,
)
from suppliers.services.drafting import NotOrderable, StaleOrder, change_order, draft_order
from suppliers.services.invoices import (
    NotDecidable,
    accept_invoice,
    enter_invoice,
    match_again,
    refuse_invoice,
)
from suppliers.services.landed import add_landed_cost, remove_landed_cost
from suppliers.services.lines import add_line, change_line, remove_line
from suppliers.services.mailing import mail_order
from suppliers.services.matching import Billed
from suppliers.services.paying import (
    KeyOfAnother,
    NeedsSecondPerson,
    Transfer,
    pay_invoice,
    pay_order,
    pay_payable,
)
from suppliers.services.receiving import CodeKnown, OverReceipt, receive_delivery
from suppliers.services.returns import (
    NotReturnable,
    accept_return,
    credit_return,
    refuse_return,
    request_returns,
    withdraw_return,
)
from suppliers.services.runs import RunChanged, approve_run, cancel_run, pay_run, propose_run
from suppliers.services.settling import NotPayable, NotUsable
from suppliers.services.states import NotReconciled, complete_order
from suppliers.services.suppliers import activate_supplier, deactivate_supplier

__all__ = [
    "AlreadyAsked",
    "Billed",
    "CodeKnown",
    "KeyOfAnother",
    "KnownNumber",
    "MayNotApprove",
    "NeedsSecondPerson",
    "NotApproved",
    "NotDecidable",
    "NotOrderable",
    "NotPayable",
    "NotReconciled",
    "NotReturnable",
    "NotUsable",
    "NothingToSettle",
    "OutOfContract",
    "OverCreditLine",
    "OverReceipt",
    "RunChanged",
    "StaleOrder",
    "Transfer",
    "accept_invoice",
    "accept_return",
    "accrue",
    "activate_supplier",
    "add_landed_cost",
    "add_line",
    "apply_credit",
    "approve_order",
    "approve_run",
    "ask_for",
    "cancel_order",
    "cancel_rest",
    "cancel_run",
    "carry_out",
    "change_line",
    "change_order",
    "complete_order",
    "confirm_order",
    "copy_order",
    "cost_of",
    "credit_return",
    "deactivate_supplier",
    "discard_delivery",
    "draft_order",
    "enter_credit_note",
    "enter_invoice",
    "keep_delivery",
    "keep_document",
    "mail_order",
    "match_again",
    "pay_invoice",
    "pay_order",
    "pay_payable",
    "pay_run",
    "propose_run",
    "reading_of",
    "receive_delivery",
    "refund_credit",
    "refuse_invoice",
    "refuse_return",
    "remove_landed_cost",
    "remove_line",
    "request_returns",
    "seats_so_far",
    "settle",
    "submit_order",
    "withdraw_order",
    "withdraw_return",
]
