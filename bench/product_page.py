"""A product page in Chromium with our block and without: largest paint, and how much moves on load and at a key."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from devstore import installing
from devstore.app_config import AppConfig, ConfiguredMetafield
from devstore.catalog import load_catalog
from devstore.seeding import open_store
from devstore.serving import served
from devstore.storefront import create_storefront
from devstore.world import Metafield, StoreClock, Stores, World
from tools.browser import FLAGS, find_chromium

ROOT = Path(__file__).parents[1]
SHOP = "bench.myshopify.com"
LOADS = 9
BADGE = ConfiguredMetafield("PRODUCTVARIANT", "$app", "backorder", "json", "Backorder", "MERCHANT_READ", "PUBLIC_READ")
COVERED = {"v": 1, "state": "covered", "say": "ships", "from": "2026-12-12", "to": "2026-12-19", "cancel": True}
WATCH = """
  window.seen = { lcp: 0, cls: 0, all: 0 };
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => { seen.lcp = entry.startTime; }))
    .observe({ type: 'largest-contentful-paint', buffered: true });
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    seen.all += entry.value;
    if (!entry.hadRecentInput) seen.cls += entry.value;
  })).observe({ type: 'layout-shift', buffered: true });
"""


def main() -> None:
    world, stores, config = _store()
    app = create_storefront(stores, SHOP, app_folder=ROOT, config=config)
    with served(app) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(os.environ), args=list(FLAGS))
        print(f"load {os.getloadavg()[0]:.1f}; medians of {LOADS} loads at 390 px; ms, and shifts summed")
        for family in ("dawn", "horizon"):
            for block in (False, True):
                world.theme.has_block = block
                seen = [_visit(browser, f"{url}/products/winter-boots?family={family}") for _ in range(LOADS)]
                figures = {name: median(one[name] for one in seen) for name in ("lcp", "first", "cls", "all")}
                print(
                    f"{family:8}{'with' if block else 'without':9} LCP {figures['lcp']:5.0f}, of it"
                    f" {figures['lcp'] - figures['first']:4.0f} after the first byte  CLS {figures['cls']:.4f}"
                    f"  with shifts after a key {figures['all']:.4f}"
                )
        browser.close()


def _visit(browser: Browser, address: str) -> dict[str, float]:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.locator('fieldset:has(legend:has-text("Size")) input:checked').focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(400)
    # What Liquid takes is devstore's own engine in Python here: what the browser does begins with the answer.
    seen: dict[str, float] = page.evaluate(
        "({ ...seen, first: performance.getEntriesByType('navigation')[0].responseStart })"
    )
    context.close()
    return seen


def _store() -> tuple[World, Stores, AppConfig]:
    stores = Stores(StoreClock(datetime(2026, 11, 21, 10, tzinfo=UTC)))
    open_store(stores, SHOP, load_catalog(1))
    world = stores.first
    scopes = ("write_products", "write_orders")
    config = AppConfig("key", "secret", handle="holdfast", name="Holdfast", scopes=scopes, metafields=(BADGE,))
    installing.install(world, config)
    boots = next(one for one in world.products.values() if one.handle == "winter-boots")
    for variant in world.variants_of(boots)[1:]:
        for level in world.levels_of(variant.inventory_item_id):
            level.stored["available"] = 0
        variant.policy = "CONTINUE"
        key = (variant.gid, config.namespace("$app"), "backorder")
        field = Metafield(world.id("Metafield"), *key, "json", json.dumps(COVERED), world.now(), world.now())
        world.metafields[key] = field
    return world, stores, config


if __name__ == "__main__":
    main()
