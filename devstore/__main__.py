"""`python -m devstore`: opens every surface, writes the ready file, runs until it is told to stop."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from devstore.app_config import AppConfig, read_app_config
from devstore.running import run_surfaces

HOST = "127.0.0.1"


def main(arguments: list[str] | None = None) -> int:
    """Run devstore until SIGINT or SIGTERM."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    running = run_surfaces(
        _app_config(given),
        given.shop,
        host=given.host,
        api_port=given.api_port,
        storefront_port=given.storefront_port,
        admin_port=given.admin_port,
        control_port=given.control_port,
        smtp_port=given.smtp_port,
        seed=given.seed,
        start_at=given.start_at,
        app_folder=given.app_toml.parent if given.app_toml else None,
    )
    urls = asdict(running.store.urls)
    if given.ready_file:
        written = given.ready_file.with_suffix(".new")
        written.write_text(json.dumps(urls))
        written.replace(given.ready_file)
    print(json.dumps(urls), flush=True)
    stop.wait()
    running.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m devstore", description="A local Shopify.")
    parser.add_argument("--host", default=HOST, help="address every port listens on")
    parser.add_argument("--api-port", type=int, default=4400, help="Shopify for programs; 0 takes any free port")
    parser.add_argument("--storefront-port", type=int, default=4401, help="the first shop's storefront")
    parser.add_argument("--admin-port", type=int, default=4402, help="the merchant's admin")
    parser.add_argument("--control-port", type=int, default=4403, help="the control API and the mail inbox")
    parser.add_argument("--smtp-port", type=int, default=4425, help="takes every mail")
    parser.add_argument("--app-url", default="http://127.0.0.1:5000", help="where the app answers")
    parser.add_argument("--api-key", default="devstore-key", help="the app's client id")
    parser.add_argument("--api-secret", default="devstore-secret", help="the app's client secret")
    parser.add_argument("--old-api-secret", help="the secret before rotation; webhooks are then still signed with it")
    parser.add_argument("--unapproved", action="store_true", help="the app may not see protected customer data")
    parser.add_argument("--app-toml", type=Path, help="the app's shopify.app.toml")
    parser.add_argument("--shop", default="larkspur-outdoor.myshopify.com", help="the first shop's domain")
    parser.add_argument("--ready-file", type=Path, help="JSON of all addresses, written when every port answers")
    parser.add_argument("--seed", type=int, default=1, help="what the shelves look like")
    parser.add_argument("--start-at", type=_instant, help="the store's time at the start, ISO 8601")
    return parser


def _instant(written: str) -> datetime:
    at = datetime.fromisoformat(written)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _app_config(given: argparse.Namespace) -> AppConfig:
    app = read_app_config(
        given.app_toml,
        api_key=given.api_key,
        api_secret=given.api_secret,
        old_api_secret=given.old_api_secret,
        app_url=given.app_url,
    )
    app.protected_data_approved = not given.unapproved
    return app


if __name__ == "__main__":
    sys.exit(main())
