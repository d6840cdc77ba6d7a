"""A merchant and her customers in a real browser: they open pages, read, click and type, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import FrameLocator, Locator, Page, expect

from tools.demo_urls import DemoUrls
from tools.hands import soon

APP = "holdfast"  # the app's handle in the admin
PATIENCE_MS = 45_000
A_MOMENT_MS = 700


class Merchant:
    """The merchant at her desk: the admin with the app in its frame, and the mail inbox."""

    def __init__(self, page: Page, urls: DemoUrls) -> None:
        self.page = page
        self.urls = urls
        self.store = f"{urls.admin}/store/{urls.shop.partition('.')[0]}"

    @property
    def app(self) -> FrameLocator:
        """What the app shows inside the admin."""
        return self.page.frame_locator("#app-frame")

    def open_app(self, path: str = "") -> None:
        """Open a page of the app and wait until it is there."""
        self.page.goto(f"{self.store}/apps/{APP}{path}")
        expect(self.app.locator("main")).to_be_visible(timeout=PATIENCE_MS)

    def install(self) -> None:
        """From the admin's home page through the grant to the app's first page."""
        self.page.goto(self.store)
        self.page.get_by_role("link", name="Install Holdfast").click()
        self.page.get_by_role("button", name="Install").click()
        expect(self.app.locator("main")).to_be_visible(timeout=PATIENCE_MS)

    def press(self, name: str, within: Locator | None = None) -> None:
        """Press a button of the app and wait for the page it leads to, or that comes back."""
        self._turn_page((within or self.app).get_by_role("button", name=name, exact=True))

    def follow(self, name: str) -> None:
        """Follow a link of the app and wait for its page: until then the old one stands, with fields of its own."""
        self._turn_page(self.app.get_by_role("link", name=name))

    def _turn_page(self, control: Locator) -> None:
        self.app.locator("main").evaluate("main => { main.dataset.old = 'yes' }")
        control.click()
        # Whether our script replaces <main> or another document comes, the mark is gone with the old page.
        try:
            expect(self.app.locator("main:not([data-old])")).to_be_visible(timeout=PATIENCE_MS)
        except AssertionError as error:
            error.add_note(f"The app still shows: {self.app.locator('body').inner_text()}")
            raise

    def card(self, title: str) -> Locator:
        """The card under a heading."""
        return self.app.locator(".card").filter(has=self.app.get_by_role("heading", name=title))

    def set_rule(self, *, limit: int, wait: tuple[int, int]) -> None:
        """Fill in the rule's sentence wherever it stands, without sending it."""
        self.app.get_by_label("Up to", exact=True).check()
        self.app.get_by_label("Units that may be owed at once").fill(str(limit))
        self.app.get_by_label("Usual wait from, weeks").fill(str(wait[0]))
        self.app.get_by_label("Usual wait to, weeks").fill(str(wait[1]))

    def book_in(self, sku: str, place: str, units: int) -> None:
        """Receive goods on the admin's inventory page."""
        self.page.goto(f"{self.store}/inventory?q={sku}")
        row = self.page.get_by_role("row").filter(has=self.page.get_by_role("button", name="Received"))
        row.get_by_label("Location").select_option(label=place)
        row.get_by_label("Units").fill(str(units))
        row.get_by_role("button", name="Received").click()
        expect(self.page.get_by_role("status")).to_contain_text(f"{place}: ")

    def wait_for(self, by: str, times: int = 1) -> None:
        """Let the store's time pass: `by` is hour, day or week."""
        for _ in range(times):
            clock = self.page.locator("#clock")
            before = clock.get_attribute("datetime")
            self.page.get_by_role("button", name=f"Move the clock ahead by 1 {by}").click()
            expect(clock).not_to_have_attribute("datetime", before or "", timeout=PATIENCE_MS)

    def read_mail(self, to: str, subject: str) -> FrameLocator:
        """Open the newest mail to somebody with these words in its subject, once it is there; what it looks like."""
        entry = self.page.get_by_role("link").filter(has_text=subject).filter(has_text=to)

        def arrived() -> bool:
            self.page.goto(f"{self.urls.mail}?q={to}")
            return entry.first.is_visible()

        soon(f"A mail to {to} says {subject!r}", arrived)
        entry.first.click()
        return self.page.frame_locator("iframe")

    def open_order(self, name: str) -> None:
        """Open an order in the admin by its name, such as #1042."""
        self.page.goto(f"{self.store}/orders")
        self.page.get_by_role("link", name=name, exact=True).click()
        expect(self.page.get_by_role("heading", name=name)).to_be_visible()

    def see_tag(self, name: str, *, tagged: bool) -> None:
        """Look at an order until it carries the tag, or carries it no longer."""
        tag = self.page.locator(".badge", has_text="backordered")

        def looks_so() -> bool:
            self.open_order(name)
            return tag.is_visible() is tagged

        soon(f"Order {name} {'is' if tagged else 'is no longer'} tagged", looks_so)


