"""Everything one devstore process holds: the shops, the app, the API, the sender, the faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from devstore.admin.launch import launch_host, launch_url
from devstore.admin_api.engine import AdminApi
from devstore.app_config import AppConfig
from devstore.catalog import Catalog, load_catalog
from devstore.faults import Faults
from devstore.hooks.sender import Sender
from devstore.id_tokens import mint_id_token
from devstore.installing import install, uninstall
from devstore.scheduler import Scheduler
from devstore.seeding import open_store
from devstore.world import Call, StoreClock, Stores, World

MOST_CALLS = 20_000


@dataclass
class Urls:
    """Where each surface is found, known once the ports are open."""

    api: str = ""
    storefront: str = ""
    admin: str = ""
    control: str = ""
    smtp: str = ""


@dataclass
class Devstore:
    """One devstore; `reset` puts it back to its start."""

    app: AppConfig
    first_shop: str
    seed: int = 1
    start_at: datetime | None = None
    urls: Urls = field(default_factory=Urls)
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._log_lock = Lock()
        self._last_call = 0
        self.faults = Faults()
        self.scheduler = Scheduler()
        self.sender = Sender(self.app, self.faults, self.scheduler)
        self.api = AdminApi()
        self.catalog: Catalog = load_catalog(self.seed)
        self.stores = Stores(StoreClock(self.start_at))
        self.open(self.first_shop)

    def open(self, domain: str) -> World:
        """Make another shop with the same catalogue."""
        world = open_store(self.stores, domain, self.catalog)
        world.tell = self.sender.tell
        world.later = self.scheduler.later
        return world

    def reset(self) -> None:
        """Put everything back to the start: one shop, nothing installed, nothing sent, no fault."""
        self.scheduler.clear()
        self.sender.clear()
        self.faults.clear()
        self.calls.clear()
        self._last_call = 0
        self.api.clear()
        fresh = Stores(StoreClock(self.start_at))
        self.stores.clock, self.stores.ids = fresh.clock, fresh.ids
        self.stores.worlds.clear()
        self.open(self.first_shop)

    def install(self, world: World) -> dict[str, str]:
        """Install the app and return how its first page is opened."""
        install(world, self.app)
        return self.launch(world)

    def uninstall(self, world: World) -> None:
        """Remove the app."""
        uninstall(world)

    def id_token(self, world: World) -> str:
        """Return a fresh ID token for a shop."""
        return mint_id_token(self.app, world)

    def launch(self, world: World) -> dict[str, str]:
        """Return a fresh ID token, and the address the admin would open the app at."""
        token = self.id_token(world)
        host = self.admin_host
        return {
            "id_token": token,
            "shop": world.shop.domain,
            "host": launch_host(host, world),
            "launch_url": launch_url(self.app, world, "/", token, host),
        }

    @property
    def admin_host(self) -> str:
        """Return host and port of the admin."""
        return self.urls.admin.partition("://")[2] or "admin.shopify.com"

    def log(self, call: Call) -> None:
        """Number an API call and keep it for people and tests to read."""
        with self._log_lock:
            self._last_call += 1
            call.number = self._last_call
            self.calls.append(call)
            if len(self.calls) > MOST_CALLS:
                del self.calls[: MOST_CALLS // 2]

    def close(self) -> None:
        """Stop the threads."""
        self.scheduler.close()
        self.sender.close()
