"""One review of an item whose queue has 1 to 10,000 lines: pure, no database. Shows what a review grows with."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from statistics import median

from plugin.domain.allocation import QueuedLine
from plugin.domain.facts import ItemGid, Level, LocationGid
from plugin.domain.limits import Limit, LimitMode
from plugin.domain.promises import DatePolicy
from plugin.domain.review import ItemView, LocationView, ReviewRules, review_item
from plugin.domain.supply import SupplyRow

HERE = LocationGid("gid://shopify/Location/1")
ITEM = ItemGid("gid://shopify/InventoryItem/1")
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
RULES = ReviewRules(DatePolicy(), (3, 4), {"v": Limit(LimitMode.NO_LIMIT)}, timedelta(minutes=15), 3, "Europe/Berlin")


def main() -> None:
    for lines in (1, 10, 100, 1_000, 10_000):
        view = _view(lines)
        times = []
        for _ in range(5):
            began = time.perf_counter()
            review_item(view, RULES, now=NOW, today=date(2027, 3, 1))
            times.append(time.perf_counter() - began)
        print(
            f"{lines:>6} lines: {median(times) * 1000:9.2f} ms, {median(times) / lines * 1e6:7.1f} µs a line",
            flush=True,
        )


def _view(lines: int) -> ItemView:
    level = Level(ITEM, HERE, -lines, lines, 0, 0, 0, NOW)
    rows = tuple(
        SupplyRow(n, n, HERE, date(2027, 3, 10) + timedelta(days=n), max(1, lines // 20), 0, 0, NOW, "Acme")
        for n in range(1, 11)
    )
    queue = tuple(
        QueuedLine(
            f"line-{n:06}",
            f"order-{n:06}",
            n,
            "v",
            NOW - timedelta(minutes=lines - n),
            NOW,
            NOW - timedelta(minutes=lines - n),
            {HERE: 1},
            0,
            0,
            {},
            (),
            False,
            {},
        )
        for n in range(lines)
    )
    return ItemView(ITEM, (LocationView(level, True, 0, 1),), queue, rows, {}, {}, {}, None)


if __name__ == "__main__":
    main()
