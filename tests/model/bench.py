"""The app and a local Shopify on one thread: nothing moves, not even the clock, unless the model says so.

What Shopify is asked goes through its own WSGI app and what it tells through the app's own door, signed, without a
socket between; only mail takes the wire. So a life plays the same way each time, and Hypothesis can shrink it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx
import requests
from requests.adapters import HTTPAdapter
from sqlalchemy import func, select
from urllib3.response import HTTPResponse
from werkzeug.test import Client

from devstore.app_config import read_app_config
from devstore.catalog import Catalog, ProductSeed
from devstore.hooks.sender import Delivery, Sender
from devstore.host import Devstore
from devstore.inbox import Inbox
from devstore.programs import create_programs
from devstore.world import StoreClock, World
from plugin import create_app
from plugin.adapters.database import syncs
from plugin.adapters.database import tables as t
from plugin.adapters.database.transaction import Database
from plugin.adapters.job_queue import JobQueue, Lane
from plugin.services import carry_out, keep_time, rule_form, run_lanes, send_mail, set_rules, switch_shop, sync_shop
from plugin.settings import Settings
from plugin.wiring import Parts, build
from tests.services.store import ENCRYPTION_KEY, KEY, ROOT, SECRET, SHOP, start_anew
from webhooks.open_inbox import open_inbox

GATEWAY, APP_URL = "http://shopify.local", "http://app.local"
STARTS_AT = datetime(2027, 3, 1, 9, tzinfo=UTC)  # a Monday
PLACES = ("Berlin warehouse", "Leipzig warehouse")


class StillClock(StoreClock):
    """Stands still but for a millisecond at each look, so that nothing happens at the same moment."""

    def __init__(self) -> None:
        super().__init__(STARTS_AT)
        self._at = STARTS_AT

    def now(self) -> datetime:
        self._at += timedelta(milliseconds=1)
        return self._at

    def advance(self, by: timedelta) -> datetime:
        self._at += by
        return self._at


@dataclass(frozen=True)
class AppClock:
    """The store's clock, as the app asks for it."""

    store: Devstore

    def now(self) -> datetime:
        return self.store.stores.clock.now()

    def today(self, timezone: str) -> date:
        return self.now().astimezone(ZoneInfo(timezone)).date()


class Post(Sender):
    """Webhooks lie here, signed, until the model delivers, repeats or loses them."""

    def __init__(self, store: Devstore) -> None:
        super().__init__(store.app, store.faults, store.scheduler)
        self.waiting: list[Delivery] = []

    def _schedule(self, world: World, delivery: Delivery) -> None:
        self.waiting.append(delivery)

    @property
    def pending(self) -> int:
        return len(self.waiting)


class Soon:
    """What Shopify does a moment later happens when it is next asked something."""

    def __init__(self) -> None:
        self._work: list[Callable[[], None]] = []

    def later(self, delay_s: float, work: Callable[[], None]) -> None:
        self._work.append(work)

    def run(self) -> None:
        while self._work:
            self._work.pop(0)()

    def clear(self) -> None:
        self._work.clear()

    def close(self) -> None:
        self.clear()


class Wire(HTTPAdapter):
    """Hands a request to a WSGI app instead of a socket."""

    def __init__(self, app: Any, before: Callable[[], None]) -> None:
        super().__init__()
        self._client, self._before = Client(app), before

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self._before()
        url = urlsplit(request.url or "")
        got = self._client.open(
            url.path,
            base_url=f"http://{request.headers['Host']}",
            method=request.method,
            query_string=url.query,
            headers=list(request.headers.items()),
            data=request.body,
        )
        raw = HTTPResponse(BytesIO(got.get_data()), got.headers, got.status_code, preload_content=False)
        return self.build_response(request, raw)


class Died(BaseException):
    """SIGKILL, as far as one thread can die of it."""


