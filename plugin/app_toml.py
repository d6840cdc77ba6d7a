"""What we told Shopify about ourselves: `shopify.app.toml`, read where it lives."""

from __future__ import annotations

import tomllib
from functools import cache

from plugin import TOP

APP_TOML = TOP / "shopify.app.toml"


@cache
def asked_scopes() -> tuple[str, ...]:
    """The scopes that are granted at install."""
    listed: str = tomllib.loads(APP_TOML.read_text(encoding="utf-8"))["access_scopes"]["scopes"]
    return tuple(scope.strip() for scope in listed.split(","))
