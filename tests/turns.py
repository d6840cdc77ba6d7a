"""Tests that take turns at the two databases, so that the suite stays short; `DATABASES=both` runs all on both."""

from __future__ import annotations

import os

import pytest

KINDS = ("sqlite", "postgresql")

# What two writers at once, or two shops, may do to each other differs between databases: these run on both.
ON_BOTH = {
    "test_lanes",
    "test_races",
    "test_two_shops",
    "test_crossings",
    "test_sending",
    "test_counting",
    "test_clock",
}
# Of the others these run on PostgreSQL, where each statement takes longer, and the rest on SQLite.
ON_POSTGRES = {
    "test_order_changes",
    "test_putting_right",
    "test_returns",
    "test_rises",
    "test_rules",
    "test_writing",
}
# The fault run kills PostgreSQL too, so that is the one it must not miss.
JOURNEYS = {"test_faults": "postgresql", "test_story": "postgresql", "test_browser_story": "sqlite"}


def take_turns(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Leave out what has its turn at the other database.

    Services and journeys are most of the suite's time; the model, the adapters' tests and the pages run on both.
    """
    if os.environ.get("DATABASES") == "both":
        return
    kept, left_out = [], []
    for item in items:
        (left_out if _has_the_other_turn(item) else kept).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


def _has_the_other_turn(item: pytest.Item) -> bool:
    turn = _turn_of(item.path.parent.name, item.path.stem)
    if turn is None or not hasattr(item, "callspec"):
        return False
    kind = next((v for v in item.callspec.params.values() if v in KINDS), turn)
    return bool(kind != turn)


def _turn_of(folder: str, module: str) -> str | None:
    if folder == "services" and module not in ON_BOTH:
        return "postgresql" if module in ON_POSTGRES else "sqlite"
    return JOURNEYS.get(module) if folder == "journeys" else None
