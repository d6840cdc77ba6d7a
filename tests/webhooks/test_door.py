"""The webhook door: the right status for everything a stranger or a bad day may bring, and nothing changed by it."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from devstore.hooks.sender import sign
from plugin import metrics
from plugin.adapters.database import shops
from plugin.adapters.database import tables as t
from plugin.services import run_lanes
from tests.live import OLD_SECRET, SECRET, SHOP, Live

ORDER = {"id": 820982911946154508, "admin_graphql_api_id": "gid://shopify/Order/820982911946154508"}


@pytest.fixture
def door(live: Live) -> Live:
    """A shop that is known, and nothing else."""
    with live.database.begin() as tx:
        shops.install(tx, SHOP, live.parts.clock.now())
    return live


def headers(body: bytes, secret: str = SECRET, **changed: str | None) -> dict[str, str]:
    given: dict[str, str | None] = {
        "X-Shopify-Topic": "orders/updated",
        "X-Shopify-Hmac-Sha256": sign(body, secret),
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "X-Shopify-Triggered-At": "2026-11-21T10:00:00.123456789Z",
        "Content-Type": "application/json",
    }
    given |= {name.replace("_", "-"): value for name, value in changed.items()}
    return {name: value for name, value in given.items() if value is not None}


def post(door: Live, body: Any = ORDER, secret: str = SECRET, **changed: str | None) -> TestResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return door.client.post("/webhooks", data=raw, headers=headers(raw, secret, **changed))


def counted(topic: str, outcome: str) -> float:
    return metrics.WEBHOOKS.labels(topic, outcome)._value.get()


REFUSED = [
    ("a wrong signature", {"secret": "somebody-elses-secret"}, 401, "orders/updated", "bad_signature"),
    ("no signature", {"X_Shopify_Hmac_Sha256": None}, 401, "orders/updated", "bad_signature"),
    ("a signature beyond ASCII", {"X_Shopify_Hmac_Sha256": "é"}, 401, "orders/updated", "bad_signature"),
    ("an unknown shop", {"X_Shopify_Shop_Domain": "nobody.myshopify.com"}, 404, "orders/updated", "unknown_shop"),
    ("no shop", {"X_Shopify_Shop_Domain": None}, 400, "orders/updated", "malformed"),
    ("a shop that is none", {"X_Shopify_Shop_Domain": "evil.example"}, 400, "orders/updated", "malformed"),
    ("no id", {"X_Shopify_Webhook_Id": None}, 400, "orders/updated", "malformed"),
    ("an endless id", {"X_Shopify_Webhook_Id": "x" * 65}, 400, "orders/updated", "malformed"),
    ("a moment that is none", {"X_Shopify_Triggered_At": "yesterday"}, 400, "orders/updated", "malformed"),
    ("no topic", {"X_Shopify_Topic": None}, 400, "other", "malformed"),
    ("a topic we never asked for", {"X_Shopify_Topic": "carts/create"}, 400, "other", "malformed"),
    ("no JSON", {"body": b"{"}, 400, "orders/updated", "malformed"),
    ("JSON that is no object", {"body": b"[1]"}, 400, "orders/updated", "malformed"),
    ("nothing at all", {"body": b""}, 400, "orders/updated", "malformed"),
    ("nesting without end", {"body": b"[" * 100_000}, 400, "orders/updated", "malformed"),
    ("an order without its id", {"body": {"name": "#1"}}, 400, "orders/updated", "malformed"),
    ("a huge body", {"body": b" " * (2 * 1024 * 1024 + 1)}, 413, "orders/updated", "too_large"),
    (
        "a body naming another shop",
        {"body": {"myshopify_domain": "another.myshopify.com"}, "X_Shopify_Topic": "app/uninstalled"},
        400,
        "app/uninstalled",
        "malformed",
    ),
]


@pytest.mark.parametrize(
    ("given", "status", "topic", "outcome"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_cannot_be_taken_is_refused_counted_and_changes_nothing(
    door: Live, given: dict[str, Any], status: int, topic: str, outcome: str
):
    before, count = door.dump(), counted(topic, outcome)
    answer = post(door, **given)
    assert answer.status_code == status
    assert answer.data == b""
    assert door.dump() == before
    assert counted(topic, outcome) == count + 1


def test_a_delivery_is_written_down_once_however_often_it_comes(door: Live):
    accepted, replayed = counted("orders/updated", "accepted"), counted("orders/updated", "replayed")
    assert post(door).status_code == 200
    before = door.dump()
    assert len(before["inbox"]) == 1
    assert post(door).status_code == 200
    assert post(door, {**ORDER, "id": 1, "admin_graphql_api_id": "gid://shopify/Order/1"}).status_code == 200
    assert door.dump() == before
    assert counted("orders/updated", "accepted") == accepted + 1
    assert counted("orders/updated", "replayed") == replayed + 2


def test_deliveries_at_once_of_one_id_are_one(door: Live):
    start = threading.Barrier(6)
    got: list[int] = []

    def call() -> None:
        start.wait()
        got.append(post(door).status_code)

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [200] * 6
    assert len(door.dump()["inbox"]) == 1


def test_the_inbox_keeps_no_word_of_the_body_but_ids(door: Live):
    body = {**ORDER, "email": "ann@example.com", "customer": {"first_name": "Annabel"}, "note": "ring twice"}
    assert post(door, body).status_code == 200
    text = door.dump_text()
    assert not [word for word in ("ann@example", "Annabel", "ring twice") if word in text]


@pytest.mark.parametrize("topic", ["customers/data_request", "customers/redact", "shop/redact"])
def test_a_compliance_request_about_a_shop_we_never_met_is_fulfilled_by_saying_so(door: Live, topic: str):
    shop = "long-gone.myshopify.com"
    body = {"shop_id": 1, "shop_domain": shop, "customer": {"id": 7}, "orders_requested": [], "orders_to_redact": []}
    before = door.dump()
    assert post(door, body, X_Shopify_Topic=topic, X_Shopify_Shop_Domain=shop).status_code == 200
    assert door.dump() == before
    assert post(door, {}, X_Shopify_Topic=topic, X_Shopify_Shop_Domain=shop).status_code == 400


def test_an_old_secret_is_taken_only_while_it_is_told(door: Live):
    assert post(door, secret=OLD_SECRET).status_code == 401
    door.restart_with(shopify_old_api_secret=OLD_SECRET)
    assert post(door, secret=OLD_SECRET).status_code == 200
    assert post(door, secret=SECRET).status_code == 200


def test_a_shop_that_left_is_still_heard(door: Live):
    with door.database.begin() as tx:
        shops.uninstall(tx, SHOP, door.parts.clock.now())
    body = {"shop_id": 1, "shop_domain": SHOP}
    assert post(door, body, X_Shopify_Topic="shop/redact").status_code == 200
    assert len(door.dump()["inbox"]) == 1


# --- bad days --------------------------------------------------------------------------------------------------------


def test_with_the_queue_down_the_door_answers_at_once_and_the_sweep_finds_the_work(
    door: Live, monkeypatch: pytest.MonkeyPatch
):
    post(door)
    took = []
    for number in range(20):
        started = time.perf_counter()
        assert post(door, X_Shopify_Webhook_Id=f"id-{number}").status_code == 200
        took.append(time.perf_counter() - started)
    assert sorted(took)[10] < 0.5  # a try at the queue takes a second
    woken: list[tuple[str, str]] = []
    monkeypatch.setattr(door.parts.jobs, "wake", lambda shop, lane: bool(woken.append((shop, lane))))
    run_lanes.sweep(door.parts)
    assert (SHOP, "queue") in woken


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_queue_that_hangs_costs_one_delivery_a_second_or_two_and_the_next_nothing(door: Live, silent_port: int):
    door.restart_with(redis_url=f"redis://127.0.0.1:{silent_port}/0")
    started = time.perf_counter()
    assert post(door, X_Shopify_Webhook_Id="first").status_code == 200
    assert time.perf_counter() - started < 4.5  # Shopify waits five
    started = time.perf_counter()
    for number in range(5):
        assert post(door, X_Shopify_Webhook_Id=f"id-{number}").status_code == 200
    assert time.perf_counter() - started < 4  # five would each wait a second
    assert len(door.dump()["inbox"]) == 6


def test_a_database_that_is_down_is_not_answered_with_success(door: Live, monkeypatch: pytest.MonkeyPatch):
    from sqlalchemy.exc import OperationalError

    def broken(*_: object) -> None:
        raise OperationalError("insert", {}, Exception("disk full"))

    count = counted("orders/updated", "not_written")
    monkeypatch.setattr("webhooks.receive.inbox.record", broken)
    assert post(door).status_code == 503
    assert counted("orders/updated", "not_written") == count + 1
    monkeypatch.undo()
    assert post(door).status_code == 200


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
class TestOnSqlite:
    """One writer at a time: what another process holds, the door waits for."""

    def hold(self, door: Live, seconds: float) -> threading.Thread:
        """Hold the database's one writer for a while, from a connection of its own."""
        file = door.parts.settings.database_url.removeprefix("sqlite:///")
        began = threading.Event()

        def write() -> None:
            connection = sqlite3.connect(file, isolation_level=None)
            connection.execute("BEGIN IMMEDIATE")
            began.set()
            time.sleep(seconds)
            connection.execute("COMMIT")
            connection.close()

        thread = threading.Thread(target=write)
        thread.start()
        began.wait()
        return thread

    def test_a_writer_of_two_seconds_is_waited_for(self, door: Live):
        writer = self.hold(door, 2.0)
        started = time.perf_counter()
        assert post(door).status_code == 200
        assert 1.5 < time.perf_counter() - started < 4.5
        writer.join()
        assert len(door.dump()["inbox"]) == 1

    def test_a_writer_that_stays_too_long_makes_shopify_come_again(self, door: Live):
        writer = self.hold(door, 6.0)
        started = time.perf_counter()
        assert post(door).status_code == 503
        assert time.perf_counter() - started < 5  # an answer Shopify still hears
        writer.join()
        assert post(door).status_code == 200
        with door.database.read() as tx:
            assert tx.execute(select(func.count()).select_from(t.inbox)).scalar_one() == 1


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_a_row_somebody_locks_for_too_long_makes_shopify_come_again(door: Live):
    with door.database.engine.begin() as elsewhere:
        elsewhere.execute(select(t.shops).with_for_update())
        started = time.perf_counter()
        assert post(door).status_code == 503
        assert time.perf_counter() - started < 5
    assert post(door).status_code == 200
    assert len(door.dump()["inbox"]) == 1
