"""Use cases of buying, one module each."""

from suppliers.services.orders import (
    NotOrderable,
    add_line,
    cancel_order,
    confirm_order,
    draft_order,
    remove_line,
    submit_order,
)
from suppliers.services.receiving import OverReceipt, receive_delivery

__all__ = [
    "NotOrderable",
    "OverReceipt",
    "add_line",
    "cancel_order",
    "confirm_order",
    "draft_order",
    "receive_delivery",
    "remove_line",
    "submit_order",
]