@dataclass(frozen=True)
class Product:
    """What a shopper picks."""

    handle: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Words:
    """The shop's own words a shopper clicks on, by language."""

    quantity: str
    add: str
    check_out: str
    email: str
    first_name: str
    last_name: str
    place: str


WORDS = {
    "en": Words("Quantity", "Add to cart", "Check out", "Email", "First name", "Last name", "Place order"),
    "de": Words(
        "Anzahl", "In den Warenkorb", "Zur Kasse", "E-Mail", "Vorname", "Nachname", "Zahlungspflichtig bestellen"
    ),
}


class Shopper:
    """Somebody in the shop, with a cart of their own."""

    def __init__(self, page: Page, urls: DemoUrls, locale: str = "en") -> None:
        self.page = page
        self.words = WORDS[locale]
        self.shop = urls.storefront + ("" if locale == "en" else f"/{locale}")

    @property
    def badge(self) -> Locator:
        """What the product page says about the next unit."""
        return self.page.locator(".hf-promise__text")

    @property
    def problem(self) -> Locator:
        """Why the shop refused."""
        return self.page.locator(".problem")

    def look_at(self, product: Product) -> None:
        """Open the product's page and pick the variant."""
        self.page.goto(f"{self.shop}/products/{product.handle}")
        for choice in product.choices:
            self.page.locator(f'.choice:has(input[value="{choice}"])').click()

    def read_badge(self, product: Product, words: str) -> str:
        """Come back to the page until the badge says these words; all it says then. Words may be none at all."""
        # A number and its unit are held together by another space than the keyboard's.
        wanted = re.compile(re.escape(words).replace(r"\ ", r"\s") if words else r"^\s*$")

        def says() -> bool:
            self.look_at(product)
            try:  # the badge follows the chosen variant a moment later
                expect(self.badge).to_have_text(wanted, timeout=A_MOMENT_MS)
            except AssertionError:
                return False
            return True

        soon(f"The badge says {words or 'nothing'!r}", says)
        return self.badge.inner_text().strip()

    def put_in_cart(self, units: int) -> None:
        """Add units of what is on the page."""
        self.page.get_by_label(self.words.quantity).fill(str(units))
        self.page.get_by_role("button", name=self.words.add).click()

    def go_to_checkout(self, first_name: str) -> None:
        """From the cart to a filled-in checkout form."""
        self.page.get_by_role("link", name=self.words.check_out).click()
        self.page.get_by_label(self.words.email).fill(f"{first_name.lower()}@example.com")
        self.page.get_by_label(self.words.first_name).fill(first_name)
        self.page.get_by_label(self.words.last_name).fill("Example")

    def place_order(self) -> None:
        self.page.get_by_role("button", name=self.words.place).click()

    def buy(self, product: Product, units: int, first_name: str) -> str:
        """All the way from the product page; the order's name on the last page."""
        self.look_at(product)
        self.put_in_cart(units)
        self.go_to_checkout(first_name)
        self.place_order()
        order = self.page.locator(".checkout-columns .vendor")
        expect(order).to_contain_text("#")
        return order.inner_text().split()[-1]
