"""Row-level security and same-agency keys, and the read-only views of schema qa."""

from django.db import migrations

from core.isolation import Isolate, readable_in_qa

VIEWS = """
CREATE VIEW qa.payments WITH (security_invoker = true) AS
SELECT id, reference AS booking_id, provider, provider_ref, status, amount, currency
FROM payments_payment;
CREATE VIEW qa.refunds WITH (security_invoker = true) AS
SELECT id, payment_id, amount, status FROM payments_refund;
CREATE VIEW qa.ledger WITH (security_invoker = true) AS
SELECT e.journal_id, e.account, e.amount, e.currency, j.source, j.source_id
FROM payments_ledgerentry e JOIN payments_journal j ON j.id = e.journal_id;
CREATE VIEW qa.inbox WITH (security_invoker = true) AS
SELECT id, provider, event_id, state FROM payments_inboxmessage;
"""
DROP_VIEWS = "DROP VIEW qa.payments, qa.refunds, qa.ledger, qa.inbox;"


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0001_initial"),
        ("agencies", "0002_isolation"),
    ]
    operations = [
        Isolate("Payment"),
        Isolate("Refund"),
        Isolate("InboxMessage"),
        Isolate("Journal"),
        Isolate("LedgerEntry"),
        migrations.RunSQL(VIEWS, DROP_VIEWS),
        readable_in_qa("payments_payment", "payments_refund", "payments_ledgerentry", "payments_journal", "payments_inboxmessage"),
    ]
