"""The desk pays credit out: only what came back of a payment and is there still."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from config.tests import world
from config.tests.test_cancelling import completed, euros, policy
from config.tests.test_credit_paid_out import OFF, fresh, give_back, has, paid, seats, sent
from config.tests.test_exchanging import CIRCLE, STALLS
from config.tests.test_several_events import deliver_everything
from config.tests.world import pay_as_buyer
from core.errors import Invalid
from core.locks import database_now
from payments.models import CreditEntry, LedgerEntry, Payment, Refund
from payments.services import NotPayable, give_credit, pay_out_at_desk, payable, take_credit
from payments.services.credit import _book

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]


@pytest.fixture
def stocked(event):
    world.received_order(event, rows="A-B")
    world.received_order(event, section="Circle", rows="A")
    return event


@pytest.fixture(autouse=True)
def no_provider(settings):
    settings.PAYMENT_SIMULATOR_URL = "http://127.0.0.1:1"


@pytest.fixture
def sold(stocked):
    policy((2, 0, 0), fees_refundable=True, back_to="CREDIT")
    return world.sold_booking(stocked, [0, 1])


@pytest.fixture
def back(sold):
    """The entry of one ticket that came back as credit."""
    give_back(sold, 1)
    return CreditEntry.objects.get(kind="BACK")


def out(entry, amount, ines, **more):
    said = {"reason": "He asked for it", "by": ines, "key": uuid4(), **more}
    return pay_out_at_desk(entry.pk, euros(amount), **said)


class TestPayingOut:
    def test_it_goes_back_by_a_refund_of_the_payment(self, sold, back, ines, mailoutbox):
        deliver_everything()
        mailoutbox.clear()
        refund = out(back, 10, ines)
        assert (refund.payment, refund.reason, refund.status) == (paid(sold), "PAID_OUT", "PENDING")
        assert has(sold) == STALLS - 10
        deliver_everything()
        [said] = mailoutbox
        assert said.subject == "€10.00 of your credit comes back to you"
        assert "He asked for it" in said.body
        assert "€32.40 are still your credit" in said.body
        completed(refund)
        in_books = {
            account: sum(e.amount for e in LedgerEntry.objects.filter(account=account))
            for account in ("customer_credit", "customer_deposits", "provider_clearing")
        }
        assert in_books == {
            "customer_credit": 10 - STALLS,
            "customer_deposits": 0,
            "provider_clearing": 2 * STALLS - 10,
        }

    def test_the_same_key_pays_out_once(self, sold, back, ines):
        key = uuid4()
        assert out(back, 10, ines, key=key) == out(back, 10, ines, key=key)
        assert (has(sold), sent(paid(sold))) == (STALLS - 10, [10])

    def test_no_more_than_there_is_and_not_without_a_reason(self, back, ines):
        with pytest.raises(NotPayable, match=r"€42\.40 of this credit can be"):
            out(back, "42.41", ines)
        for amount, reason in ((0, "Why"), (-1, "Why"), (5, " ")):
            with pytest.raises(Invalid):
                out(back, amount, ines, reason=reason)
        assert not Refund.objects.exists()

    def test_what_was_spent_is_not_paid_out(self, sold, back, ines):
        take_credit(sold.customer_id, euros(30), reason="As if spent", by=ines)
        assert payable(back) == euros(STALLS - 30)
        give_credit(sold.customer_id, euros(100), reason="Sorry", by=ines)
        assert payable(back) == euros(STALLS - 30)  # what staff gave is no money

    def test_what_lapsed_is_not_paid_out(self, sold, back, ines):
        gone = CreditEntry.objects.create(
            customer=sold.customer, kind="GIVEN", amount=30, currency="EUR", key="x", reason="Why",
            made_by=ines, expires_at=database_now() - timedelta(days=1),
        )  # fmt: skip
        _book(gone)
        assert payable(back) == euros(STALLS)
        assert out(back, STALLS, ines)
        assert has(sold) == 0

    def test_what_had_been_credit_before_is_not_paid_out(self, stocked, sold, back, ines):
        out(back, STALLS, ines)
        given = give_credit(sold.customer_id, euros(2 * STALLS), reason="Sorry", by=ines)
        from bookings.models import Booking
        from bookings.services import contact as named
        from bookings.services import reserve

        booking = reserve(event=stocked, ordinals=[4, 5])
        named(booking.pk, name="Noor", email="noor@post.example")
        pay_as_buyer(booking.pk, credit=euros(2 * STALLS))
        assert Booking.objects.get(pk=booking.pk).status == "CONFIRMED"
        give_back(booking)
        again = CreditEntry.objects.filter(kind="BACK").latest("pk")
        assert given.amount == again.amount
        assert payable(again) == euros(0)

    def test_of_a_disputed_payment_nothing_is(self, sold, back, ines):
        with transaction.atomic():
            Payment.objects.update(status="DISPUTED")
            with pytest.raises(NotPayable):
                out(back, 10, ines)
            transaction.set_rollback(True)

    def test_only_the_rest_of_seats_that_were_changed_is(self, stocked, sold, ines):
        """What went into the new seats is not there, whatever else he has."""
        give_credit(sold.customer_id, euros(50), reason="Sorry", by=ines)
        new = seats(stocked, sold, [50, 51], 1, 2)
        came = CreditEntry.objects.get(kind="BACK")
        rest = 2 * (STALLS - CIRCLE)
        assert payable(came) == euros(rest)
        out(came, rest, ines)
        assert payable(came) == euros(0)
        made = give_back(new, **OFF)
        assert (made.refunded, sent(paid(sold))) == (2 * CIRCLE, [2 * STALLS])
        assert has(sold) == 50

    def test_seats_are_given_back_after_a_part_was_paid_out(self, sold, back, ines):
        out(back, 10, ines)
        assert give_back(fresh(sold), 2, **OFF).refunded == STALLS
        assert sent(paid(sold)) == [STALLS + 10]


class TestThePages:
    def look(self, client, entry, **said):
        page = world.of(entry, "pay_out")
        key = client.get(page).context["form"]["key"].value()
        said = {"amount": "10", "reason": "He asked", "key": key, **said}
        return page, said, client.post(page, said)

    def test_looked_at_and_paid_out(self, mireille, sold, back):
        assert (
            "Credit that can be paid out" in mireille.get(world.of(sold.customer)).content.decode()
        )
        page, _, looked = self.look(mireille, back)
        assert "Pay out €10.00" in looked.content.decode()
        assert not Refund.objects.exists()
        hidden = dict(looked.context["hidden"])
        done = mireille.post(page, hidden, follow=True).content.decode()
        assert "€10.00 is on its way back" in done
        mireille.post(page, hidden)
        assert sent(paid(sold)) == [10]
        assert "Paid out" in mireille.get(world.of(sold.customer)).content.decode()
        assert "differs" not in mireille.get(world.of(sold)).content.decode()

    def test_too_much_is_said_at_once(self, mireille, back):
        _, _, looked = self.look(mireille, back, amount="50")
        assert "€42.40 of this credit can be paid out" in " ".join(world.problems(looked))

    @pytest.mark.parametrize(("role", "may"), [("FINANCE", True), ("BOX_OFFICE", False)])
    def test_owners_and_finance_may(self, agency, sold, back, role, may):
        client = world.client_of(world.staff(agency, role), agency)
        page = world.of(back, "pay_out")
        assert client.get(page).status_code == (200 if may else 403)
        said = {"amount": "10", "reason": "Why", "key": str(uuid4()), "seen": "1"}
        assert client.post(page, said).status_code == (302 if may else 403)
        assert Refund.objects.exists() == may
        entry = client.get(world.of(back)).content.decode()
        assert (f'href="{page}"' in entry) == may

    def test_credit_that_was_given_has_no_such_step(self, mireille, sold, ines):
        entry = give_credit(sold.customer_id, euros(5), reason="Why", by=ines)
        page = world.of(entry, "pay_out")
        assert f'href="{page}"' not in mireille.get(world.of(entry)).content.decode()
        assert mireille.get(page).status_code == 302
