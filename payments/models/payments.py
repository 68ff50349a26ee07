"""Money in and out: payments, refunds, what providers told us, and the double-entry ledger."""

from decimal import Decimal

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.audit import Audited, append_only, status_machine
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency
from core.status import Movable
from core.tenancy import TenantKey, TenantModel

LIKE_A_CARD = r"[0-9]([ .-]?[0-9]){11}"
"""Twelve figures in a row are a card number, or near enough: a slip's reference is shorter."""


class Status(models.TextChoices):
    PENDING = "PENDING", "Not begun"
    PROCESSING = "PROCESSING", "At the provider"
    SUCCEEDED = "SUCCEEDED", "Paid"
    FAILED = "FAILED", "Failed"
    REFUNDED = "REFUNDED", "Refunded"
    DISPUTED = "DISPUTED", "Disputed"


# FAILED → SUCCEEDED: a provider may find the money after all; the truth is its current object.
MOVES = {
    Status.PENDING: {Status.PROCESSING, Status.FAILED},
    Status.PROCESSING: {Status.SUCCEEDED, Status.FAILED},
    Status.SUCCEEDED: {Status.REFUNDED, Status.DISPUTED},
    Status.FAILED: {Status.SUCCEEDED},
    Status.DISPUTED: {Status.SUCCEEDED, Status.REFUNDED},
    Status.REFUNDED: set(),
}
OPEN = (Status.PENDING, Status.PROCESSING)
CAPTURED = (Status.SUCCEEDED, Status.REFUNDED, Status.DISPUTED)
# How attempts end that came to nothing without anything being wrong.
NOTHING_DUE = "Nothing was due any more."
PAGE_EXPIRED = "The provider's page is expired."
PAGE_SHUT = "We shut the provider's page before it was paid."
NOT_PAID = "Given up before it was paid."
GIVEN_UP = (NOTHING_DUE, PAGE_EXPIRED, PAGE_SHUT, NOT_PAID)


class Risk(models.TextChoices):
    """How risky a provider holds a payment to be; empty: it does not judge."""

    NORMAL = "normal", "Normal"
    ELEVATED = "elevated", "Elevated"
    HIGHEST = "highest", "Highest"


