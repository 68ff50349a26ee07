"""A small agency made through the services, for stories about its staff. Everything but the agency and
its people must be made inside `acting_for(agency.pk)`."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiKey, User
from agencies.models import Agency, Invitation, Membership, Organizer
from agencies.queries import local_today
from agencies.terms import publish_terms
from bookings.cancelling import Wish as GivingBack
from bookings.cancelling import cancel, preview
from bookings.changing import propose
from bookings.invoicing import issue_invoice
from bookings.models import Alert, Booking, Concern, Grounds, Rule
from bookings.services import Sale, confirm, pay, pay_at_desk, reserve
from bookings.services.hand_over import offer_tickets
from config.tests.drawing import open_draw
from config.tests.presaling import HOUR, draft, listed
from core.memory import Remembered
from core.models import AuditEntry, OutboxMessage
from core.money import Money
from core.tenancy import acting_for, as_system
from customers.models import BuyerList, Programme
from customers.points import adjust
from customers.services import remember_customer
from events.models import CancellationPolicy, Event, FeeRule, TaxRule
from events.services import free_slug, open_sale, price_sections, publish
from inventory.models import AllocationPlan, Hold, LayoutMove, PricingRule, SeatEntry
from inventory.pricing.changing import change_prices
from inventory.pricing.looking import Wish
from inventory.pricing.selecting import Selection
from inventory.pricing.setting import Setting, Way
from inventory.services import Terms, Wanted, lay_out, make_hold
from notifications.models import Message
from payments.adapters import ProviderDispute, ProviderPayout, ProviderPayoutLine
from payments.ledger import post
from payments.models import Account, AccountCode, DeskTaking, InboxMessage, Journal, Payment, Refund
from payments.services import (
    count_cash,
    give_credit,
    import_statement,
    record_disputes,
    record_payout,
    request_refund,
)
from promotions.services import keep
from promotions.tests.factories import running, used
from suppliers.models import Supplier, SupplierCode
from suppliers.services import (
    Billed,
    accrue,
    add_line,
    confirm_order,
    draft_order,
    enter_credit_note,
    enter_invoice,
    keep_document,
    pay_payable,
    propose_run,
    receive_delivery,
    request_returns,
    settle,
    submit_order,
)
from suppliers.services.consignment import end_of
from tickets.models import Gate, Ticket
from tickets.services import Recipient, accept_transfer, admit, code_of
from venues.drafts import draft_from
from venues.generators import grid
from venues.models import Venue
from venues.services import publish_layout

PASSWORD = "tessera-demo"
STATEMENT = b"date;amount;text;payer\n2026-06-01;45.00;Tickets please;Noor Vance\n"
SECTIONS = [
    {"name": "Stalls", "rows": 5, "seats": 10},
    {"name": "Circle", "rows": 2, "seats": 10},
    {"name": "Floor", "standing": 20},
]
PRICES = [("Stalls", "40.00"), ("Circle", "30.00"), ("Floor", "20.00")]


def agency(slug="parterre", **fields):
    """An agency that sells at <slug>.example in euros with a fee of 6 %."""
    with as_system():
        made = Agency.objects.create(
            slug=slug,
            name=slug.title(),
            **{"host": f"{slug}.example", **fields},
        )
    with acting_for(made.pk):
        fee(percent=6, currency=made.currency)
    return made


def fee(**fields):
    """A fee of the agency acted for, on every ticket if nothing else is said."""
    made = FeeRule.objects.create(**{"name": "Service fee", "currency": "EUR", **fields})
    Remembered.forget_everything()
    return made


def person(email, **fields):
    """Somebody who may sign in to the back office as far as a membership lets them."""
    return User.objects.create_user(email, PASSWORD, **{"is_staff": True, **fields})


def staff(house, role):
    """A member of the agency with this role, such as OWNER."""
    user = person(f"{role.lower()}@{house.slug}.example", name=role.title())
    with acting_for(house.pk):
        Membership.objects.create(user=user, role=role)
    return user


def client_of(user, house):
    """A browser at the agency's address in which this user is signed in; nobody for None."""
    client = Client(headers={"host": house.host})
    if user:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


