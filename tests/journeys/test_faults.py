"""A busy afternoon under bad weather: webhooks lost, late, doubled and reordered, Shopify stumbling, tokens revoked,
and workers, the queue and the database killed in the middle of their work.

Afterwards, with one reconciliation, the books equal the store's own truth, nobody was mailed twice, nothing we wanted
to write is missing, and nothing was sold past a limit unrecorded.
"""

from __future__ import annotations

import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import redis
import requests
from sqlalchemy import select

from plugin.adapters.database import shops
from plugin.adapters.database import tables as t
from tests.journeys import overage
from tests.journeys.books import (
    check_effects,
    check_mails,
    compare_order_marks,
    compare_queues,
    compare_switches,
    differences,
    dump,
    location_gid,
    open_by_line,
    our_open_by_line,
    unfinished,
    wait_until_quiet,
)
from tests.journeys.random_life import RandomLife
from tests.journeys.running import APP, RunningApp, run_app
from tests.servers.postgres import start_postgres
from tools.demo import is_ready
from tools.hands import soon
from tools.processes import kill

PRODUCTS = 10
LIMIT = 6
JUMPS_BY = 4
BAD_WEATHER = {"drop": 0.1, "duplicate": 0.1, "reorder": 0.2, "api_error": 0.04, "throttle": 0.04, "seed": 7}
# So often we wait for the moment at which something is in the middle of its work.
TRIES = 120
LANES = {"switch", "queue", "effects", "mail"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The whole app on a database of its own: its server is killed too."""
    folder = tmp_path_factory.mktemp("app")
    if request.param == "sqlite":
        with run_app(folder, f"sqlite:///{folder / 'holdfast.sqlite3'}") as running:
            yield running
        return
    server = start_postgres(None)
    with run_app(folder, server.url(server.create_database()), server) as running:
        yield running
    server.stop()


def set_up(app: RunningApp) -> list[str]:
    """Install, read the shop, confirm mail, set a limit, turn it on, enter two deliveries. Returns the SKUs used."""
    hands = app.hands
    assert hands.launch().status_code == 200
    soon("the first reading ends", lambda: "data-poll" not in hands.page("/"), 90)
    hands.done("/settings/test-mail", {"to": "merchant@example.com"})
    hands.done("/settings/test-arrived", {})
    rule = {"limit_mode": "up_to", "limit_units": str(LIMIT), "wait_from": "3", "wait_to": "4", "without_date": "stop"}
    hands.done("/settings/rule", {**rule, "act": "save"})
    hands.done("/settings/switch", {"to": "on"})
    truth = hands.ask("truth")
    skus = scarce(truth)
    expected = datetime.fromisoformat(truth["now"]).date() + timedelta(days=20)
    for reference, place, of in (("PO 1", "Berlin warehouse", skus[:3]), ("PO 2", "Leipzig warehouse", skus[2:5])):
        number = next(p["id"] for p in truth["locations"] if p["name"] == place)
        hands.done(
            "/deliveries/new",
            {
                "supplier": "Acme",
                "reference": reference,
                "location_id": location_gid(number),
                "expected_on": expected.isoformat(),
                "sku": of,
                "units": ["4"] * len(of),
                "act": "save",
            },
        )
    wait_until_quiet(app.database, hands)
    return skus


def scarce(truth: dict[str, Any]) -> list[str]:
    """SKUs with few or no units left and nothing sold of them yet."""
    sold = {line["sku"] for order in truth["orders"] for line in order["lines"]}
    found = [
        v["sku"]
        for v in truth["variants"]
        if v["tracked"]
        and v["product_status"] == "ACTIVE"
        and 0 <= v["inventory_quantity"] <= 4
        and v["sku"] not in sold
    ]
    assert len(found) > PRODUCTS
    return sorted(found)[:: len(found) // PRODUCTS][:PRODUCTS]


def sold_out(truth: dict[str, Any], skus: list[str]) -> str:
    """A SKU of which no place has any unit, which nobody in this afternoon touches."""
    return next(
        v["sku"]
        for v in truth["variants"]
        if v["policy"] == "CONTINUE" and v["sku"] not in skus and all(lv["on_hand"] == 0 for lv in v["levels"])
    )


class Afternoon:
    """What happens, act by act, with what was seen in the moment something died."""

    def __init__(self, app: RunningApp, skus: list[str]) -> None:
        self.app, self.hands = app, app.hands
        self.life = RandomLife(f"{app.urls.control}/_devstore", 20261121, skus)
        self.sales = overage.SalesLog(LIMIT)
        self.sales.note(self.hands.ask("truth"))
        self.died_with: dict[str, dict[str, int]] = {}
        self.cut_off: set[int] = set()

    def act(self, times: int = 1) -> None:
        for _ in range(times):
            self.life.act()
            self.sales.note(self.hands.ask("truth"))

    def catch(
        self, what: str, pids: list[int], is_in_the_middle: Callable[[], bool], crash: Callable[[], None]
    ) -> None:
        """Act until processes are in the middle of something; let it die just there."""
        for _ in range(TRIES):
            self.act()
            for _ in range(10):
                with self.app.frozen(pids):
                    left = self.unfinished()
                    if left and is_in_the_middle():
                        self.died_with[what] = left
                        self.cut_off |= self.on_their_way()
                        crash()
                        return
                time.sleep(0.02)
        raise AssertionError(f"never in the middle: {what}")

    def unfinished(self) -> dict[str, int]:
        return unfinished(self.app.database, datetime.fromisoformat(self.hands.ask("clock")["now"]).astimezone(UTC))

    def on_their_way(self) -> set[int]:
        """The mails of which nobody will know whether they left."""
        with self.app.database.read() as tx:
            return {row.id for row in tx.rows(select(t.messages.c.id).where(t.messages.c.state == "sending"))}

    def until(self, claim: str, holds: Callable[[], bool]) -> None:
        """Act until something has happened."""
        for _ in range(TRIES):
            if holds():
                return
            self.act()
            time.sleep(0.1)
        raise AssertionError(f"it never came to this: {claim}")


def lose_a_worker(day: Afternoon, name: str, lanes: set[str]) -> None:
    """Crash one of the workers while it is at a shop's lane; its supervisor starts another."""
    pid = day.app.worker_pid(name)
    before = day.app.log("worker").count("worker_died")
    day.catch(
        f"worker {name}",
        [pid],
        lambda: bool(day.app.held_lanes() & lanes),
        partial(kill, pid, signal.SIGKILL),
    )
    day.until("another worker was started", lambda: day.app.log("worker").count("worker_died") > before)


def lose_all_workers(day: Afternoon, spare_sku: str) -> dict[str, Any]:
    """Crash supervisor and workers at once. Meanwhile somebody buys far past a limit nobody can close."""
    app = day.app
    day.catch("all workers", app.pids("worker"), lambda: bool(app.held_lanes() & LANES), partial(app.kill, "worker"))
    assert day.hands.variant(spare_sku)["policy"] == "CONTINUE"
    order = day.hands.buy(spare_sku, LIMIT + JUMPS_BY, "Greta")
    assert not isinstance(order, str), order
    day.sales.note(day.hands.ask("truth"))
    day.act(6)
    app.start("worker")
    return order


def lose_the_queue(day: Afternoon) -> None:
    """Crash Valkey and all it holds."""
    valkey = day.app.valkey

    def waits() -> bool:
        with redis.Redis.from_url(valkey.url) as client:
            return any(client.scan_iter("rq:queue:*"))

    def crash() -> None:
        valkey.stop(how=signal.SIGKILL)
        shutil.rmtree(valkey.folder)

    day.catch("the queue", [], waits, crash)
    day.act(6)
    valkey.start()
    with redis.Redis.from_url(valkey.url) as client:
        assert not any(client.scan_iter("holdfast:waiting:*:nobody"))


def lose_the_database(day: Afternoon) -> None:
    """Crash whatever writes to the database in the middle of a transaction: the server, or on SQLite the app itself."""
    app = day.app
    everybody = app.pids(*APP)
    if app.postgres is None:
        day.catch("the database", everybody, app.is_in_a_transaction, partial(app.kill, *APP))
        day.act(4)
        app.start(*APP)
        soon("the app is back", lambda: is_ready(app.urls.app))
        return
    day.catch("the database", everybody, app.is_in_a_transaction, app.postgres.crash)
    day.until("a message was not taken", lambda: 503 in answers(day))
    assert requests.get(f"{app.urls.app}/readyz", timeout=30).status_code == 503
    assert day.hands.submit("/settings/switch", {"to": "on"}).status_code >= 500
    app.postgres.start_again()
    soon("the app is back by itself", lambda: is_ready(app.urls.app))


def answers(day: Afternoon) -> set[int | None]:
    """What the app has answered to messages."""
    return {one["status"] for delivery in day.hands.ask("webhooks")["webhooks"] for one in delivery["attempts"]}


def lose_the_token(day: Afternoon) -> None:
    """Shopify no longer takes our access token; the refresh token still serves."""

    def refused() -> int:
        return sum(call["status"] == 401 for call in day.hands.ask("calls")["calls"])

    before = refused()
    day.hands.control("faults", revoke_token=True)
    day.until("a call was refused", lambda: refused() > before)
    day.hands.control("faults", revoke_token=False)
    assert day.app.status() == shops.INSTALLED


def lose_every_token(day: Afternoon) -> None:
    """Not even the refresh token serves: nothing is done until somebody opens the app, but everything is heard."""
    day.app.get_tokens_elsewhere()
    day.hands.control("faults", revoke_token=True)
    day.until("the app noticed", lambda: day.app.status() == shops.LOCKED_OUT)
    day.hands.control("faults", revoke_token=False)
    day.act(5)
    day.died_with["every token"] = day.unfinished()
    assert day.app.status() == shops.LOCKED_OUT
    launched = day.hands.control("id-token")
    assert requests.get(launched["launch_url"], timeout=30).status_code == 200
    assert day.app.status() == shops.INSTALLED


@pytest.mark.timeout(600)
@pytest.mark.case("F40", "F53", "F54", "F68", "F69")
def test_after_bad_weather_and_one_reconciliation_the_books_equal_the_stores_truth(app: RunningApp):
    hands = app.hands
    skus = set_up(app)
    spare = sold_out(hands.ask("truth"), skus)
    policies_before = {v["gid"]: v["policy"] for v in hands.ask("truth")["variants"]}
    day = Afternoon(app, skus)
    hands.control("faults", **BAD_WEATHER)
    day.act(8)
    lose_a_worker(day, "switch", {"switch"})
    lose_a_worker(day, "lanes", {"queue", "effects", "mail"})
    hands.control("faults", delay_s=2.5)
    day.act(8)
    hands.control("faults", delay_s=0)
    lose_the_queue(day)
    lose_the_token(day)
    jumped = lose_all_workers(day, spare)
    lose_the_database(day)
    lose_every_token(day)
    day.until("enough was lost", lambda: states(day)["dropped"] >= 12)
    requests.delete(f"{app.urls.control}/_devstore/faults", timeout=30).raise_for_status()
    wait_until_quiet(app.database, hands)
    app.run_cli("sync", app.shop)
    wait_until_quiet(app.database, hands)
    # The shop's quarter of an hour for unannounced goods, and the quiet half hour before a moved date is told.
    hands.control("clock", advance_seconds=31 * 60)
    time.sleep(2)
    wait_until_quiet(app.database, hands)
    truth = hands.ask("truth")
    check_that_it_was_bad(day)
    assert our_open_by_line(app.database, app.shop) == open_by_line(truth)
    compare_queues(app.database, app.shop, truth)
    compare_switches(app.database, app.shop, truth, skus, policies_before, LIMIT)
    compare_order_marks(app.database, app.shop, truth)
    check_effects(app.database, app.shop)
    check_mails(app.database, app.shop, truth, hands.mails(), frozenset(day.cut_off))
    check_overage(day, jumped)

    before = dump(app.database, app.shop)
    app.run_cli("sync", app.shop)
    wait_until_quiet(app.database, hands)
    assert differences(before, dump(app.database, app.shop)) == {}


def check_overage(day: Afternoon, jumped: dict[str, Any]) -> None:
    """Whatever the store sold past the limit is on record, and of the cart that jumped it exactly what it jumped by."""
    (line,) = jumped["lines"]
    assert overage.recorded(day.app.database, day.app.shop, line["gid"]) == JUMPS_BY
    assert day.sales.unrecorded(day.app.database, day.app.shop) == {}


def states(day: Afternoon) -> Counter[str]:
    """What became of the messages."""
    return Counter(delivery["state"] for delivery in day.hands.ask("webhooks")["webhooks"])


def check_that_it_was_bad(day: Afternoon) -> None:
    """The proof would show little of a quiet afternoon."""
    assert day.app.ended() == []
    assert set(day.died_with) == {
        "worker switch",
        "worker lanes",
        "the queue",
        "all workers",
        "the database",
        "every token",
    }
    assert all(day.died_with.values()), day.died_with
    assert states(day)["failed"] == 0
    assert len(day.life.orders) >= 15, day.life.done
    with day.app.database.read() as tx:
        owed = sum(s.owed_units for s in tx.execute(select(t.line_states)) if not s.inherited)
    assert owed >= 4, day.life.done