class Payment(Movable, TenantModel):
    """One attempt to be paid for what `reference` names (the public id of an order, which is that of
    its first booking; opaque here). `covers` are the bookings of it that are paid for: whoever has
    begun to pay, pays for these. `credit` is the part of `amount` that is paid with the customer's
    credit, held from the moment it was begun; the rest is what the provider is asked for."""

    MOVES = MOVES

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.UUIDField(editable=False)
    covers = ArrayField(models.UUIDField(), editable=False)
    description = models.CharField(max_length=200, editable=False)
    provider = models.CharField(max_length=20, editable=False)
    provider_ref = models.CharField(max_length=120, blank=True, editable=False)
    provider_payment_ref = models.CharField(max_length=120, blank=True, editable=False)
    provider_url = models.URLField(max_length=500, blank=True, editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING, editable=False)
    amount = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, editable=False
    )
    credit = models.DecimalField(
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        default=Decimal(0),
        db_default=0,
        editable=False,
    )
    currency = models.CharField(max_length=3, editable=False)
    failure = models.CharField(max_length=200, blank=True, editable=False)
    needs_attention = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="The provider took money that is not this payment: a person must look.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    opened_at = models.DateTimeField(null=True, editable=False)
    settled_at = models.DateTimeField(null=True, editable=False)
    looked_up_at = models.DateTimeField(null=True, editable=False)
    card = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        editable=False,
        help_text="The provider’s fingerprint of what was paid with: the same for the same card, and "
        "nothing can be paid with it.",
    )
    card_read_at = models.DateTimeField(null=True, editable=False)
    fee = models.DecimalField(
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        null=True,
        editable=False,
        help_text="What the provider took for it; empty as long as it has not said.",
    )
    fee_currency = models.CharField(max_length=3, blank=True, db_default="", editable=False)
    risk_level = models.CharField(
        max_length=8, choices=Risk, blank=True, db_default="", editable=False
    )
    risk_score = models.PositiveSmallIntegerField(null=True, editable=False)
    risk_reason = models.CharField(max_length=120, blank=True, db_default="", editable=False)
    # The column is called as it was before: a rename breaks the workers of the release before.
    charge_read_at = models.DateTimeField(null=True, editable=False)
    disputes_read = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="How often its disputes were written down: who read them before does so again.",
    )

    class Meta:
        ordering = ["-created_at", "pk"]
        constraints = [
            fits_currency("amount", "credit", name="payment_fits_currency"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_is_positive"),
            models.CheckConstraint(
                condition=Q(credit=0)
                | Q(credit__gt=0, credit__lt=F("amount")) & ~Q(status="PENDING")
                | Q(credit=F("amount"), provider="credit"),
                name="credit_pays_a_part_or_all",
            ),
            models.CheckConstraint(condition=Q(covers__len__gt=0), name="payment_is_for_something"),
            models.CheckConstraint(
                condition=Q(fee=None, fee_currency="")
                | Q(fee__isnull=False, fee__gte=0) & ~Q(fee_currency=""),
                name="fee_of_a_payment_has_a_currency",
            ),
            models.UniqueConstraint(
                fields=["reference"], condition=Q(status__in=OPEN), name="one_open_payment"
            ),
            models.UniqueConstraint(
                fields=["provider", "provider_ref"],
                condition=~Q(provider_ref=""),
                name="one_payment_per_provider_object",
            ),
        ]
        indexes = [
            models.Index(fields=["reference"], name="payment_of_reference"),
            models.Index(fields=["card"], condition=~Q(card=""), name="payments_of_card"),
            models.Index(
                fields=["opened_at"], condition=Q(status="PROCESSING"), name="payment_in_flight"
            ),
            models.Index(
                fields=["settled_at"],
                condition=Q(status__in=CAPTURED, fee=None)
                & ~Q(provider__in=("cash", "terminal", "bank", "credit")),
                name="payments_without_fee",
            ),
            models.Index(
                fields=["created_at"],
                condition=Q(needs_attention=True),
                name="payment_needs_attention",
            ),
        ]
        triggers = [
            status_machine(MOVES),
            pgtrigger.Trigger(
                name="what_is_paid_for_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("covers", "amount", "credit", "currency", "reference"),
                # Money that comes after all, when the credit that went with it is spent: it is only
                # of what came, which is not what was due, so it goes back.
                condition=pgtrigger.Condition(
                    "OLD.status <> 'PENDING'"
                    " AND (OLD.covers, OLD.amount, OLD.credit, OLD.currency, OLD.reference)"
                    " IS DISTINCT FROM"
                    " (NEW.covers, NEW.amount, NEW.credit, NEW.currency, NEW.reference)"
                    " AND (OLD.status <> 'FAILED' OR NEW.status <> 'SUCCEEDED'"
                    " OR (OLD.covers, OLD.amount - OLD.credit, 0, OLD.currency, OLD.reference)"
                    " IS DISTINCT FROM"
                    " (NEW.covers, NEW.amount, NEW.credit, NEW.currency, NEW.reference))"
                ),
                func="""
                    RAISE EXCEPTION 'payment % has begun: what it is for stays as it is', OLD.id
                      USING ERRCODE = 'check_violation';
                """,
            ),
            pgtrigger.Trigger(
                name="a_fee_stays_as_it_was_booked",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("fee", "fee_currency"),
                condition=pgtrigger.Condition(
                    "OLD.fee IS NOT NULL"
                    " AND (OLD.fee, OLD.fee_currency) IS DISTINCT FROM (NEW.fee, NEW.fee_currency)"
                ),
                func="""
                    RAISE EXCEPTION 'the fee of payment % is booked', OLD.id
                      USING ERRCODE = 'check_violation';
                """,
            ),
            pgtrigger.Trigger(
                name="credit_is_held_while_it_may_be_paid",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("status", "credit"),
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Condition("NEW.credit > 0"),
                declare=[("held", "numeric"), ("paid", "payments_payment")],
                func="""
                    SELECT * INTO paid FROM payments_payment WHERE id = NEW.id;
                    SELECT coalesce(sum(amount), 0) INTO held FROM payments_creditentry
                      WHERE payment_id = NEW.id AND kind IN ('HELD', 'RETURNED');
                    IF held <> (CASE paid.status WHEN 'FAILED' THEN 0 ELSE -paid.credit END) THEN
                      RAISE EXCEPTION 'payment % has % of credit, and % is held', paid.id,
                        paid.credit, -held USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
            Audited(
                "agency_id", "status", "amount", "credit", "currency", "provider", "provider_ref"
            ),
        ]

    def __str__(self):
        return f"{self.money} by {self.provider}"

    @property
    def problem(self):
        """What is wrong with it, if anything is: an attempt that was given up is no problem."""
        return "" if self.failure in GIVEN_UP else self.failure

    @property
    def money(self):
        return Money(self.amount, self.currency)

    @property
    def by_credit(self):
        """What of it is paid with credit."""
        return Money(self.credit, self.currency)

    @property
    def charged(self):
        """What of it comes from the provider, or by hand: the most that can go back there."""
        return Money(self.amount - self.credit, self.currency)


class RefundStatus(models.TextChoices):
    PENDING = "PENDING", "Not sent"
    PROCESSING = "PROCESSING", "At the provider"
    COMPLETED = "COMPLETED", "Refunded"
    FAILED = "FAILED", "Failed"


# FAILED → COMPLETED: only when somebody says that the money went back another way, and how.
REFUND_MOVES = {
    RefundStatus.PENDING: {RefundStatus.PROCESSING, RefundStatus.COMPLETED, RefundStatus.FAILED},
    RefundStatus.PROCESSING: {RefundStatus.COMPLETED, RefundStatus.FAILED},
    RefundStatus.COMPLETED: set(),
    RefundStatus.FAILED: {RefundStatus.PROCESSING, RefundStatus.COMPLETED},
}


class OtherWay(models.TextChoices):
    """How money came back that its provider would not send."""

    BANK = "BANK", "By bank transfer"
    CASH = "CASH", "In cash, out of the drawer"
    PROVIDER = "PROVIDER", "At the provider’s own site"


BY_OTHER_WAY = {
    OtherWay.BANK: "by bank transfer",
    OtherWay.CASH: "in cash",
    OtherWay.PROVIDER: "at the provider’s own site",
}


class Refund(Movable, TenantModel):
    """Money on its way back. `request_key` makes asking twice for the same thing one refund;
    `attempt` counts how often a person had it sent: only the last one may still move money.
    `other_way` is how it came back that its provider had refused, said once by a person, with what was
    done; empty: the way it came."""

    MOVES = REFUND_MOVES

    class Reason(models.TextChoices):
        CUSTOMER_REQUEST = "CUSTOMER_REQUEST", "Asked by the customer"
        EVENT_CANCELLED = "EVENT_CANCELLED", "Event cancelled"
        DUPLICATE = "DUPLICATE", "Paid twice"
        FRAUD = "FRAUD", "Fraud"
        TOO_LATE = "TOO_LATE", "Paid after the seats had gone"
        WRONG_AMOUNT = "WRONG_AMOUNT", "Not the amount that was due"
        OVER_LIMIT = "OVER_LIMIT", "More tickets than one person or card may have"
        NOT_EXCHANGED = "NOT_EXCHANGED", "Seats could not be changed any more"
        PAID_OUT = "PAID_OUT", "Credit paid out"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = TenantKey(Payment, related_name="refunds")
    request_key = models.CharField(max_length=80, editable=False)
    amount = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, editable=False
    )
    currency = models.CharField(max_length=3, editable=False)
    reason = models.CharField(max_length=16, choices=Reason, editable=False)
    status = models.CharField(
        max_length=10, choices=RefundStatus, default=RefundStatus.PENDING, editable=False
    )
    attempt = models.PositiveSmallIntegerField(default=1, db_default=1, editable=False)
    provider_ref = models.CharField(max_length=120, blank=True, editable=False)
    failure = models.CharField(max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    looked_up_at = models.DateTimeField(null=True, editable=False)
    other_way = models.CharField(
        max_length=8, choices=OtherWay, blank=True, default="", db_default="", editable=False
    )
    other_way_note = models.CharField(
        max_length=120, blank=True, default="", db_default="", editable=False
    )
    other_way_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        editable=False,
    )

    class Meta:
        ordering = ["-created_at", "pk"]
        constraints = [
            fits_currency("amount", name="refund_fits_currency"),
            models.CheckConstraint(
                condition=Q(other_way="", other_way_note="", other_way_by=None)
                | Q(
                    other_way__in=OtherWay.values,
                    other_way_note__regex=r"\S",
                    other_way_by__isnull=False,
                    status="COMPLETED",
                    completed_at__isnull=False,
                ),
                name="another_way_says_who_when_and_what",
            ),
            models.CheckConstraint(
                # A provider's number of a refund may be nearly all figures.
                condition=~Q(other_way_note__regex=LIKE_A_CARD)
                | Q(other_way="PROVIDER", other_way_note__regex="[A-Za-z]"),
                name="no_card_number_in_a_refund",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_is_positive"),
            models.UniqueConstraint(
                fields=["payment", "request_key"], name="one_refund_per_request"
            ),
        ]
        triggers = [
            status_machine(REFUND_MOVES),
            pgtrigger.Trigger(
                name="never_above_captured",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("amount", "status", "payment_id"),
                declare=[("captured", "numeric"), ("refunded", "numeric"), ("unit", "varchar"),
                         ("by_credit", "numeric"), ("owed", "numeric"), ("taken", "numeric")],
                # What a bank has taken back is not sent once more; what was sent already is a fact.
                # What was paid with credit, or became credit, is not sent at all. What was refused
                # stays owed: another refund does not take its place.
                func="""
                    SELECT CASE WHEN status IN ('SUCCEEDED', 'REFUNDED', 'DISPUTED')
                           THEN amount - credit ELSE 0 END,
                           currency, credit INTO captured, unit, by_credit
                      FROM payments_payment WHERE id = NEW.payment_id FOR NO KEY UPDATE;
                    SELECT captured - greatest(coalesce(sum(amount), 0) - by_credit, 0) INTO captured
                      FROM payments_creditentry
                      WHERE payment_id = NEW.payment_id AND kind IN ('BACK', 'PAID_OUT');
                    SELECT coalesce(sum(amount) FILTER (WHERE status <> 'FAILED'), 0),
                           coalesce(sum(amount), 0) INTO refunded, owed
                      FROM payments_refund WHERE payment_id = NEW.payment_id AND id <> NEW.id;
                    IF TG_OP = 'INSERT' OR NEW.status = 'PROCESSING' AND OLD.status <> 'PROCESSING'
                       OR NEW.status = 'COMPLETED' AND OLD.status = 'FAILED' THEN
                      SELECT coalesce(sum(withdrawn), 0) INTO taken
                        FROM payments_dispute WHERE payment_id = NEW.payment_id;
                      refunded := refunded + taken;
                    END IF;
                    IF TG_OP = 'INSERT' THEN
                      refunded := greatest(refunded, owed);
                    END IF;
                    IF NEW.status <> 'FAILED'
                       AND (refunded + NEW.amount > captured OR unit <> NEW.currency) THEN
                      RAISE EXCEPTION 'refunds of % would exceed the % that is left',
                        refunded + NEW.amount, captured USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="what_failed_is_back_only_another_way",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert
                | pgtrigger.UpdateOf("status", "other_way", "other_way_note", "other_way_by_id"),
                func="""
                    IF TG_OP = 'INSERT' THEN
                      IF NEW.other_way <> '' THEN
                        RAISE EXCEPTION 'refund % has not failed', NEW.id
                          USING ERRCODE = 'check_violation';
                      END IF;
                    ELSIF OLD.status = 'FAILED' AND NEW.status = 'COMPLETED' THEN
                      IF NEW.other_way = '' THEN
                        RAISE EXCEPTION 'refund % has failed, and nobody says how it went back', OLD.id
                          USING ERRCODE = 'check_violation';
                      END IF;
                    ELSIF (OLD.other_way, OLD.other_way_note, OLD.other_way_by_id) IS DISTINCT FROM
                          (NEW.other_way, NEW.other_way_note, NEW.other_way_by_id) THEN
                      RAISE EXCEPTION 'how refund % went back is said when it does, once', OLD.id
                        USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            Audited(
                *("agency_id", "status", "amount", "currency", "payment_id", "reason"), "other_way"
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.money} back"

    @property
    def money(self):
        return Money(self.amount, self.currency)

    @property
    def by_other_way(self):
        """by bank transfer; in cash; at the provider’s own site; empty: the way it came."""
        return BY_OTHER_WAY.get(self.other_way, "")

    @property
    def state_in_words(self):
        """Refunded in cash; Failed"""
        return f"{self.get_status_display()} {self.by_other_way}".strip()


class InboxMessage(TenantModel):
    """What a provider told us, stored once before it is answered and worked until done."""

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    id = models.BigAutoField(primary_key=True)
    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=80)
    session_ref = models.CharField(max_length=120, blank=True)
    payment_ref = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.RECEIVED)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    last_error = models.TextField(blank=True, default="")
    received_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="one_row_per_notice")
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(state="received"), name="inbox_due")]

    def __str__(self):
        return f"{self.kind} {self.event_id}"


class Account(models.TextChoices):
    """Chart of accounts. Debits are positive, credits negative."""

    INVENTORY = "inventory", "Seats in stock, at cost"
    ACCOUNTS_PAYABLE = "accounts_payable", "Owed to suppliers"
    PROVIDER_CLEARING = "provider_clearing", "Held by payment providers"
    CUSTOMER_DEPOSITS = "customer_deposits", "Received, not yet earned"
    CUSTOMER_CREDIT = "customer_credit", "Credit of customers"
    CREDIT_GIVEN = "credit_given", "Credit given, less what lapsed"
    POINTS_SPENT = "points_spent", "Points that became credit"
    TICKET_REVENUE = "ticket_revenue", "Ticket sales"
    FEE_REVENUE = "fee_revenue", "Service fees"
    DISCOUNTS = "discounts", "Discounts given"
    CANCELLATION_FEES = "cancellation_fees", "Kept of cancelled tickets"
    TAXES_COLLECTED = "taxes_collected", "Taxes collected for tax offices"
    COST_OF_SALES = "cost_of_sales", "Cost of seats sold"
    MONEY_ON_ITS_WAY = "money_on_its_way", "Sent by providers, not in the bank yet"
    BANK = "bank", "Bank"
    UNASSIGNED_MONEY = "unassigned_money", "Received, not yet assigned"
    CASH = "cash", "Cash in the drawer"
    CASH_DIFFERENCES = "cash_differences", "Counted more or less than booked"
    SUPPLIER_ADVANCES = "supplier_advances", "Paid to suppliers in advance"
    SUPPLIER_CREDITS = "supplier_credits", "Credit notes not used yet"
    CONSIGNED_STOCK = "consigned_stock", "Stock that belongs to suppliers"
    CONSIGNMENT_OWED = "consignment_owed", "Sold on consignment, not settled"
    DISPUTED = "disputed", "Taken back by banks, undecided"
    DISPUTE_LOSSES = "dispute_losses", "Lost to disputes"
    PROVIDER_FEES = "provider_fees", "Fees of payment providers"
    PURCHASE_VARIANCE = "purchase_variance", "Bought dearer or cheaper than ordered"


class AccountCode(TenantModel):
    """What the agency's bookkeeping calls an account: its code there and its name."""

    id = models.BigAutoField(primary_key=True)
    account = models.CharField(max_length=20, choices=Account)
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=100)

    class Meta:
        ordering = ["code", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "account"], name="one_code_per_account")
        ]
        triggers = [Audited("agency_id", "account", "code", "name")]

    def __str__(self):
        return f"{self.code} {self.name}"


