"""What has happened with suppliers, told with ids only."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class StatementMade:
    """What was sold on consignment has been settled."""

    statement_id: UUID


@dataclass(frozen=True)
class ReturnAskedFor:
    """A supplier is asked to take seats back."""

    return_id: UUID


@dataclass(frozen=True)
class OrderSent:
    """An order's document is on its way to the supplier."""

    mail_id: UUID


@dataclass(frozen=True)
class StockReceived:
    """Places of an order arrived and are owned."""

    receipt_id: UUID


@dataclass(frozen=True)
class DeliveryAsked:
    """Somebody has looked at a delivery and asked to receive it."""

    delivery_id: UUID
