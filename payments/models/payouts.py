"""What providers sent to the bank, movement by movement: of which sales, refunds, disputes and fees."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.audit import Audited, refuse, status_machine
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency
from core.status import Movable
from core.tenancy import TenantKey, TenantModel
from payments.models.bank import BankLine
from payments.models.disputes import Dispute
from payments.models.payments import Payment, Refund


def _amount(**more):
    return models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, editable=False, **more
    )


def _explained_by():
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )


def _facts_stay(*columns):
    """What the provider said is written once; only what became of it goes on."""
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("OLD", "NEW"))
    return pgtrigger.Trigger(
        name="facts_stay",
        when=pgtrigger.Before,
        operation=pgtrigger.UpdateOf(*columns),
        condition=pgtrigger.Condition(f"(({old}) IS DISTINCT FROM ({new}))"),
        func="""
            RAISE EXCEPTION 'what the provider said of % is written once', OLD.id
              USING ERRCODE = 'check_violation';
        """,
    )


# What is looked at once at commit: a payout, and of its lines the newest.
ADDS_UP = """
    {skip}
    IF EXISTS (SELECT FROM payments_payout p WHERE p.id = {payout} AND p.problem = ''
               AND p.amount <> (SELECT coalesce(sum(net), 0) FROM payments_payoutline
                                WHERE payout_id = p.id AND currency = p.currency)) THEN
      RAISE EXCEPTION 'the lines of payout % are not its amount', {payout}
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
"""
IS_NOT_NEWEST = """
    IF NEW.id <> (SELECT id FROM payments_payoutline WHERE payout_id = NEW.payout_id
                  ORDER BY id DESC LIMIT 1) THEN
      RETURN NULL;
    END IF;
