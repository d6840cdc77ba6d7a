"""How many points of a shop's bucket may be spent now. All processes of the app share one count per shop.

Shopify keeps a leaky bucket per app and shop (Standard: 2,000 points, 100 a second; Plus: 20,000, 1,000 a
second) and says after every call what is left. The count here stays at or below that, so that two workers
wait in turn instead of both being refused.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import redis

from plugin.domain.facts import Shop

_Answer = TypeVar("_Answer")
_LOG = logging.getLogger(__name__)
_STANDARD_SIZE, _STANDARD_RATE = 2000.0, 100.0  # until Shopify has said better
_FORGET_AFTER_S = 3600
_RETRY_REDIS_AFTER_S = 5.0
_FIRST_GUESS_POINTS = 50.0

# KEYS[1] is the shop's bucket, a hash of level, at (seconds), size, rate. ARGV: points, spare, the standard size and
# rate, seconds to keep. Returns the seconds to wait as text; 0 means taken.
_TAKE = """
local t = redis.call('TIME'); local now = t[1] + t[2] / 1000000
local b = redis.call('HMGET', KEYS[1], 'level', 'at', 'size', 'rate')
local size, rate = tonumber(b[3] or ARGV[3]), tonumber(b[4] or ARGV[4])
local level = math.min(size, tonumber(b[1] or size) + math.max(0, now - tonumber(b[2] or now)) * rate)
local cost, spare = math.min(tonumber(ARGV[1]), size), tonumber(ARGV[2])
local short = math.min(cost + spare, size) - level
if short <= 0 then level = level - cost end
redis.call('HSET', KEYS[1], 'level', tostring(level), 'at', tostring(now),
  'size', tostring(size), 'rate', tostring(rate))
redis.call('EXPIRE', KEYS[1], ARGV[5])
if short <= 0 then return '0' end
return tostring(short / rate)
"""
# ARGV: points given back, what Shopify said (available, size, rate), seconds to keep.
_SETTLE = """
local t = redis.call('TIME'); local now = t[1] + t[2] / 1000000
local b = redis.call('HMGET', KEYS[1], 'level', 'at', 'size', 'rate')
local size, rate = tonumber(ARGV[3]), tonumber(ARGV[4])
local level = tonumber(ARGV[2])
if b[1] and tonumber(b[3]) == size then
  local mine = tonumber(b[1]) + math.max(0, now - tonumber(b[2])) * rate + tonumber(ARGV[1])
  level = math.min(level, mine)
end
redis.call('HSET', KEYS[1], 'level', tostring(level), 'at', tostring(now),
  'size', tostring(size), 'rate', tostring(rate))
redis.call('EXPIRE', KEYS[1], ARGV[5])
return '0'
"""


@dataclass(frozen=True, slots=True)
class Throttle:
    """What Shopify said of the bucket after a call, in points and points a second."""

    size: float
    available: float
    rate: float

    @classmethod
    def from_cost(cls, cost: Mapping[str, Any]) -> Throttle | None:
        """Read `extensions.cost`; None when it says nothing of the bucket."""
        status = cost.get("throttleStatus")
        if not isinstance(status, Mapping):
            return None
        return cls(
            float(status["maximumAvailable"]),
            float(status["currentlyAvailable"]),
            float(status["restoreRate"]),
        )


class _Buckets(Protocol):
    def take(self, shop: Shop, points: float, spare: float) -> float: ...

    def settle(self, shop: Shop, given_back: float, said: Throttle) -> None: ...


class Budget:
    """
    The count of every shop's points, in Redis, or in this process while Redis does not answer.

    Args:
        client: A Redis connection; None counts in this process only.
        prefix: Begins every key.
    """

    def __init__(self, client: redis.Redis | None = None, prefix: str = "holdfast:points:") -> None:
        self._local = _LocalBuckets()
        self._shared = _SharedBuckets(client, prefix) if client is not None else None
        self._away_until = 0.0
        self._costs: dict[str, float] = {}

    def expected_cost(self, operation: str) -> float:
        """Points to set aside for an operation: the most it ever asked for in this process."""
        return self._costs.get(operation, _FIRST_GUESS_POINTS)

    def take(self, shop: Shop, points: float, spare: float = 0.0) -> float:
        """
        Set points aside for one call, leaving `spare` for callers who matter more.

        Returns:
            0 when they are set aside, else the seconds until asking again makes sense; nothing was taken
            then.
        """
        return self._count(lambda buckets: buckets.take(shop, points, spare))

    def settle(self, shop: Shop, operation: str, taken: float, cost: Mapping[str, Any]) -> None:
        """Learn from an answer's `extensions.cost`: true size, rate and level, and what the call really used."""
        asked = cost.get("requestedQueryCost")
        if asked is not None:
            self._costs[operation] = max(self._costs.get(operation, 0.0), float(asked))
        said = Throttle.from_cost(cost)
        if said is not None:
            used = float(cost.get("actualQueryCost") or 0)
            self._count(lambda buckets: buckets.settle(shop, taken - used, said))

    def _count(self, act: Callable[[_Buckets], _Answer]) -> _Answer:
        if self._shared is not None and time.monotonic() >= self._away_until:
            try:
                return act(self._shared)
            except redis.RedisError as exc:
                self._away_until = time.monotonic() + _RETRY_REDIS_AFTER_S
                _LOG.warning("redis does not answer, counting points in this process: %s", type(exc).__name__)
        return act(self._local)


class _SharedBuckets:
    def __init__(self, client: redis.Redis, prefix: str) -> None:
        self._prefix = prefix
        self._take = client.register_script(_TAKE)
        self._settle = client.register_script(_SETTLE)

    def take(self, shop: Shop, points: float, spare: float) -> float:
        args = [points, spare, _STANDARD_SIZE, _STANDARD_RATE, _FORGET_AFTER_S]
        return float(self._take(keys=[self._prefix + shop], args=args))

    def settle(self, shop: Shop, given_back: float, said: Throttle) -> None:
        args = [given_back, said.available, said.size, said.rate, _FORGET_AFTER_S]
        self._settle(keys=[self._prefix + shop], args=args)


class _LocalBuckets:
    """The same arithmetic without Redis."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[Shop, tuple[float, float, float, float]] = {}  # level, at, size, rate

    def take(self, shop: Shop, points: float, spare: float) -> float:
        now = time.monotonic()
        with self._lock:
            level, at, size, rate = self._buckets.get(shop, (_STANDARD_SIZE, now, _STANDARD_SIZE, _STANDARD_RATE))
            level = min(size, level + (now - at) * rate)
            cost = min(points, size)
            short = min(cost + spare, size) - level
            self._buckets[shop] = (level if short > 0 else level - cost, now, size, rate)
        return max(0.0, short / rate)

    def settle(self, shop: Shop, given_back: float, said: Throttle) -> None:
        now = time.monotonic()
        with self._lock:
            level = said.available
            known = self._buckets.get(shop)
            if known is not None and known[2] == said.size:
                level = min(level, known[0] + (now - known[1]) * said.rate + given_back)
            self._buckets[shop] = (level, now, said.size, said.rate)
