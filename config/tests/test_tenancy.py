"""Nobody sees another agency's rows: every table, every endpoint, every way in."""

import pgtrigger
import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.utils import timezone

from agencies.models import Agency
from agencies.terms import publish_terms
from bookings.models import Booking
from bookings.services import Sale, reserve
from config.tests.drawing import drawn
from config.tests.presaling import HOUR, presale
from config.tests.scenarios import house
from config.tests.world import offered, sold_booking
from config.tests.worlds import made_once
from core.tenancy import NoAgency, acting_for, as_system
from customers.models import Customer
from events.models import Event
from inventory.models import AllocationPlan, EventSeat
from inventory.presales import view_key
from inventory.services import Terms, Wanted, make_hold
from payments.models import Payment
from promotions.tests.factories import promotion
from suppliers.models import AccountsPayable, PurchaseOrder, Supplier
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

GLOBAL = {
    "accounts_user",
    "accounts_user_groups",
    "accounts_user_user_permissions",
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "axes_accessattempt",
    "axes_accessattemptexpiration",
    "axes_accessfailurelog",
    "axes_accesslog",
    "django_admin_log",
    "django_content_type",
    "django_migrations",
    "django_session",
}


def tables():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,"
            " (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid)"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind = 'r' ORDER BY 1"
        )
        return cursor.fetchall()


ONLY_GROW = [
    "agencies_termsofsale",
    "bookings_consent",
    "core_auditentry",
    "customers_drawwave",
    "customers_pointentry",
    "payments_bankstatement",
    "payments_cashcount",
    "payments_creditentry",
    "payments_desktaking",
    "payments_journal",
    "payments_ledgerentry",
    "suppliers_deliveryreceipt",
    "suppliers_receiptline",
    "tickets_admission",
    "tickets_download",
    "tickets_scan",
    "tickets_transferredticket",
]


@pytest.mark.parametrize("table", ONLY_GROW)
@pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"])
def test_history_is_kept_even_from_those_who_tell_the_triggers_to_look_away(table, change):
    with (
        as_system(),
        pgtrigger.ignore(),
        pytest.raises(DatabaseError) as refused,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change.format(table))
    assert refused.value.__cause__.sqlstate == "42501"  # insufficient privilege


def tenant_tables():
    return [name for name, *_ in tables() if name not in GLOBAL]


def fill(slug):
    """A small agency with a sale in every tenant table that the chain writes."""
    return house(
        agency={"slug": slug, "host": f"{slug}.example", "currency": "EUR"}, options={"sold": 4}
    )


def test_every_table_is_either_global_by_name_or_under_forced_row_level_security():
    for name, enabled, forced, policies in tables():
        if name not in GLOBAL:
            assert (enabled, forced, policies) == (True, True, 1), name


def test_every_key_between_tenant_tables_is_held_together_with_the_agency():
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f'")
        constraints = {row[0] for row in cursor}
    for model in apps.get_models():
        for key in model._meta.local_fields:
            target = key.related_model if key.many_to_one else None
            if target and any(field.name == "agency_id" for field in target._meta.fields):
                assert f"{model._meta.db_table}_{key.column}_fk" in constraints, (model, key)


def test_without_a_context_every_tenant_table_is_empty():
    fill("one")
    filled = 0
    for name in tenant_tables():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {name}")  # noqa: S608 - names from the catalogue
            assert cursor.fetchone()[0] == 0, name
            with as_system():
                connection.cursor().execute("SELECT 1")
                with connection.cursor() as again:
                    again.execute(f"SELECT count(*) FROM {name}")  # noqa: S608
                    filled += again.fetchone()[0] > 0
    assert filled > 20


def test_an_agency_sees_only_its_own_rows_in_every_table():
    one, two = fill("one"), fill("two")
    for name in tenant_tables():
        column = "id" if name == "agencies_agency" else "agency_id"
        for world in (one, two):
            with acting_for(world["agency"]["id"]), connection.cursor() as cursor:
                cursor.execute(f"SELECT DISTINCT {column} FROM {name}")  # noqa: S608
                assert {str(row[0]) for row in cursor} <= {world["agency"]["id"]}, name


def test_without_a_context_nothing_can_be_written():
    with pytest.raises(NoAgency):
        Customer.objects.create(email="noor@post.example", name="Noor")
    agency = Agency.objects.none()
    assert not agency
    with pytest.raises(DatabaseError), transaction.atomic():
        Customer.objects.create(
            agency_id="01a1fc84-0000-7000-8000-000000000000", email="n@post.example", name="N"
        )


