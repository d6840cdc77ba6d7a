"""LCP and CLS of the merchant's pages in Chromium, inside the local admin's frame, on a desk and on a slow phone.

LCP counts from the frame's own navigation, as Shopify's Web Vitals do. CLS is the sum of every shift without input,
which is never less than the worst window that Shopify counts.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tools.browser import FLAGS, find_chromium
from tools.demo import pick_ports, running_demo
from tools.demo_urls import DemoUrls
from tools.hands import Hands
from tools.people import Merchant
from tools.pictures import HIKERS, SKU

TIMES = 5
LATECOMERS_MS = 1200  # what comes after the page's own load: the badge's report, fonts, images
MOST_LCP_MS, MOST_CLS = 2500, 0.1  # Built for Shopify
WATCH = """
window.vitals = { lcp: 0, cls: 0 };
new PerformanceObserver((list) => { for (const e of list.getEntries()) vitals.lcp = e.startTime; })
  .observe({ type: "largest-contentful-paint", buffered: true });
new PerformanceObserver((list) => { for (const e of list.getEntries()) if (!e.hadRecentInput) vitals.cls += e.value; })
  .observe({ type: "layout-shift", buffered: true });
"""


@dataclass(frozen=True)
class Screen:
    """`slower`: how many times slower than this machine its processor is."""

    name: str
    width: int
    height: int
    slower: int


SCREENS = (Screen("desk", 1280, 860, 1), Screen("slow phone", 390, 844, 4))


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder,
        running_demo(Path(folder), pick_ports({})) as demo,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=str(find_chromium(os.environ)), args=list(FLAGS))
        hands = Hands(demo.urls)
        fill(browser, demo.urls, hands)
        number = hands.variant(SKU)["id"]
        load = os.getloadavg()[0]
        print(f"load {load:.1f}; {TIMES} times each; aims: LCP {MOST_LCP_MS} ms, CLS {MOST_CLS}", flush=True)
        for screen in SCREENS:
            for path in ("", "/settings", "/products", f"/products/{number}"):
                with opened(browser, screen) as page:
                    found = [measure(page, Merchant(page, demo.urls), path) for _ in range(TIMES)]
                lcp, cls = [lcp for lcp, _ in found], [cls for _, cls in found]
                name = path.replace(str(number), "<variant>") or "/"
                print(
                    f"{screen.name:<11}{name:<22}LCP {median(lcp):6.0f} ms, worst {max(lcp):6.0f}; CLS {max(cls):.3f}",
                    flush=True,
                )
        browser.close()


def fill(browser: Browser, urls: DemoUrls, hands: Hands) -> None:
    """Install, set a rule, sell a little: pages with something on them."""
    with opened(browser, SCREENS[0]) as page:
        merchant = Merchant(page, urls)
        merchant.install()
        expect(merchant.app.get_by_role("heading", name="First steps")).to_be_visible(timeout=60_000)
        merchant.open_app("/first-run")
        merchant.set_rule(limit=20, wait=(3, 4))
        merchant.press("See what changes")
        merchant.press("Save and turn backordering on")
    for sku in (SKU, HIKERS):
        for name in ("Anna", "Ben", "Clara"):
            hands.buy(sku, 2, name)


@contextmanager
def opened(browser: Browser, screen: Screen) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": screen.width, "height": screen.height})
    context.add_init_script(WATCH)
    page = context.new_page()
    if screen.slower > 1:
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": screen.slower})
    try:
        yield page
    finally:
        context.close()


def measure(page: Page, merchant: Merchant, path: str) -> tuple[float, float]:
    """LCP in ms and CLS of one load, once everything has come."""
    merchant.open_app(path)
    page.wait_for_timeout(LATECOMERS_MS)
    found: dict[str, float] = merchant.app.locator("body").evaluate("() => window.vitals")
    return found["lcp"], found["cls"]


if __name__ == "__main__":
    main()
