"""The store's clock: starts where it is told, runs at real speed, and can be moved ahead."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class StoreClock:
    """A clock that tests may advance; everything but signatures and ID tokens reads it."""

    def __init__(self, start_at: datetime | None = None) -> None:
        self._origin = start_at or datetime.now(UTC)
        self._started = time.monotonic()
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """Return the store's instant, aware and in UTC."""
        return self._origin + timedelta(seconds=time.monotonic() - self._started) + self._ahead

    def advance(self, by: timedelta) -> datetime:
        """
        Move the clock ahead.

        Raises:
            ValueError: Time does not run backwards.
        """
        if by < timedelta(0):
            raise ValueError("the clock only moves ahead")
        self._ahead += by
        return self.now()
