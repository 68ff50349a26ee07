"""Reads that reports, the API and the desk are made of."""

from analytics.queries.demand import Pace, hot_events, paces, slow_events

__all__ = ["Pace", "hot_events", "paces", "slow_events"]
