"""What goes wrong on request: rates for webhooks and API calls, drawn from one seeded generator."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, fields
from threading import Lock
from typing import Any


@dataclass
class Faults:
    """Rates are 0 to 1; `delay_s` and `latency_ms` are real time."""

    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay_s: float = 0.0
    api_error: float = 0.0
    throttle: float = 0.0
    latency_ms: float = 0.0
    revoke_token: bool = False
    seed: int = 1
    _random: random.Random = field(default_factory=lambda: random.Random(1), repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def happens(self, rate: float) -> bool:
        """Draw whether something with this rate happens now."""
        if rate <= 0:
            return False
        with self._lock:
            return self._random.random() < rate

    def between(self, low: float, high: float) -> float:
        """Draw a number."""
        with self._lock:
            return self._random.uniform(low, high)

    def as_json(self) -> dict[str, Any]:
        """Return the settings."""
        return {one.name: getattr(self, one.name) for one in fields(self) if not one.name.startswith("_")}

    def change(self, given: dict[str, Any]) -> None:
        """
        Change some settings; a new seed starts the draws anew.

        Raises:
            ValueError: An unknown name, or a value of the wrong kind.
        """
        known = self.as_json()
        for name, value in given.items():
            if name not in known:
                raise ValueError(f"no such fault: {name}")
            kind = bool if isinstance(known[name], bool) else (int, float)
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise ValueError(f"{name} cannot be {value!r}")
        for name, value in given.items():
            setattr(self, name, value)
        if "seed" in given:
            self._random = random.Random(self.seed)

    def clear(self) -> None:
        """Let everything go well again."""
        self.change({one.name: one.default for one in fields(self) if not one.name.startswith("_")})
