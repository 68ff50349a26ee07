"""What every payment provider looks like from here. One module a provider beside this one."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

if TYPE_CHECKING:  # the peers run without Django
    from core.money import Money


class ProviderUnavailable(Exception):
    """Time-out, broken connection, 5xx, or an answer that proves nothing (a key used before, our own
    key refused): whether the provider acted is unknown. Look it up."""


class ProviderRefused(Exception):
    """The provider understood and said no (4xx): nothing happened."""


class WebhookRefused(Exception):
    """A notice whose signature does not hold, or that cannot be read."""


@dataclass(frozen=True)
class ProviderSession:
    """The provider's page for one payment. `state` is open, approved (the buyer has agreed, and the
    money moves when we take it: Provider.capture), paid, expired or failed. `was_over`
    says of one that we wanted to shut that it had ended before: money may still be on its way."""

    ref: str
    url: str
    state: str
    amount: Decimal
    currency: str
    payment_ref: str | None = None
    metadata: dict = field(default_factory=dict)
    was_over: bool = False


@dataclass(frozen=True)
class ProviderRefund:
    """Money on its way back. `state` is pending, completed or failed."""

    ref: str
    state: str
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class WebhookEvent:
    """A notice whose signature held. `session_ref` is empty when it does not name a session."""

    id: str
    kind: str
    session_ref: str
    payment_ref: str
    created_at: datetime


@dataclass(frozen=True)
class ProviderCharge:
    """What taking the money came to: the provider's `fee`, in `fee_currency` (None until it is known),
    and what it thinks of the card.

    `risk_level` is normal, elevated, highest or empty (not judged), `risk_score` 0 to 100 or None;
    `card` is a fingerprint: the same for the same card at this provider, and no card number.
    """

    ref: str
    amount: Decimal
    currency: str
    fee: Decimal | None = None
    fee_currency: str = ""
    risk_level: str = ""
    risk_score: int | None = None
    risk_reason: str = ""
    card: str = ""


@dataclass(frozen=True)
class ProviderDispute:
    """A buyer's bank takes money back, or asks about it. `state` is inquiry (no money has moved),
    needs_response, under_review, won, lost or closed (an inquiry that ended without a dispute).

    `is_withdrawn` says whether the money is gone at present; evidence counts until `evidence_due_at`.
    `fee` is what the provider has charged for it, in `fee_currency`.
    """

    ref: str
    payment_ref: str
    state: str
    reason: str
    amount: Decimal
    currency: str
    is_withdrawn: bool
    created_at: datetime
    evidence_due_at: datetime | None = None
    fee: Decimal = Decimal(0)
    fee_currency: str = ""


@dataclass(frozen=True)
class ProviderPayout:
    """Money on its way from the provider to the bank account; below zero the bank is debited.
    `state` is pending, paid or failed (also: called off).

    `lines` says whether payout_lines tells what it is made of: ready, coming (ask later) or none (it
    was made by hand, and the provider does not say of what). `descriptor` is what stands on the bank
    statement, `trace` the banks' own number of the transfer, empty where there is none.
    """

    ref: str
    state: str
    amount: Decimal
    currency: str
    arrives_on: date
    created_at: datetime
    lines: str = "ready"
    descriptor: str = ""
    trace: str = ""


@dataclass(frozen=True)
class ProviderPayoutLine:
    """One movement that a payout is made of. `kind` is payment, refund, dispute, fee (the provider's
    own), adjustment, returned (an earlier payout that did not arrive) or other.

    `gross` less `fee` is `net`, what it adds to the payout (negative: takes from it). `payment_ref` is
    the payment that it is about, `about` the refund, dispute or returned payout.
    """

    ref: str
    kind: str
    gross: Decimal
    fee: Decimal
    net: Decimal
    currency: str
    created_at: datetime
    payment_ref: str = ""
    about: str = ""
    description: str = ""


class Provider(Protocol):
    """Amounts are Decimals in the currency's scale, times are aware, ids are our own UUIDs.

    Every call that reaches the provider may raise ProviderUnavailable (the outcome is unknown) or
    ProviderRefused (it said no); looking for what is not there gives None.
    """

    captures: bool
    """Whether buyers only approve on its page, and no money moves until we `capture` it."""
    pays_out: bool
    """Whether it sends what was paid there to the bank by itself, and says what each payout is made of:
    only then payouts_since and payout_lines are there."""

    def takes(self, money: "Money") -> bool:
        """Whether exactly this Money can be paid there. Asks nobody."""

    def open_session(  # noqa: PLR0913 - all of it is needed, keywords only
        self,
        *,
        payment_id: UUID,
        reference: UUID,
        amount: Decimal,
        currency: str,
        description: str,
        payee: str,
        email: str,
        success_url: str,
        cancel_url: str,
        expires_at: datetime,
        idempotency_key: str,
    ) -> ProviderSession:
        """A page on which `amount` can be paid to `payee`, a name buyers know; the same one for the
        same key. It ends by itself not before `expires_at`, as soon after as the provider can, or
        never: who sells the places again shuts it first with expire_session.

        It carries payment_id and reference in its metadata, so it is found again by them.
        """

    def find_session(
        self,
        *,
        ref: str | None = None,
        payment_id: UUID | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> ProviderSession | None:
        """The session as it is now, by the provider's id or by ours; paid before open before rest.

        With payment_id, `since` and `until` (None: now) say when it may have been opened: a provider
        that cannot be asked for our id looks through what it opened then. What is found is certain
        either way; who cannot know raises ProviderUnavailable. Who `captures` may know nothing of our
        ids: of what we have not heard nobody knows the page, and nobody takes its money.
        """

    def capture(self, *, ref: str, idempotency_key: str) -> ProviderSession | None:
        """Takes the money of an approved session, once per key; only where `captures` is true. Returns
        the session as it is afterwards: paid, failed when the provider declined, or still open when
        the money is on its way."""

    def expire_session(self, ref: str) -> ProviderSession | None:
        """Shuts the page; returns the session as it is afterwards, which may be paid already, or
        still open when money is on its way. Where `captures` is true nothing need be shut: it says
        that no money has moved, and none does if we leave it at that."""

    def refund(
        self,
        *,
        refund_id: UUID,
        attempt: int,
        payment_ref: str,
        amount: Decimal,
        currency: str,
        idempotency_key: str,
    ) -> ProviderRefund:
        """Sends money back, once per key, with refund_id and attempt in its metadata."""

    def find_refund(
        self, *, refund_id: UUID, attempt: int, payment_ref: str
    ) -> ProviderRefund | None:
        """The refund that was made for our refund_id: one that did not fail, of any attempt, before
        a failed one of this attempt. Failed ones of other attempts count for nothing."""

    def find_charge(self, payment_ref: str) -> ProviderCharge | None:
        """What a paid session's payment cost and how risky the provider holds it to be."""

    def find_disputes(self, payment_ref: str) -> list[ProviderDispute]:
        """Disputes about this payment as they are now, the newest first."""

    def disputes_since(self, moment: datetime) -> list[ProviderDispute]:
        """Disputes that were opened since then, about whatever was sold there, the newest first."""

    def payouts_since(self, moment: datetime) -> list[ProviderPayout]:
        """Payouts that were made since then, as they are now, the newest first."""

    def payout_lines(self, ref: str) -> list[ProviderPayoutLine]:
        """All that a payout is made of, each movement once; only of one whose `lines` are ready."""

    def verify_webhook(self, body: bytes, headers) -> WebhookEvent:
        """The notice in a request; raises WebhookRefused. Asks nobody."""
