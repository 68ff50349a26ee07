from core.invariants import invariant

invariant(
    "INV-3 every journal sums to zero",
    """SELECT journal_id, currency, sum(amount) FROM payments_ledgerentry
       GROUP BY journal_id, currency HAVING sum(amount) <> 0""",
)
invariant(
    "the trial balance is zero",
    """SELECT agency_id, currency, sum(amount) FROM payments_ledgerentry
       GROUP BY agency_id, currency HAVING sum(amount) <> 0""",
)
invariant(
    "INV-3 the ledger holds what was captured less what was refunded",
    """SELECT p.id AS payment_id, p.amount, coalesce(sum(e.amount), 0) AS posted
       FROM payments_payment p
       LEFT JOIN payments_journal j ON j.source = 'payment' AND j.source_id = p.id
       LEFT JOIN payments_ledgerentry e
         ON e.journal_id = j.id AND e.account = 'provider_clearing'
       GROUP BY p.id, p.amount, p.status
       HAVING coalesce(sum(e.amount), 0) <> CASE
         WHEN p.status IN ('SUCCEEDED', 'REFUNDED', 'DISPUTED') THEN p.amount ELSE 0 END""",
)
invariant(
    "completed refunds are in the ledger",
    """SELECT r.id AS refund_id, r.amount, coalesce(sum(e.amount), 0) AS posted
       FROM payments_refund r
       LEFT JOIN payments_journal j ON j.source = 'refund' AND j.source_id = r.id
       LEFT JOIN payments_ledgerentry e
         ON e.journal_id = j.id AND e.account = 'provider_clearing'
       GROUP BY r.id, r.amount, r.status
       HAVING coalesce(sum(e.amount), 0) <>
         CASE WHEN r.status = 'COMPLETED' THEN -r.amount ELSE 0 END""",
)
invariant(
    "INV-5 refunds never exceed what was captured",
    """SELECT p.id AS payment_id, p.amount, sum(r.amount) AS refunded
       FROM payments_payment p JOIN payments_refund r ON r.payment_id = p.id
       WHERE r.status <> 'FAILED' GROUP BY p.id, p.amount HAVING sum(r.amount) > p.amount""",
)
