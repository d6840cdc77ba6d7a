"""The leaky bucket of points every app has in every shop."""

from __future__ import annotations

from datetime import datetime

CAPACITY = 2000
RESTORE_PER_S = 100


class Bucket:
    """Points left; refills with time."""

    def __init__(self, now: datetime) -> None:
        self._points = float(CAPACITY)
        self._at = now

    def available(self, now: datetime) -> int:
        """Return the points that may be spent now."""
        self._points = min(CAPACITY, self._points + max(0.0, (now - self._at).total_seconds()) * RESTORE_PER_S)
        self._at = now
        return int(self._points)

    def take(self, points: int, now: datetime) -> bool:
        """Spend points if they are there."""
        if points > self.available(now):
            return False
        self._points -= points
        return True

    def give_back(self, points: int) -> None:
        """Return what was requested but not used."""
        self._points = min(CAPACITY, self._points + points)

    def status(self, now: datetime) -> dict[str, float]:
        """Return throttleStatus."""
        return {
            "maximumAvailable": float(CAPACITY),
            "currentlyAvailable": self.available(now),
            "restoreRate": float(RESTORE_PER_S),
        }
