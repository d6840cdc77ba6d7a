"""Random afternoons with lanes that die at random transactions: afterwards the books equal the store's truth."""

from __future__ import annotations

import random
import threading
from contextlib import suppress

import pytest

from plugin.adapters.database import tables as t
from plugin.adapters.database.transaction import Database
from plugin.services import sync_shop
from tests.journeys.books import (
    check_mails,
    compare_order_marks,
    compare_queues,
    compare_switches,
    differences,
    dump,
    open_by_line,
    our_open_by_line,
)
from tests.journeys.random_life import RandomLife
from tests.services.store import Store

ACTS = 60
PRODUCTS = 6
LIMIT = 5


class Died(BaseException):
    """SIGKILL, as far as one thread can die of it."""


def turn_and_perhaps_die(shop: Store, dice: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn the lanes; one time in three the worker dies before one of its next transactions."""
    after = dice.randrange(25) if dice.random() < 0.34 else 10**9
    begin, count = Database.begin, 0

    def dying(self: Database, **given: float):  # type: ignore[no-untyped-def]
        nonlocal count
        if threading.current_thread() is threading.main_thread():  # the web process lives on
            count += 1
            if count > after:
                raise Died
        return begin(self, **given)

    with monkeypatch.context() as patch, suppress(Died):
        patch.setattr(Database, "begin", dying)
        shop.turn_lanes()
    with shop.parts.database.begin() as tx:
        tx.execute(t.leases.delete())  # the time a dead worker's leases take to run out


@pytest.mark.parametrize("seed", [1])
def test_the_books_equal_the_truth_after_a_random_afternoon(shop: Store, seed: int, monkeypatch: pytest.MonkeyPatch):
    dice = random.Random(seed)
    skus = [shop.a_sku(dice.choice((0, 0, 2, 4))) for _ in range(PRODUCTS)]
    before = {v["gid"]: v["policy"] for v in shop.truth()["variants"]}
    life = RandomLife(f"{shop.running.store.urls.control}/_devstore", seed, skus, orders_from=seed * 1000)
    shop.faults(drop=0.1, duplicate=0.1, reorder=0.2, api_error=0.03, seed=seed)
    for _ in range(ACTS):
        life.act()
        if dice.random() < 0.4:
            turn_and_perhaps_die(shop, dice, monkeypatch)
        shop.advance(seconds=dice.choice((0, 1, 5, 60)))
    shop.faults()
    shop.settle()
    with shop.parts.database.begin() as tx:
        sync_shop.begin(tx, shop.shop, "asked", shop.now())
    shop.settle(wait_s=120)
    shop.advance(minutes=31)
    shop.settle(wait_s=120)
    truth = shop.truth()
    told = "\n".join(life.done)
    assert our_open_by_line(shop.parts.database, shop.shop) == open_by_line(truth), told
    compare_queues(shop.parts.database, shop.shop, truth)
    compare_switches(shop.parts.database, shop.shop, truth, skus, before, LIMIT)
    compare_order_marks(shop.parts.database, shop.shop, truth)
    check_mails(shop.parts.database, shop.shop, truth, shop.mails())
    settled = dump(shop.parts.database, shop.shop)
    with shop.parts.database.begin() as tx:
        sync_shop.begin(tx, shop.shop, "asked", shop.now())
    shop.settle(wait_s=120)
    assert differences(settled, dump(shop.parts.database, shop.shop)) == {}
