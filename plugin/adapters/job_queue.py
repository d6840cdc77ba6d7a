"""Wake-ups for the worker, over RQ. The database is the truth: a wake-up that is lost costs time, never an effect.

A job carries a shop's name and nothing else; its function drains what the database says is due for that shop. So one
waiting wake-up for a shop and lane is as good as a hundred, and the marker here lets only one in. The marker
is taken away when a run starts, before it reads anything: a wake-up that comes while it runs leads to another run.
"""

from __future__ import annotations

import time
from typing import Literal, get_args
from uuid import uuid4

import redis
import structlog
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer
from rq.timeouts import BaseTimeoutException

from plugin.errors import HoldfastError

Lane = Literal["switch", "queue", "effects", "mail", "sync"]
LANES: tuple[Lane, ...] = get_args(Lane)
"""In the order in which a worker of all lanes serves them."""

JOB_TIMEOUT_S = 600
"""A run that takes longer is stopped; the next sweep goes on where it ended."""
MARKER_TRUSTED_S = 10
"""For so long a marker is believed blindly. Older ones are compared with the queue, since a worker may have died."""

ASK_AGAIN_AFTER_S = 2.0
"""A queue that lets us wait is left alone for so long: every webhook would wait for it. One that refuses is quick."""

_log = structlog.get_logger(__name__)

_CLAIM = """
local held = redis.call('HMGET', KEYS[1], 'job', 'at')
local now = tonumber(redis.call('TIME')[1])
if held[1] then
  if now - tonumber(held[2]) < tonumber(ARGV[2]) then return 0 end
  if redis.call('LPOS', KEYS[2], held[1]) then
    redis.call('HSET', KEYS[1], 'at', now)
    return 0
  end
end
redis.call('HSET', KEYS[1], 'job', ARGV[1], 'at', now)
redis.call('EXPIRE', KEYS[1], 86400)
return 1
"""


RunTooLong = BaseTimeoutException
"""Raised inside a run that takes longer than `JOB_TIMEOUT_S`, wherever it is just then."""


class QueueUnreachable(HoldfastError):
    """The queue does not answer. Work goes on by the clock's sweep."""


def marker_key(shop: str, lane: str) -> str:
    """Where it is noted that a wake-up waits."""
    return f"holdfast:waiting:{lane}:{shop}"


class JobQueue:
    """
    Wakes the worker. Safe to share between threads.

    Args:
        redis_url: Valkey or Redis.
        jobs: Module with a function `run_<lane>(shop)` for each lane.
    """

    def __init__(self, redis_url: str, *, jobs: str = "plugin.jobs") -> None:
        # Short, because a webhook has to be answered within five seconds whatever the queue does.
        self._redis = redis.Redis.from_url(
            redis_url,
            socket_connect_timeout=0.5,
            socket_timeout=1,
            retry=Retry(ConstantBackoff(0.02), 1),
            health_check_interval=30,
        )
        self._queues = {lane: Queue(lane, connection=self._redis, serializer=JSONSerializer) for lane in LANES}
        self._claim = self._redis.register_script(_CLAIM)
        self._jobs = jobs
        self._is_down = False
        self._away_until = 0.0

    def wake(self, shop: str, lane: Lane) -> bool:
        """
        See to it that the lane runs for the shop after now; does nothing when such a run waits already.

        Returns:
            Whether it will. False when the queue is unreachable: then the clock's sweep finds the work.
        """
        if time.monotonic() < self._away_until:
            return False
        job_id = uuid4().hex
        queue = self._queues[lane]
        try:
            if self._claim(keys=[marker_key(shop, lane), queue.key], args=[job_id, MARKER_TRUSTED_S]):
                queue.enqueue_call(
                    f"{self._jobs}.run_{lane}",
                    args=(shop,),
                    job_id=job_id,
                    timeout=JOB_TIMEOUT_S,
                    result_ttl=0,
                    failure_ttl=60,
                )
        except redis.RedisError as exc:
            self._note_down(exc)
            return False
        self._note_up()
        return True

    def depths(self) -> dict[str, int]:
        """
        Waiting wake-ups, by lane.

        Raises:
            QueueUnreachable: No answer.
        """
        try:
            pipeline = self._redis.pipeline(transaction=False)
            for queue in self._queues.values():
                pipeline.llen(queue.key)
            return dict(zip(self._queues, pipeline.execute(), strict=True))
        except redis.RedisError as exc:
            raise QueueUnreachable(type(exc).__name__) from exc

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def _note_down(self, exc: redis.RedisError) -> None:
        if not self._is_down:
            _log.error("queue_unreachable", problem=str(exc), consequence="the clock's sweep does the work")
        self._is_down = True
        if isinstance(exc, redis.TimeoutError):
            self._away_until = time.monotonic() + ASK_AGAIN_AFTER_S

    def _note_up(self) -> None:
        if self._is_down:
            _log.info("queue_reachable_again")
        self._is_down = False