def test_a_row_cannot_be_written_for_or_moved_to_another_agency():
    one, two = fill("one"), fill("two")
    with acting_for(one["agency"]["id"]):
        with pytest.raises(DatabaseError), transaction.atomic():
            Customer.objects.create(agency_id=two["agency"]["id"], email="x@y.example", name="X")
        with pytest.raises(DatabaseError), transaction.atomic():
            Customer.objects.update(agency_id=two["agency"]["id"])


def test_the_database_refuses_a_ticket_on_another_agencys_seat():
    one, two = fill("one"), fill("two")
    with acting_for(two["agency"]["id"]):
        theirs = EventSeat.objects.filter(status="SOLD").first()
    with acting_for(one["agency"]["id"]):
        event = Event.objects.get()
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            Ticket.objects.create(
                event=event, event_seat_id=theirs.pk, ordinal=0, number="X", section="A",
                seat="1", seat_kind="STANDARD",
            )  # fmt: skip


def test_the_application_role_cannot_look_past_the_policies():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, False, False)
        cursor.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'bookings_booking'")
        owner = cursor.fetchone()[0]
        cursor.execute("SELECT current_user")
        assert cursor.fetchone()[0] != owner


def endpoints(resolver=None, prefix=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from endpoints(pattern, path)
        elif isinstance(pattern, URLPattern):
            yield path


# Where each id of a foreign thing can be put; every other path of the site takes no id, but for
NOT_HERE = (
    "admin/",  # needs a member of staff: test_admin asks each of its pages for another agency's row
    "webhooks/",  # names a provider, which belongs to no agency
    "api/v1/payments/webhooks/",  # so does this
    "mailbox/",  # numbers files of the demo's mail, is not there in production
)
FOREIGN = [
    ("GET", "/events/{event_slug}/"),
    ("GET", "/events/{event_slug}/seats/"),
    ("GET", "/events/{event_slug}/seats/0/"),
    ("GET", "/events/{event_slug}/calendar.ics"),
    ("GET", "/events/{event_slug}/seats.svg"),
    ("POST", "/events/{event_slug}/reserve/"),
    ("POST", "/events/{event_slug}/presale/"),
    ("GET", "/draws/{draw}/"),
    ("POST", "/draws/{draw}/"),
    ("GET", "/draws/{draw}/numbers.txt"),
    ("GET", "/draws/{draw}/order.csv"),
    ("GET", "/draws/{draw}/draw.json"),
    ("GET", "/draws/{draw}/mine/"),
    ("POST", "/draws/{draw}/enter/"),
    ("POST", "/draws/{draw}/withdraw/"),
    ("GET", "/events/{event}/prices/"),
    ("GET", "/events/{event}/prices/abc.json"),
    ("GET", "/checkout/{booking}/"),
    ("POST", "/checkout/{booking}/code/"),
    ("POST", "/checkout/{booking}/pay/"),
    ("POST", "/checkout/{booking}/points/"),
    ("GET", "/checkout/{booking}/exchange/"),
    ("POST", "/checkout/{booking}/exchange/"),
    ("POST", "/checkout/{booking}/release/"),
    ("POST", "/checkout/{booking}/renew/"),
    ("GET", "/checkout/{booking}/return/"),
    ("GET", "/bookings/{booking}/"),
    ("GET", "/bookings/{booking}/cancel/"),
    ("GET", "/bookings/{booking}/change/"),
    ("GET", "/bookings/{booking}/exchange/"),
    ("GET", "/bookings/{booking}/give/"),
    ("POST", "/bookings/{booking}/give/"),
    ("POST", "/bookings/{booking}/give/prove/"),
    ("POST", "/bookings/{booking}/give/{transfer}/take-back/"),
    ("GET", "/received/{transfer}/"),
    ("POST", "/received/{transfer}/accept/"),
    ("POST", "/received/{transfer}/decline/"),
    ("GET", "/received/{transfer}/tickets.pdf"),
    ("GET", "/received/{transfer}/give/"),
    ("POST", "/received/{transfer}/give/"),
    ("POST", "/received/{transfer}/give/prove/"),
    ("POST", "/received/{transfer}/give/{transfer}/take-back/"),
    ("POST", "/bookings/{booking}/give/{transfer}/mail/"),
    ("POST", "/received/{transfer}/give/{transfer}/mail/"),
    ("POST", "/bookings/{booking}/cancel/"),
    ("GET", "/bookings/{booking}/tickets.pdf"),
    ("GET", "/bookings/{booking}/invoice.pdf"),
    ("GET", "/bookings/{booking}/calendar.ics"),
    ("GET", "/layouts/{layout}.geo"),
    ("GET", "/terms/{terms}/"),
    ("GET", "/api/v1/events/{event}"),
    ("GET", "/api/v1/events/{event}/status"),
    ("GET", "/api/v1/events/{event}/changes"),
    ("GET", "/api/v1/events/{event}/stream"),
    ("GET", "/api/v1/events/{event}/availability"),
    ("POST", "/api/v1/events/{event}/presales"),
    ("GET", "/api/v1/events/{event}/presales/{view}/status"),
    ("GET", "/api/v1/events/{event}/presales/{view}/changes"),
    ("GET", "/api/v1/events/{event}/presales/{view}/stream"),
    ("GET", "/api/v1/events/{event}/presales/{view}/availability"),
    ("GET", "/api/v1/bookings/{booking}"),
    ("DELETE", "/api/v1/bookings/{booking}"),
    ("PUT", "/api/v1/bookings/{booking}"),
    ("PATCH", "/api/v1/bookings/{booking}"),
    ("GET", "/api/v1/bookings/{booking}/tickets"),
    ("GET", "/api/v1/bookings/{booking}/summary"),
    ("GET", "/api/v1/bookings/customer/{customer}"),
    ("POST", "/api/v1/events/{event}/seats/validate"),
    ("POST", "/api/v1/events/{event}/seats/best-available"),
    ("POST", "/api/v1/events/{event}/seats/find-adjacent"),
    ("GET", "/api/v1/orders/{booking}"),
    ("POST", "/api/v1/orders/{booking}/confirm"),
    ("GET", "/api/v1/payments/{payment}"),
    ("POST", "/api/v1/payments/{payment}/refund"),
    ("POST", "/api/v1/bookings/{booking}/contact"),
    ("POST", "/api/v1/bookings/{booking}/pay"),
    ("POST", "/api/v1/bookings/{booking}/renew"),
    ("GET", "/bookings/{booking}/names/"),
    ("PATCH", "/api/v1/tickets/{booking}/attendee"),
    ("GET", "/api/v1/bookings/{booking}/cancellation"),
    ("POST", "/api/v1/bookings/{booking}/tickets/cancel"),
    ("GET", "/api/v1/inventory/events/{event}/availability"),
    ("GET", "/api/v1/inventory/events/{event}/availability/realtime"),
    ("GET", "/api/v1/inventory/events/{event}"),
    ("GET", "/api/v1/inventory/events/{event}/seats"),
    ("GET", "/api/v1/inventory/events/{event}/available"),
    ("GET", "/api/v1/inventory/events/{event}/seats/{event_seat}"),
    ("PUT", "/api/v1/inventory/events/{event}/seats/{event_seat}/price"),
    ("POST", "/api/v1/inventory/events/{event}/seats/{event_seat}/return"),
    ("GET", "/api/v1/inventory/holds/{hold}"),
    ("DELETE", "/api/v1/inventory/holds/{hold}"),
    ("PUT", "/api/v1/inventory/holds/{hold}/release"),
    ("GET", "/api/v1/inventory/allocation/plans/{plan}"),
    ("PUT", "/api/v1/inventory/allocation/plans/{plan}"),
    ("GET", "/api/v1/suppliers/{supplier}"),
    ("PUT", "/api/v1/suppliers/{supplier}"),
    ("DELETE", "/api/v1/suppliers/{supplier}"),
    ("GET", "/api/v1/accounts-payable/{payable}"),
    ("POST", "/api/v1/accounts-payable/{payable}/pay"),
    ("POST", "/api/v1/purchase-orders/{order}/pay"),
    ("GET", "/api/v1/purchase-orders/{order}"),
    ("PUT", "/api/v1/purchase-orders/{order}"),
    ("POST", "/api/v1/purchase-orders/{order}/submit"),
    ("POST", "/api/v1/purchase-orders/{order}/withdraw"),
    ("POST", "/api/v1/purchase-orders/{order}/approve"),
    ("POST", "/api/v1/purchase-orders/{order}/cancel"),
    ("POST", "/api/v1/purchase-orders/{order}/confirm"),
    ("POST", "/api/v1/purchase-orders/{order}/receive"),
    ("GET", "/api/v1/promotions/{promotion}"),
    ("PUT", "/api/v1/promotions/{promotion}"),
]
RANDOM = {
    "transfer": "01a1fc84-1111-7000-8000-000000000000",
    "event": "01a1fc84-1111-7000-8000-000000000000",
    "booking": "01a1fc84-2222-7000-8000-000000000000",
    "event_slug": "no-such-night",
    "layout": "0" * 32,
    "terms": "0" * 32,
    "supplier": "01a1fc84-3333-7000-8000-000000000000",
    "order": "01a1fc84-4444-7000-8000-000000000000",
    "hold": "01a1fc84-5555-7000-8000-000000000000",
    "payable": "01a1fc84-6666-7000-8000-000000000000",
    "plan": "01a1fc84-7777-7000-8000-000000000000",
    "promotion": "01a1fc84-8888-7000-8000-000000000000",
    "draw": "01a1fc84-aaaa-7000-8000-000000000000",
    "customer": "01a1fc84-bbbb-7000-8000-000000000000",
    "payment": "01a1fc84-cccc-7000-8000-000000000000",
    "event_seat": 999_999_999,
    "view": "01a1fc84-9999-7000-8000-000000000000:x",
}
# Whose key is sent along: what lies below these is nobody's without one.
KEYS = {
    "/api/v1/bookings": "buyer",
    "/api/v1/events": "buyer",
    "/api/v1/tickets": "buyer",
    "/api/v1/inventory": "staff",
    "/api/v1/suppliers": "staff",
    "/api/v1/purchase-orders": "staff",
    "/api/v1/accounts-payable": "staff",
    "/api/v1/promotions": "staff",
    "/api/v1/orders": "buyer",
    "/api/v1/payments": "staff",
}


@made_once
def neighbours():
    """An agency, and {word of a path: id of something that another agency has}."""
    one = fill("one")
    two = house(
        agency={"slug": "two", "host": "two.example", "currency": "EUR"},
        event={
            "title": "Matinee",
            "levels": [{"name": "A", "sections": ["A"], "price": "9.00", "cost": "5.00"}],
        },
        venue={"name": "Hall", "sections": [{"name": "A", "rows": 2, "seats": 5}]},
    )
    with acting_for(two["agency"]["id"]):
        booking = reserve(event=Event.objects.get(), ordinals=[0], sale=Sale())
        slug = Event.objects.get().slug
        below = {
            "supplier": Supplier.objects.get().pk,
            "order": PurchaseOrder.objects.get().pk,
            "hold": _hold_one_place(),
            "plan": AllocationPlan.objects.create(event=Event.objects.get(), name="Split").pk,
            "payable": AccountsPayable.objects.get().pk,
            "customer": Customer.objects.first().pk,
            "payment": Payment.objects.get(reference=booking.pk).pk,
            "promotion": promotion().pk,
            "terms": publish_terms("All is final.", by=None).digest,
            "event_seat": EventSeat.objects.get(ordinal=0).pk,
            "view": _view(Event.objects.get()),
            "draw": drawn(Event.objects.get(), "noor@post.example").pk,
            "transfer": offered(sold_booking(Event.objects.get(), [5])).pk,
        }
    foreign = {
        "event": two["event"]["id"],
        "booking": booking.pk,
        "event_slug": slug,
        "layout": two["venue"]["layout"],
        **below,
    }
    return one, foreign


@pytest.mark.parametrize(("method", "path"), FOREIGN)
def test_a_foreign_id_is_answered_like_a_random_one(neighbours, method, path):
    one, foreign = neighbours
    role = next((role for start, role in KEYS.items() if path.startswith(start)), None)
    headers = {"Authorization": f"Api-Key {one['tokens'][role]}"} if role else {}
    answers = []
    for ids in (foreign, RANDOM):
        client = Client(HTTP_HOST="one.example")
        answer = client.generic(
            method,
            path.format(**ids),
            "{}",
            content_type="application/json",
            headers={**headers, "Idempotency-Key": "once"},
        )
        answers.append((answer.status_code, answer.content.replace(b"csrf", b"")))
    assert answers[0][0] == answers[1][0] == 404
    if path.startswith("/api/"):
        assert answers[0] == answers[1]


def _view(event):
    event.presale_id = presale(event, ends_at=timezone.now() + HOUR).pk
    return view_key(event)


def _hold_one_place():
    terms, wanted = Terms("ARTIST", "The band"), Wanted(ordinals=(3,))
    return make_hold(event=Event.objects.get(), wanted=wanted, terms=terms).pk


def test_the_list_above_names_every_path_that_takes_an_id():
    with_ids = {path for path in endpoints() if "<" in path and not path.startswith(NOT_HERE)}
    assert {resolve(path.format(**RANDOM)).route for _, path in FOREIGN} == with_ids


def test_a_key_of_one_agency_never_reaches_the_other_whatever_the_host():
    one, two = fill("one"), fill("two")
    client = Client(HTTP_HOST="two.example")
    answer = client.post(
        "/api/v1/bookings",
        {"event": two["event"]["id"], "seats": [5]},
        content_type="application/json",
        headers={"Authorization": f"Api-Key {one['tokens']['buyer']}"},
    )
    assert answer.status_code == 404
    with acting_for(two["agency"]["id"]):
        assert Booking.objects.filter(status="RESERVED").count() == 0


def test_an_error_inside_another_scope_leaves_the_outer_transaction_usable():
    one = fill("one")
    with acting_for(one["agency"]["id"]):
        before = Customer.objects.count()
        with pytest.raises(DatabaseError), transaction.atomic(), as_system():
            Customer.objects.create(agency_id=None, email="x@y.example", name="X")
        assert Customer.objects.count() == before
