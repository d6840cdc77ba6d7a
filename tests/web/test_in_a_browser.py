"""The pages in a browser: nothing for axe to find, nothing wider than the screen, forms that answer in place."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import text, update

from plugin.adapters.database import tables as t
from plugin.services.erase_customer import note_data_request
from tests.web import seeding
from tests.web.page_list import NOT_PAGES, PATHS, POSTED, covered, endpoints
from tests.web.site import Site, id_token


@pytest.fixture(params=["sqlite"])
def databases(request: pytest.FixtureRequest, sqlite_databases: object) -> object:
    """One database is enough: what differs here is the screen."""
    return sqlite_databases


# What moved by itself, and what was named by nobody: asked of every page.
WATCH = """
window.moved = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.moved += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
# Names controls that the Tab key reaches after something that stands below them, and those that show no focus.
WALK = """
() => {
  const found = [], name = (e) => e.outerHTML.slice(0, 90);
  const seen = (e) => e.checkVisibility() && e.getClientRects().length && !e.closest(".visually-hidden");
  const kinds = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  const all = [...document.querySelectorAll(`main :is(${kinds})`)];
  const reached = all.filter((e) => !e.disabled && e.type !== "hidden" && seen(e));
  const boxes = reached.map((e) => e.getBoundingClientRect());
  let last = null;
  for (const [n, now] of reached.entries()) {
    const box = boxes[n], floats = Boolean(now.closest(".save-row"));
    const beside = last && (box.right <= last.left || box.left >= last.right);
    if (last && !floats && !beside && box.bottom <= last.top + 1) found.push("goes back up: " + name(now));
    if (now.tabIndex > 0) found.push("jumps the queue: " + name(now));
    now.focus({ preventScroll: true });
    const style = getComputedStyle(now);
    if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) found.push("shows no focus: " + name(now));
    if (!floats) last = box;
  }
  return found;
}
"""


def arrive(page: Page, address: str) -> None:
    """Open a page by way of the one that fetches a token, and wait until its scripts listen."""
    page.goto(address)
    page.wait_for_url("**id_token=**")


