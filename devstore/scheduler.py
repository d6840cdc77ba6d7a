"""Work that happens a moment later, in real time."""

from __future__ import annotations

import heapq
import itertools
import logging
import time
from collections.abc import Callable
from threading import Condition, Thread

log = logging.getLogger(__name__)


class Scheduler:
    """Runs functions after a delay, one after another, on one thread."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._changed = Condition()
        self._running = 0
        self._closed = False
        self._thread = Thread(target=self._run, name="devstore-scheduler", daemon=True)
        self._thread.start()

    def later(self, delay_s: float, work: Callable[[], None]) -> None:
        """Run `work` after `delay_s` real seconds."""
        with self._changed:
            heapq.heappush(self._heap, (time.monotonic() + delay_s, next(self._numbers), work))
            self._changed.notify()

    @property
    def pending(self) -> int:
        """Count what waits or runs."""
        with self._changed:
            return len(self._heap) + self._running

    def clear(self) -> None:
        """Forget what waits."""
        with self._changed:
            self._heap.clear()

    def close(self) -> None:
        """Stop after what runs."""
        with self._changed:
            self._closed = True
            self._heap.clear()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (not self._heap or self._heap[0][0] > time.monotonic()):
                    self._changed.wait(self._heap[0][0] - time.monotonic() if self._heap else None)
                if self._closed:
                    return
                _, _, work = heapq.heappop(self._heap)
                self._running = 1
            try:
                work()
            except Exception:  # a defect must show in the log, and the next task must still run
                log.exception("a later task failed")
            finally:
                with self._changed:
                    self._running = 0
