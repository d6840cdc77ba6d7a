"""Wake-ups: never lost while the queue lives, never piled up, and never blocked by a worker that died."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import redis
import requests

from plugin.adapters import job_queue
from plugin.adapters.job_queue import LANES, JobQueue, QueueUnreachable
from tools.processes import free_port, port_answers, start, stop
from tools.valkey import Valkey

SHOP = "larkspur-outdoor.myshopify.com"
JOBS = "tests.adapters.recorded_jobs"
COUNTING = (
    "import sys; from plugin.adapters.worker import run_workers;run_workers(sys.argv[1], metrics_port=int(sys.argv[2]))"
)
WORKERS = "import sys; from plugin.adapters.worker import run_workers; run_workers(sys.argv[1])"
ONE = "import sys; from plugin.adapters.worker import run_worker; run_worker(sys.argv[1])"


class Bench:
    """A queue, its Valkey, and workers in processes of their own."""

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self.log = log
        self.queue = JobQueue(url, jobs=JOBS)
        self.redis = redis.Redis.from_url(url, decode_responses=True)
        self._workers: list[subprocess.Popen[bytes]] = []

    def worker(self, script: str = ONE, *words: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as output:
            environment = {**os.environ, "TEST_VALKEY_URL": self.url}
            process = start([sys.executable, "-c", script, self.url, *words], output=output, environment=environment)
        self._workers.append(process)
        return process

    def began(self) -> list[int]:
        return [int(pid) for pid in self.redis.lrange(f"test:began:{SHOP}", 0, -1)]

    def ended(self) -> int:
        return int(self.redis.llen(f"test:ended:{SHOP}"))

    def takes(self, seconds: float) -> None:
        self.redis.rpush(f"test:sleep:{SHOP}", seconds)

    def waits_for(self, is_so: Callable[[], bool], patience_s: float = 30) -> None:
        deadline = time.monotonic() + patience_s
        while not is_so():
            assert time.monotonic() < deadline, f"did not happen\n{self.log.read_text()[-3000:]}"
            time.sleep(0.01)

    def close(self) -> None:
        for process in self._workers:
            stop(process, patience_s=5)
        self.queue.close()
        self.redis.close()


@pytest.fixture
def bench(valkey_url: str, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(valkey_url, tmp_path / "worker.log")
    yield made
    made.close()


def test_many_wake_ups_wait_as_one(bench: Bench):
    assert all(bench.queue.wake(SHOP, "switch") for _ in range(50))
    assert bench.queue.depths() == {"switch": 1, "queue": 0, "effects": 0, "mail": 0, "sync": 0}


def test_each_shop_and_lane_waits_for_itself(bench: Bench):
    for lane in LANES:
        bench.queue.wake(SHOP, lane)
        bench.queue.wake("other.myshopify.com", lane)
    assert set(bench.queue.depths().values()) == {2}


def test_a_job_carries_the_shops_name_and_nothing_else(bench: Bench):
    bench.queue.wake(SHOP, "mail")
    (job_id,) = bench.redis.lrange("rq:queue:mail", 0, -1)
    with redis.Redis.from_url(bench.url) as raw:
        data = raw.hget(f"rq:job:{job_id}", "data")
    assert json.loads(zlib.decompress(data)) == [f"{JOBS}.run_mail", None, [SHOP], {}]


def test_a_wake_up_runs_and_leaves_nothing_behind(bench: Bench):
    bench.worker()
    bench.queue.wake(SHOP, "switch")
    bench.waits_for(lambda: bench.ended() == 1)
    bench.waits_for(lambda: bench.redis.keys("rq:job:*") + bench.redis.keys("holdfast:*") == [])


def test_a_wake_up_during_a_run_leads_to_one_more_run(bench: Bench):
    bench.worker()
    bench.takes(0.3)
    bench.queue.wake(SHOP, "switch")
    bench.waits_for(lambda: len(bench.began()) == 1)
    for _ in range(5):
        bench.queue.wake(SHOP, "switch")
    bench.waits_for(lambda: bench.ended() == 2)
    time.sleep(0.2)
    assert len(bench.began()) == 2


def test_a_run_that_fails_does_not_stop_the_worker_or_the_shop(bench: Bench):
    bench.worker()
    bench.redis.set(f"test:fail:{SHOP}", 1)
    bench.queue.wake(SHOP, "effects")
    bench.waits_for(lambda: "lane_failed" in bench.log.read_text())
    bench.queue.wake(SHOP, "effects")
    bench.waits_for(lambda: bench.ended() == 1)
    assert len(set(bench.began())) == 1


def test_a_worker_killed_mid_job_is_replaced_and_the_next_wake_up_runs(bench: Bench):
    bench.worker(WORKERS)
    bench.takes(60)
    bench.queue.wake(SHOP, "effects")
    bench.waits_for(lambda: len(bench.began()) == 1)
    os.kill(bench.began()[0], signal.SIGKILL)
    bench.queue.wake(SHOP, "effects")
    bench.waits_for(lambda: bench.ended() == 1)
    assert bench.began()[1] != bench.began()[0]


def test_a_marker_whose_job_is_gone_blocks_only_for_a_while(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    bench.queue.wake(SHOP, "switch")
    bench.redis.delete("rq:queue:switch")  # taken by a worker that died before it began
    bench.queue.wake(SHOP, "switch")
    assert bench.queue.depths()["switch"] == 0
    monkeypatch.setattr(job_queue, "MARKER_TRUSTED_S", 0)
    bench.queue.wake(SHOP, "switch")
    assert bench.queue.depths()["switch"] == 1


def test_an_old_marker_still_keeps_wake_ups_from_piling_up(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(job_queue, "MARKER_TRUSTED_S", 0)
    for _ in range(5):
        bench.queue.wake(SHOP, "switch")
    assert bench.queue.depths()["switch"] == 1


def test_neither_the_switch_nor_the_mail_waits_behind_a_long_sync(bench: Bench):
    bench.worker(WORKERS)
    bench.takes(60)
    bench.queue.wake(SHOP, "sync")
    bench.waits_for(lambda: len(bench.began()) == 1)
    bench.queue.wake(SHOP, "switch")
    bench.queue.wake(SHOP, "mail")
    bench.waits_for(lambda: bench.ended() == 2)
    os.kill(bench.began()[0], signal.SIGKILL)


def three_free_ports() -> int:
    """The first of three free ports in a row."""
    while True:
        port = free_port()
        if port < 65_000 and not any(port_answers(port + n) for n in range(3)):
            return port


def test_every_worker_tells_what_it_counted(bench: Bench):
    port = three_free_ports()
    bench.worker(COUNTING, str(port))
    bench.queue.wake(SHOP, "mail")
    bench.waits_for(lambda: bench.ended() == 1)
    bench.waits_for(lambda: port_answers(port) and port_answers(port + 1))
    counted = 'holdfast_jobs_total{lane="mail",outcome="done"} 1.0'
    bench.waits_for(lambda: counted in requests.get(f"http://127.0.0.1:{port + 1}", timeout=10).text)
    assert "holdfast_jobs" in requests.get(f"http://127.0.0.1:{port}", timeout=10).text


def test_sigterm_finishes_the_running_job_and_leaves_no_process(bench: Bench):
    workers = bench.worker(WORKERS)
    bench.takes(1)
    bench.queue.wake(SHOP, "effects")
    bench.waits_for(lambda: len(bench.began()) == 1)
    workers.send_signal(signal.SIGTERM)
    assert workers.wait(10) == 0
    assert bench.ended() == 1
    with pytest.raises(ProcessLookupError):
        os.kill(bench.began()[0], 0)


def test_workers_go_when_their_supervisor_is_killed(bench: Bench):
    workers = bench.worker(WORKERS)
    bench.queue.wake(SHOP, "effects")
    bench.waits_for(lambda: bench.ended() == 1)
    children = Path(f"/proc/{workers.pid}/task/{workers.pid}/children").read_text().split()
    assert len(children) == 3
    workers.kill()
    workers.wait()
    bench.waits_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))


def test_work_goes_on_after_valkey_was_killed_and_started_again(valkey_server: Valkey, tmp_path: Path):
    bench = Bench(valkey_server.url, tmp_path / "worker.log")
    try:
        bench.worker(WORKERS)
        bench.queue.wake(SHOP, "switch")
        bench.waits_for(lambda: bench.ended() == 1)
        valkey_server.stop(how=signal.SIGKILL)
        assert bench.queue.wake(SHOP, "switch") is False
        time.sleep(0.5)
        valkey_server.start()
        ended = bench.ended()
        assert bench.queue.wake(SHOP, "switch") is True
        bench.waits_for(lambda: bench.ended() == ended + 1)
    finally:
        bench.close()


def test_a_queue_that_is_gone_is_said_once_and_costs_no_time(monkeypatch: pytest.MonkeyPatch):
    said: list[str] = []
    monkeypatch.setattr(job_queue, "_log", SimpleNamespace(error=lambda event, **_: said.append(event)))
    queue = JobQueue(f"redis://127.0.0.1:{free_port()}/0", jobs=JOBS)
    began = time.monotonic()
    assert [queue.wake(SHOP, "switch") for _ in range(5)] == [False] * 5
    assert time.monotonic() - began < 4  # each of five would take a second
    assert said == ["queue_unreachable"]
    with pytest.raises(QueueUnreachable):
        queue.depths()
    queue.close()