# Going about in the back office


def address(label, page="changelist", *arguments):
    """The address of a page of a model, such as ("events.event", "change", key)."""
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=arguments)


def of(thing, page="change"):
    """The address of a page of a thing."""
    return address(thing._meta.label_lower, page, thing.pk)


def told(client, page):
    """The sentences that stand on a page after it was led back to."""
    return [str(message) for message in client.get(page).context["messages"]]


def problems(answer):
    """What stands above the form of a page."""
    return [str(problem) for problem in answer.context["form"].non_field_errors()]


# Houses, events, stock and sales


def venue(name="Halle Verdier"):
    """(Venue, Layout) with 50 seats in the stalls, 20 in the circle, 20 places on the floor."""
    made = Venue.objects.create(name=name, city="Lyon", kind="ARENA")
    layout, _ = publish_layout(venue=made, plan=grid(SECTIONS), name=name)
    return made, layout


def draft_event(layout, title="The Low Lanterns", days=20, prices=PRICES):
    """A DRAFT with a price level for each of the sections in `prices` [(label, price), …]."""
    starts_at = timezone.now().replace(microsecond=0) + timedelta(days=days)
    event = Event.objects.create(
        slug=free_slug(title, starts_at),
        title=title,
        venue=layout.venue,
        layout=layout,
        starts_at=starts_at,
        sale_starts_at=timezone.now() - timedelta(days=1),
        sale_ends_at=starts_at,
    )
    for position, (label, price) in enumerate(prices, start=1):
        price_sections(
            event=event,
            name=label,
            price=Money(Decimal(price), "EUR"),
            position=position,
            areas=[(layout.sections.get(label=label), [])],
        )
    return event


def event_on_sale(layout, **fields):
    event = draft_event(layout, **fields)
    publish(event.pk)
    lay_out(event)
    return open_sale(event.pk)


def supplier(name="Quai Productions", bank_account="FR76 3000 4028 3798 7654 3210 943"):
    of_supplier = {"bank_account": bank_account}
    return Supplier.objects.get_or_create(name=name, defaults=of_supplier)[0]


def drafted_order(event, section="Stalls", cost="25.00", of_order=None, **words):
    """A DRAFT for places of one section; `words` as of add_line (rows, seats, quantity), `of_order` are
    fields of the order, such as basis."""
    fields = {"supplier": supplier(), "currency": "EUR", **(of_order or {})}
    order = draft_order(**fields)
    add_line(
        order=order,
        event=event,
        section=event.layout.sections.get(label=section),
        unit_cost=Money(Decimal(cost), "EUR"),
        **words,
    )
    return order


def confirmed_order(event, **words):
    order = drafted_order(event, **words)
    submit_order(order=order, by=None)
    return confirm_order(order=order, by=None)


def received_order(event, **words):
    """The DeliveryReceipt of an order of which everything has arrived."""
    return receive_delivery(order=confirmed_order(event, **words))


def supplier_code(receipt):
    """The barcode that the supplier gave to the first place of a receipt."""
    place = receipt.acquisitions.order_by("pk").first()
    return SupplierCode.objects.create(acquisition=place, barcode=f"theirs-{place.pk}")


def supplier_file(order):
    return keep_document(
        order=order, name="note.csv", content=b"A,1", content_type="text/csv", by=None
    )


def reservation(event, ordinals, email="noor@post.example", codes=()):
    customer = remember_customer(email=email, name="Noor Vance")
    sale = Sale(customer_id=customer.pk, codes=codes)
    return reserve(event=event, ordinals=ordinals, sale=sale)


def sold_booking(event, ordinals, **words):
    """A booking whose money came in, without a provider."""
    booking = reservation(event, ordinals, **words)
    payment = Payment.objects.get(reference=booking.pk)
    received(payment)
    return confirm(booking.pk, payment_id=payment.pk)