class Mortal(Database):
    """A database whose user dies before one of its next transactions, when the model wishes it to."""

    lives: int | None = None

    def begin(self, **given: Any) -> Any:
        if self.lives is not None:
            self.lives -= 1
            if self.lives < 0:
                raise Died
        return super().begin(**given)


class Woken(JobQueue):
    """Notes which lanes were woken; the model turns them itself."""

    def __init__(self, redis_url: str) -> None:
        super().__init__(redis_url)
        self.lanes: set[Lane] = set()

    def wake(self, shop: str, lane: Lane) -> bool:
        self.lanes.add(lane)
        return True


class Bench:
    """One local Shopify without ports, to be put back to its start for each life."""

    def __init__(self) -> None:
        config = read_app_config(
            ROOT / "shopify.app.toml", api_key=KEY, api_secret=SECRET, old_api_secret=None, app_url=APP_URL
        )
        self.store = Devstore(config, SHOP)
        self.store.catalog = _small(self.store.catalog)
        self.soon = Soon()
        self.store.scheduler.close()
        self.store.scheduler = self.soon  # type: ignore[assignment]
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # every word of every mail's conversation
        self.inbox = Inbox(lambda: self.store.stores.clock.now())
        self.store.urls.api = GATEWAY
        self.store.urls.smtp = f"smtp://127.0.0.1:{self.inbox.start('127.0.0.1', 0)}"
        self.programs = create_programs(self.store)

    def open(self, database_url: str, redis_url: str) -> Shop:
        """An empty shop, the app not yet installed."""
        self.store.sender = Post(self.store)
        start_anew(self.store)
        self.inbox.clear()
        settings = Settings(
            database_url=database_url,
            redis_url=redis_url,
            shopify_api_key=KEY,
            shopify_api_secret=SECRET,
            shopify_gateway=GATEWAY,
            app_url=APP_URL,
            smtp_url=self.store.urls.smtp,
            mail_from="Larkspur Outdoor <backorders@larkspur-outdoor.example>",
            encryption_keys=(ENCRYPTION_KEY,),
        )
        parts = replace(
            build(settings), clock=AppClock(self.store), database=Mortal(database_url), jobs=Woken(redis_url)
        )
        parts.transport._session.mount("http://", Wire(self.programs, self.soon.run))
        parts.transport.oauth = httpx.Client(transport=httpx.WSGITransport(app=self.programs))
        return Shop(self, parts)

    def close(self) -> None:
        self.inbox.stop()
        self.store.close()


def _small(catalog: Catalog) -> Catalog:
    """Two variants of one product and one of another, at two places, nothing in stock and nothing sold."""
    kept = [_with_variants(p, count) for p, count in zip(catalog.products[:2], (2, 1), strict=True)]
    return replace(catalog, locations=catalog.locations[:2], products=tuple(kept), collections=(), orders=())


def _with_variants(product: ProductSeed, count: int) -> ProductSeed:
    empty = dict.fromkeys(("berlin", "leipzig"), 0)
    return replace(product, variants=tuple(replace(v, available=empty) for v in product.variants[:count]))


