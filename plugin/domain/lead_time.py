"""When a delivery will really come: the supplier's expected date against the supplier's record.

The place where lateness learned from past deliveries goes in. Until a record exists, a delivery is believed to come on
the day it was announced for, and to be at most `default_spread_days` late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Believed:
    """The days we plan on: P50 is as likely missed as met, P90 is missed one time in ten."""

    p50: date
    p90: date


@dataclass(frozen=True, slots=True)
class SupplierRecord:
    """Days late of this supplier's past deliveries (negative: early), oldest first. Empty: no record yet."""

    days_late: tuple[int, ...] = ()


# Fewer deliveries than this say more about luck than about the supplier (predictive back-test: P90 covers only 77 %).
ENOUGH_DELIVERIES = 5


def believed(expected_on: date, record: SupplierRecord, default_spread_days: int) -> Believed:
    """
    Say when a delivery will come.

    Args:
        expected_on: What the supplier said.
        record: What this supplier's word was worth so far.
        default_spread_days: Days from P50 to P90 while there is no record to learn from.
    """
    if len(record.days_late) < ENOUGH_DELIVERIES:
        return Believed(expected_on, expected_on + timedelta(days=default_spread_days))
    p50, p90 = _quantile(record.days_late, 0.5), _quantile(record.days_late, 0.9)
    return Believed(expected_on + timedelta(days=p50), expected_on + timedelta(days=max(p50, p90)))


def _quantile(values: Sequence[int], share: float) -> int:
    """The smallest value that at least `share` of the values do not exceed."""
    ordered = sorted(values)
    for rank, value in enumerate(ordered, start=1):
        if rank >= share * len(ordered):
            return value
    return ordered[-1]
