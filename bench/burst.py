"""What the queue lane asks of Shopify in a burst, and how long that takes when every call has a way to go.

Fifty orders at once, and every product of the shop changed at once, against devstore with `LATENCY_MS` added to a call.
Calls and points are exact; seconds hold the latency and this machine's own time.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from pathlib import Path

from plugin.adapters.database import due
from plugin.adapters.database import tables as t
from plugin.services import run_lanes
from tests.servers.databases import SqliteDatabases
from tests.services.store import AppAddress, Store, make_parts, open_devstore, start_anew
from webhooks.open_inbox import open_inbox

LATENCY_MS = 200
ORDERS = 50
ITEMS = 10


def main() -> None:
    address = AppAddress()
    running = open_devstore(address.url)
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        url = SqliteDatabases(Path(folder)).with_tables()
        start_anew(running.store)
        shop = Store(running, address, make_parts(running, url, "redis://127.0.0.1:9/0", address.url))
        shop.install()
        shop.open_for_business()
        shop.settle()
        _orders(shop)
        _products(shop)
        shop.parts.database.close()
    address.close()
    running.close()


def _orders(shop: Store) -> None:
    skus = [shop.a_sku(0) for _ in range(ITEMS)]
    shop.settle()
    for n in range(ORDERS):
        shop.buy((skus[n % ITEMS], 1))
    shop.flush()
    _measure(shop, f"{ORDERS} orders of {ITEMS} items")


def _products(shop: Store) -> None:
    shop.settle()
    ids = sorted({row.product_id for row in shop.rows(t.products)})
    with shop.parts.database.begin() as tx:
        due.mark(tx, shop.shop, due.QUEUE, "product", ids, shop.now())
    _measure(shop, f"{len(ids)} products")


def _measure(shop: Store, name: str) -> None:
    asked = len(shop.calls())
    shop.faults(latency_ms=LATENCY_MS)
    began = time.perf_counter()
    run_lanes.run_queue(shop.parts, shop.shop, open_inbox)
    took = time.perf_counter() - began
    shop.faults()
    calls = shop.calls()[asked:]
    points = sum(call["requested_cost"] or 0 for call in calls)
    counted = ", ".join(f"{n} {what}" for what, n in sorted(Counter(str(c["operation"]) for c in calls).items()))
    print(f"{name}: {len(calls)} calls ({counted}), {points:.0f} points asked")
    print(f"  {took:.1f} s, load {os.getloadavg()[0]:.0f}", flush=True)


if __name__ == "__main__":
    main()
