"""What has happened to money. `reference` is the public id of what was paid for."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class PaymentSucceeded:
    reference: UUID
    payment_id: UUID


@dataclass(frozen=True)
class ChargeRead:
    """The provider has said what it thinks of a payment that has come in, or something else now."""

    payment_id: UUID


@dataclass(frozen=True)
class RefundRequested:
    refund_id: UUID


@dataclass(frozen=True)
class DisputeChanged:
    """A bank has opened, moved or ended a dispute about this payment."""

    payment_id: UUID


@dataclass(frozen=True)
class CreditPaidOut:
    """Somebody at the desk has sent a guest's credit back to where it was paid from."""

    refund_id: UUID


@dataclass(frozen=True)
class RefundWentAnotherWay:
    """A person has given back what the provider would not send: in cash or otherwise."""

    refund_id: UUID


@dataclass(frozen=True)
class RefundCompleted:
    """The money is back with whoever paid."""

    refund_id: UUID
