"""Scalars of the Admin API as domain values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, overload


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


class ChangedWhileReading(Exception):
    """A thing was changed between two pages of one reading: read it anew."""


def unchanged(first: Mapping[str, Any], again: dict[str, Any] | None) -> dict[str, Any]:
    """
    Take a further page of a thing for what it is, if the thing is as it was.

    Raises:
        ChangedWhileReading: Its `updatedAt` moved, or it is gone.
    """
    if again is None or again["updatedAt"] != first["updatedAt"]:
        raise ChangedWhileReading
    return again
