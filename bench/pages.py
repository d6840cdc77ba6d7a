"""Every page of a shop of 100,000 variants, by server time: `python -m bench.pages [sqlite|postgresql] [save]`."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench import big_shop
from bench.big_shop import SHOP, BigShop
from plugin import create_app
from plugin.adapters.database import whole_reviews
from plugin.adapters.database.transaction import Database
from plugin.errors import Conflict
from plugin.services import run_lanes
from plugin.wiring import build
from tests.servers.databases import PostgresDatabases, SqliteDatabases
from tests.servers.postgres import start_postgres
from tests.web.site import FixedClock, Site, settings

TIMES = 3
LIMIT = {"limit_mode": "up_to", "limit_units": "12"}
RULE = {"which": "all:", **LIMIT, "wait_from": "3", "wait_to": "4", "without_date": "stop"}


def main() -> None:
    kind = "postgresql" if "postgresql" in sys.argv else "sqlite"
    variants = int(os.environ.get("BENCH_VARIANTS", "100000"))
    with _database(kind) as url:
        db = Database(url)
        began = time.perf_counter()
        BigShop(variants).seed(db)
        print(f"{kind}: {variants:,} variants written in {time.perf_counter() - began:.0f} s", flush=True)
        parts = replace(build(settings(url, "redis://127.0.0.1:9/0")), clock=FixedClock(big_shop.NOW))
        site = Site(create_app(parts.settings, parts), parts, SHOP)
        _pages(site)
        if "save" in sys.argv:
            _save(site)
        parts.database.close()
        db.close()


def _pages(site: Site) -> None:
    ask = {
        "home": "/",
        "settings": "/settings",
        "a rule's form": "/settings/rules/new",
        "deliveries": "/deliveries",
        "a delivery": "/deliveries/7",
        "enter a delivery": "/deliveries/new",
        "books": "/books",
        "mail": "/mail",
        "one product": f"/products/{20 * 40 + 1}",
        "products": "/products",
        "products, late": "/products?show=late",
        "products, owed": "/products?show=owed",
        "products, own": "/products?show=own",
        "products, backorderable": "/products?show=backorderable",
        "products, in stock": "/products?show=in_stock",
        "products, put aside": "/products?show=aside",
        "products, limit nearly used": "/products?show=near",
        "products by owed": "/products?sort=owed",
        "products by left": "/products?sort=left",
        "products by available": "/products?sort=available",
        "search a title": "/products?q=langdale+stove",
        "search a SKU": "/products?q=SKU-09123",
        "search nothing": "/products?q=nowhere",
    }
    for name, path in ask.items():
        _time(name, lambda path=path: _asked(site, path))
    _time("products, the last page", lambda: _asked(site, _last_page()))
    _time("preview: a limit for all that match", lambda: _sent(site, "/products/set", {"all": "yes", **LIMIT}), 1)
    _time("preview: the rule for all products", lambda: _sent(site, "/settings/rule", RULE), 1)
    _time("preview: one variant", lambda: _sent(site, f"/products/{20 * 40 + 1}/limit", {"scope": "variant", **LIMIT}))


def _last_page() -> str:
    last = f"{big_shop.WORDS[9]} {big_shop.GOODS[9]} 2499".casefold()
    return f"/products?after={last.replace(' ', '+')}&after=x"


def _asked(site: Site, path: str) -> int:
    return site.get(path).status_code


def _sent(site: Site, path: str, form: dict[str, str]) -> int:
    return site.post(path, {**form, "act": "preview"}).status_code


def _time(name: str, act: Callable[[], int], times: int = TIMES) -> None:
    taken, busy, answer = [], [], 0
    for _ in range(times):
        began, used = time.perf_counter(), time.process_time()
        answer = act()
        taken.append(time.perf_counter() - began)
        busy.append(time.process_time() - used)
    note = "" if answer == 200 else f" ({answer})"
    print(f"{name:40} {median(taken) * 1000:9.0f} ms, of it ours {median(busy) * 1000:8.0f} ms{note}", flush=True)


def _save(site: Site) -> None:
    """Save the rule for all products, and let the queue lane carry it out while somebody else keeps writing."""
    _time("save the rule for all products", lambda: site.post("/settings/rule", {**RULE, "act": "save"}).status_code, 1)
    with _other_writer(site) as other:
        run_lanes.run_queue(site.parts, SHOP, lambda parts, shop: None)
        took = time.perf_counter() - other.began
    print(f"{'carrying it out: how all of it sells':40} {other.sold_s:9.1f} s", flush=True)
    print(f"{'carrying it out: who waits for what, too':40} {took:9.1f} s", flush=True)
    print(
        f"{'others waited to write, at most':40} {max(other.waits) * 1000:9.0f} ms, {len(other.waits)} times",
        flush=True,
    )


class _Other:
    """Somebody who writes ten times a second: how long each had to wait, and when they saw all variants decided."""

    def __init__(self, site: Site) -> None:
        self._database = site.parts.database
        self.began, self.sold_s = time.perf_counter(), 0.0
        self.waits: list[float] = []
        self.over = threading.Event()

    def write(self) -> None:
        while not self.over.wait(0.1):
            began = time.perf_counter()
            try:
                with self._database.begin():
                    pass
            except Conflict:
                print("somebody who wanted to write gave up", flush=True)
            self.waits.append(time.perf_counter() - began)
            with self._database.read() as tx:
                whole = whole_reviews.under_way(tx, SHOP)
            if whole is not None and whole.stage == whole_reviews.ITEMS and not self.sold_s:
                self.sold_s = time.perf_counter() - self.began


@contextmanager
def _other_writer(site: Site) -> Iterator[_Other]:
    other = _Other(site)
    thread = threading.Thread(target=other.write)
    thread.start()
    yield other
    other.over.set()
    thread.join()


@contextmanager
def _database(kind: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        if kind == "sqlite":
            yield SqliteDatabases(Path(folder)).with_tables()
            return
        server = start_postgres(os.environ.get("TEST_DATABASE_URL"))
        databases = PostgresDatabases(server)
        yield databases.with_tables()
        databases.close()
        server.stop()


if __name__ == "__main__":
    main()
