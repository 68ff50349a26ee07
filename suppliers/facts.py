"""What has happened to stock."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class StockReceived:
    receipt_id: UUID
