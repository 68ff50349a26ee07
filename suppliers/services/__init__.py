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
from suppliers.services.copying import copy_order
from suppliers.services.drafting import NotOrderable, StaleOrder, change_order, draft_order
from suppliers.services.landed import add_landed_cost, remove_landed_cost
from suppliers.services.lines import add_line, change_line, remove_line
from suppliers.services.mailing import mail_order
from suppliers.services.receiving import OverReceipt, receive_delivery
from suppliers.services.states import NotReconciled, complete_order
from suppliers.services.suppliers import activate_supplier, deactivate_supplier

__all__ = [
    "MayNotApprove",
    "NotApproved",
    "NotOrderable",
    "NotReconciled",
    "OutOfContract",
    "OverCreditLine",
    "OverReceipt",
    "StaleOrder",
    "activate_supplier",
    "add_landed_cost",
    "add_line",
    "approve_order",
    "cancel_order",
    "cancel_rest",
    "change_line",
    "change_order",
    "complete_order",
    "confirm_order",
    "copy_order",
    "deactivate_supplier",
    "draft_order",
    "mail_order",
    "receive_delivery",
    "remove_landed_cost",
    "remove_line",
    "submit_order",
    "withdraw_order",
]