class Shop:
    """One shop with the app beside it, both on this thread."""

    def __init__(self, bench: Bench, parts: Parts) -> None:
        self.bench, self.store, self.parts = bench, bench.store, parts
        clock = StillClock()
        self.store.stores.clock = self.world.clock = clock
        self.routing = Soon()
        self.world.later = self.routing.later
        self.app = create_app(parts.settings, parts)
        self.door = self.app.test_client()
        self.name = SHOP

    @property
    def world(self) -> World:
        return self.store.stores.first

    @property
    def post(self) -> Post:
        sender = self.store.sender
        assert isinstance(sender, Post)
        return sender

    def now(self) -> datetime:
        return self.parts.clock.now()

    def advance(self, by: timedelta) -> None:
        self.store.stores.clock.advance(by)

    # --- the app's life -----------------------------------------------------------------------------------------

    def install(self) -> None:
        launched = self.store.install(self.world)
        assert self.door.get(launched["launch_url"].removeprefix(APP_URL)).status_code == 200
        self.settle()

    def open_for_business(self) -> None:
        """A limit on everything, mail confirmed, the switch on."""
        self.set_limit("up_to", 5)
        with self.parts.database.begin() as tx:
            tx.execute(
                t.shop_settings.update()
                .where(t.shop_settings.c.shop == self.name)
                .values(mail_confirmed_at=self.now(), ask_above_mails=1000)
            )
        switch_shop.turn_on(self.parts.database, self.parts.jobs, self.name, self.now())
        self.settle()

    def set_limit(self, mode: str, units: int) -> None:
        form = {"limit_mode": mode, "limit_units": str(units), "wait_from": "3", "wait_to": "4"}
        draft = rule_form.check_draft({**form, "without_date": "stop", "scope": "all"})
        set_rules.save(self.parts.database, self.parts.jobs, self.name, draft, self.now())

    # --- webhooks -----------------------------------------------------------------------------------------------

    def deliver(self, delivery: Delivery) -> int:
        answer = self.door.post("/webhooks", data=delivery.body, headers=list(delivery.headers.items()))
        return answer.status_code

    def deliver_all(self) -> None:
        self.routing.run()
        while self.post.waiting:
            assert self.deliver(self.post.waiting.pop(0)) == 200

    # --- lanes --------------------------------------------------------------------------------------------------

    def turn(self, *lanes: Lane) -> None:
        """What woken workers would do now, once."""
        for lane in lanes:
            LANES[lane](self.parts, self.name)

    def settle(self, within: timedelta = timedelta(seconds=30)) -> None:
        """Deliver what is on its way and turn whom it wakes until all is done; what is due soon comes by the clock."""
        woken = self.parts.jobs
        assert isinstance(woken, Woken)
        for _ in range(200):
            self.deliver_all()
            run_lanes.sweep(self.parts)
            lanes = [lane for lane in LANES if lane in woken.lanes]
            woken.lanes.clear()
            self.turn(*lanes)
            if lanes or self.post.waiting:
                continue
            later = self._next_mark()
            if later is None or later > self.now() + within:
                return
            self.advance(max(timedelta(0), later - self.now()))
        raise AssertionError("it never settles")

    def sweep(self) -> None:
        """One turn of the clock process."""
        run_lanes.sweep(self.parts)
        keep_time._begin_nightly(self.parts)

    def reconcile(self) -> None:
        with self.parts.database.begin() as tx:
            syncs.begin(tx, self.name, "asked", self.now())
        self.settle()

    def _next_mark(self) -> datetime | None:
        undone = (t.desired.c.shop == self.name) & (t.desired.c.done_version < t.desired.c.version)
        with self.parts.database.read() as tx:
            moments = [
                tx.execute(select(func.min(t.due.c.not_before)).where(t.due.c.shop == self.name)).scalar(),
                tx.execute(select(func.min(t.desired.c.not_before)).where(undone)).scalar(),
            ]
        return min((m.astimezone(UTC) for m in moments if m is not None), default=None)

    def forget_leases(self) -> None:
        """The time a dead worker's leases take to run out."""
        with self.parts.database.begin() as tx:
            tx.execute(t.leases.delete())

    def rows(self, table: Any, *where: Any) -> list[Any]:
        with self.parts.database.read() as tx:
            return tx.rows(select(table).where(table.c.shop == self.name, *where))

    def close(self) -> None:
        self.parts.database.close()
        self.parts.transport.close()


LANES: dict[Lane, Callable[[Parts, str], object]] = {
    "switch": lambda parts, shop: run_lanes.run_switch(parts, shop, open_inbox),
    "queue": lambda parts, shop: run_lanes.run_queue(parts, shop, open_inbox),
    "effects": carry_out.write_others,
    "mail": send_mail.run,
    "sync": sync_shop.run,
}
