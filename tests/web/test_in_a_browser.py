"""The pages in a browser: nothing for axe to find, nothing wider than the screen, forms that answer in place."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import update

from plugin.adapters.database import tables as t
from tests.web.site import Site

PATHS = [
    "/",
    "/first-run",
    "/settings",
    "/settings/rules/new",
    "/settings/rules/new?product=111",
    "/settings/rules/1",
    "/products",
    "/products/11",
    "/products/13",
    "/deliveries",
    "/deliveries/new",
    "/deliveries/1",
    "/deliveries/1/edit",
    "/deliveries/1/unmatch/1",
    "/deliveries/import",
    "/first-run/tell",
    "/mail",
    "/mail/3",
    "/mail/waiting-for-you?cause=delivery/1/date/2",
]


@pytest.fixture(params=["sqlite"])
def databases(request: pytest.FixtureRequest, sqlite_databases: object) -> object:
    """One database is enough: what differs here is the screen."""
    return sqlite_databases


@pytest.mark.parametrize("width", [1120, 320])
def test_every_page_fits_and_axe_finds_nothing(page: Page, origin: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    for path in PATHS:
        page.goto(origin + path)
        page.wait_for_selector("main h1, main .answer")
        found = Axe().run(page)
        problems += [f"{path}: {v['id']} {v['nodes'][0]['target']}" for v in found.response["violations"]]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append(f"{path}: wider than {width} px")
    assert problems == []


def test_a_wrong_field_is_shown_and_focused_and_a_right_one_saved(page: Page, origin: str) -> None:
    page.goto(f"{origin}/settings")
    page.get_by_text("Working days, days off").click()
    page.fill("#holidays", "Christmas")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#holidays-error")).to_contain_text("is not a day")
    expect(page.locator("#holidays")).to_be_focused()
    expect(page.locator("#holidays")).to_have_value("Christmas")
    page.fill("#holidays", "2027-05-03")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    assert page.url == f"{origin}/settings?done=saved"
    expect(page.locator("#holidays")).to_have_value("2027-05-03")


def test_the_sample_follows_the_form(page: Page, origin: str) -> None:
    page.goto(f"{origin}/settings")
    expect(page.locator("#samples")).to_contain_text("ships around")
    page.get_by_label("Back in stock around").check()
    expect(page.locator("#samples")).to_contain_text("back in stock around")


def test_an_unreachable_server_is_said_and_nothing_is_lost(page: Page, origin: str) -> None:
    page.goto(f"{origin}/settings")
    page.fill("#handling_days", "9")
    page.route("**/settings", lambda route: route.abort())
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#say")).to_contain_text("Nothing was changed")
    expect(page.locator("#handling_days")).to_have_value("9")
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_enabled()


def test_the_first_reading_turns_into_home_by_itself(page: Page, origin: str, site: Site) -> None:
    with site.parts.database.begin() as tx:
        tx.execute(update(t.syncs).values(state="variants", lines_done=10, lines_total=100))
    page.goto(origin)
    expect(page.locator("#progress")).to_contain_text("10 of 100 lines")
    with site.parts.database.begin() as tx:
        tx.execute(update(t.syncs).values(lines_done=90))
    expect(page.locator("#progress")).to_contain_text("90 of 100 lines")
    with site.parts.database.begin() as tx:
        tx.execute(update(t.syncs).values(state="done"))
    expect(page.locator(".answer")).to_contain_text("things need you")


def test_the_badge_report_of_app_bridge_reaches_the_page(page: Page, origin: str, site: Site) -> None:
    with site.parts.database.begin() as tx:
        tx.execute(update(t.shop_settings).values(badge_seen_at=None))
    page.goto(f"{origin}/first-run")
    expect(page.locator("[data-badge-report]").first).to_contain_text("Badge is live")


def test_a_file_of_deliveries_is_uploaded_shown_and_saved(page: Page, origin: str, tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text(
        "supplier;reference;location;date;sku;units\nSöhne;PO-71;Kendal warehouse;2027-06-12;TARN-2P;12\n",
        encoding="utf-8-sig",
    )
    page.goto(f"{origin}/deliveries/import")
    page.set_input_files("#file", listed)
    page.get_by_role("button", name="See what it becomes").click()
    expect(page.get_by_role("heading", name="1 delivery, 12 units")).to_be_visible()
    page.get_by_role("button", name="Save 1 delivery").click()
    expect(page.get_by_role("status")).to_contain_text("The deliveries are entered")
    expect(page.get_by_role("link", name="Söhne PO-71")).to_be_visible()
