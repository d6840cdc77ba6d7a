"""The merchant's pages on a small app: real parts, a seeded database, ID tokens as Shopify would make them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import jwt
from cryptography.fernet import Fernet
from flask import Flask, Response, jsonify
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from devstore.serving import served
from plugin import create_app
from plugin.settings import Settings
from plugin.wiring import Parts, build
from tests.web import seeding

KEY, SECRET = "test-client-id", "test-client-secret-of-32-characters"


@dataclass
class FixedClock:
    """A clock that stands still."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant

    def today(self, timezone: str) -> date:
        return self.instant.astimezone(ZoneInfo(timezone)).date()


def id_token(shop: str, *, lives_s: int = 60, secret: str = SECRET, audience: str = KEY) -> str:
    """An ID token as App Bridge hands it out."""
    now = int(time.time())
    claims = {
        "iss": f"https://{shop}/admin",
        "dest": f"https://{shop}",
        "aud": audience,
        "sub": "42",
        "exp": now + lives_s,
        "nbf": now - 5,
        "iat": now - 5,
        "jti": "0001",
        "sid": "0002",
    }
    return jwt.encode(claims, secret, algorithm="HS256")


class Site:
    """A client that speaks for one shop's staff."""

    def __init__(self, app: Flask, parts: Parts, shop: str = seeding.SHOP) -> None:
        self.app, self.parts, self.shop = app, parts, shop

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def of(self, shop: str) -> Site:
        return Site(self.app, self.parts, shop)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {id_token(self.shop)}"}

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, headers=self.headers)

    def post(self, path: str, form: dict[str, object] | None = None) -> TestResponse:
        return self.client.post(path, data=form or {}, headers=self.headers)


def settings(database_url: str, redis_url: str) -> Settings:
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        shopify_api_key=KEY,
        shopify_api_secret=SECRET,
        shopify_gateway="http://127.0.0.1:9",
        app_bridge_url="https://bridge.test/app-bridge.js",
        app_url="https://holdfast.test",
        smtp_url="smtp://127.0.0.1:9",
        mail_from="backorders@holdfast.test",
        encryption_keys=(Fernet.generate_key().decode(),),
        admin_origins=("http://127.0.0.1:4402",),
        dev_pages=True,
    )


def make_site(database_url: str, redis_url: str) -> Site:
    parts = replace(build(settings(database_url, redis_url)), clock=FixedClock(seeding.NOW))
    seeding.seed(parts.database)
    app = create_app(parts.settings, parts)
    _serve_bridge(app)
    return Site(app, parts)


def _serve_bridge(app: Flask) -> None:
    """What App Bridge does for a page, in a browser without an admin around it."""
    script = (Path(__file__).parent / "bridge.js").read_text(encoding="utf-8")

    @app.get("/_test/bridge.js")
    def bridge() -> Response:
        return Response(script, mimetype="text/javascript")

    @app.get("/_test/id-token")
    def token() -> Response:
        return jsonify(id_token(seeding.SHOP))


@contextmanager
def serving(site: Site) -> Iterator[str]:
    """Serve the pages to a browser; gives their origin."""
    with served(site.app) as origin:
        bridged = replace(site.parts.settings, app_bridge_url=f"{origin}/_test/bridge.js")
        site.app.extensions["holdfast"] = replace(site.parts, settings=bridged)
        yield origin
