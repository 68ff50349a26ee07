from core.invariants import invariant


def _ledger_agrees(name, account, counted):
    """An account's balance is what `counted`, SQL giving (agency_id, currency, amount), adds up to."""
    invariant(
        name,
        f"""SELECT coalesce(l.agency_id, c.agency_id) AS agency_id, l.booked, c.counted
            FROM (SELECT agency_id, currency, sum(amount) AS booked FROM payments_ledgerentry
                  WHERE account = '{account}' GROUP BY agency_id, currency) l
            FULL JOIN (SELECT agency_id, currency, sum(amount) AS counted FROM ({counted}) found
                  GROUP BY agency_id, currency) c
              ON c.agency_id = l.agency_id AND c.currency = l.currency
            WHERE coalesce(l.booked, 0) <> coalesce(c.counted, 0)""",  # noqa: S608 - constants only
    )


invariant(
    "INV-6 what a line received is what was acquired",
    """SELECT l.id AS line_id, l.received, l.returned, count(a.id) AS acquired
       FROM suppliers_purchaseorderline l
       LEFT JOIN suppliers_acquisition a ON a.line_id = l.id
       GROUP BY l.id HAVING l.received <> count(a.id)
         OR l.returned <> count(a.id) FILTER (WHERE a.returned_at IS NOT NULL)
         OR l.received > l.ordered""",
)
invariant(
    "INV-6 what is payable is what was received at its cost",
    """SELECT r.id AS receipt_id, r.amount, sum(a.unit_cost) AS cost, p.amount AS payable
       FROM suppliers_deliveryreceipt r
       JOIN suppliers_purchaseorder o ON o.id = r.order_id
       LEFT JOIN suppliers_acquisition a ON a.receipt_id = r.id
       LEFT JOIN (SELECT receipt_id, sum(amount) AS amount FROM suppliers_accountspayable
                  WHERE kind = 'RECEIPT' GROUP BY receipt_id) p ON p.receipt_id = r.id
       GROUP BY r.id, o.basis, p.amount
       HAVING r.amount IS DISTINCT FROM sum(a.unit_cost) OR r.seats <> count(a.id)
         OR p.amount IS DISTINCT FROM CASE WHEN o.basis = 'FIRM' THEN r.amount END""",
)
invariant(
    "a debt is held while its invoice does not match, and belongs to none that was refused",
    """SELECT p.id AS payable_id, p.is_held, i.status
       FROM suppliers_accountspayable p
       LEFT JOIN suppliers_supplierinvoice i ON i.id = p.invoice_id
       WHERE p.is_held <> (i.status IS NOT DISTINCT FROM 'EXCEPTION') OR i.status = 'REFUSED'""",
)
invariant(
    "no more seats are invoiced, in invoices let through, than have come",
    """SELECT l.id AS line_id, l.received, sum(billed.quantity) AS invoiced
       FROM suppliers_purchaseorderline l
       JOIN suppliers_invoiceline billed ON billed.line_id = l.id
       JOIN suppliers_supplierinvoice i ON i.id = billed.invoice_id
       WHERE i.status IN ('MATCHED', 'ACCEPTED')
       GROUP BY l.id HAVING sum(billed.quantity) > l.received""",
)
invariant(
    "an owned place was bought, a bought one is owned",
    """SELECT s.id AS event_seat_id, s.ownership, s.cost, a.unit_cost
       FROM inventory_eventseat s
       FULL JOIN (SELECT * FROM suppliers_acquisition WHERE returned_at IS NULL) a
         ON a.event_seat_id = s.id
       WHERE (s.ownership = 'OWNED') <> (a.id IS NOT NULL)
          OR (s.ownership = 'OWNED' AND s.cost <> a.unit_cost)""",
)
_ledger_agrees(
    "the ledger's stock is what is owned and not sold, at cost",
    "inventory",
    """SELECT agency_id, currency, cost AS amount FROM inventory_eventseat
       WHERE ownership = 'OWNED' AND status <> 'SOLD'""",
)
_ledger_agrees(
    "the ledger owes suppliers what is left of their debts",
    "accounts_payable",
    """SELECT agency_id, currency, paid - amount AS amount FROM suppliers_accountspayable
       WHERE status <> 'VOID'""",
)
_ledger_agrees(
    "the ledger's credits are what is left of credit notes and returns that wait for theirs",
    "supplier_credits",
    """SELECT agency_id, currency, amount - used AS amount FROM suppliers_creditnote
       UNION ALL SELECT agency_id, currency, expected FROM suppliers_supplierreturn
       WHERE status = 'ACCEPTED'""",
)
_ledger_agrees(
    "the ledger's advances are what is left of payments",
    "supplier_advances",
    """SELECT agency_id, currency, amount - allocated AS amount FROM suppliers_supplierpayment""",
)
_ledger_agrees(
    "the ledger's consigned stock is what suppliers still own of it",
    "consigned_stock",
    """SELECT a.agency_id, a.currency, -a.unit_cost AS amount FROM suppliers_acquisition a
       JOIN suppliers_purchaseorderline l ON l.id = a.line_id
       JOIN suppliers_purchaseorder o ON o.id = l.order_id
       WHERE o.basis <> 'FIRM' AND a.returned_at IS NULL
       UNION ALL SELECT agency_id, currency, amount FROM suppliers_consignmentsale""",
)
_ledger_agrees(
    "the ledger owes for consigned seats what was sold and is in no statement",
    "consignment_owed",
    """SELECT agency_id, currency, -amount AS amount FROM suppliers_consignmentsale
       WHERE statement_id IS NULL""",
)
invariant(
    "allocated of a supplierpayment is the sum of its allocations and of the credit notes made of it",
    """SELECT p.id, p.allocated, coalesce(a.amount, 0) AS used, coalesce(n.amount, 0) AS credited
       FROM suppliers_supplierpayment p
       LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM suppliers_allocation
                  GROUP BY payment_id) a ON a.payment_id = p.id
       LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM suppliers_creditnote
                  GROUP BY payment_id) n ON n.payment_id = p.id
       WHERE p.allocated <> coalesce(a.amount, 0) + coalesce(n.amount, 0)""",
)
invariant(
    "nothing stays paid in advance for an order of which nothing more is expected",
    """SELECT p.id AS payment_id, o.id AS order_id, p.amount, p.allocated
       FROM suppliers_supplierpayment p JOIN suppliers_purchaseorder o ON o.id = p.order_id
       WHERE p.allocated < p.amount AND o.status IN ('CANCELLED', 'COMPLETED')""",
)
for table, column, key in (
    ("accountspayable", "paid", "payable_id"),
    ("creditnote", "used", "credit_note_id"),
):
    invariant(
        f"{column} of a {table} is the sum of its allocations",
        f"""SELECT t.id, t.{column}, coalesce(sum(a.amount), 0) AS allocated
            FROM suppliers_{table} t LEFT JOIN suppliers_allocation a ON a.{key} = t.id
            GROUP BY t.id HAVING t.{column} <> coalesce(sum(a.amount), 0)""",  # noqa: S608
    )
invariant(
    "seats in an open return are ours",
    """SELECT r.id AS return_line_id, s.id AS event_seat_id, s.ownership
       FROM suppliers_returnline r
       JOIN suppliers_acquisition a ON a.id = r.acquisition_id
       JOIN inventory_eventseat s ON s.id = a.event_seat_id
       WHERE r.state = 'OPEN' AND s.ownership <> 'OWNED'""",
)