def received(payment):
    """What settling does with money that came in."""
    now = timezone.now()
    payments = Payment.objects.filter(pk=payment.pk)
    payments.filter(status="PENDING").update(status="PROCESSING", opened_at=now)
    payments.update(status="SUCCEEDED", settled_at=now, provider_ref=f"told-{payment.pk}")
    post(
        source="payment",
        source_id=payment.pk,
        kind="captured",
        lines=[
            (Account.PROVIDER_CLEARING, payment.charged),
            (Account.CUSTOMER_CREDIT, payment.by_credit),
            (Account.CUSTOMER_DEPOSITS, -payment.money),
        ],
    )


def offered(booking, *positions, email="bo@post.example", name="Bo Lind"):
    """The Transfer of tickets of a sold booking that its buyer offers to somebody."""
    items = booking.items.filter(position__in=positions) if positions else booking.items.all()
    tickets = list(items.values_list("ticket", flat=True))
    return offer_tickets(booking.pk, tickets, Recipient(name, email))


def given(booking, *positions, **to):
    """The Transfer of tickets of a sold booking that somebody was offered and has taken."""
    transfer = offered(booking, *positions, **to)
    return accept_transfer(transfer.pk, name=transfer.recipient_name)


@dataclass
class House:
    """An agency with one row of everything; `rows` has one of each model by label."""

    agency: Agency
    people: dict
    event: Event
    rows: dict

    def client(self, role):
        return client_of(self.people[role], self.agency)


def house(slug="parterre"):
    """A whole agency: staff of every role, stock bought and sold, a gate that let somebody in."""
    made = agency(slug)
    people = {role: staff(made, role) for role in Membership.Role.values}
    with acting_for(made.pk):
        _, layout = venue()
        event = event_on_sale(layout)
        rows = _rows(made, event)
    return House(made, people, event, rows)


def small_house(slug="parterre"):
    """An agency with staff of every role that bought rows A and B of the stalls and sold two seats."""
    made = agency(slug)
    people = {role: staff(made, role) for role in Membership.Role.values}
    with acting_for(made.pk):
        _, layout = venue()
        event = event_on_sale(layout)
        receipt = received_order(event, rows="A-B")
        things = [receipt.order.supplier, receipt.payables.get(), sold_booking(event, [0, 1])]
    return House(made, people, event, {thing._meta.label_lower: thing for thing in things})


def _rows(made, event):
    receipt = received_order(event, rows="A-B")
    booking = sold_booking(event, [0, 1])
    payment = Payment.objects.get(reference=booking.pk)
    refund = _paid_twice(booking)
    gate = Gate.objects.create(event=event, name="Gate A")
    scan = _scanned(booking, gate)
    things = [
        made,
        *(receipt, receipt.order, receipt.order.supplier, receipt.payables.get()),
        *(supplier_code(receipt), supplier_file(receipt.order)),
        draft_from(layout=event.layout, by=None),
        *(event, event.venue, event.layout, event.levels.first(), event.seats.get(ordinal=0)),
        *(booking, booking.customer, payment, refund, gate, scan, scan.ticket),
        issue_invoice(booking.pk),
        _asked_about(payment),
        *_paid_out(payment),
        *_at_the_desk(event, Membership.objects.get(role=Membership.Role.BOX_OFFICE).user),
        scan.ticket.admissions.get(),
        scan.ticket.signing_key,
        Membership.objects.get(role=Membership.Role.FINANCE),
        Organizer.objects.create(name="Quai Productions"),
        Invitation.objects.create(
            email=f"new@{made.slug}.example",
            name="Nadia Roux",
            role=Membership.Role.FINANCE,
            expires_at=timezone.now() + timedelta(days=2),
        ),
        ApiKey.objects.make(role="gate", name="Scanner 1", gate_id=gate.pk)[0],
        InboxMessage.objects.create(
            provider="simulated", event_id=f"notice-{made.slug}", kind="session.paid"
        ),
        Message.objects.create(
            kind="booking_confirmed", subject_id=booking.pk, recipient="noor@post.example"
        ),
        failed_fact(),
        given_back(event, 9),
        _withdrawn_terms(),
        Alert.objects.create(booking=booking, concern=Concern.SAME_CARD),
        propose(event=event, kind="CANCELLED", message="The tenor is ill", by=None),
        CancellationPolicy.objects.create(name="Usual", currency="EUR"),
        _held(event, [5, 6]),
        AllocationPlan.objects.create(event=event, name="Tour split"),
        _moved(event),
        AccountCode.objects.create(account=Account.INVENTORY, code="1400", name="Ticket stock"),
        FeeRule.objects.get(),
        TaxRule.objects.create(name="VAT", country="FR", percent=Decimal("5.5")),
        *_books(payment),
        *_prices(event),
        *_owed(event),
        *_promoted(),
        *_presold(event),
        *_registered(event),
        offered(sold_booking(event, [15], email="ada@post.example")),
    ]
    return {thing._meta.label_lower: thing for thing in things}


