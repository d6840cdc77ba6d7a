"""The whole story as people live it, in a real browser: a merchant in her admin, her customers in the shop."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.running import RunningApp
from tools.hands import soon
from tools.people import Merchant, Product, Shopper

SKU = "WB-BLK-42"
BOOTS = Product("winter-boots", ("42",))
PLACE = "Berlin warehouse"

MakePage = Callable[[], Page]


@pytest.fixture
def new_page(browser: Browser) -> Iterator[MakePage]:
    """Makes a page with cookies of its own for every person; no script may fail on any of them."""
    contexts, problems = [], []

    def make() -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
        return page

    yield make
    for context in contexts:
        context.close()
    assert problems == []


class Story:
    """One merchant, and what she has done so far."""

    def __init__(self, app: RunningApp, new_page: MakePage) -> None:
        self.running = app
        self.new_page = new_page
        self.merchant = Merchant(new_page(), app.urls)
        self.onlooker = self.shopper()
        self.today = date.fromisoformat(app.hands.ask("truth")["now"][:10])
        self.expected = self.today + timedelta(days=20)
        self.moved = self.expected + timedelta(days=10)

    def shopper(self, locale: str = "en") -> Shopper:
        return Shopper(self.new_page(), self.running.urls, locale)

    def policies(self) -> dict[str, str]:
        return {v["sku"]: v["policy"] for v in self.running.hands.ask("truth")["variants"]}


def long_day(day: date, *, german: bool = False) -> str:
    """A day as letters and badges write it: 11 December, 11. Dezember."""
    months = (
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
        if german
        else "January February March April May June July August September October November December"
    ).split()
    return f"{day.day}{'.' if german else ''} {months[day.month - 1]}"


@pytest.mark.timeout(480)
def test_a_merchant_and_her_customers_live_the_story(running_app: RunningApp, new_page: MakePage):
    story = Story(running_app, new_page)
    before = story.policies()
    installs_and_sees_the_first_reading(story)
    sees_what_she_owes(story)
    assert story.policies() == before, "installing changes nothing in the store"
    sets_the_rule_after_its_preview(story)
    puts_the_badge_into_the_theme(story)
    sends_herself_the_mail(story)
    the_last_pairs_are_sold(story)
    a_delivery_gives_a_date(story)
    late_dora = a_slow_shopper_fills_her_cart(story)
    anna = anna_orders(story)
    ben = ben_orders_in_german(story)
    the_limit_closes(story, late_dora)
    the_delivery_slips(story, anna)
    the_goods_arrive(story, anna, ben)
    the_rest_arrives_unannounced(story, ben)
    restores_her_settings(story)
    assert story.policies() == before
    assert running_app.ended() == []


def installs_and_sees_the_first_reading(story: Story) -> None:
    merchant = story.merchant
    merchant.install()
    steps = merchant.app.get_by_role("heading", name="First steps 0 of 4 done")
    reading = merchant.app.get_by_role("progressbar", name="First reading of your shop")
    expect(steps.or_(reading).first).to_be_visible()
    expect(steps).to_be_visible(timeout=60_000)  # the page looks by itself how far the reading is


def sees_what_she_owes(story: Story) -> None:
    merchant = story.merchant
    merchant.follow("See the list")
    owed = merchant.card("1. What you already owe")
    expect(owed).to_contain_text(re.compile(r"\d+ units in \d+ orders were owed before Holdfast came"))
    expect(owed.get_by_role("row")).not_to_have_count(0)
    merchant.press("I have seen it, tell nobody", owed)
    expect(owed).to_contain_text("Seen")


def sets_the_rule_after_its_preview(story: Story) -> None:
    merchant = story.merchant
    merchant.set_rule(limit=5, wait=(3, 4))
    merchant.press("See what changes")
    expect(merchant.app.get_by_role("heading", name="Before you save")).to_be_visible()
    expect(merchant.app.locator("main")).to_contain_text("up to 5")
    expect(merchant.app.locator("main")).to_contain_text("Backordering is still off")
    merchant.press("Save and turn backordering on")
    merchant.open_app("/settings")
    expect(merchant.app.get_by_role("heading", name="Backordering is on")).to_be_visible()


def puts_the_badge_into_the_theme(story: Story) -> None:
    merchant = story.merchant
    merchant.open_app("/first-run")
    badge = merchant.card("3. Put the badge on your product page")
    expect(badge).to_contain_text("Badge is not in your published theme yet")
    badge.get_by_role("link", name="Open the theme editor").click()
    expect(merchant.page.get_by_text("not saved yet")).to_be_visible()
    merchant.page.get_by_role("button", name="Save").click()
    expect(merchant.page.get_by_text("not saved yet")).to_be_hidden()
    merchant.open_app("/first-run")
    expect(badge).to_contain_text("Badge is live in your published theme")


def sends_herself_the_mail(story: Story) -> None:
    merchant = story.merchant
    merchant.app.get_by_label("Send a test mail to").fill("merchant@example.com")
    merchant.press("Send test mail")
    letter = merchant.read_mail("merchant@example.com", "Test: ")
    expect(letter.locator("body")).to_contain_text("No customer got this")
    merchant.open_app("/first-run")
    merchant.press("It arrived: switch mail on")
    expect(merchant.card("4. Try it on one product, and send yourself the mail")).to_contain_text("Mail is on")


def the_last_pairs_are_sold(story: Story) -> None:
    onlooker = story.onlooker
    onlooker.look_at(BOOTS)
    expect(onlooker.page.get_by_role("button", name="Add to cart")).to_be_enabled()
    expect(onlooker.badge).to_be_empty()
    story.shopper().buy(BOOTS, 3, "Clara")
    assert "Our estimate" in onlooker.read_badge(BOOTS, "On backorder: usually ships in 3 to 4 weeks")
    expect(onlooker.page.get_by_role("button", name="Add to cart")).to_be_enabled()


def a_delivery_gives_a_date(story: Story) -> None:
    merchant = story.merchant
    merchant.open_app("/deliveries")
    merchant.follow("Enter a delivery")
    merchant.app.get_by_label("Supplier").fill("Acme Footwear")
    merchant.app.get_by_label("Reference").fill("PO 118")
    merchant.app.get_by_label("Arrives at").select_option(label=PLACE)
    merchant.app.get_by_label("Expected there on").fill(story.expected.isoformat())
    merchant.app.get_by_label("SKU, row 1").fill(SKU)
    merchant.app.get_by_label("Units, row 1").fill("4")
    merchant.press("Save delivery")
    expect(merchant.app.get_by_role("heading", name="Acme Footwear PO 118")).to_be_visible()
    assert "You pay today" in story.onlooker.read_badge(BOOTS, "On backorder: ships around")


def a_slow_shopper_fills_her_cart(story: Story) -> Shopper:
    dora = story.shopper()
    dora.read_badge(BOOTS, "On backorder: ships around")
    dora.put_in_cart(1)
    expect(dora.page.get_by_text("Estimated when ordered")).to_be_visible()
    dora.go_to_checkout("Dora")
    return dora


def anna_orders(story: Story) -> str:
    order = story.shopper().buy(BOOTS, 2, "Anna")
    letter = story.merchant.read_mail("anna@example.com", f"Order {order}: ")
    expect(letter.locator("body")).to_contain_text("Your order is on backorder")
    expect(letter.locator("body")).to_contain_text("2 × Winter Boots")
    expect(letter.locator("body")).to_contain_text("cancel the waiting part for a full refund")
    story.merchant.see_tag(order, tagged=True)
    return order


def ben_orders_in_german(story: Story) -> str:
    ben = story.shopper("de")
    ben.read_badge(BOOTS, "Auf Nachbestellung: Versand voraussichtlich")
    order = ben.buy(BOOTS, 3, "Ben")
    letter = story.merchant.read_mail("ben@example.com", order)
    expect(letter.locator("body")).to_contain_text("3 bis 4 Wochen")  # his third pair is beyond the delivery
    expect(letter.locator("body")).to_contain_text("3 × Winter Boots")
    return order


def the_limit_closes(story: Story, late_dora: Shopper) -> None:
    story.onlooker.read_badge(BOOTS, "Sold out for now")
    expect(story.onlooker.page.get_by_role("button", name="Sold out")).to_be_disabled()
    late_dora.place_order()
    expect(late_dora.problem).to_have_text("Winter Boots (Black / 42) is sold out.")


def the_delivery_slips(story: Story, anna: str) -> None:
    merchant = story.merchant
    merchant.open_app("/deliveries")
    merchant.follow("Acme Footwear PO 118")
    merchant.app.get_by_label(f"Expected at {PLACE} on").fill(story.moved.isoformat())
    merchant.app.get_by_label("Why, for your customers").fill("The factory is late.")
    merchant.press("See what it means")
    facts = merchant.app.locator("dl.facts > div")
    expect(facts.filter(has_text="Orders that wait on it")).to_contain_text("2")
    expect(facts.filter(has_text="Mails it makes")).to_contain_text("1")
    expect(facts.filter(has_text="Told a second time")).to_contain_text("0")
    merchant.press("Save the new date")
    expect(merchant.app.get_by_role("status")).to_contain_text("The new date is saved")
    waiting = merchant.app.get_by_role("row").filter(has_text=anna)

    def mail_is_due() -> bool:
        merchant.open_app("/mail")
        return waiting.get_by_text("not before").is_visible()

    soon("Anna's mail waits half an hour, in case the date was mistyped", mail_is_due)
    merchant.wait_for("hour")
    letter = merchant.read_mail("anna@example.com", "will now ship around")
    expect(letter.locator("body")).to_contain_text("Later than we said")
    expect(letter.locator("body")).to_contain_text("Why: The factory is late.")
    expect(letter.locator("body")).to_contain_text("Before: ")


def the_goods_arrive(story: Story, anna: str, ben: str) -> None:
    merchant = story.merchant
    merchant.page.goto(merchant.store)
    merchant.wait_for("week", 4)
    merchant.book_in(SKU, PLACE, 4)
    merchant.see_tag(anna, tagged=False)
    merchant.see_tag(ben, tagged=True)  # one of his three pairs is still to come
    letter = merchant.read_mail("anna@example.com", "in stock and set aside for you")
    expect(letter.locator("body")).to_contain_text("What you were waiting for is here")


def the_rest_arrives_unannounced(story: Story, ben: str) -> None:
    merchant = story.merchant
    merchant.book_in(SKU, PLACE, 10)
    merchant.open_app("/products")
    merchant.app.get_by_label("Search by product").fill(SKU)
    merchant.press("Search")
    merchant.follow("Winter Boots")
    expect(merchant.page).to_have_url(re.compile(r"/products/\d+$"))
    boots = merchant.page.url

    def is_seen() -> bool:
        merchant.page.goto(boots)
        expect(merchant.app.locator("main")).to_be_visible()
        return merchant.app.get_by_text("unexplained").is_visible()

    soon("The product's page shows the rise nobody explained", is_seen)
    merchant.wait_for("hour")  # the shop accepts such a rise after a quarter of it
    merchant.see_tag(ben, tagged=False)
    letter = merchant.read_mail("ben@example.com", "eingetroffen und für Sie zurückgelegt")
    expect(letter.locator("body")).to_contain_text("Worauf Sie gewartet haben, ist da")
    assert story.onlooker.read_badge(BOOTS, "") == ""
    merchant.open_app()
    expect(merchant.app.locator(".figure").filter(has_text="units owed")).to_be_visible()


def restores_her_settings(story: Story) -> None:
    merchant = story.merchant
    merchant.open_app("/settings")
    merchant.press("Restore my original settings…")
    merchant.press("Restore")
    expect(merchant.app.get_by_role("status")).to_contain_text("your original settings are being put back")
    expect(merchant.app.get_by_role("heading", name="Backordering is off")).to_be_visible()
    left = merchant.card("Leaving")

    def is_done() -> bool:
        merchant.open_app("/settings")
        return "no variant has to go back" in left.inner_text()

    soon("Nothing is left to put back", is_done)
