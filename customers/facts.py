"""What has happened to customers."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class CustomerSought:
    """Somebody asked for the link to all bookings of an e-mail; each request is answered once."""

    customer_id: UUID
    request_id: UUID
