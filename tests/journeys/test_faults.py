"""A busy afternoon under bad weather: webhooks lost, doubled and reordered, workers killed, Shopify stumbling.

Afterwards, with one reconciliation, the books equal the store's own truth and nobody was mailed twice.
"""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import select

from plugin.adapters.database import tables as t
from tests.journeys.books import (
    check_mails,
    compare_order_marks,
    compare_queues,
    compare_switches,
    differences,
    dump,
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
    life = RandomLife(f"{app.urls.control}/_devstore", 20261121, skus)
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
    compare_queues(app.database, app.shop, truth)
    compare_switches(app.database, app.shop, truth, skus, policies_before, LIMIT)
    compare_order_marks(app.database, app.shop, truth)
    check_mails(app.database, app.shop, truth, hands.mails())

    before = dump(app.database, app.shop)
    app.run_cli("sync", app.shop)
    wait_until_quiet(app.database, hands)
    assert differences(before, dump(app.database, app.shop)) == {}


def check_that_it_was_bad(app: RunningApp, life: RandomLife) -> None:
    """The proof below would prove little of a quiet afternoon."""
    assert app.ended() == []
    assert app.log("worker").count("worker_died") >= 2
    happened = Counter(delivery["state"] for delivery in app.hands.ask("webhooks")["webhooks"])
    assert happened["dropped"] >= 8, happened  # how many messages there are depends on the machine's pace
    assert len(life.orders) >= 15, life.done
    with app.database.read() as tx:
        owed = sum(s.owed_units for s in tx.execute(select(t.line_states)) if not s.inherited)
    assert owed >= 4, life.done
