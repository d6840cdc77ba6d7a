"""The block in a real browser: forms whose fields hide their own names, room taken, and what a screen reader needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.badge.theme import EXTENSION, Storefront, cases, instant, variant

if TYPE_CHECKING:
    from playwright.sync_api import Page

NOW = "2027-05-10T09:00:00Z"
VARIANTS = [
    variant(11, quantity=3),
    variant(12, data={"v": 1, "state": "covered", "say": "ships", "from": "2027-06-12", "cancel": True}),
]
# No id of its own, and fields named like the form's own properties, as some themes have.
FORM = """<form action="/cart/add">
  <label>Size <select name="id"><option value="11">41<option value="12">42</select></label>
  <input type="hidden" name="action" value="x"><button type="submit">Buy</button></form>"""


def show(page: Page, blocks: str, form: str = FORM) -> None:
    script = (EXTENSION / "assets" / "backorder.js").read_text()
    page.clock.set_fixed_time(NOW)
    page.set_content(
        f"<html lang='en'><head><title>Boots</title></head>"
        f"<body><main><h1>Boots</h1>{form}{blocks}</main><script>{script}</script></body></html>"
    )


def sent(page: Page) -> dict[str, str]:
    fields: dict[str, str] = page.evaluate("Object.fromEntries(new FormData(document.forms[0]))")
    return {name: value for name, value in fields.items() if name.startswith("properties")}


def test_choosing_a_variant_shows_its_lines_and_sends_its_estimate(page: Page) -> None:
    show(page, Storefront("en", instant(NOW)).block(VARIANTS))
    assert sent(page) == {}
    page.select_option("select", "12")
    page.get_by_text("On backorder: ships around 12 June").wait_for()
    assert sent(page) == {"properties[Estimated when ordered]": "12 June"}
    page.select_option("select", "11")
    page.wait_for_function("!document.querySelector('hf-promise').innerText")
    assert sent(page) == {}


def height(page: Page) -> float:
    found: float = page.locator("hf-promise").evaluate("badge => badge.getBoundingClientRect().height")
    return found


def test_a_product_with_nothing_to_say_takes_no_room(page: Page) -> None:
    show(page, Storefront("en", instant(NOW)).block(VARIANTS[:1]))
    assert height(page) == 0


def test_a_silent_variant_keeps_the_room_of_the_others_at_any_width(page: Page) -> None:
    show(page, Storefront("en", instant(NOW)).block(VARIANTS))
    for width in (320, 1200):
        page.set_viewport_size({"width": width, "height": 600})
        page.select_option("select", "11")
        silent = height(page)
        page.select_option("select", "12")
        page.get_by_text("On backorder: ships around 12 June").wait_for()
        assert height(page) == silent > 0


def test_it_passes_the_accessibility_checks(page: Page) -> None:
    show(page, Storefront("en", instant(NOW)).block(VARIANTS, chosen=1))
    assert Axe().run(page).response["violations"] == []


@pytest.mark.parametrize("locale", sorted({case["locale"] for case in cases()}))
def test_no_state_is_wider_than_a_phone(page: Page, locale: str) -> None:
    page.set_viewport_size({"width": 320, "height": 600})
    shop = Storefront(locale, instant(NOW), bound=True)
    show(page, "".join(shop.block([variant(11, **case)]) for case in cases() if case["locale"] == locale), "")
    assert page.locator("hf-promise").count() > 10
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
