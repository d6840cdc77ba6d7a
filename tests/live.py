"""The app and a local Shopify in one process, one step at a time: nothing runs unless a test says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import requests
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from devstore.app_config import read_app_config
from devstore.running import Running, run_surfaces
from devstore.world import World
from plugin import create_app, logs
from plugin.adapters.database.tables import metadata
from plugin.adapters.database.transaction import Database
from plugin.services import carry_out, run_lanes, send_mail, sync_shop
from plugin.settings import Settings
from plugin.wiring import Parts, build
from tests.services.store import start_anew
from webhooks.open_inbox import open_inbox

SHOP = "larkspur-outdoor.myshopify.com"
KEY, SECRET, OLD_SECRET = "live-key", "live-secret-of-thirty-two-bytes!!", "live-secret-that-is-rotated-away!"
APP_TOML = Path(__file__).parent.parent / "shopify.app.toml"
NO_QUEUE = "redis://127.0.0.1:9/0"


class Mailbox:
    """Stands where the store posts webhooks, and hands them to whichever app is under test."""

    def __init__(self) -> None:
        self.app: Callable[[Any, Any], Iterable[bytes]] | None = None
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _answer(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        if self.app is None:
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        return self.app(environ, start_response)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class LocalStore:
    """One local Shopify for the whole session, and the address it sends webhooks to."""

    running: Running
    mailbox: Mailbox

    def close(self) -> None:
        self.running.close()
        self.mailbox.close()


def open_local_store() -> LocalStore:
    mailbox = Mailbox()
    config = read_app_config(APP_TOML, api_key=KEY, api_secret=SECRET, old_api_secret=None, app_url=mailbox.url)
    logs.configure("test")
    return LocalStore(run_surfaces(config, SHOP, app_folder=APP_TOML.parent), mailbox)


class StoreClock:
    """The store's clock, asked without HTTP."""

    def __init__(self, running: Running) -> None:
        self._running = running

    def now(self) -> datetime:
        return self._running.store.stores.clock.now()

    def today(self, timezone: str) -> date:
        return self.now().astimezone(ZoneInfo(timezone)).date()


class Live:
    """An app against the local store, on a database of its own. The job queue is down: `work` does its part."""

    def __init__(self, local: LocalStore, database_url: str, *, redis_url: str = NO_QUEUE) -> None:
        start_anew(local.running.store)
        local.running.inbox.clear()
        self.running, self.mailbox = local.running, local.mailbox
        urls = self.running.store.urls
        self.settings = Settings(
            database_url=database_url,
            redis_url=redis_url,
            shopify_api_key=KEY,
            shopify_api_secret=SECRET,
            shopify_gateway=urls.api,
            app_bridge_url=f"{urls.admin}/app-bridge.js",
            admin_origins=(urls.admin,),
            app_url=self.mailbox.url,
            smtp_url=urls.smtp,
            mail_from="Holdfast <backorders@holdfast.test>",
            encryption_keys=(Fernet.generate_key().decode(),),
            code_grant_install=True,
        )
        self.parts = replace(build(self.settings), clock=StoreClock(self.running))
        self.app = self._serve(self.parts)

    def _serve(self, parts: Parts) -> Flask:
        app = create_app(parts.settings, parts)
        self.mailbox.app = app
        return app

    def restart_with(self, **changed: Any) -> None:
        """Start the app anew with other settings on the same database."""
        self.close()
        self.settings = replace(self.settings, **changed)
        self.parts = replace(build(self.settings), clock=StoreClock(self.running))
        self.app = self._serve(self.parts)

    def close(self) -> None:
        self.mailbox.app = None
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

    def control(self, call: str, **given: Any) -> dict[str, Any]:
        url = f"{self.running.store.urls.control}/_devstore/{call}"
        answer = requests.post(url, json=given, timeout=60)
        assert answer.ok, f"{call}: {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    def flush(self) -> None:
        """Wait until the store has posted all it had to say."""
        assert self.control("webhooks/flush")["pending"] == 0

    def truth(self, sku: str) -> dict[str, Any]:
        told = requests.get(f"{self.running.store.urls.control}/_devstore/truth", timeout=30).json()
        found: dict[str, Any] = next(v for v in told["variants"] if v["sku"] == sku)
        return found

    def mails(self) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.running.store.urls.control}/_devstore/mail", timeout=30).json()
        found: list[dict[str, Any]] = answer["mail"]
        return found

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
        """Everything the worker would do now: syncs, both lanes, effects, mail."""
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
