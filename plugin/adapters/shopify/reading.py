"""Scalars of the Admin API as domain values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def instant(text: str) -> datetime: ...
@overload
def instant(text: None) -> None: ...
def instant(text: str | None) -> datetime | None:
    """Read a `DateTime` (`2026-11-21T10:00:00Z`, or with another offset) as an aware UTC datetime; null as None."""
    return datetime.fromisoformat(text).astimezone(UTC) if text is not None else None


def iso(moment: datetime) -> str:
    """Write an aware datetime the way search queries take it, in UTC to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
