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
    """SELECT p.id AS payment_id, p.amount, p.credit, coalesce(sum(e.amount), 0) AS posted
       FROM payments_payment p
       LEFT JOIN payments_journal j ON j.source = 'payment' AND j.source_id = p.id
       LEFT JOIN payments_ledgerentry e
         ON e.journal_id = j.id
         AND e.account IN ('provider_clearing', 'cash', 'bank', 'unassigned_money')
       GROUP BY p.id
       HAVING coalesce(sum(e.amount), 0) <> CASE
         WHEN p.status IN ('SUCCEEDED', 'REFUNDED', 'DISPUTED') THEN p.amount - p.credit
         ELSE 0 END""",
)
invariant(
    "INV-3 the ledger holds what was paid with credit",
    """SELECT p.id AS payment_id, p.credit, coalesce(sum(e.amount), 0) AS posted
       FROM payments_payment p
       LEFT JOIN payments_journal j ON j.source = 'payment' AND j.source_id = p.id
       LEFT JOIN payments_ledgerentry e ON e.journal_id = j.id AND e.account = 'customer_credit'
       GROUP BY p.id
       HAVING coalesce(sum(e.amount), 0) <> CASE
         WHEN p.status IN ('SUCCEEDED', 'REFUNDED', 'DISPUTED') THEN p.credit ELSE 0 END""",
)
invariant(
    "nobody has less credit than none",
    """SELECT customer_id, currency, sum(amount) AS balance FROM payments_creditentry
       GROUP BY customer_id, currency HAVING sum(amount) < 0""",
)
invariant(
    "credit is held for payments that are or may be paid with it, and for no others",
    """SELECT p.id AS payment_id, p.status, p.credit, coalesce(sum(c.amount), 0) AS held
       FROM payments_payment p
       LEFT JOIN payments_creditentry c
         ON c.payment_id = p.id AND c.kind IN ('HELD', 'RETURNED')
       GROUP BY p.id
       HAVING coalesce(sum(c.amount), 0) <> CASE p.status WHEN 'FAILED' THEN 0 ELSE -p.credit END""",
)
invariant(
    "of a payment no more became credit than was left of it",
    """SELECT p.id AS payment_id, p.amount, back.sum AS back, sent.sum AS sent
       FROM payments_payment p
       CROSS JOIN LATERAL (SELECT coalesce(sum(amount), 0) AS sum FROM payments_creditentry
                           WHERE payment_id = p.id AND kind IN ('BACK', 'PAID_OUT')) back
       CROSS JOIN LATERAL (SELECT coalesce(sum(amount), 0) AS sum FROM payments_refund
                           WHERE payment_id = p.id AND status <> 'FAILED') sent
       WHERE back.sum > 0 AND (back.sum + sent.sum > p.amount
         OR p.status NOT IN ('SUCCEEDED', 'REFUNDED', 'DISPUTED'))""",
)
invariant(
    "what is paid out of credit is sent back by refunds of the payments it came back of",
    """SELECT c.refund_id, c.payment_id, sum(c.amount) AS paid_out, r.amount AS sent
       FROM payments_creditentry c
       LEFT JOIN payments_refund r ON r.id = c.refund_id AND r.payment_id = c.payment_id
       WHERE c.kind = 'PAID_OUT' GROUP BY c.refund_id, c.payment_id, r.amount
       HAVING -sum(c.amount) IS DISTINCT FROM r.amount""",
)
invariant(
    "no more is paid out than became credit of what was not credit before",
    """SELECT p.id AS payment_id, p.credit, sum(c.amount) AS left
       FROM payments_payment p JOIN payments_creditentry c ON c.payment_id = p.id
       WHERE c.kind IN ('BACK', 'PAID_OUT')
       GROUP BY p.id HAVING count(*) FILTER (WHERE c.kind = 'PAID_OUT') > 0
         AND sum(c.amount) < p.credit""",
)
invariant(
    "no more credit is withheld than banks hold of the payments it came back of",
    """SELECT c.payment_id, -sum(c.amount) AS withheld
       FROM payments_creditentry c WHERE c.kind IN ('WITHHELD', 'FREED') GROUP BY c.payment_id
       HAVING -sum(c.amount) NOT BETWEEN 0 AND (SELECT coalesce(sum(withdrawn), 0)
         FROM payments_dispute WHERE payment_id = c.payment_id)""",
)
invariant(
    "INV-3 what is owed to customers is their credit, with what is held for open payments",
    """SELECT agency_id, currency, sum(booked) AS booked, sum(credit) AS credit FROM (
         SELECT agency_id, currency, -amount AS booked, 0 AS credit
           FROM payments_ledgerentry WHERE account = 'customer_credit'
         UNION ALL SELECT c.agency_id, c.currency, 0, c.amount FROM payments_creditentry c
           LEFT JOIN payments_payment p ON p.id = c.payment_id
           WHERE c.kind NOT IN ('HELD', 'RETURNED')
             OR p.status IN ('SUCCEEDED', 'REFUNDED', 'DISPUTED')) both_sides
       GROUP BY agency_id, currency HAVING sum(booked) <> sum(credit)""",
)
invariant(
    "completed refunds are in the ledger",
    """SELECT r.id AS refund_id, r.amount, coalesce(sum(e.amount), 0) AS posted
       FROM payments_refund r
       LEFT JOIN payments_journal j ON j.source = 'refund' AND j.source_id = r.id
       LEFT JOIN payments_ledgerentry e
         ON e.journal_id = j.id
         AND e.account IN ('provider_clearing', 'cash', 'bank', 'unassigned_money')
       GROUP BY r.id, r.amount, r.status
       HAVING coalesce(sum(e.amount), 0) <>
         CASE WHEN r.status = 'COMPLETED' THEN -r.amount ELSE 0 END""",
)
invariant(
    "INV-5 refunds never exceed what was captured",
    """SELECT p.id AS payment_id, p.amount, p.credit, sum(r.amount) AS refunded
       FROM payments_payment p JOIN payments_refund r ON r.payment_id = p.id
       WHERE r.status <> 'FAILED' GROUP BY p.id HAVING sum(r.amount) > p.amount - p.credit""",
)
invariant(
    "a refused refund stays owed: nothing else of its payment takes its place",
    """SELECT p.id AS payment_id, p.amount, p.credit, back.sum AS back, sent.sum AS sent_or_owed
       FROM payments_payment p
       CROSS JOIN LATERAL (SELECT coalesce(sum(amount), 0) AS sum FROM payments_creditentry
                           WHERE payment_id = p.id AND kind IN ('BACK', 'PAID_OUT')) back
       CROSS JOIN LATERAL (SELECT coalesce(sum(amount), 0) AS sum FROM payments_refund
                           WHERE payment_id = p.id) sent
       WHERE p.status IN ('SUCCEEDED', 'REFUNDED', 'DISPUTED')
         AND sent.sum + greatest(back.sum - p.credit, 0) > p.amount - p.credit""",
)
invariant(
    "INV-3 what providers took for payments is in the ledger",
    """SELECT p.id AS payment_id, p.fee, p.fee_currency, coalesce(sum(e.amount), 0) AS booked
       FROM payments_payment p
       LEFT JOIN payments_journal j ON j.source = 'charge' AND j.source_id = p.id
       LEFT JOIN payments_ledgerentry e ON e.journal_id = j.id AND e.account = 'provider_fees'
         AND e.currency = p.fee_currency
       WHERE p.fee IS NOT NULL OR j.id IS NOT NULL GROUP BY p.id
       HAVING coalesce(sum(e.amount), 0) <> coalesce(p.fee, 0)""",
)
invariant(
    "INV-3 what banks hold, took for good and what disputes cost is in the ledger",
    """SELECT d.id AS dispute_id, d.withdrawn, d.written_off, d.fee,
         coalesce(sum(e.amount) FILTER (WHERE e.account = 'disputed'), 0) AS disputed,
         coalesce(sum(e.amount) FILTER (WHERE e.account = 'dispute_losses'), 0) AS lost,
         coalesce(sum(e.amount) FILTER (WHERE e.account = 'provider_fees'), 0) AS charged
       FROM payments_dispute d
       LEFT JOIN payments_journal j ON j.source = 'dispute' AND j.source_id = d.id
       LEFT JOIN payments_ledgerentry e ON e.journal_id = j.id
       GROUP BY d.id, d.withdrawn, d.written_off, d.fee
       HAVING coalesce(sum(e.amount) FILTER (WHERE e.account = 'disputed'), 0)
           <> d.withdrawn - d.written_off
         OR coalesce(sum(e.amount) FILTER (WHERE e.account = 'dispute_losses'), 0) <> d.written_off
         OR coalesce(sum(e.amount) FILTER (WHERE e.account = 'provider_fees'), 0) <> d.fee
         OR coalesce(sum(e.amount) FILTER (WHERE e.account = 'provider_clearing'
              AND e.currency = d.currency), 0)
           <> - d.withdrawn - CASE WHEN d.fee_currency = d.currency THEN d.fee ELSE 0 END""",
)
invariant(
    "no refund waits to give back what a bank has taken",
    """SELECT p.id AS payment_id, p.amount FROM payments_payment p
       WHERE EXISTS (SELECT FROM payments_refund WHERE payment_id = p.id AND status = 'PENDING')
         AND p.amount - p.credit < (SELECT coalesce(sum(amount), 0) FROM payments_refund
                         WHERE payment_id = p.id AND status <> 'FAILED')
                      + (SELECT coalesce(sum(withdrawn), 0) FROM payments_dispute
                         WHERE payment_id = p.id)""",
)
invariant(
    "the drawer holds what was taken, less what was handed out and banked, as it was counted",
    """SELECT agency_id, currency, sum(booked) AS booked, sum(moved) AS moved FROM (
         SELECT agency_id, currency, amount AS booked, 0 AS moved
           FROM payments_ledgerentry WHERE account = 'cash'
         UNION ALL SELECT agency_id, currency, 0, amount
           FROM payments_desktaking WHERE way = 'CASH'
         UNION ALL SELECT agency_id, currency, 0, counted - expected - banked
           FROM payments_cashcount) both_sides
       GROUP BY agency_id, currency HAVING sum(booked) <> sum(moved)""",
)
invariant(
    "money received by bank is assigned, sent back, or waits for a person",
    """SELECT agency_id, currency, sum(booked) AS booked, sum(waiting) AS waiting FROM (
         SELECT agency_id, currency, -amount AS booked, 0 AS waiting
           FROM payments_ledgerentry WHERE account = 'unassigned_money'
         UNION ALL SELECT agency_id, currency, 0, amount FROM payments_bankline
           WHERE status IN ('EXCEPTION', 'PART')) both_sides
       GROUP BY agency_id, currency HAVING sum(booked) <> sum(waiting)""",
)
invariant(
    "points that were spent became credit, and credit made of points cost some",
    """SELECT p.id AS entry_id, c.id AS credit_id
       FROM (SELECT * FROM customers_pointentry WHERE kind = 'SPENT') p
       FULL JOIN (SELECT * FROM payments_creditentry WHERE kind = 'POINTS') c ON c.id = p.reference
       WHERE p.id IS NULL OR c.id IS NULL OR p.customer_id <> c.customer_id""",
)
invariant(
    "INV-3 a payout is in the ledger where it is: at the provider, on its way, in the bank",
    """SELECT p.id AS payout_id, p.status, p.amount,
         coalesce(sum(e.amount) FILTER (WHERE e.account = 'money_on_its_way'), 0) AS on_its_way,
         coalesce(sum(e.amount) FILTER (WHERE e.account = 'provider_clearing'), 0) AS left_provider
       FROM payments_payout p
       LEFT JOIN payments_journal j ON j.source = 'payout' AND j.source_id = p.id
         AND j.kind IN ('paid', 'failed', 'arrived')
       LEFT JOIN payments_ledgerentry e ON e.journal_id = j.id
       GROUP BY p.id
       HAVING coalesce(sum(e.amount) FILTER (WHERE e.account = 'money_on_its_way'), 0)
           <> CASE p.status WHEN 'PAID' THEN p.amount ELSE 0 END
         OR coalesce(sum(e.amount) FILTER (WHERE e.account = 'provider_clearing'), 0)
           <> CASE WHEN p.status IN ('PAID', 'ARRIVED') THEN -p.amount ELSE 0 END""",
)
invariant(
    "nothing is on its way to the bank but payouts",
    """SELECT agency_id, currency, sum(booked) AS booked, sum(sent) AS sent FROM (
         SELECT agency_id, currency, amount AS booked, 0 AS sent
           FROM payments_ledgerentry WHERE account = 'money_on_its_way'
         UNION ALL SELECT agency_id, currency, 0, amount
           FROM payments_payout WHERE status = 'PAID') both_sides
       GROUP BY agency_id, currency HAVING sum(booked) <> sum(sent)""",
)
invariant(
    "a payout is the sum of its lines, or says why not",
    """SELECT p.id AS payout_id, p.amount, coalesce(sum(l.net), 0) AS lines
       FROM payments_payout p
       LEFT JOIN payments_payoutline l ON l.payout_id = p.id AND l.currency = p.currency
       WHERE p.problem = '' GROUP BY p.id HAVING coalesce(sum(l.net), 0) <> p.amount""",
)
invariant(
    "what providers kept of payouts is in the ledger as their fees",
    """SELECT payout_id, currency, sum(kept) AS kept, sum(booked) AS booked FROM (
         SELECT payout_id, currency, to_fees AS kept, 0 AS booked FROM payments_payoutline
         UNION ALL SELECT p.id, e.currency, 0, e.amount FROM payments_payout p
           JOIN payments_journal j ON j.source = 'payout' AND j.source_id = p.id
           JOIN payments_ledgerentry e ON e.journal_id = j.id AND e.account = 'provider_fees'
         UNION ALL SELECT l.payout_id, e.currency, 0, e.amount FROM payments_payoutline l
           JOIN payments_journal j ON j.source = 'payout_line' AND j.source_id = l.id
           JOIN payments_ledgerentry e ON e.journal_id = j.id AND e.account = 'provider_fees') all_of
       GROUP BY payout_id, currency HAVING sum(kept) <> sum(booked)""",
)
invariant(
    "what came to the bank as a payout is one, whole",
    """SELECT b.id AS bank_line_id, b.amount, p.amount AS payout
       FROM payments_bankline b LEFT JOIN payments_payout p ON p.bank_line_id = b.id
       WHERE (b.status = 'PAYOUT') <> (p.id IS NOT NULL)
         OR (b.amount, b.currency) <> (p.amount, p.currency)""",
)
