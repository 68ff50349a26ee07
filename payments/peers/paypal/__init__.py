"""PayPal as far as Tessera uses it, strictly: what it does not know is an error.

The server, the store, the faults and the courier of notices are those of `payments.simulator`; what
differs are PayPal's objects, rules, tokens and signatures.
"""
