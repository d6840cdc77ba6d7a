"""The badge in two themes, light and dark: every state, switched by keyboard; nothing moves, axe finds nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, TimeoutError

from devstore import installing
from devstore.app_config import AppConfig
from devstore.world import Variant, World
from tests.devstore_surfaces.conftest import put_badge

SAYS = {
    '"covered", "from": "2026-12-12", "to": "2026-12-19", "cancel": true': "ships around 12–19 December",
    '"reserved", "from": "2027-01-04", "reserved": "2026-12-12"': "The 12 December delivery is already reserved.",
    '"usual", "wait": [3, 4]': "usually ships in 3 to 4 weeks",
    '"no_date", "review": "2026-12-01"': "no date yet",
    '"late", "from": "2026-12-24", "to": "2027-01-02"': "delivery delayed, now around",
    '"late_unknown", "review": "2026-12-01"': "new date to come",
    '"limit", "next": "2026-12-12"': "Sold out for now",
    '"preorder", "kind": "preorder", "from": "2026-12-30"': "Pre-order: releases 30 December",
}
# Every shift counts, also those within half a second of a key, which the metric leaves out; and every change of what a
# screen reader says, once the page stands.
WATCH = """
  window.shifts = []; window.heard = [];
  const what = ({ node }) => {
    const at = node?.parentElement;
    if (at?.closest('.hf-promise__text')) return 'line of the badge';
    return at?.closest('[name="add"]') ? 'button' : node?.nodeName;
  };
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    if (entry.value) window.shifts.push([entry.value, ...entry.sources.map(what)]);
  }))
    .observe({ type: 'layout-shift', buffered: true });
  new MutationObserver((list) => {
    const element = (node) => (node.nodeType === Node.TEXT_NODE ? node.parentElement : node);
    const places = new Set(list.map(({ target }) => element(target)?.closest?.('[role="status"]')).filter(Boolean));
    if (document.readyState !== 'loading') places.forEach((place) => window.heard.push(place.innerText));
  }).observe(document, { subtree: true, childList: true, characterData: true });
"""
LOOKS = [("dawn", "light"), ("dawn", "dark"), ("horizon", "light"), ("horizon", "dark")]


@pytest.fixture
def page(page: Page) -> Page:
    """A page that keeps count of what moves and of what a screen reader says."""
    page.add_init_script(WATCH)
    return page


@dataclass(frozen=True)
class Step:
    """A key that chooses a variant, and what its badge says then."""

    option: str
    key: str
    variant: Variant
    text: str


@pytest.fixture
def steps(world: World, config: AppConfig) -> list[Step]:
    """Winter boots, of which black 40 is in stock: up the sizes in black, over to oak, and down again; a state each."""
    installing.install(world, config)
    world.theme.has_block = True
    boots = next(one for one in world.products.values() if one.handle == "winter-boots")
    named = {variant.choices: variant for variant in world.variants_of(boots)}
    stock(world, named["Black", "40"], 5)
    way = [("Size", "ArrowRight", "Black", size) for size in ("41", "42", "43", "44")]
    way += [("Colour", "ArrowRight", "Oak", "44")]
    way += [("Size", "ArrowLeft", "Oak", size) for size in ("43", "42", "41")]
    found = []
    for (option, key, colour, size), (data, text) in zip(way, SAYS.items(), strict=True):
        variant = named[colour, size]
        stock(world, variant, 0)
        variant.policy = "DENY" if data.startswith('"limit"') else "CONTINUE"
        put_badge(world, config, variant, '{"v": 1, "say": "ships", "state": ' + data + "}")
        found.append(Step(option, key, variant, text))
    return found


def stock(world: World, variant: Variant, units: int) -> None:
    for level in world.levels_of(variant.inventory_item_id):
        level.stored["available"] = units


def spoken(page: Any, at: int = 0) -> str:
    return " ".join(page.locator(".hf-promise__text").nth(at).inner_text().replace("\u2060", "").split())


def violations(page: Any, context: str | None = None) -> list[str]:
    found = Axe().run(page, context=context) if context else Axe().run(page)
    return [f"{one['id']} {one['nodes'][0]['target']}" for one in found.response["violations"]]


def wait_for(page: Any, text: str, at: int = 0) -> None:
    """Until a badge says it, blanks and marks apart; what it says instead when it never does."""
    plain = (
        "document.querySelectorAll('.hf-promise__text')[at].innerText.replaceAll('\\u2060', '').replace(/\\s+/g, ' ')"
    )
    try:
        page.wait_for_function(f"([at, text]) => {plain}.includes(text)", arg=[at, text], timeout=30_000)
    except TimeoutError as exc:
        raise AssertionError(f"{text!r} is not in {spoken(page, at)!r}") from exc


@pytest.mark.parametrize(("family", "scheme"), LOOKS)
def test_every_state_is_reached_by_keyboard_said_once_and_moves_nothing(
    page: Any, shop_url: str, steps: list[Step], family: str, scheme: str
) -> None:
    events = "standard" if scheme == "light" else family
    page.goto(f"{shop_url}/products/winter-boots?family={family}&scheme={scheme}&theme={events}")
    page.wait_for_load_state("networkidle")
    assert spoken(page) == ""
    assert page.evaluate("heard") == []
    assert violations(page) == []
    for step in steps:
        page.locator(f'fieldset:has(legend:has-text("{step.option}")) input:checked').focus()
        page.evaluate("heard.length = 0")
        page.keyboard.press(step.key)
        wait_for(page, step.text)
        page.wait_for_timeout(100)
        assert len(page.evaluate("heard")) == 1, page.evaluate("heard")
        assert page.evaluate("document.activeElement.value") in step.variant.choices
        assert violations(page, "hf-promise") == []
        sent = page.evaluate("Object.fromEntries(new FormData(document.querySelector('[name=add]').form))")
        assert sent["id"] == str(step.variant.id)
        assert ("properties[Estimated when ordered]" in sent) is ("Sold out" not in step.text), step.text
    # A theme that keeps nodes moves its button's words, and the badge's second line, each within its own room.
    kept = {"line of the badge", "button"} if family == "horizon" else set()
    assert {source for _, *sources in page.evaluate("shifts") for source in sources} <= kept


@pytest.mark.parametrize("family", ["dawn", "horizon"])
def test_quick_buy_and_a_featured_product_mind_their_own_variant(
    page: Any, shop_url: str, steps: list[Step], family: str
) -> None:
    bought, featured = steps[0], steps[2]
    page.goto(f"{shop_url}/collections/all?family={family}")
    page.locator('[data-quick*="winter-boots"]').click()
    page.locator('dialog .choice:has(input[value="41"])').click()
    wait_for(page, bought.text)
    assert violations(page, "dialog") == []
    page.goto(f"{shop_url}/?family={family}")
    section = page.locator("#shopify-section-template--index__featured")
    assert section.locator("h2").inner_text() == "Winter Boots"
    page.locator('[data-quick*="winter-boots"]').first.click()
    page.locator('dialog .choice:has(input[value="41"])').click()
    wait_for(page, bought.text, 1)
    assert spoken(page, 0) == ""
    page.locator("[data-close]").click()
    section.locator('.choice:has(input[value="43"])').click()
    wait_for(page, featured.text, 0)
    assert violations(page) == []
    page.evaluate("document.querySelector('dialog').showModal()")
    assert bought.text in spoken(page, 1)
