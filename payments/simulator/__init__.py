"""A payment provider to try Tessera with: a process of its own, in the shape of Stripe Checkout.

It knows nothing of Tessera and shares no state with it; they meet over HTTP only. No Django here.
"""
