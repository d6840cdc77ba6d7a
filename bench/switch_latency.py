"""From a stock webhook received to Shopify's policy written, at a steady 50 events a second.

Variants stand open at zero; every event brings one of them back in stock, so that its switch must close. Times are the
app's own, read from its database: `inbox.received_at` to `desired.written_at`.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from tools.demo import pick_ports, running_demo
from tools.hands import Hands, soon
from tools.story import Story

EVENTS_PER_S = 50
WAVES = 3
# A wave spends about half of Shopify's bucket of 2,000 points, which refills at 100 a second. Waiting for points is not
# our time, so each wave starts with a full bucket.
BUCKET_FULL_AGAIN_S = 20


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder,
        running_demo(Path(folder), pick_ports({})) as demo,
    ):
        hands = Hands(demo.urls)
        story = Story(hands)
        story.install()
        story.first_sync()
        story.set_the_limit()
        time.sleep(5)
        items = _sell_from_berlin_alone(hands)
        time.sleep(10)
        print(f"{len(items)} variants, {EVENTS_PER_S} events/s, load {os.getloadavg()[0]:.1f}", flush=True)
        for wave in range(WAVES):
            opened = _open(hands, items)
            time.sleep(BUCKET_FULL_AGAIN_S)
            _measure(hands, Path(folder) / "holdfast.sqlite3", opened, f"closing {wave + 1}")


def _sell_from_berlin_alone(hands: Hands) -> list[dict[str, Any]]:
    """Leave stock in one place only, so that one count decides how a variant sells. Returns the variants."""
    found = []
    for variant in hands.ask("truth")["variants"]:
        if not variant["tracked"] or variant["inventory_quantity"] <= 0:
            continue
        for level in variant["levels"]:
            available = 7 if level["location"] == "Berlin warehouse" else 0
            if level["available"] != available:
                hands.control("stock", sku=variant["sku"], location=level["location"], available=available)
        found.append(variant)
    return found


def _open(hands: Hands, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take everything to zero and tell the brake that it is real. Returns the variants that then stand open."""
    for item in items:
        hands.control("stock", sku=item["sku"], location="Berlin warehouse", available=0)
    for _ in range(6):
        time.sleep(4)
        hands.submit("/home/brake", {"answer": "real"})
    skus = {item["sku"] for item in items}
    return [v for v in hands.ask("truth")["variants"] if v["sku"] in skus and v["policy"] == "CONTINUE"]


def _measure(hands: Hands, database: Path, items: list[dict[str, Any]], name: str) -> None:
    began = time.monotonic()
    since = datetime.fromisoformat(hands.ask("clock")["now"])
    for index, item in enumerate(items):
        wait = began + index / EVENTS_PER_S - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        hands.control("stock", sku=item["sku"], location="Berlin warehouse", available=7)
    wanted = "DENY"
    ids = {v["gid"]: f"gid://shopify/InventoryItem/{v['inventory_item_id']}" for v in items}
    soon("every switch is turned", lambda: _written(database, ids, wanted, since) == len(ids), 60)
    latencies = sorted(_latencies(database, ids, since))
    p99 = latencies[min(len(latencies) - 1, int(len(latencies) * 0.99))]
    rate = len(items) / (time.monotonic() - began)
    print(
        f"{name}: {len(latencies)} switches, p50 {median(latencies):.3f} s, p99 {p99:.3f} s, "
        f"worst {latencies[-1]:.3f} s (whole wave {rate:.0f}/s)",
        flush=True,
    )


def _written(database: Path, ids: dict[str, str], wanted: str, since: datetime) -> int:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "select subject, value, written_value, written_at from desired where kind = 'policy'"
        ).fetchall()
    return sum(
        1
        for subject, value, written, at in rows
        if subject in ids and value == written == wanted and at and _moment(at) >= since
    )


def _latencies(database: Path, ids: dict[str, str], since: datetime) -> list[float]:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        came: dict[str, datetime] = {}
        for hint, at in connection.execute(
            "select hint, received_at from inbox where topic = 'inventory_levels/update' order by id"
        ):
            moment = _moment(at)
            if moment >= since:
                came.setdefault(json.loads(hint)["item_id"], moment)
        rows = connection.execute("select subject, written_at from desired where kind = 'policy'").fetchall()
    return [
        (_moment(at) - came[ids[subject]]).total_seconds()
        for subject, at in rows
        if subject in ids and ids[subject] in came and at
    ]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text + "+00:00")


if __name__ == "__main__":
    main()
