"""Retail prices before the buyer's fee: bulk changes, the rules that propose them, their simulation."""
