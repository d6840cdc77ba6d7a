"""A store, and the app in this very process: the test turns every lane by hand, so nothing waits and nothing races."""

from __future__ import annotations

import itertools
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import func, select

from devstore.app_config import read_app_config
from devstore.catalog import Catalog, ProductSeed
from devstore.host import Devstore
from devstore.running import Running, run_surfaces
from devstore.serving import Surface
from plugin import create_app
from plugin.adapters.database import shops
from plugin.adapters.database import tables as t
from plugin.adapters.database.transaction import Transaction
from plugin.services import (
    carry_out,
    keep_time,
    rule_form,
    run_lanes,
    save_settings,
    send_mail,
    set_rules,
    switch_shop,
    sync_shop,
)
from plugin.settings import Settings
from plugin.wiring import Parts, build
from tests.journeys.books import is_working
from webhooks.open_inbox import open_inbox

ROOT = Path(__file__).parents[2]
KEY, SECRET = "services-key", "services-secret-of-thirty-two-bytes"
SHOP = "larkspur-outdoor.myshopify.com"
ENCRYPTION_KEY = Fernet.generate_key().decode()
BERLIN = "Berlin warehouse"
ENOUGH_VARIANTS = 90


class AppAddress:
    """Stands where Shopify finds the app; a test puts its own app behind it."""

    def __init__(self) -> None:
        self.app: Flask | None = None
        self._surface = Surface(self._answer, "127.0.0.1", 0)
        self.url = self._surface.url

    def _answer(self, environ: Any, start_response: Any) -> Any:
        if self.app is None:
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        return self.app(environ, start_response)

    def close(self) -> None:
        self._surface.close()


@dataclass
class StoreClock:
    """The store's own clock, without a detour over HTTP."""

    running: Running

    def now(self) -> datetime:
        return self.running.store.stores.clock.now()

    def today(self, timezone: str) -> date:
        return self.now().astimezone(ZoneInfo(timezone)).date()


def open_devstore(app_url: str) -> Running:
    config = read_app_config(
        ROOT / "shopify.app.toml", api_key=KEY, api_secret=SECRET, old_api_secret=None, app_url=app_url
    )
    running = run_surfaces(config, SHOP)
    running.store.catalog = _fewer(running.store.catalog)
    return running


def _fewer(catalog: Catalog) -> Catalog:
    """The products of old orders, the uncounted and some more: reading a shop takes its time, in every module."""
    ordered = {line.sku for order in catalog.orders for line in order.lines}
    kept: list[ProductSeed] = []
    for product in sorted(catalog.products, key=lambda p: all(v.tracked and v.sku not in ordered for v in p.variants)):
        if sum(len(p.variants) for p in kept) < ENOUGH_VARIANTS:
            kept.append(product)
    products = tuple(p for p in catalog.products if p in kept)
    there = {p.handle for p in products}
    collections = tuple(
        replace(c, products=tuple(handle for handle in c.products if handle in there)) for c in catalog.collections
    )
    return replace(catalog, products=products, collections=collections)


def start_anew(store: Devstore) -> None:
    """
    Put the store back to its start, on a plan with many points a second.

    Time is moved by hand here, and the app, which counts points by the machine's clock, would wait for them.
    """
    store.reset()
    found = store.stores.get(SHOP)
    assert found is not None
    found.shop.plan_name = "shopify_plus"


def make_settings(running: Running, database_url: str, redis_url: str, app_url: str) -> Settings:
    urls = running.store.urls
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        shopify_api_key=KEY,
        shopify_api_secret=SECRET,
        shopify_gateway=urls.api,
        app_bridge_url=f"{urls.admin}/app-bridge.js",
        admin_origins=(urls.admin,),
        app_url=app_url,
        smtp_url=urls.smtp,
        mail_from="Larkspur Outdoor <backorders@larkspur-outdoor.example>",
        encryption_keys=(ENCRYPTION_KEY,),
    )


def make_parts(running: Running, settings: Settings) -> Parts:
    """The app's parts, by the store's clock."""
    return replace(build(settings), clock=StoreClock(running))


