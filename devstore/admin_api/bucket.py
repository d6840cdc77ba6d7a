"""The leaky bucket of points every app has in every shop."""

from __future__ import annotations

from datetime import datetime

# Points a second by the shop's plan; a bucket holds what comes in in twenty seconds (shopify-platform §3.1).
STANDARD = 100
BY_PLAN = {"shopify_plus": 1000}
SECONDS_HELD = 20


class Bucket:
    """Points left; refills with time, as fast as the shop's plan says."""

    def __init__(self, now: datetime, plan_name: str) -> None:
        self._restored_per_s = BY_PLAN.get(plan_name, STANDARD)
        self._capacity = SECONDS_HELD * self._restored_per_s
        self._points = float(self._capacity)
        self._at = now

    def available(self, now: datetime) -> int:
        """Return the points that may be spent now."""
        passed_s = max(0.0, (now - self._at).total_seconds())
        self._points = min(self._capacity, self._points + passed_s * self._restored_per_s)
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
        self._points = min(self._capacity, self._points + points)

    def status(self, now: datetime) -> dict[str, float]:
        """Return throttleStatus."""
        return {
            "maximumAvailable": float(self._capacity),
            "currentlyAvailable": self.available(now),
            "restoreRate": float(self._restored_per_s),
        }
