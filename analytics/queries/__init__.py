"""Reads that reports, the API and the desk are made of."""
