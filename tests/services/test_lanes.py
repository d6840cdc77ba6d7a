"""Lanes that die, overlap and are overtaken: nothing is lost, nothing is done twice, shops never mix."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from plugin import cli
from plugin.adapters.database import due, ledger, stock_ledger, syncs
from plugin.adapters.database import tables as t
from plugin.adapters.database.transaction import Database
from plugin.domain.ledger import Entry, Kind
from plugin.errors import Conflict
from plugin.services import read_due, review_whole, run_lanes, sync_shop
from plugin.services.lane import Lease
from tests.journeys.books import open_by_line, our_open_by_line
from tests.services.store import Store
from tests.web.site import settings
from webhooks.open_inbox import open_inbox

ROOT = Path(__file__).parents[2]
HOLD = (
    "import sys, time; from datetime import timedelta\n"
    "from plugin.adapters.database.transaction import Database; from plugin.services.lane import Lease\n"
    "with Lease(Database(sys.argv[1]), 'a.myshopify.com', 'queue', timedelta(seconds=float(sys.argv[2]))) as lease:\n"
    "    print(lease.is_ours, flush=True); time.sleep(60)"
)


@pytest.fixture
def holder(database_url: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the queue lane of a shop for two seconds, and never lets go by itself."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, database_url, "2"], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    yield process
    process.kill()
    process.communicate()


def test_a_lane_is_taken_over_after_its_worker_was_killed(database: Database, holder: subprocess.Popen[str]):
    with Lease(database, "a.myshopify.com", "queue", timedelta(seconds=2)) as lease:
        assert not lease.is_ours
    with Lease(database, "b.myshopify.com", "queue", timedelta(seconds=2)) as lease:
        assert lease.is_ours
    holder.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with Lease(database, "a.myshopify.com", "queue", timedelta(seconds=2)) as lease:
            if lease.is_ours:
                return
        time.sleep(0.1)
    pytest.fail("nobody could take the lane over")


def test_what_is_due_for_the_whole_shop_is_done_in_the_midst_of_a_rush(shop: Store, monkeypatch: pytest.MonkeyPatch):
    """A pause must reach the shop while orders come in faster than they can be read."""
    monkeypatch.setattr(read_due, "read", lambda *given: None)
    monkeypatch.setattr(run_lanes, "_review", lambda *given: None)
    monkeypatch.setattr(review_whole, "PART_S", 60)
    with shop.parts.database.begin() as tx:
        due.mark(tx, shop.shop, due.QUEUE, "order", ["gid://shopify/Order/1"], shop.now())
        due.mark(tx, shop.shop, due.QUEUE, "item", ["gid://shopify/InventoryItem/1"], shop.now())
        due.mark(tx, shop.shop, due.QUEUE, "all", [""], shop.now())
    with Lease(shop.parts.database, shop.shop, "queue") as lease:
        for step in range(1, run_lanes.STEPS_PER_WHOLE + 1):
            assert shop.rows(t.due, t.due.c.kind == "all") != []
            run_lanes._queue_step(shop.parts, shop.shop, lease, step)
    assert shop.rows(t.due, t.due.c.kind == "all") == []
    monkeypatch.undo()
    shop.settle()


def test_a_lane_that_was_taken_over_is_not_given_back_by_its_old_holder(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Lease, "_beat", lambda self: None)  # as if its process had stood still
    shop, length = "a.myshopify.com", timedelta(milliseconds=50)
    with Lease(database, shop, "queue", length) as old:
        assert old.is_ours
        time.sleep(0.1)
        with Lease(database, shop, "queue", timedelta(seconds=30)) as new:
            assert new.is_ours
            assert not old.lengthen()
            with Lease(database, shop, "queue", length) as third:
                assert not third.is_ours


def test_a_lane_stays_ours_however_long_a_step_takes(database: Database):
    """A write to many products may take longer than the lease: nobody may turn the same switches meanwhile."""
    with Lease(database, "a.myshopify.com", "switch", timedelta(seconds=1)) as lease:
        time.sleep(2)
        with Lease(database, "a.myshopify.com", "switch", timedelta(seconds=1)) as other:
            assert not other.is_ours
        assert lease.is_ours
    with Lease(database, "a.myshopify.com", "switch", timedelta(seconds=1)) as other:
        assert other.is_ours


def test_the_ledger_refuses_to_be_changed(empty_database_url: str):
    cli.migrate(settings(empty_database_url, "redis://127.0.0.1:9/0"))
    database = Database(empty_database_url)
    entry = Entry(
        "accept/i/l/1", Kind.ACCEPT, datetime.now(UTC), item_id="i", location_id="l", units=3, data={"cause": "named"}
    )
    with database.begin() as tx:
        ledger.post(tx, "a.myshopify.com", [entry])
    with pytest.raises(DBAPIError), database.begin() as tx:
        tx.execute(text("UPDATE ledger SET units = 4"))
    with database.read() as tx:
        assert stock_ledger.history(tx, "a.myshopify.com", "i", "l").accepted == 3
    with pytest.raises(Conflict), database.begin() as tx:
        ledger.post(tx, "a.myshopify.com", [entry])
    database.close()


def test_a_mark_renewed_while_it_was_being_looked_at_survives(database: Database):
    now = datetime.now(UTC)
    with database.begin() as tx:
        due.mark(tx, "a.myshopify.com", due.QUEUE, "item", ["i"], now)
    with database.begin() as tx:
        seen = due.take(tx, "a.myshopify.com", due.QUEUE, now, ["item"], 9)
        due.mark(tx, "a.myshopify.com", due.QUEUE, "item", ["i"], now)
        due.done(tx, "a.myshopify.com", due.QUEUE, seen)
    with database.begin() as tx:
        seen = due.take(tx, "a.myshopify.com", due.QUEUE, now, ["item"], 9)
        assert [d.subject for d in seen] == ["i"]
        due.done(tx, "a.myshopify.com", due.QUEUE, seen)
        assert not due.is_any(tx, "a.myshopify.com", due.QUEUE, now)


def test_a_mark_renewed_after_failures_is_looked_at_at_once(database: Database):
    now = datetime.now(UTC)
    with database.begin() as tx:
        due.mark(tx, "a.myshopify.com", due.QUEUE, "item", ["i"], now)
        (seen,) = due.take(tx, "a.myshopify.com", due.QUEUE, now, ["item"], 9)
        due.postpone(tx, "a.myshopify.com", due.QUEUE, seen, now + timedelta(hours=1), "Shopify is down")
        assert not due.is_any(tx, "a.myshopify.com", due.QUEUE, now)
        due.mark(tx, "a.myshopify.com", due.QUEUE, "item", ["i"], now)
        assert due.is_any(tx, "a.myshopify.com", due.QUEUE, now)


class Died(BaseException):
    """SIGKILL, as far as one thread can die of it."""


@pytest.mark.parametrize("state", ["variants", "orders", "deciding"])
def test_a_first_sync_whose_worker_dies_in_the_middle_goes_on(
    fresh_shop: Store, state: str, monkeypatch: pytest.MonkeyPatch
):
    shop = fresh_shop
    shop.install(sync=False)
    begin = Database.begin

    def dying(self: Database) -> Any:
        with self.read() as tx:
            row = syncs.running(tx, shop.shop)
        if row is not None and row.state == state and (row.lines_done or 0) > 0:
            raise Died
        return begin(self)

    monkeypatch.setattr(Database, "begin", dying)
    with pytest.raises(Died):
        sync_shop.run(shop.parts, shop.shop)
    monkeypatch.setattr(Database, "begin", begin)
    with shop.parts.database.begin() as tx:
        tx.execute(t.leases.delete())
    shop.settle()
    (row,) = shop.rows(t.syncs)
    assert (row.state, row.reason) == ("done", "first")
    truth = shop.truth()
    assert len(shop.rows(t.variants)) == len(truth["variants"])
    readable = open_by_line(truth)
    assert our_open_by_line(shop.parts.database, shop.shop).items() <= readable.items()
    assert shop.mails() == []


def test_a_queue_lane_that_dies_anywhere_is_finished_by_the_next(shop: Store, monkeypatch: pytest.MonkeyPatch):
    """Killed before each of its transactions in turn, the lane ends where an undisturbed one ends."""
    sku = shop.a_sku(0)
    order = shop.buy((sku, 2))
    shop.flush()
    begin = Database.begin
    for after in range(12):
        count = 0

        def dying(self: Database, after: int = after):  # type: ignore[no-untyped-def]
            nonlocal count
            count += 1
            if count > after:
                raise Died
            return begin(self)

        monkeypatch.setattr(Database, "begin", dying)
        try:
            run_lanes.run_queue(shop.parts, shop.shop, open_inbox)
        except Died:
            pass
        monkeypatch.setattr(Database, "begin", begin)
        with shop.parts.database.begin() as tx:
            tx.execute(t.leases.delete())
    shop.settle()
    assert shop.lines(sku) == {order["name"]: (0, 2)}
    assert len(shop.mails_to(order["email"])) == 1
    assert shop.order(order["name"])["tags"] == ["backordered"]
    assert shop.state(sku).remaining_units == 3