class Store:
    """One shop with the app beside it."""

    def __init__(self, running: Running, address: AppAddress, parts: Parts, shop: str = SHOP) -> None:
        self.running, self.address, self.parts, self.shop = running, address, parts, shop
        self.app = create_app(parts.settings, parts)
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # every word of every mail's conversation
        address.app = self.app
        self._buyers = itertools.count(1)
        self._skus: list[str] = []

    # The store's control --------------------------------------------------------------------------------------

    def _url(self, path: str) -> str:
        return f"{self.running.store.urls.control}/_devstore/{path}?shop={self.shop}"

    def ask(self, path: str, **given: Any) -> requests.Response:
        """A call of the store's control, which may refuse it."""
        return requests.post(self._url(path), json=given, timeout=30)

    def control(self, path: str, **given: Any) -> dict[str, Any]:
        response = self.ask(path, **given)
        assert response.ok, response.text
        found: dict[str, Any] = response.json()
        return found

    def faults(self, **given: Any) -> None:
        """Let things go wrong; nothing given: let all go well again."""
        if given:
            self.control("faults", **given)
        else:
            requests.delete(self._url("faults"), timeout=30).raise_for_status()

    def truth(self) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(self._url("truth"), timeout=30).json()
        return found

    def calls(self, operation: str = "") -> list[dict[str, Any]]:
        found = requests.get(self._url("calls"), timeout=30).json()["calls"]
        return [c for c in found if operation in str(c["operation"])]

    def variant(self, sku: str) -> dict[str, Any]:
        return next(v for v in self.truth()["variants"] if v["sku"] == sku)

    def badge(self, sku: str) -> str | None:
        """The badge's data in Shopify, as text."""
        return next((f["value"] for f in self.variant(sku)["metafields"] if f["key"] == "backorder"), None)

    def order(self, name: str) -> dict[str, Any]:
        return next(o for o in self.truth()["orders"] if o["name"] == name)

    def mails(self) -> list[dict[str, Any]]:
        return self.running.inbox.as_json()

    def mails_to(self, email: str) -> list[dict[str, Any]]:
        return [m for m in self.mails() if email in m["to"]]

    def buy(self, *wanted: tuple[str, int], **more: Any) -> dict[str, Any]:
        """An order, which the store must take; `more` as `POST checkout` has it."""
        number = next(self._buyers)
        customer = {"email": f"b{number}@example.com", "first_name": f"B{number}", "last_name": "X", "locale": "en"}
        lines = [{"sku": sku, "quantity": units} for sku, units in wanted]
        order: dict[str, Any] = self.control("checkout", lines=lines, customer=customer, **more)["order"]
        return order

    def stock(self, sku: str, available: int, place: str = BERLIN) -> None:
        self.control("stock", sku=sku, location=place, available=available)

    def receive(self, sku: str, units: int, place: str = BERLIN) -> None:
        self.control("stock", sku=sku, location=place, delta=units, reason="received")

    def a_sku(self, available: int = 0) -> str:
        """A product nobody bought yet and no other test uses, with so many units in Berlin and none elsewhere."""
        if not self._skus:
            truth = self.truth()
            sold = {line["sku"] for order in truth["orders"] for line in order["lines"]}
            self._skus = sorted(
                v["sku"]
                for v in truth["variants"]
                if v["tracked"] and v["product_status"] == "ACTIVE" and v["sku"] not in sold
            )
        sku = self._skus.pop()
        for level in self.variant(sku)["levels"]:
            self.stock(sku, available if level["location"] == BERLIN else 0, level["location"])
        self.settle()
        if available:
            self.wait_for_rises()
        return sku

    def a_sku_among_others(self, available: int = 0) -> str:
        """As `a_sku`, of a product that has other variants too."""
        count = Counter(v["product_id"] for v in self.truth()["variants"])
        while count[self.variant(sku := self.a_sku(available))["product_id"]] < 2:
            continue
        return sku

    def gid(self, sku: str) -> str:
        return str(self.variant(sku)["gid"])

    def item(self, sku: str) -> str:
        return f"gid://shopify/InventoryItem/{self.variant(sku)['inventory_item_id']}"

    def place(self, name: str = BERLIN) -> str:
        return next(f"gid://shopify/Location/{p['id']}" for p in self.truth()["locations"] if p["name"] == name)

    # The app --------------------------------------------------------------------------------------------------

    def install(self, *, sync: bool = True) -> None:
        launched = self.control("install")
        path = launched["launch_url"].removeprefix(self.address.url)
        response = self.app.test_client().get(path)
        assert response.status_code == 200, response.text
        if sync:
            self.settle()

    def page(self, path: str) -> str:
        """A page of the app as its merchant reads it."""
        token = self.control("id-token")["id_token"]
        response = self.app.test_client().get(path, headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 200, response.text
        return response.text

    def open_for_business(self, limit: int = 5, **more: str) -> None:
        """A limit on everything, mail confirmed, the switch on."""
        self.save_rule(limit_mode="up_to", limit_units=str(limit), **more)
        with self.parts.database.begin() as tx:
            tx.execute(
                t.shop_settings.update()
                .where(t.shop_settings.c.shop == self.shop)
                .values(mail_confirmed_at=self.now(), ask_above_mails=1000)
            )
        switch_shop.turn_on(self.parts.database, self.parts.jobs, self.shop, self.now())
        self.settle()

    def save_rule(self, **form: str) -> None:
        given = {"wait_from": "3", "wait_to": "4", "without_date": "stop", "scope": "all", **form}
        draft = rule_form.check_draft(given)
        set_rules.save(self.parts.database, self.parts.jobs, self.shop, draft, self.now())

    def now(self) -> datetime:
        return self.parts.clock.now()

    def today(self) -> date:
        """The shop's own day, which around midnight is not UTC's."""
        with self.reading() as tx:
            return self.now().astimezone(shops.zone(tx, self.shop)).date()

    def advance(self, **by: float) -> None:
        self.control("clock", advance_seconds=timedelta(**by).total_seconds())

    def wait_for_morning(self) -> None:
        """Move the clock to nine in the shop's morning: a day that ends in the middle of a test is news of its own."""
        with self.reading() as tx:
            local = self.now().astimezone(shops.zone(tx, self.shop))
        morning = datetime.combine(local.date() + timedelta(days=1), time_of_day(9), local.tzinfo)
        self.advance(seconds=(morning - local).total_seconds())

    def wait_for_rises(self) -> None:
        """Let the shop's quarter of an hour pass, after which units that nobody announced count."""
        self.advance(minutes=16)
        self.settle()

    def flush(self) -> None:
        """Wait until every webhook on its way has come."""
        store = self.running.store
        until = time.monotonic() + 60
        while store.sender.pending + store.scheduler.pending:
            assert time.monotonic() < until, "webhooks are still on their way"
            time.sleep(0.005)

    def turn_lanes(self) -> None:
        """What woken workers would do now, once."""
        run_lanes.sweep(self.parts)
        run_lanes.run_switch(self.parts, self.shop, open_inbox)
        run_lanes.run_queue(self.parts, self.shop, open_inbox)
        run_lanes.run_switch(self.parts, self.shop, open_inbox)
        carry_out.write_others(self.parts, self.shop)
        send_mail.run(self.parts, self.shop)
        if self._count(t.syncs, t.syncs.c.finished_at.is_(None)):
            sync_shop.run(self.parts, self.shop)

    def settle(self, *, wait_s: float = 30) -> None:
        """Turn the lanes until nothing is left to do. What is due within `wait_s` comes by moving the store's clock."""
        for _ in range(60):
            self.flush()
            self.turn_lanes()
            self.flush()
            if not self._has_ripe_work():
                later = self._next_mark()
                if later is None or later > self.now() + timedelta(seconds=wait_s):
                    return
                self.advance(seconds=max(0.0, (later - self.now()).total_seconds()) + 0.001)
        raise AssertionError(f"it never settles: {is_working(self.parts.database, self.now())}")

    def _has_ripe_work(self) -> bool:
        now = self.now()
        return bool(
            self._count(t.inbox, t.inbox.c.handled_at.is_(None) & t.inbox.c.parked_at.is_(None))
            or self._count(t.due, t.due.c.not_before <= now)
            or self._count(
                t.desired, (t.desired.c.done_version < t.desired.c.version) & (t.desired.c.not_before <= now)
            )
            or self._count(t.syncs, t.syncs.c.finished_at.is_(None))
        )

    def _next_mark(self) -> datetime | None:
        with self.parts.database.read() as tx:
            moments = [
                tx.execute(select(func.min(t.due.c.not_before)).where(t.due.c.shop == self.shop)).scalar(),
                tx.execute(
                    select(func.min(t.desired.c.not_before)).where(
                        t.desired.c.shop == self.shop, t.desired.c.done_version < t.desired.c.version
                    )
                ).scalar(),
            ]
        return min((m.astimezone(UTC) for m in moments if m is not None), default=None)

    def sweep_clock(self) -> None:
        """One turn of the clock process."""
        run_lanes.sweep(self.parts)
        keep_time._begin_nightly(self.parts)

    # Looking into the books -----------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        with self.parts.database.read() as tx:
            yield tx

    def _count(self, table: Any, where: Any) -> int:
        with self.reading() as tx:
            return int(
                tx.execute(select(func.count()).select_from(table).where(table.c.shop == self.shop, where)).scalar_one()
            )

    def rows(self, table: Any, *where: Any) -> list[Any]:
        with self.reading() as tx:
            return tx.rows(select(table).where(table.c.shop == self.shop, *where))

    def owed(self, sku: str) -> int:
        return sum(s.owed_units for s in self.rows(t.line_states, t.line_states.c.item_id == self.item(sku)))

    def lines(self, sku: str) -> dict[str, tuple[int, int]]:
        """Held and owed units of every line of a product, by order name."""
        names = {o.order_id: o.name for o in self.rows(t.orders)}
        states = self.rows(t.line_states, t.line_states.c.item_id == self.item(sku))
        return {names[s.order_id]: (s.held_units, s.owed_units) for s in states}

    def state(self, sku: str) -> Any:
        (row,) = self.rows(t.variant_states, t.variant_states.c.variant_id == self.gid(sku))
        return row

    def alerts(self, kind: str, subject: str | None = None) -> list[Any]:
        where = [t.alerts.c.kind == kind, t.alerts.c.resolved_at.is_(None)]
        return self.rows(t.alerts, *where, *([t.alerts.c.subject == subject] if subject else []))

    def settings(self) -> Any:
        with self.reading() as tx:
            return save_settings.read(tx, self.shop)
