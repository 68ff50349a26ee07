"""Tickets given back: what was kept of them, what went back, and on what grounds."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from bookings.models.bookings import Booking, BookingItem
from core.audit import Audited, append_only
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency
from core.tenancy import TenantKey, TenantModel
from payments.models import Refund, RefundStatus


def _amount():
    return models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, editable=False)


class Grounds(models.TextChoices):
    """Who wanted it."""

    BUYER = "BUYER", "The buyer"
    STAFF = "STAFF", "The agency"
    EVENT = "EVENT", "The event was cancelled or changed"
    EXCHANGE = "EXCHANGE", "Seats were changed"


class Rule(models.TextChoices):
    """What decides how much goes back."""

    POLICY = "POLICY", "What the policy says"
    ALL_BACK = "ALL_BACK", "All that was paid"
    NOTHING_BACK = "NOTHING_BACK", "Nothing"


class GoesTo(models.TextChoices):
    """Where money goes that comes back."""

    CARD = "CARD", "Where it was paid from"
    CREDIT = "CREDIT", "Credit for later bookings"


class Cancellation(TenantModel):
    """Some or all tickets of a booking cancelled at once. `quote` names the preview that was confirmed;
    `refunded` goes back to where it was paid from: by the `refund` of the booking's own payment, and by
    those of the payments that it stems from, if seats were changed for these (the credit that it became
    is paid out at once). `credited` became credit of the buyer, and stays it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    booking = TenantKey(Booking, related_name="cancellations")
    quote = models.CharField(max_length=32)
    grounds = models.CharField(max_length=8, choices=Grounds)
    rule = models.CharField(max_length=12, choices=Rule)
    ticket_count = models.PositiveSmallIntegerField()
    kept = _amount()
    refunded = _amount()
    credited = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, db_default=0, editable=False
    )
    currency = models.CharField(max_length=3)
    exchanged_for = TenantKey(
        Booking, null=True, related_name="exchanges", help_text="The seats that they became."
    )
    refund = TenantKey(Refund, null=True, related_name="cancellations")
    reason = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-made_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["booking", "quote"], name="one_cancellation_per_quote"),
            fits_currency("kept", "refunded", "credited", name="cancellation_fits_currency"),
            models.CheckConstraint(
                condition=Q(kept__gte=0, refunded__gte=0, credited__gte=0),
                name="cancellation_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(refund=None) | Q(refunded__gt=0),
                name="a_refund_is_of_what_goes_back",
            ),
            models.CheckConstraint(
                condition=Q(grounds="EXCHANGE", exchanged_for__isnull=False)
                | ~Q(grounds="EXCHANGE") & Q(exchanged_for=None),
                name="an_exchange_names_the_new_seats",
            ),
            models.CheckConstraint(
                condition=Q(rule=Rule.POLICY) | ~Q(reason=""), name="an_override_has_a_reason"
            ),
        ]
        triggers = [
            *append_only(),
            pgtrigger.Trigger(
                name="cancellations_equal_their_items",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                declare=[("items", "integer"), ("back", "numeric"), ("held", "numeric"),
                         ("sent", "numeric"), ("credit", "numeric"), ("paid_out", "numeric")],
                func="""
                    SELECT count(*), sum(refunded), sum(kept_of_ticket + kept_fee)
                      INTO items, back, held
                      FROM bookings_cancelleditem WHERE cancellation_id = NEW.id;
                    SELECT amount INTO sent FROM payments_refund WHERE id = NEW.refund_id;
                    SELECT coalesce(sum(amount), 0),
                           coalesce(-sum(amount) FILTER (WHERE kind = 'PAID_OUT'), 0)
                      INTO credit, paid_out FROM payments_creditentry
                      WHERE reference = NEW.id AND kind IN ('BACK', 'PAID_OUT');
                    IF items <> NEW.ticket_count OR back <> NEW.refunded + NEW.credited
                       OR held <> NEW.kept OR credit <> NEW.credited
                       OR coalesce(sent, 0) + paid_out <> NEW.refunded THEN
                      RAISE EXCEPTION 'cancellation % does not equal its items', NEW.id
                        USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
            pgtrigger.Trigger(
                name="new_seats_know_the_old",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition("NEW.exchanged_for_id IS NOT NULL"),
                func="""
                    UPDATE bookings_booking SET instead_of_id = NEW.booking_id
                      WHERE id = NEW.exchanged_for_id AND instead_of_id IS NULL;
                    IF NOT FOUND THEN
                      RAISE EXCEPTION 'seats % were given for others already', NEW.exchanged_for_id
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'seats_are_given_once';
                    END IF;
                    RETURN NULL;
                """,
            ),
            Audited(
                "agency_id", "booking_id", "grounds", "rule", "kept", "refunded", "credited",
                "currency", "refund_id", "reason",
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.booking}: {self.back.display()} back"

    @property
    def back(self):
        """All that comes back, in money and as credit."""
        return Money(self.refunded + self.credited, self.currency)

    @property
    def refunds(self):
        """The Refunds by which its money goes back, the first first."""
        of_credit = Q(credit_entries__reference=self.pk, credit_entries__kind="PAID_OUT")
        found = Refund.objects.filter(Q(pk=self.refund_id) | of_credit)
        return found.distinct().order_by("created_at", "pk")

    @property
    def is_back(self):
        """Whether all of its money has arrived where it goes."""
        sent = self.refund.amount if self.refund else 0
        if self.refund and self.refund.status != RefundStatus.COMPLETED:
            return False
        return sent == self.refunded or not self.awaited.exists()

    @property
    def awaited(self):
        """The Refunds of it that are not done yet."""
        return self.refunds.exclude(status=RefundStatus.COMPLETED)

    @property
    def credited_money(self):
        return Money(self.credited, self.currency)

    @property
    def refunded_money(self):
        return Money(self.refunded, self.currency)

    @property
    def kept_money(self):
        return Money(self.kept, self.currency)


class CancelledItem(TenantModel):
    """One ticket that was cancelled: what was paid for it went back or was kept, of the ticket itself
    or as the fee with the tax on it. A ticket is cancelled once."""

    id = models.BigAutoField(primary_key=True)
    cancellation = TenantKey(Cancellation, related_name="items")
    item = TenantKey(BookingItem, related_name="cancelled")
    kept_of_ticket = _amount()
    kept_fee = _amount()
    refunded = _amount()
    currency = models.CharField(max_length=3)

    class Meta:
        ordering = ["cancellation", "item"]
        constraints = [
            models.UniqueConstraint(fields=["item"], name="a_ticket_is_cancelled_once"),
            fits_currency(
                "kept_of_ticket", "kept_fee", "refunded", name="cancelled_item_fits_currency"
            ),
            models.CheckConstraint(
                condition=Q(kept_of_ticket__gte=0, kept_fee__gte=0, refunded__gte=0),
                name="cancelled_item_not_negative",
            ),
        ]
        triggers = [
            *append_only(),
            pgtrigger.Trigger(
                name="what_was_paid_is_kept_or_goes_back",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NOT EXISTS (
                      SELECT FROM bookings_bookingitem i
                      JOIN bookings_cancellation c ON c.booking_id = i.booking_id
                      WHERE i.id = NEW.item_id AND c.id = NEW.cancellation_id
                        AND i.currency = NEW.currency AND c.currency = NEW.currency
                        AND i.total = NEW.kept_of_ticket + NEW.kept_fee + NEW.refunded
                    ) THEN
                      RAISE EXCEPTION 'item % was paid otherwise', NEW.item_id
                        USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="a_cancelled_ticket_is_dead",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                    IF NOT EXISTS (
                      SELECT FROM tickets_ticket t
                      JOIN bookings_bookingitem i ON i.ticket_id = t.id
                      WHERE i.id = NEW.item_id AND t.status IN ('CANCELLED', 'REFUNDED')
                    ) THEN
                      RAISE EXCEPTION 'the ticket of cancelled item % still admits', NEW.item_id
                        USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.item_id}"

    @property
    def earned(self):
        """What is left to the agency of it (its item is read), as Money: the seat is sold no more."""
        fee = self.item.sum_of("fee") - self.item.sum_of("tax_in_fee")
        return Money(self.kept_of_ticket, self.currency) + (fee if self.kept_fee else fee - fee)

    @property
    def kept(self):
        """What stays with the agency, as Money."""
        return Money(self.kept_of_ticket + self.kept_fee, self.currency)

    @property
    def money(self):
        """What goes back."""
        return Money(self.refunded, self.currency)
