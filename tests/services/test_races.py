"""Many buyers at once, through the real door and the real lanes: nothing is lost, nothing is counted twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from plugin.adapters.database import ledger
from plugin.adapters.database import tables as t
from plugin.domain.ledger import Kind
from plugin.domain.replay import fold_line
from plugin.services import run_lanes
from tests.services.store import Store
from webhooks.open_inbox import open_inbox


def all_at_once(acts: list[Callable[[], Any]]) -> None:
    """Start every act in a thread of its own, at one moment; what fails in one fails the test."""
    start, failures = threading.Barrier(len(acts)), []

    def run(act: Callable[[], Any]) -> None:
        start.wait()
        try:
            act()
        except Exception as exc:  # noqa: BLE001  (handed to the test)
            failures.append(exc)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def unheard(shop: Store, sku: str, orders: int) -> list[dict[str, Any]]:
    """Orders whose every message is still to come."""
    shop.faults(drop=1.0)
    placed = [shop.buy((sku, 1), source="pos") for _ in range(orders)]
    shop.flush()
    shop.faults()
    return placed


def delivers(shop: Store, order: dict[str, Any]) -> Callable[[], Any]:
    body = {"id": order["id"], "admin_graphql_api_id": order["gid"]}
    return lambda: shop.control("webhooks/send", topic="orders/create", payload=body, webhook_id=f"o-{order['id']}")


def lanes(shop: Store) -> list[Callable[[], Any]]:
    """Two workers of each kind."""
    turns = (run_lanes.run_switch, run_lanes.run_queue)
    return [lambda turn=turn: turn(shop.parts, shop.shop, open_inbox) for turn in turns for _ in range(2)]


def closings(shop: Store, sku: str) -> int:
    """How often we wrote this variant shut."""
    gid = shop.gid(sku)
    writes = (c["variables"] for c in shop.calls("set_policies"))
    return sum(v["id"] == gid and v["inventoryPolicy"] == "DENY" for w in writes for v in w["variants"])


def in_ledger(shop: Store, sku: str) -> int:
    """Units owed by the ledger alone: what joined the queue less what left it, was held or shipped."""
    line_ids = {row.line_id for row in shop.rows(t.ledger, t.ledger.c.item_id == shop.item(sku)) if row.line_id}
    with shop.reading() as tx:
        histories = [fold_line(entries) for entries in ledger.of_lines(tx, shop.shop, sorted(line_ids)).values()]
    return sum(sum(x.units for x in h.tranches) - h.settled - sum(h.held.values()) for h in histories)


@pytest.fixture
def nearly_full(shop: Store) -> str:
    """Limit 3, two of it taken."""
    sku = shop.a_sku(0)
    shop.save_rule(limit_mode="up_to", limit_units="3", scope="variant", subject=shop.gid(sku))
    shop.settle()
    shop.buy((sku, 2))
    shop.settle()
    assert (shop.variant(sku)["policy"], shop.state(sku).remaining_units) == ("CONTINUE", 1)
    return sku


@pytest.mark.case("F01")
@pytest.mark.parametrize("buyers", [2, 50])
def test_buyers_at_the_same_moment_are_all_counted_and_those_past_the_limit_named(
    shop: Store, nearly_full: str, buyers: int
):
    sku, before = nearly_full, closings(shop, nearly_full)
    orders = unheard(shop, sku, buyers)
    all_at_once([*(delivers(shop, order) for order in orders), *lanes(shop)])
    shop.settle()
    states = shop.rows(t.line_states, t.line_states.c.item_id == shop.item(sku))
    assert 2 + buyers == shop.state(sku).owed_units == sum(s.owed_units for s in states) == in_ledger(shop, sku)
    past = {s.order_id: s.overage_units for s in states if s.overage_units}
    assert past == {order["gid"]: 1 for order in orders[1:]}, "whoever came first took the last unit there was"
    noted = shop.rows(t.ledger, t.ledger.c.kind == Kind.OVERAGE.value, t.ledger.c.item_id == shop.item(sku))
    assert len(noted) == len(shop.alerts("overage", shop.gid(sku))) == buyers - 1
    assert shop.variant(sku)["policy"] == "DENY"
    assert closings(shop, sku) == before + 1
    assert shop.state(sku).remaining_units == 0
