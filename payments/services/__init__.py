"""Use cases of payments, one module each. Nothing here talks to a provider inside a transaction."""

from payments.services.disputes import (
    NotAwaited,
    evidence_sent,
    read_disputes,
    record_disputes,
)
from payments.services.notices import receive_notice, work_notice
from payments.services.refund import request_refund, retry_refund, send_refund
from payments.services.settle import close_payment, dealt_with, settle
from payments.services.start import ProviderAway, new_payment, open_payment, start_payment

__all__ = [
    "NotAwaited",
    "ProviderAway",
    "close_payment",
    "dealt_with",
    "evidence_sent",
    "new_payment",
    "open_payment",
    "read_disputes",
    "receive_notice",
    "record_disputes",
    "request_refund",
    "retry_refund",
    "send_refund",
    "settle",
    "start_payment",
    "work_notice",
]
