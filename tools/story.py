"""The main story, played from install to a kept promise. Every step says what it claims, and the claim is checked."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

from tools.demo_urls import DemoUrls
from tools.hands import ClaimFailed, Hands, soon

SKU = "WB-BLK-42"
HANDLE = "winter-boots"
LIMIT = 5
QUIET_MINUTES = 31  # a moved date is told half an hour later, in case it was mistyped


def play(urls: DemoUrls) -> None:
    """
    Play the story against a freshly started demo.

    Raises:
        ClaimFailed: Names the first claim that does not hold.
    """
    Story(Hands(urls)).play()


class Story:
    """The steps of the story, in order; each can be played by itself once those before it were."""

    def __init__(self, hands: Hands) -> None:
        self.hands = hands
        self.began = time.monotonic()
        self.delivery = ""
        self.orders: dict[str, dict[str, Any]] = {}

    def play(self) -> None:
        self.install()
        self.first_sync()
        self.confirm_mail()
        self.set_the_limit()
        self.run_out()
        self.enter_a_delivery()
        self.shoppers_order()
        self.close_at_the_limit()
        self.the_delivery_slips()
        self.the_goods_arrive()
        self.look_back()

    def say(self, sentence: str) -> None:
        print(f"[{time.monotonic() - self.began:5.1f} s] {sentence}", flush=True)

    def claim(self, holds: object, sentence: str) -> None:
        if not holds:
            raise ClaimFailed(sentence)
        self.say(sentence)

    # --------------------------------------------------------------------------------------------------------

    def install(self) -> None:
        before = {v["sku"]: v["policy"] for v in self.hands.ask("truth")["variants"]}
        answer = self.hands.launch()
        self.claim(answer.status_code == 200, "A merchant installs Holdfast and sees its home page.")
        self.before = before

    def first_sync(self) -> None:
        soon("The first reading of the shop ends", lambda: "data-poll" not in self.hands.page("/"), 90)
        open_lines = sum(1 for order in self.hands.ask("truth")["orders"] for line in order["lines"] if line["open"])
        self.say(f"The whole shop has been read; {open_lines} lines of old orders were found unshipped.")
        after = {v["sku"]: v["policy"] for v in self.hands.ask("truth")["variants"]}
        self.claim(after == self.before, "Installing changed nothing in the store.")
        self.claim(not self.hands.mails(), "Installing mailed nobody.")

    def confirm_mail(self) -> None:
        self.hands.done("/settings/test-mail", {"to": "merchant@example.com"})
        self.hands.done("/settings/test-arrived", {})
        test = soon("The test mail arrives", lambda: self.hands.mails())
        self.claim(test[0]["to"] == ["merchant@example.com"] or "merchant@example.com" in str(test[0]["to"]),
                   "The merchant's test mail arrived, and mail is switched on.")  # fmt: skip

    def set_the_limit(self) -> None:
        rule = {
            "limit_mode": "up_to",
            "limit_units": str(LIMIT),
            "wait_from": "3",
            "wait_to": "4",
            "without_date": "stop",
        }
        preview = self.hands.submit("/settings/rule", {**rule, "act": "preview"})
        self.claim(preview.status_code == 200, "Before saving, the rule's preview names what opens and closes.")
        blank = self.hands.submit("/settings/rule", {**rule, "limit_units": "", "act": "preview"})
        self.claim(blank.status_code == 422, "'Up to' with no number is an error beside the field, not 'no limit'.")
        self.hands.done("/settings/rule", {**rule, "act": "save"})
        self.hands.done("/settings/switch", {"to": "on"})
        self.hands.control("theme", block=True)
        self.say(f"The rule is set: up to {LIMIT} of each, usual wait 3 to 4 weeks. The badge is in the theme.")

    def run_out(self) -> None:
        self.claim(self.hands.variant(SKU)["policy"] == "DENY", "While 3 pairs are in stock, the switch says stop.")
        order = self.hands.buy(SKU, 3, "Clara")
        self.claim(isinstance(order, dict), "A shopper buys the last 3 pairs.")
        variant = soon(
            "The variant becomes backorderable within seconds",
            lambda: (v := self.hands.variant(SKU))["policy"] == "CONTINUE" and v,
        )
        self.say("Sold out, the boots become backorderable by themselves.")
        self.variant_id = variant["id"]
        soon("The badge says the usual wait", lambda: "usually ships in 3 to 4 weeks" in self.badge())
        self.say(f'The product page says: "{self.badge()}".')
        german = self.badge("de")
        self.claim("3 bis 4 Wochen" in german, f'The German page says: "{german}".')

    def badge(self, locale: str = "") -> str:
        """What the badge says on the product page, as text."""
        page = self.hands.product_page(HANDLE, self.variant_id, locale)
        found = re.search(r'class="hf-promise__text"[^>]*>(.*?)</div>', page, re.S)
        inner = found.group(1) if found else ""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", inner)).split())

    def enter_a_delivery(self) -> None:
        berlin = next(p for p in self.hands.ask("truth")["locations"] if p["name"] == "Berlin warehouse")
        self.expected = self.today() + timedelta(days=20)
        where = self.hands.done(
            "/deliveries/new",
            {
                "supplier": "Acme Footwear",
                "reference": "PO 118",
                "location_id": f"gid://shopify/Location/{berlin['id']}",
                "expected_on": self.expected.isoformat(),
                "sku": [SKU],
                "units": ["4"],
                "act": "save",
            },
        )
        self.delivery = where.partition("?")[0]
        data = soon("The badge shows the delivery's date", lambda: self.badge_data("covered"))
        self.first_window = (data["from"], data["to"])
        shown = self.badge()
        self.claim("ships around" in shown, f'4 pairs come on {self.expected}; the page now says: "{shown}".')

    def badge_data(self, state: str) -> dict[str, Any] | None:
        """The badge's metafield in Shopify, once it is in a state."""
        for field in self.hands.variant(SKU)["metafields"]:
            if field["key"] == "backorder":
                data: dict[str, Any] = json.loads(field["value"])
                return data if data["state"] == state else None
        return None

    def today(self) -> date:
        return datetime.fromisoformat(self.hands.ask("truth")["now"]).astimezone(UTC).date()

    def shoppers_order(self) -> None:
        for name, units in (("Anna", 2), ("Ben", 3)):
            order = self.hands.buy(SKU, units, name, "de" if name == "Ben" else "en")
            if not isinstance(order, dict):
                raise ClaimFailed(f"{name} can order {units}: refused, {order}")
            self.orders[name] = order
        for name, units in (("Anna", 2), ("Ben", 3)):
            mail = self.first_mail_to(name)
            words = f"{mail['subject']} {mail['text']}"
            self.claim(
                str(units) in words and self.orders[name]["name"] in mail["subject"],
                f'{name} orders {units} and is told at once: "{mail["subject"]}".',
            )
        soon("Both orders are tagged", lambda: all(self.tags(n) == ["backordered"] for n in self.orders))
        self.say("Both orders carry the tag 'backordered' and their date in Shopify.")
        self.claim(
            "3 bis 4 Wochen" in self.mails_to("Ben")[0]["text"],
            "Ben's third pair is beyond the delivery, so his date is the usual wait: the later buyer, the later date.",
        )

    def first_mail_to(self, name: str) -> dict[str, Any]:
        """Once it is there."""
        return soon(f"{name} is mailed", lambda: self.mails_to(name))[0]

    def mails_to(self, name: str) -> list[dict[str, Any]]:
        return [m for m in self.hands.mails() if f"{name.lower()}@example.com" in str(m["to"])]

    def tags(self, name: str) -> list[str]:
        found: list[str] = self.hands.order(self.orders[name]["name"])["tags"]
        return found

    def close_at_the_limit(self) -> None:
        soon("Selling stops at the limit", lambda: self.hands.variant(SKU)["policy"] == "DENY")
        self.say(f"{LIMIT} pairs are owed: the limit is used up and the switch says stop.")
        refused = self.hands.buy(SKU, 1, "Dora")
        self.claim(isinstance(refused, str), "A sixth pair is refused at checkout.")
        soon("The badge says sold out", lambda: "Sold out for now" in self.badge())
        self.say(f'The product page says: "{self.badge()}".')

    def the_delivery_slips(self) -> None:
        self.delay = self.expected + timedelta(days=10)
        version = self.hands.version_on(self.hands.page(self.delivery))
        form = {"version": version, "expected_on": self.delay.isoformat(), "reason": "The factory is late."}
        preview = self.hands.submit(f"{self.delivery}/date", {**form, "act": "preview"})
        self.claim(
            preview.status_code == 200 and "Mails it makes" in preview.text,
            "Before the date is moved, the page says how many orders wait and how many mails it makes.",
        )
        before = {name: len(self.mails_to(name)) for name in self.orders}
        self.hands.done(f"{self.delivery}/date", {**form, "act": "save"})
        soon("The badge follows the new date", lambda: self.badge_data("limit"))
        time.sleep(2)
        self.claim(
            all(len(self.mails_to(name)) == before[name] for name in self.orders),
            "Nobody hears of it for half an hour, in case it was mistyped.",
        )
        self.hands.control("clock", advance_seconds=QUIET_MINUTES * 60)
        mail = soon("Anna is told of the new date", lambda: self.mails_to("Anna")[before["Anna"] :])[0]
        self.claim("(was " in mail["subject"], f'Anna is told, with the old date beside the new: "{mail["subject"]}".')
        self.claim("refund" in mail["text"], "Her mail says that she can cancel the waiting part for a full refund.")
        self.claim("factory" in mail["text"], "It says why.")

    def the_goods_arrive(self) -> None:
        self.hands.control("clock", advance_days=28)
        before = {name: len(self.mails_to(name)) for name in self.orders}
        self.hands.control("stock", sku=SKU, location="Berlin warehouse", delta=4, reason="received")
        mail = soon("Anna hears that her boots are here", lambda: self.mails_to("Anna")[before["Anna"] :], 40)[-1]
        self.say(f'4 pairs arrive. Anna, first in the queue, is told: "{mail["subject"]}".')
        soon("Anna's order loses its tag", lambda: self.tags("Anna") == [])
        self.claim(
            self.tags("Ben") == ["backordered"], "Ben has 2 of his 3 pairs, so his order still waits, and says so."
        )
        self.hands.control("stock", sku=SKU, location="Berlin warehouse", delta=10, reason="received")
        soon("The rise is seen", lambda: self.hands.variant(SKU)["policy"] == "DENY" and self.unexplained())
        self.hands.control("clock", advance_seconds=16 * 60)
        soon("Ben hears that everything is here", lambda: self.mails_to("Ben")[before["Ben"] :], 40)
        soon("Ben's order loses its tag", lambda: self.tags("Ben") == [])
        self.say("10 more arrive unannounced; after the shop's quarter of an hour they count, and Ben is filled.")
        soon("The switch follows", lambda: self.hands.variant(SKU)["policy"] == "DENY")
        soon("The badge says nothing in stock", lambda: self.badge() == "")
        self.say("In stock again: the badge is gone and the switch says stop at zero.")

    def unexplained(self) -> bool:
        number = self.variant_id
        return "unexplained" in self.hands.page(f"/products/{number}")

    def look_back(self) -> None:
        subjects = [(str(m["to"]), m["subject"]) for m in self.hands.mails()]
        self.claim(len(subjects) == len(set(subjects)), f"{len(subjects)} mails were sent, none of them twice.")
        late = [o for o in self.hands.ask("truth")["orders"] if o["name"] in {x["name"] for x in self.orders.values()}]
        self.claim(not any(o["tags"] for o in late), "Nothing of this story is owed any more.")
