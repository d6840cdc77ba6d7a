"""Time: aware, in UTC, and the store's where there is one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from plugin.adapters.clock import CACHE_S, TRIES, ClockUnreachable, HttpClock, SystemClock


class StoreClock(ThreadingHTTPServer):
    """Answers with what `says` holds; fails the next `failures` times."""

    says = '{"now": "2027-01-01T03:30:00Z"}'
    failures = 0
    asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/clock"


class Answer(BaseHTTPRequestHandler):
    server: StoreClock

    def do_GET(self) -> None:
        self.server.asked += 1
        broken = self.server.failures > 0
        self.server.failures -= broken
        self.send_response(500 if broken else 200)
        self.end_headers()
        self.wfile.write(self.server.says.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output to the test."""


@pytest.fixture
def store() -> Iterator[StoreClock]:
    with StoreClock(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_systems_clock_is_aware_and_in_utc():
    now = SystemClock().now()
    assert now.utcoffset() == timedelta()
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=1)


def test_the_stores_time_is_told_and_runs_on(store: StoreClock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("plugin.adapters.clock.CACHE_S", 60)
    clock = HttpClock(store.url)
    first = clock.now()
    time.sleep(0.03)
    assert timedelta() <= first - datetime(2027, 1, 1, 3, 30, tzinfo=UTC) < timedelta(seconds=30)
    assert timedelta(seconds=0.02) < clock.now() - first < timedelta(seconds=30)
    assert store.asked == 1


def test_a_day_is_the_shops_day(store: StoreClock):
    clock = HttpClock(store.url)
    assert clock.today("America/New_York") == date(2026, 12, 31)
    assert clock.today("Asia/Tokyo") == date(2027, 1, 1)


def test_a_jump_of_the_store_is_seen_after_the_cache_has_run_out(store: StoreClock):
    clock = HttpClock(store.url)
    clock.now()
    store.says = '{"now": "2027-02-01T00:00:00+00:00"}'
    time.sleep(CACHE_S + 0.02)
    assert clock.now().month == 2


def test_a_hiccup_is_asked_again(store: StoreClock):
    store.failures = TRIES - 1
    assert HttpClock(store.url).now().year == 2027


@pytest.mark.parametrize("says", ["", "{}", "[]", '{"now": "soon"}', '{"now": null}'])
def test_no_usable_answer_is_an_error_not_a_guess(store: StoreClock, says: str):
    store.says = says
    with pytest.raises(ClockUnreachable):
        HttpClock(store.url).now()
    assert store.asked == TRIES


def test_a_clock_that_is_gone_is_an_error():
    with pytest.raises(ClockUnreachable):
        HttpClock("http://127.0.0.1:9/clock").now()
