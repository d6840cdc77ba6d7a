"""A busy afternoon under bad weather: webhooks lost, doubled and reordered, workers killed, Shopify stumbling.

Afterwards, with one reconciliation, the books equal the store's own truth and nobody was mailed twice.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import select

from plugin.adapters.database import tables as t
from tests.journeys.books import (
    differences,
    dump,
    item_gid,
    location_gid,
    open_by_line,
    our_open_by_line,
    wait_until_quiet,
)
from tests.journeys.random_life import RandomLife
from tests.journeys.running import RunningApp
from tools.hands import soon

PRODUCTS = 10
LIMIT = 6
ACTS = 100
BAD_WEATHER = {"drop": 0.1, "duplicate": 0.1, "reorder": 0.2, "api_error": 0.04, "throttle": 0.04, "seed": 7}


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
    assert len(found) >= PRODUCTS
    return sorted(found)[:: len(found) // PRODUCTS][:PRODUCTS]


def live_through(app: RunningApp, skus: list[str]) -> RandomLife:
    """Act under bad weather; kill each worker once, and all of them at once."""
    app.hands.control("faults", **BAD_WEATHER)
    life = RandomLife(app.hands, 20261121, skus)
    for number in range(ACTS):
        life.act()
        if number == ACTS // 4:
            app.kill_worker_child(0)
        elif number == ACTS // 2:
            app.kill_worker_child(1)
        elif number == ACTS * 3 // 4:
            app.kill_worker()
        elif number == ACTS * 3 // 4 + 8:
            app.start_worker()
        time.sleep(0.05)
    requests.delete(f"{app.urls.control}/_devstore/faults", timeout=30).raise_for_status()
    return life


@pytest.mark.timeout(360)
def test_after_bad_weather_and_one_reconciliation_the_books_equal_the_stores_truth(running_app: RunningApp):
    app, hands = running_app, running_app.hands
    skus = set_up(app)
    policies_before = {v["gid"]: v["policy"] for v in hands.ask("truth")["variants"]}
    life = live_through(app, skus)
    app.run_cli("sync", app.shop)
    wait_until_quiet(app.database, hands)
    # The shop's quarter of an hour for unannounced goods, and the quiet half hour before a moved date is told.
    hands.control("clock", advance_seconds=31 * 60)
    time.sleep(2)
    wait_until_quiet(app.database, hands)
    truth = hands.ask("truth")
    check_that_it_was_bad(app, life)
    assert our_open_by_line(app.database, app.shop) == open_by_line(truth)
    compare_queues(app, truth)
    compare_switches(app, truth, skus, policies_before)
    compare_order_marks(app, truth)
    check_mails(app, truth, life)

    before = dump(app.database, app.shop)
    app.run_cli("sync", app.shop)
    wait_until_quiet(app.database, hands)
    assert differences(before, dump(app.database, app.shop)) == {}


def check_that_it_was_bad(app: RunningApp, life: RandomLife) -> None:
    """The proof below would prove little of a quiet afternoon."""
    assert app.ended() == []
    assert app.log("worker").count("worker_died") >= 2
    happened = Counter(delivery["state"] for delivery in app.hands.ask("webhooks")["webhooks"])
    assert happened["dropped"] >= 20, happened
    assert len(life.orders) >= 25, life.done
    with app.database.read() as tx:
        owed = sum(s.owed_units for s in tx.execute(select(t.line_states)) if not s.inherited)
    assert owed >= 10, life.done


def compare_queues(app: RunningApp, truth: dict[str, Any]) -> None:
    """Every open unit is held or owed, and as many are owed as the stock that counts does not cover."""
    with app.database.read() as tx:
        states = tx.rows(select(t.line_states).where(t.line_states.c.shop == app.shop))
        places = tx.rows(select(t.item_states).where(t.item_states.c.shop == app.shop))
        baselines = {
            (b.item_id, b.location_id): b.units
            for b in tx.execute(select(t.baselines).where(t.baselines.c.shop == app.shop))
        }
    open_now = open_by_line(truth)
    by_line: dict[str, int] = defaultdict(int)
    for (line_id, _), units in open_now.items():
        by_line[line_id] += units
    assert {s.line_id: s.open_units for s in states} == dict(by_line)
    assert all(s.held_units + s.owed_units == s.open_units for s in states)

    owed: dict[str, int] = defaultdict(int)
    unpaid: dict[str, int] = defaultdict(int)
    for state in states:
        owed[state.item_id] += state.owed_units
        unpaid[state.item_id] += state.unpaid
    item_of = {line["gid"]: line["inventory_item_id"] for o in truth["orders"] for line in o["lines"]}
    open_at: dict[tuple[str, str], int] = defaultdict(int)
    for (line_id, location_id), units in open_now.items():
        open_at[item_gid(item_of[line_id]), location_id] += units
    asks = {p.item_id for p in places if p.unexplained}
    for variant in truth["variants"]:
        item_id = item_gid(variant["inventory_item_id"])
        if not variant["tracked"]:
            continue
        lacking = 0
        for level in variant["levels"]:
            key = (item_id, location_gid(level["location_id"]))
            usable = level["available"] + level["committed"] - baselines.get(key, 0)
            lacking += max(0, open_at[key] - max(0, usable))
        if unpaid[item_id] or item_id in asks:
            assert owed[item_id] >= lacking, variant["sku"]
        else:
            assert owed[item_id] == lacking, variant["sku"]


def compare_switches(app: RunningApp, truth: dict[str, Any], skus: list[str], policies_before: dict[str, str]) -> None:
    """Policy and badge in Shopify are what we say they are, and what the figures ask for."""
    with app.database.read() as tx:
        wanted = {(d.kind, d.subject): d for d in tx.execute(select(t.desired).where(t.desired.c.shop == app.shop))}
        owed = {
            v.variant_id: v.owed_units
            for v in tx.execute(select(t.variant_states).where(t.variant_states.c.shop == app.shop))
        }
        changed = tx.rows(select(t.alerts).where(t.alerts.c.shop == app.shop, t.alerts.c.kind == "changed_outside"))
        broken = tx.rows(select(t.alerts).where(t.alerts.c.shop == app.shop, t.alerts.c.kind == "broken_effect"))
    assert changed == []
    assert broken == []
    online = {p["id"] for p in truth["locations"] if p["active"] and p["online"]}
    for variant in truth["variants"]:
        gid = variant["gid"]
        policy, badge = wanted.get(("policy", gid)), wanted.get(("badge", gid))
        assert variant["policy"] == (policy.value if policy else policies_before[gid]), variant["sku"]
        field = next((f["value"] for f in variant["metafields"] if f["key"] == "backorder"), None)
        assert field == (badge.value if badge else None), variant["sku"]
        if variant["sku"] in skus:
            available = [lv["available"] for lv in variant["levels"] if lv["location_id"] in online]
            behind = max(owed[gid], sum(-units for units in available if units < 0))
            opens = sum(available) <= 0 and behind < LIMIT
            assert variant["policy"] == ("CONTINUE" if opens else "DENY"), (variant["sku"], available, owed[gid])


def compare_order_marks(app: RunningApp, truth: dict[str, Any]) -> None:
    """An order is tagged and dated while something of it is owed, and not a moment longer."""
    with app.database.read() as tx:
        owing = {
            s.order_id
            for s in tx.execute(select(t.line_states).where(t.line_states.c.shop == app.shop))
            if s.owed_units and not s.inherited
        }
    for order in truth["orders"]:
        is_owed = order["gid"] in owing
        assert ("backordered" in order["tags"]) == is_owed, order["name"]
        assert any(f["key"] == "backorder" for f in order["metafields"]) == is_owed, order["name"]


def check_mails(app: RunningApp, truth: dict[str, Any], life: RandomLife) -> None:
    """No mail twice; whoever waits for something paid was told."""
    mails = app.hands.mails()
    ids = Counter(value for m in mails for name, value in m["headers"] if name.lower() == "message-id")
    assert [i for i, count in ids.items() if count > 1] == []
    same = Counter((m["to"], m["subject"], m["text"]) for m in mails)
    assert [key[:2] for key, count in same.items() if count > 1] == []
    with app.database.read() as tx:
        states = tx.rows(select(t.line_states).where(t.line_states.c.shop == app.shop))
        unsure = tx.rows(select(t.messages).where(t.messages.c.shop == app.shop, t.messages.c.state != "sent"))
    cut_off = {m.order_id for m in unsure if m.state == "unknown"}
    assert [m for m in unsure if m.state != "unknown"] == []
    by_gid = {o["gid"]: o for o in truth["orders"]}
    waiting = {s.order_id for s in states if s.owed_units and not s.unpaid and not s.inherited} - cut_off
    for order_id in waiting:
        order = by_gid[order_id]
        assert any(order["email"] in m["to"] and order["name"] in m["subject"] for m in mails), order["name"]
    assert {o["gid"] for o in life.orders.values()} >= waiting