def _withdrawn_terms():
    """Terms of sale that nobody has to accept any more."""
    made = publish_terms("Tickets are sold for good.", by=None)
    publish_terms("", by=None)
    return made


def given_back(event, ordinal):
    """The Cancellation of a place that was sold and taken back for a reason."""
    booking = sold_booking(event, [ordinal])
    wish = GivingBack(grounds=Grounds.STAFF, rule=Rule.ALL_BACK, reason="Ill")
    return cancel(booking.pk, wish, seen=preview(booking, wish, now=timezone.now()).name)


def _moved(event):
    """The record of a move that left everything where it was."""
    figures = dict.fromkeys(("kept", "renamed", "added", "removed", "tickets_renamed"), 0)
    pins = {"before": event.layout, "after": event.layout, "reason": "A camera stood here"}
    return LayoutMove.objects.create(event=event, **pins, **figures)


def _owed(event):
    """An invoice that is too dear, a payment, a credit note, a run, a statement and a return."""
    line_words = {"section": "Circle", "rows": "A", "return_by": local_today() + timedelta(days=5)}
    order = received_order(event, **line_words).order
    line, debt = order.lines.get(), order.payables.get()
    billed = [Billed(unit_price=Money(26, "EUR"), quantity=2, line=line)]
    invoice = enter_invoice(order=order, number="F-7", invoiced_on=local_today(), billed=billed)
    other = received_order(event, section="Circle", rows="B", seats="1-5").payables.get()
    payment = pay_payable(payable=other, key="a story", money=Money(5, "EUR"))
    note = enter_credit_note(
        supplier=order.supplier, number="C-7", money=Money(5, "EUR"), issued_on=local_today()
    )
    run = propose_run(debt_ids=[other.pk], pay_on=local_today())
    [asked] = request_returns(wanted={line.pk: 2})
    return invoice, payment, note, run, asked, _settled(event), debt


def _settled(event):
    """The statement of a seat that was sold on consignment."""
    consigned = {"basis": "CONSIGNMENT"}
    received_order(event, section="Circle", rows="B", seats="10", of_order=consigned)
    sold_booking(event, [69])
    accrue()
    return settle(supplier=supplier(), currency="EUR", up_to=end_of(local_today()))


def _prices(event):
    """A rule, a change by hand and what the seat ledger says of it."""
    setting = Setting(Way.PERCENT, Decimal(5))
    wish = Wish(Selection(places="10-12"), setting, "A good week")
    change = change_prices(event=event, wish=wish, by=None)
    rule = PricingRule.objects.create(name="Last week", percent=Decimal(30))
    return rule, change, SeatEntry.objects.filter(kind="REPRICED").first()


def _promoted():
    """A promotion, its code, and a use of it that is kept."""
    made = running("EARLY", name="Early bird")
    keep(used("EARLY"))
    return made, made.codes.get(), made.uses.get()


def _presold(event):
    """A presale that is still written, and the list of those it will let in."""
    gold = BuyerList.objects.get(pk=listed("noor@post.example"))
    return draft(event, ends_at=timezone.now() + HOUR, lists=[gold.pk]), gold, gold.buyers.get()


def _registered(event):
    """A draw that takes entries, and one of them."""
    draw = open_draw(event, "noor@post.example", "ida@post.example")
    return draw, draw.entries.first()


def _held(event, ordinals):
    terms = Terms(kind=Hold.Kind.PRESS, name="Press row")
    return make_hold(event=event, wanted=Wanted(tuple(ordinals)), terms=terms)