def look(page: Page, what: str, width: int) -> list[str]:
    """What is wrong with the page as it stands."""
    problems = [f"{v['id']} {v['nodes'][0]['target']}" for v in Axe().run(page).response["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        problems.append(f"wider than {width} px")
    if (moved := page.evaluate("window.moved")) > 0.01:
        problems.append(f"moved by itself: {moved:.3f}")
    page.keyboard.press("Tab")  # from here on the browser shows focus as it does to whoever uses the keyboard
    return [f"{what}: {problem}" for problem in (*problems, *page.evaluate(WALK))]


def send(page: Page, action: str, fields: dict[str, str]) -> None:
    """Send a form as a page would, and wait for what comes back."""
    page.evaluate(
        """([action, fields]) => {
          const form = Object.assign(document.createElement("form"), { method: "post", action });
          for (const [name, value] of Object.entries(fields))
            form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
          document.querySelector("main").dataset.old = "yes";
          document.querySelector("main").append(form);
          form.requestSubmit();
        }""",
        [action, fields],
    )
    page.wait_for_selector("main:not([data-old])")


def test_the_list_of_pages_is_whole(site: Site) -> None:
    assert endpoints(site.app) - NOT_PAGES == covered(site.app)


@pytest.mark.parametrize("width", [1120, 320])
def test_every_page_fits_and_reads_in_order_and_axe_finds_nothing(
    page: Page, origin: str, site: Site, width: int
) -> None:
    with site.parts.database.begin() as tx:
        note_data_request(tx, seeding.SHOP, None, ["gid://shopify/Order/1041"], "request-1", seeding.NOW)
    page.set_viewport_size({"width": width, "height": 800})
    page.add_init_script(WATCH)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    for path in PATHS:
        page.goto(origin + path)
        page.wait_for_selector("main h1, main .answer")
        problems += look(page, path, width)
    for action, fields in POSTED:
        send(page, action, fields)
        problems += look(page, f"{action} {fields}", width)
    assert not problems, "\n".join(problems)


def test_pages_stand_without_script(browser: Browser, origin: str) -> None:
    """As far as the ID token allows: a document may be read with the token in its address."""
    context = browser.new_context(java_script_enabled=False, reduced_motion="reduce", forced_colors="active")
    bare = context.new_page()
    for path in ("/", "/first-run", "/settings", "/products", "/products/11", "/deliveries/1", "/mail"):
        bare.goto(f"{origin}{path}?id_token={id_token(seeding.SHOP)}")
        expect(bare.locator("main h1")).to_have_count(1)
        expect(bare.locator(".needs-script:visible, ui-save-bar:visible")).to_have_count(0)
        assert [form.get_attribute("method") for form in bare.locator("form:not([action])").all()] == []
    bare.goto(f"{origin}/settings?id_token={id_token(seeding.SHOP)}")
    expect(bare.get_by_role("button", name="Save", exact=True)).to_be_visible()
    context.close()


def test_one_save_bar_comes_with_a_change_and_guards_it(page: Page, origin: str) -> None:
    arrive(page, f"{origin}/settings")
    save = page.locator(".save-bar .primary")
    expect(save).to_be_hidden()
    page.select_option("[name=preview_locale]", "de")
    expect(page.locator("#samples")).to_contain_text("Versand voraussichtlich")
    expect(save).to_be_hidden()
    page.fill("#handling_days", "9")
    expect(save).to_be_visible()
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.get_by_role("button", name="Pause everything").click()
    page.wait_for_timeout(100)
    assert asked == ["You have changes that are not saved. Leave them?"]
    expect(page.locator("#handling_days")).to_have_value("9")
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("#handling_days")).to_have_value("1")
    expect(save).to_be_hidden()


def test_a_button_pressed_as_soon_as_it_is_there_saves(page: Page, origin: str) -> None:
    """Someone quick, or a slow line: no form may stand on the page before the script that sends it."""

    def late(route: Route) -> None:
        time.sleep(1)
        route.continue_()

    page.route("**/assets/forms.js*", late)
    page.goto(f"{origin}/settings", wait_until="commit")
    page.fill("#handling_days", "9")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    expect(page.locator("#handling_days")).to_have_value("9")


def test_what_fails_on_our_side_takes_nothing_typed_with_it(page: Page, origin: str, site: Site) -> None:
    arrive(page, f"{origin}/settings")
    page.fill("#handling_days", "9")
    with site.parts.database.begin() as tx:
        tx.execute(text("alter table shop_settings rename to lost"))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#say")).to_contain_text("Nothing was changed. Try again in a minute.")
    expect(page.locator("#handling_days")).to_have_value("9")
    page.goto(f"{origin}/mail", wait_until="commit")
    expect(page.get_by_role("heading", name="Something went wrong on our side")).to_be_visible()
    assert Axe().run(page).response["violations"] == []


def test_a_wrong_field_is_shown_and_focused_and_a_right_one_saved(page: Page, origin: str) -> None:
    arrive(page, f"{origin}/settings")
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
    arrive(page, f"{origin}/settings")
    expect(page.locator("#samples")).to_contain_text("ships around")
    page.get_by_label("Back in stock around").check()
    expect(page.locator("#samples")).to_contain_text("back in stock around")


def test_an_unreachable_server_is_said_and_nothing_is_lost(page: Page, origin: str) -> None:
    arrive(page, f"{origin}/settings")
    page.fill("#handling_days", "9")
    save = page.get_by_role("button", name="Save", exact=True)
    page.route("**/settings", lambda route: route.abort())
    page.context.set_offline(True)
    save.click()
    expect(page.locator("#say")).to_contain_text("You are offline, so nothing was sent.")
    page.context.set_offline(False)
    save.click()  # it may have arrived: only the answer is missing
    expect(page.locator("#say")).to_contain_text("we cannot say whether this was saved")
    expect(page.locator("#handling_days")).to_have_value("9")
    expect(save).to_be_enabled()
    page.unroute("**/settings")
    page.route("**/settings", lambda route: route.fulfill(status=303, headers={"Location": "/no-such-page"}))
    save.click()  # what follows an act may fail, and the act is done all the same
    expect(page.locator("#say")).to_contain_text("This is saved")
    page.unroute("**/settings")
    page.route("**/settings", lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>"))
    save.click()
    expect(page.locator("#say")).to_contain_text("we cannot say whether this was saved")
    page.evaluate("location.hash = 'leaving'")  # a link within the page
    page.wait_for_timeout(200)
    expect(page.locator("#handling_days")).to_have_value("9")


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
