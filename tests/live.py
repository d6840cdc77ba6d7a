"""The app beside a local Shopify as its merchant, its shopper and its operator meet it: documents, forms, restarts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from devstore.running import Running
from devstore.world import World
from plugin import create_app
from plugin.adapters.database.tables import metadata
from plugin.adapters.database.transaction import Database
from plugin.services import carry_out, run_lanes, send_mail, sync_shop
from tests.services.store import KEY, SECRET, SHOP, AppAddress, Store, make_parts, make_settings, start_anew
from webhooks.open_inbox import open_inbox

__all__ = ["KEY", "OLD_SECRET", "SECRET", "SHOP", "Live"]

OLD_SECRET = "live-secret-that-is-rotated-away!"
NO_QUEUE = "redis://127.0.0.1:9/0"


class Live(Store):
    """A store with an app on a database of its own. The job queue is down: `work` does its part."""

    def __init__(self, running: Running, address: AppAddress, database_url: str, *, redis_url: str = NO_QUEUE) -> None:
        start_anew(running.store)
        running.inbox.clear()
        settings = make_settings(running, database_url, redis_url, address.url)
        super().__init__(running, address, make_parts(running, replace(settings, code_grant_install=True)))

    def restart_with(self, **changed: Any) -> None:
        """Start the app anew with other settings on the same database."""
        self.close()
        self.parts = make_parts(self.running, replace(self.parts.settings, **changed))
        self.app = self.address.app = create_app(self.parts.settings, self.parts)

    def close(self) -> None:
        self.address.app = None
        self.parts.database.close()
        self.parts.transport.close()
        self.parts.jobs.close()

    # The store ------------------------------------------------------------------------------------------------

    @property
    def database(self) -> Database:
        return self.parts.database

    @property
    def world(self) -> World:
        found = self.running.store.stores.get(SHOP)
        assert found is not None
        return found

    def world_sku(self) -> str:
        """Some variant that is tracked."""
        return next(item.sku for item in self.world.items.values() if item.tracked)

    # The merchant ---------------------------------------------------------------------------------------------

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def launch(self) -> TestResponse:
        """Install the app in the store, unless it is, and open its first document."""
        url = urlsplit(self.control("install")["launch_url"])
        return self.client.get(f"{url.path}?{url.query}")

    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.control('id-token')['id_token']}"}

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, headers=self.bearer())

    def post(self, path: str, **form: Any) -> TestResponse:
        return self.client.post(path, data=form, headers=self.bearer())

    # The worker -----------------------------------------------------------------------------------------------

    def work(self, rounds: int = 3) -> None:
        """Everything the worker would do now, with the store's clock standing: syncs, both lanes, effects, mail."""
        self.flush()
        for _ in range(rounds):
            sync_shop.run(self.parts, SHOP)
            run_lanes.run_queue(self.parts, SHOP, open_inbox)
            run_lanes.run_switch(self.parts, SHOP, open_inbox)
            carry_out.write_others(self.parts, SHOP)
            send_mail.run(self.parts, SHOP)
            self.flush()

    def installed(self) -> Live:
        """Install, and read the shop for the first time."""
        assert self.launch().status_code == 200
        self.work()
        return self

    def dump(self, *but: str) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table, in a settled order."""
        with self.database.read() as tx:
            return {
                table.name: sorted((tuple(row) for row in tx.execute(select(table))), key=repr)
                for table in metadata.sorted_tables
                if table.name not in but
            }

    def dump_text(self) -> str:
        return repr(self.dump())