class Journal(TenantModel):
    """One posting. (source, source_id, kind) is unique, so posting twice posts once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.CharField(max_length=20)
    source_id = models.UUIDField()
    kind = models.CharField(max_length=20)
    memo = models.CharField(max_length=200, blank=True)
    posted_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-posted_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency_id", "source", "source_id", "kind"], name="one_posting_per_source"
            )
        ]
        indexes = [models.Index(fields=["posted_at", "id"], name="journals_in_order")]
        triggers = append_only()

    def __str__(self):
        return f"{self.kind} of {self.source} {self.source_id}"


class LedgerEntry(TenantModel):
    """A line of a journal. Each journal sums to zero per currency, checked at commit."""

    id = models.BigAutoField(primary_key=True)
    journal = TenantKey(Journal, related_name="entries")
    account = models.CharField(max_length=20, choices=Account)
    amount = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    currency = models.CharField(max_length=3)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "ledger entries"
        constraints = [fits_currency("amount", name="entry_fits_currency")]
        indexes = [models.Index(fields=["journal"], name="entries_of_journal")]
        triggers = [
            *append_only(),
            pgtrigger.Trigger(
                name="journals_sum_to_zero",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                    IF EXISTS (SELECT 1 FROM payments_ledgerentry WHERE journal_id = NEW.journal_id
                               GROUP BY currency HAVING sum(amount) <> 0) THEN
                      RAISE EXCEPTION 'journal % does not sum to zero', NEW.journal_id
                        USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.get_account_display()}, {Money(self.amount, self.currency).display()}"