"""


def _adds_up(operation, payout, skip=""):
    """Checked at commit: the lines of a payout are its amount, or it says why not."""
    return pgtrigger.Trigger(
        name="lines_add_up",
        when=pgtrigger.After,
        operation=operation,
        timing=pgtrigger.Deferred,
        func=ADDS_UP.replace("{payout}", payout).replace("{skip}", skip),
    )


class PayoutStatus(models.TextChoices):
    PENDING = "PENDING", "Announced"
    PAID = "PAID", "On its way to the bank"
    ARRIVED = "ARRIVED", "In the bank"
    FAILED = "FAILED", "Failed"


PAYOUT_MOVES = {
    PayoutStatus.PENDING: {PayoutStatus.PAID, PayoutStatus.FAILED},
    PayoutStatus.PAID: {PayoutStatus.ARRIVED, PayoutStatus.FAILED},
    PayoutStatus.ARRIVED: set(),
    PayoutStatus.FAILED: set(),
}


class Payout(Movable, TenantModel):
    """Money that a provider sends to the bank account; below zero it takes some from there. `amount` is
    what of it is this agency's; `whole` is all of it, and more only where several agencies share an
    account at the provider. `problem` says what is wrong with it, until a person explains it."""

    MOVES = PAYOUT_MOVES
    Status = PayoutStatus

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=20, editable=False)
    provider_ref = models.CharField(max_length=120, editable=False)
    status = models.CharField(max_length=8, choices=PayoutStatus, editable=False)
    amount = _amount()
    whole = _amount()
    currency = models.CharField(max_length=3, editable=False)
    arrives_on = models.DateField(editable=False)
    descriptor = models.CharField(max_length=40, blank=True, editable=False)
    trace = models.CharField(max_length=120, blank=True, editable=False)
    made_at = models.DateTimeField(editable=False)
    read_at = models.DateTimeField(db_default=Now(), editable=False)
    bank_line = TenantKey(BankLine, null=True, related_name="payouts", editable=False)
    problem = models.CharField(max_length=300, blank=True, editable=False)
    note = models.CharField(max_length=300, blank=True, editable=False)
    explained_by = _explained_by()
    explained_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-made_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency_id", "provider", "provider_ref"], name="one_row_per_payout"
            ),
            models.UniqueConstraint(
                fields=["bank_line"],
                condition=Q(bank_line__isnull=False),
                name="one_payout_per_bank_line",
            ),
            fits_currency("amount", "whole", name="payout_fits_currency"),
            models.CheckConstraint(
                condition=Q(bank_line=None, amount__lte=0)
                | Q(bank_line=None) & ~Q(status="ARRIVED")
                | Q(bank_line__isnull=False, amount__gt=0, status="ARRIVED"),
                name="what_arrived_stands_on_a_statement",
            ),
            models.CheckConstraint(
                condition=Q(explained_at=None, explained_by=None, note="")
                | Q(explained_at__isnull=False, explained_by__isnull=False)
                & ~Q(note="")
                & ~Q(problem=""),
                name="payouts_are_explained_by_somebody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["arrives_on"], condition=Q(status="PAID"), name="payouts_on_their_way"
            ),
            models.Index(
                fields=["made_at"],
                condition=~Q(problem="") & Q(explained_at=None),
                name="payouts_unexplained",
            ),
        ]
        triggers = [
            status_machine(PAYOUT_MOVES),
            refuse(pgtrigger.Delete, name="never_deleted"),
            refuse(pgtrigger.Truncate, name="no_truncate", level=pgtrigger.Statement),
            _facts_stay(
                *("agency_id", "provider", "provider_ref", "amount", "whole", "currency"),
                "made_at",
            ),
            _adds_up(pgtrigger.Insert | pgtrigger.UpdateOf("problem"), "NEW.id"),
            Audited(
                "agency_id", "provider", "provider_ref", "status", "amount", "currency",
                "bank_line_id", "problem", "note", "explained_by_id",
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.money.display()} by {self.provider} for {self.arrives_on:%-d %b %Y}"

    @property
    def money(self):
        return Money(self.amount, self.currency)

    @property
    def is_unexplained(self):
        return bool(self.problem) and self.explained_at is None


class LineState(models.TextChoices):
    MATCHED = "MATCHED", "As booked"
    OPEN = "OPEN", "Needs a person"
    EXPLAINED = "EXPLAINED", "Explained"


LINE_STATE_MOVES = {
    LineState.OPEN: {LineState.MATCHED, LineState.EXPLAINED},
    LineState.MATCHED: set(),
    LineState.EXPLAINED: set(),
}


class PayoutLine(Movable, TenantModel):
    """One movement of which a payout is made, as the provider tells it: `gross` less `fee` is `net`.
    `to_fees` is what of it was booked as the provider's fee. What differs from what we booked is open,
    with the reason in `problem`, until our books have caught up or a person has explained it."""

    MOVES = LINE_STATE_MOVES
    Status = LineState

    class Kind(models.TextChoices):
        PAYMENT = "PAYMENT", "Sale"
        REFUND = "REFUND", "Refund"
        DISPUTE = "DISPUTE", "Dispute"
        FEE = "FEE", "Fee of the provider"
        ADJUSTMENT = "ADJUSTMENT", "Adjustment"
        RETURNED = "RETURNED", "Earlier payout that came back"
        OTHER = "OTHER", "Other"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payout = TenantKey(Payout, related_name="lines", editable=False)
    ref = models.CharField(max_length=120, editable=False)
    kind = models.CharField(max_length=10, choices=Kind, editable=False)
    gross = _amount()
    fee = _amount()
    net = _amount()
    currency = models.CharField(max_length=3, editable=False)
    payment_ref = models.CharField(max_length=120, blank=True, editable=False)
    about = models.CharField(max_length=120, blank=True, editable=False)
    description = models.CharField(max_length=200, blank=True, editable=False)
    happened_at = models.DateTimeField(editable=False)
    status = models.CharField(max_length=9, choices=LineState, editable=False)
    problem = models.CharField(max_length=200, blank=True, editable=False)
    to_fees = _amount(default=0)
    payment = TenantKey(Payment, null=True, related_name="payout_lines", editable=False)
    refund = TenantKey(Refund, null=True, related_name="payout_lines", editable=False)
    dispute = TenantKey(Dispute, null=True, related_name="payout_lines", editable=False)
    returned = TenantKey(Payout, null=True, related_name="came_back", editable=False)
    note = models.CharField(max_length=300, blank=True, editable=False)
    explained_by = _explained_by()
    explained_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["happened_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "ref"], name="one_row_per_movement"),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(kind="PAYMENT", status="MATCHED"),
                name="one_payout_per_payment",
            ),
            models.UniqueConstraint(
                fields=["refund"],
                condition=Q(kind="REFUND", status="MATCHED", gross__lt=0),
                name="one_payout_per_refund",
            ),
            models.UniqueConstraint(
                fields=["returned"], condition=Q(status="MATCHED"), name="one_return_per_payout"
            ),
            fits_currency("gross", "fee", "net", "to_fees", name="payout_line_fits_currency"),
            models.CheckConstraint(
                condition=~Q(status="MATCHED") | Q(problem="", net=F("gross") - F("fee")),
                name="matched_movements_add_up",
            ),
            models.CheckConstraint(
                condition=~Q(status="MATCHED", kind="PAYMENT") | Q(payment__isnull=False),
                name="matched_sales_are_payments",
            ),
            models.CheckConstraint(
                condition=~Q(status="MATCHED", kind="REFUND") | Q(refund__isnull=False),
                name="matched_refunds_are_refunds",
            ),
            models.CheckConstraint(
                condition=~Q(status="MATCHED", kind="DISPUTE") | Q(dispute__isnull=False),
                name="matched_disputes_are_disputes",
            ),
            models.CheckConstraint(
                condition=~Q(status="OPEN") | ~Q(problem="") & Q(to_fees=0),
                name="open_movements_say_why",
            ),
            models.CheckConstraint(
                condition=Q(status="EXPLAINED", explained_at__isnull=False)
                & Q(explained_by__isnull=False)
                & ~Q(note="")
                | ~Q(status="EXPLAINED") & Q(explained_at=None, explained_by=None, note=""),
                name="movements_are_explained_by_somebody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["happened_at"], condition=Q(status="OPEN"), name="payout_lines_open"
            ),
            models.Index(fields=["payout", "id"], name="lines_of_payout"),
            models.Index(fields=["payment_ref"], name="payout_lines_of_payment"),
        ]
        triggers = [
            status_machine(LINE_STATE_MOVES),
            refuse(pgtrigger.Delete, name="never_deleted"),
            refuse(pgtrigger.Truncate, name="no_truncate", level=pgtrigger.Statement),
            _facts_stay(
                *("agency_id", "payout_id", "ref", "kind", "gross", "fee", "net", "currency"),
                *("payment_ref", "about", "happened_at"),
            ),
            _adds_up(pgtrigger.Insert, "NEW.payout_id", IS_NOT_NEWEST),
            Audited(
                "agency_id", "payout_id", "ref", "kind", "net", "currency", "status", "to_fees",
                "note", "explained_by_id",
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.get_kind_display()}, {self.money.display()}"

    @property
    def money(self):
        """What it adds to the payout."""
        return Money(self.net, self.currency)