def _paid_twice(booking):
    """The refund of a second payment for the same booking."""
    payment = Payment.objects.create(
        reference=booking.pk,
        covers=[booking.pk],
        provider="simulated",
        description="Paid once more",
        amount=booking.total,
        currency=booking.currency,
    )
    received(payment)
    return request_refund(
        payment_id=payment.pk,
        money=payment.money,
        reason=Refund.Reason.DUPLICATE,
        request_key="a story",
    )


def _at_the_desk(event, person):
    """Cash that was taken, the drawer counted, credit given."""
    booking = reservation(event, [3], email="cash@post.example")
    given = {"way": DeskTaking.Way.CASH, "given": booking.total}
    taking = pay_at_desk(booking.pk, by=person, **given)
    money = Money(booking.total, "EUR")
    read = import_statement(filename="june.csv", content=STATEMENT, by=person)
    counted = count_cash(counted=money, banked=Money(0, "EUR"), by=person)
    credit = give_credit(booking.customer_id, Money(5, "EUR"), reason="A long queue", by=person)
    programme = loyal()
    points = adjust(booking.customer_id, 40, reason="A long queue", by=person)
    return taking, counted, read, read.lines.get(), credit, programme, points


def loyal(**fields):
    """The agency's loyalty programme, running."""
    return Programme.objects.create(**{"is_on": True, "currency": "EUR", **fields})


def _asked_about(payment):
    """A bank's question about a payment; no money has moved."""
    told = ProviderDispute(
        ref=f"inquiry-{payment.pk}",
        payment_ref="",
        state="inquiry",
        reason="product_not_received",
        amount=payment.amount,
        currency=payment.currency,
        is_withdrawn=False,
        created_at=timezone.now(),
        evidence_due_at=timezone.now() + timedelta(days=7),
    )
    record_disputes(payment.pk, [told], read=0)
    return payment.disputes.get()


def _paid_out(payment):
    """A payout of a sale and of something that nobody has explained."""
    now = timezone.now()
    fee = Decimal("0.50")
    money = {"gross": payment.amount, "fee": fee, "net": payment.amount - fee}
    line = {"currency": payment.currency, "created_at": now}
    ref = f"pi_{payment.pk}"
    Payment.objects.filter(pk=payment.pk).update(provider_payment_ref=ref)
    lines = [
        ProviderPayoutLine(f"txn_{payment.pk}", "payment", **money, **line, payment_ref=ref),
        ProviderPayoutLine(
            *(f"txn_o_{payment.pk}", "adjustment", Decimal(-1), Decimal(0), Decimal(-1)), **line
        ),
    ]
    told = ProviderPayout(
        ref=f"po_{payment.pk}",
        state="paid",
        amount=money["net"] - 1,
        currency=payment.currency,
        arrives_on=now.date(),
        created_at=now,
    )
    payout = record_payout(payment.provider, told, lines, amount=told.amount)
    return payout, payout.lines.get(kind="ADJUSTMENT")


def _scanned(booking, gate):
    ticket = Ticket.objects.select_related("event", "signing_key").get(items__position=1)
    admit(code=code_of(ticket), gate=gate, device_id=gate.pk, nonce="one")
    return gate.scans.select_related("ticket__signing_key").get()


def failed_fact():
    """An outbox row whose handler was given up."""
    return OutboxMessage.objects.create(
        fact="bookings.facts.BookingExpired",
        payload={"booking_id": "01890000-0000-7000-8000-000000000000"},
        handler="bookings.handlers.close_page_of_expired",
        attempts=10,
        failed_at=timezone.now(),
        last_error="Traceback (most recent call last):\nProviderUnavailable: time-out",
    )


def _books(payment):
    journal = Journal.objects.get(source="payment", source_id=payment.pk)
    return journal, journal.entries.first(), AuditEntry.objects.first()


def pay_as_buyer(booking_id, *, credit):
    """`services.pay` as its buyer, who has proven that it is he, does with so much credit (Money)."""
    whose = Booking.objects.values_list("customer", flat=True).get(pk=booking_id)
    return pay(booking_id, credit=credit, whose=whose)
