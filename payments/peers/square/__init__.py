"""Square as far as Tessera uses it, strictly: what it does not know is an error.

The server, the store, the idempotency keys, the faults and the courier of notices are those of
`payments.simulator`; what differs are Square's objects, rules and signatures.
"""
