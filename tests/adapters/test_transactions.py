"""Writers that meet: they wait for each other, or one of them does its work again."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from plugin.adapters.database import due, item_views, ledger
from plugin.adapters.database import tables as t
from plugin.adapters.database.transaction import Database, Transaction
from plugin.errors import Conflict

SHOP = "a.myshopify.com"
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def test_two_writers_that_wait_for_each_other_both_get_their_way(database: Database):
    with database.begin() as tx:
        due.mark(tx, SHOP, due.QUEUE, "item", ["one", "two"], NOW)
    both_hold_one = threading.Barrier(2)
    tries: list[str] = []

    def count_up(first: str, second: str) -> None:
        def work(tx: Transaction) -> None:
            tries.append(first)
            for subject in (first, second):
                tx.execute(update(t.due).where(t.due.c.subject == subject).values(attempts=t.due.c.attempts + 1))
                if subject == first and not tx.is_sqlite and len(tries) <= 2:  # SQLite has one writer at a time
                    both_hold_one.wait(5)

        database.write(work)

    writers = [threading.Thread(target=count_up, args=pair) for pair in (("one", "two"), ("two", "one"))]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with database.read() as tx:
        assert tx.rows(select(t.due.c.attempts)) == [(2,), (2,)]


def test_a_conflict_that_never_ends_is_told(database: Database):
    tries = 0

    def work(tx: Transaction) -> None:
        nonlocal tries
        tries += 1
        due.mark(tx, SHOP, due.QUEUE, "item", ["one"], NOW)
        raise Conflict("somebody wrote first")

    with pytest.raises(Conflict):
        database.write(work)
    assert tries > 1
    with database.read() as tx:
        assert not due.is_any(tx, SHOP, due.QUEUE, NOW)


def test_marks_gathered_are_written_once_each_and_at_the_end(database: Database):
    with database.begin() as tx:
        with due.gathering(tx):
            for _ in range(3):
                due.mark(tx, SHOP, due.QUEUE, "item", ["b", "a"], NOW)
                due.mark(tx, SHOP, due.SWITCH, "variant", ["v"], NOW)
            assert not due.is_any(tx, SHOP, due.QUEUE, NOW)
        rows = tx.rows(select(t.due.c.lane, t.due.c.subject, t.due.c.version).order_by(t.due.c.lane, t.due.c.subject))
    assert rows == [("queue", "a", 1), ("queue", "b", 1), ("switch", "v", 1)]


def test_an_item_may_have_more_lines_than_a_statement_takes_values(database: Database):
    many = [f"gid://shopify/LineItem/{n}" for n in range(70_000)]
    with database.read() as tx:
        assert ledger.of_lines(tx, SHOP, many) == {}
        assert item_views._notices(tx, SHOP, many, ZoneInfo("UTC")) == {}
