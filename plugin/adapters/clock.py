"""What time it is: the machine's, or in a simulated store the store's."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import requests

from plugin.errors import HoldfastError

CACHE_S = 0.2
"""How long a store's clock is taken to run at our own speed before it is asked again, in seconds."""
TRIES = 3
TIMEOUT_S = (1, 2)


class ClockUnreachable(HoldfastError):
    """The store's clock gave no usable answer. Guessing would move promises, so nothing goes on."""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""

    def today(self, timezone: str) -> date:
        """The day it is in a zone such as `Europe/Berlin`."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""
        return datetime.now(UTC)

    def today(self, timezone: str) -> date:
        """The day it is in a zone such as `Europe/Berlin`."""
        return self.now().astimezone(ZoneInfo(timezone)).date()


class HttpClock:
    """
    A clock that is asked over HTTP and answers `{"now": "2026-11-21T10:00:00Z"}`.

    Its distance from our own clock is kept for 0.2 s, so that a busy process does not ask for every line.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._offset = timedelta()
        self._asked_at = float("-inf")

    def now(self) -> datetime:
        """
        This instant at the store, aware, in UTC.

        Raises:
            ClockUnreachable: No usable answer after three tries.
        """
        if time.monotonic() - self._asked_at > CACHE_S:
            self._offset = self._ask() - datetime.now(UTC)
            self._asked_at = time.monotonic()
        return datetime.now(UTC) + self._offset

    def today(self, timezone: str) -> date:
        """The day it is at the store, in a zone such as `Europe/Berlin`."""
        return self.now().astimezone(ZoneInfo(timezone)).date()

    def _ask(self) -> datetime:
        problem: Exception | None = None
        for attempt in range(TRIES):
            time.sleep(0.05 * attempt)
            try:
                return self._ask_once()
            except (requests.RequestException, ValueError, KeyError, TypeError) as exc:
                problem = exc
        raise ClockUnreachable(f"{self._url}: {problem}") from problem

    def _ask_once(self) -> datetime:
        answer = self._session.get(self._url, timeout=TIMEOUT_S)
        answer.raise_for_status()
        said = datetime.fromisoformat(answer.json()["now"])
        return said.astimezone(UTC) if said.tzinfo else said.replace(tzinfo=UTC)
