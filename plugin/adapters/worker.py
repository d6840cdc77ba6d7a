"""The worker: RQ's loop, made to forget a waiting wake-up when its run starts, and a supervisor over three."""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.context import ForkProcess
from typing import Any

import redis
import structlog
from rq import Queue, SimpleWorker
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from plugin.adapters.job_queue import LANES, Lane, marker_key
from plugin.metrics import JOBS, serve_metrics

# RQ counts a worker dead after this; every half of it or so an idle one says that it lives. Default: 420 s.
WORKER_TTL_S = 30
# How often registries of dead workers' jobs are cleaned. Default: 600 s.
MAINTENANCE_INTERVAL_S = 60
LONGEST_RECONNECT_WAIT_S = 5
# A child that dies younger than this is not started again at once, or a broken start would spin.
YOUNG_S = 1.0
PR_SET_PDEATHSIG = 1

_log = structlog.get_logger(__name__)


class LaneWorker(SimpleWorker):
    """Runs jobs in its own process, one after another: forking for each costs four times the time."""

    max_connection_wait_time = LONGEST_RECONNECT_WAIT_S

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Let the next wake-up in, then run: whatever it is about may have come too late for this run to see."""
        (shop,) = job.args
        self.connection.delete(marker_key(shop, queue.name))
        began = time.monotonic()
        is_done = super().perform_job(job, queue, execution)
        JOBS.labels(queue.name, "done" if is_done else "failed").inc()
        seconds = round(time.monotonic() - began, 4)
        _log.info("lane_run", lane=queue.name, shop=shop, done=is_done, seconds=seconds)
        return is_done

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Log a failed run; the clock's sweep wakes the shop again, as whatever is due is still in the database."""
        _log.error("lane_failed", lane=job.origin, shop=job.args[0], exc_info=exc_info)


def run_worker(redis_url: str, lanes: Sequence[Lane] = LANES, *, metrics_port: int = 0) -> None:
    """Serve lanes in this process, earlier ones first, until SIGTERM or SIGINT; a running job is finished."""
    serve_metrics(metrics_port)
    logging.getLogger("rq").setLevel(logging.WARNING)
    connection = redis.Redis.from_url(redis_url, socket_connect_timeout=2)
    queues = [Queue(lane, connection=connection, serializer=JSONSerializer) for lane in lanes]
    worker = LaneWorker(
        queues,
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_S,
        maintenance_interval=MAINTENANCE_INTERVAL_S,
        log_job_description=False,
    )
    worker.work(logging_level="WARNING")


@dataclass
class Child:
    """A process that is kept alive."""

    name: str
    run: Callable[[], None]
    process: ForkProcess | None = None
    started_at: float = field(default=0.0)

    def start(self) -> None:
        """Fork it off, into a process group of its own, so that Ctrl-C reaches only the supervisor."""
        context = multiprocessing.get_context("fork")
        self.process = context.Process(target=_in_child, args=(self.run, os.getpid()), name=self.name)
        self.process.start()
        self.started_at = time.monotonic()
        _log.info("worker_started", worker=self.name, pid=self.process.pid)

    @property
    def age_s(self) -> float:
        return time.monotonic() - self.started_at


def _in_child(run: Callable[[], None], parent: int) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.setpgid(0, 0)
    if sys.platform == "linux":
        # Should the supervisor be killed outright, its workers finish their job and go too.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            return
    run()


def run_workers(redis_url: str, *, metrics_port: int = 0) -> None:
    """
    Keep three workers alive until SIGTERM or SIGINT: one only turns the switch, one serves the lanes, one the syncs.

    The first exists so that stopping sales at the limit never waits behind anything; the last so that reading a whole
    shop holds up neither dates nor mails.

    Args:
        metrics_port: The first serves its numbers there, the others on the ports after it; 0 for none.
    """
    serving: dict[str, Sequence[Lane]] = {
        "switch": ("switch",),
        "lanes": tuple(lane for lane in LANES if lane != "sync"),
        "sync": ("sync",),
    }
    supervise(
        [
            Child(name, partial(run_worker, redis_url, lanes, metrics_port=metrics_port and metrics_port + place))
            for place, (name, lanes) in enumerate(serving.items())
        ]
    )


def supervise(children: Sequence[Child]) -> None:
    """Start the children, start again whichever dies, pass SIGTERM and SIGINT on as SIGTERM and wait for them."""
    stop_requested = False

    def request_stop(_signum: int, _frame: object) -> None:
        nonlocal stop_requested
        stop_requested = True

    signal.signal(signal.SIGTERM, request_stop)
    signal.signal(signal.SIGINT, request_stop)
    for child in children:
        child.start()
    while not stop_requested:
        sentinels = [child.process.sentinel for child in children if child.process is not None]
        multiprocessing.connection.wait(sentinels, timeout=0.2)
        if not stop_requested:
            for child in children:
                _start_again_if_dead(child)
    _stop(children)


def _start_again_if_dead(child: Child) -> None:
    if child.process is None or child.process.is_alive():
        return
    _log.warning("worker_died", worker=child.name, exit_code=child.process.exitcode)
    time.sleep(max(0.0, YOUNG_S - child.age_s))
    child.start()


def _stop(children: Sequence[Child]) -> None:
    for child in children:
        if child.process is not None and child.process.is_alive():
            child.process.terminate()
    for child in children:
        if child.process is not None:
            child.process.join()
