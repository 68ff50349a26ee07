"""What customers have with the agency, to pay later bookings with. It only grows: balances are sums."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.audit import Audited, append_only
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency
from core.tenancy import TenantKey, TenantModel
from customers.models import Customer
from payments.models.payments import Payment, Refund


class CreditEntry(TenantModel):
    """Credit that came to a customer (positive) or left him. `key` makes writing twice for the same
    reason one entry; `reference` names what gave it (the id of a cancellation; opaque here).

    What came may lapse at `expires_at`: what lapses first is spent first. PAID_OUT makes what came
    (`of` it, with its last day) smaller: it is money that the `refund` of its payment sends back.
    So does WITHHELD, of money that a bank took as well; FREED when the bank gave it back.
    """

    class Kind(models.TextChoices):
        GIVEN = "GIVEN", "Given by staff"
        TAKEN = "TAKEN", "Taken back by staff"
        BACK = "BACK", "Came back of a payment"
        PAID_OUT = "PAID_OUT", "Paid out"
        WITHHELD = "WITHHELD", "Withheld: a bank took the money"
        FREED = "FREED", "Free again: the bank gave it back"
        POINTS = "POINTS", "Made of points"
        HELD = "HELD", "Paid with"
        RETURNED = "RETURNED", "Not paid after all"
        EXPIRED = "EXPIRED", "Lapsed"

    COMES = (Kind.GIVEN, Kind.BACK, Kind.POINTS, Kind.PAID_OUT, Kind.WITHHELD, Kind.FREED)
    """What may lapse, less what was paid out or withheld of it. What is returned is as if it had not
    been held."""
    BY_STAFF = (Kind.GIVEN, Kind.TAKEN)
    CAME_BACK = (Kind.BACK, Kind.PAID_OUT)
    """What of a payment is credit, and not its buyer's money any more; their sum counts."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = TenantKey(Customer, related_name="credit_entries", editable=False)
    kind = models.CharField(max_length=8, choices=Kind, editable=False)
    amount = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, editable=False
    )
    currency = models.CharField(max_length=3, editable=False)
    key = models.CharField(max_length=120, editable=False)
    payment = TenantKey(Payment, null=True, related_name="credit_entries", editable=False)
    reference = models.UUIDField(null=True, editable=False)
    of = TenantKey("self", null=True, related_name="paid_out", editable=False)
    refund = TenantKey(Refund, null=True, related_name="credit_entries", editable=False)
    reason = models.CharField(max_length=200, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, editable=False)
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )

    class Meta:
        ordering = ["-made_at", "pk"]
        verbose_name_plural = "credit entries"
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "key"], name="one_credit_entry_per_key"),
            fits_currency("amount", name="credit_fits_currency"),
            models.CheckConstraint(
                condition=Q(kind__in=["GIVEN", "BACK", "POINTS", "RETURNED", "FREED"], amount__gt=0)
                | Q(kind__in=["TAKEN", "HELD", "EXPIRED", "PAID_OUT", "WITHHELD"], amount__lt=0),
                name="credit_comes_or_goes",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=["BACK", "HELD", "RETURNED", "PAID_OUT", "WITHHELD", "FREED"],
                    payment__isnull=False,
                )
                | Q(kind__in=["GIVEN", "TAKEN", "POINTS", "EXPIRED"], payment=None),
                name="credit_of_payments_names_them",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["GIVEN", "TAKEN"], made_by__isnull=False) & ~Q(reason="")
                | ~Q(kind__in=["GIVEN", "TAKEN"]) & (Q(made_by=None) | ~Q(reason="")),
                name="staff_say_why_they_give_credit",
            ),
            models.CheckConstraint(
                condition=Q(expires_at=None)
                | Q(kind__in=["GIVEN", "BACK", "POINTS", "PAID_OUT", "WITHHELD", "FREED"]),
                name="only_what_comes_may_lapse",
            ),
            models.CheckConstraint(
                condition=Q(kind="PAID_OUT", of__isnull=False, refund__isnull=False)
                | Q(kind__in=["WITHHELD", "FREED"], of__isnull=False, refund=None)
                | ~Q(kind__in=["PAID_OUT", "WITHHELD", "FREED"]) & Q(of=None, refund=None),
                name="what_is_paid_out_names_its_refund",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "currency"], name="credit_of_customer"),
            models.Index(
                fields=["payment"], condition=Q(payment__isnull=False), name="credit_of_payment"
            ),
            models.Index(
                fields=["reference"], condition=Q(reference__isnull=False), name="credit_reference"
            ),
            models.Index(fields=["of"], condition=Q(of__isnull=False), name="paid_out_of_credit"),
            models.Index(
                fields=["refund"], condition=Q(refund__isnull=False), name="credit_of_refund"
            ),
        ]
        triggers = [
            *append_only(),
            # Whoever writes for one customer waits for the others from here to their commits.
            pgtrigger.Trigger(
                name="credit_is_never_negative",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("there", "numeric")],
                func="""
                    PERFORM FROM customers_customer WHERE id = NEW.customer_id FOR NO KEY UPDATE;
                    SELECT coalesce(sum(amount), 0) INTO there FROM payments_creditentry
                      WHERE customer_id = NEW.customer_id AND currency = NEW.currency;
                    IF there + NEW.amount < 0 THEN
                      RAISE EXCEPTION 'this customer has % % of credit, not %', there,
                        NEW.currency, -NEW.amount
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'not_enough_credit';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="credit_of_payments_is_theirs",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition("NEW.payment_id IS NOT NULL"),
                declare=[("paid", "payments_payment"), ("gone", "numeric"), ("held", "numeric"),
                         ("back", "numeric"), ("owed", "numeric")],
                # What was refused stays owed, and is sent once more: it never becomes credit of others.
                func="""
                    SELECT * INTO paid FROM payments_payment WHERE id = NEW.payment_id
                      FOR NO KEY UPDATE;
                    SELECT coalesce(sum(amount) FILTER (WHERE kind IN ('HELD', 'RETURNED')), 0),
                           coalesce(sum(amount) FILTER (WHERE kind IN ('BACK', 'PAID_OUT')), 0)
                      INTO held, back
                      FROM payments_creditentry WHERE payment_id = NEW.payment_id;
                    IF NEW.kind = 'BACK' THEN
                      SELECT coalesce(sum(amount) FILTER (WHERE status <> 'FAILED'), 0),
                             coalesce(sum(amount), 0)
                        INTO gone, owed FROM payments_refund WHERE payment_id = NEW.payment_id;
                      SELECT greatest(gone + coalesce(sum(withdrawn), 0), owed) INTO gone
                        FROM payments_dispute WHERE payment_id = NEW.payment_id;
                    END IF;
                    IF paid.currency <> NEW.currency
                       OR NEW.kind IN ('HELD', 'RETURNED')
                         AND held + NEW.amount NOT IN (0, -paid.credit)
                       OR NEW.kind = 'PAID_OUT' AND (back + NEW.amount < paid.credit
                         OR paid.status <> 'SUCCEEDED')
                       OR NEW.kind = 'BACK' AND (gone + back + NEW.amount > paid.amount
                         OR paid.status NOT IN ('SUCCEEDED', 'REFUNDED', 'DISPUTED')) THEN
                      RAISE EXCEPTION '% of credit is not of payment %', NEW.amount, paid.id
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_of_payment';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="paid_out_is_of_what_came_back",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition("NEW.of_id IS NOT NULL"),
                declare=[("lot", "payments_creditentry"), ("gone", "numeric"), ("held", "numeric")],
                func="""
                    PERFORM FROM customers_customer WHERE id = NEW.customer_id FOR NO KEY UPDATE;
                    SELECT * INTO lot FROM payments_creditentry WHERE id = NEW.of_id;
                    SELECT coalesce(sum(amount), 0),
                           coalesce(sum(amount) FILTER (WHERE kind IN ('WITHHELD', 'FREED')), 0)
                      INTO gone, held FROM payments_creditentry WHERE of_id = NEW.of_id;
                    IF lot.kind IS DISTINCT FROM 'BACK'
                       OR (lot.customer_id, lot.currency, lot.expires_at)
                         IS DISTINCT FROM (NEW.customer_id, NEW.currency, NEW.expires_at)
                       OR lot.amount + gone + NEW.amount < 0
                       OR NEW.kind = 'FREED' AND held + NEW.amount > 0
                       OR NEW.kind <> 'PAID_OUT' AND NEW.payment_id <> lot.payment_id THEN
                      RAISE EXCEPTION '% is not left of credit %', -NEW.amount, NEW.of_id
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'not_of_this_credit';
                    END IF;
                    RETURN NEW;
                """,
            ),
            # The refund is made after it, for it may not be sent while it is credit.
            pgtrigger.Trigger(
                name="what_is_paid_out_is_refunded",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Condition("NEW.refund_id IS NOT NULL"),
                func="""
                    IF NOT EXISTS (
                      SELECT FROM payments_refund
                      WHERE id = NEW.refund_id AND payment_id = NEW.payment_id
                        AND currency = NEW.currency
                        AND amount = -(SELECT sum(amount) FROM payments_creditentry
                                       WHERE refund_id = NEW.refund_id)
                    ) THEN
                      RAISE EXCEPTION 'credit % is not paid out by refund %', NEW.id, NEW.refund_id
                        USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
            Audited(
                "agency_id", "customer_id", "kind", "amount", "currency", "payment_id", "reason",
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.money.display()} {self.get_kind_display().lower()}"

    @property
    def money(self):
        return Money(self.amount, self.currency)
