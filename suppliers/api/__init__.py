"""Buying over /api/v1/, for staff: suppliers, purchase orders, accounts payable."""
