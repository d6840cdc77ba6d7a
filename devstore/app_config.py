"""The app as its maker registered it: credentials, and what its shopify.app.toml says."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

COMPLIANCE_TOPICS = frozenset({"customers/data_request", "customers/redact", "shop/redact"})
OWNER_TYPES = {
    "product": "PRODUCT",
    "variant": "PRODUCTVARIANT",
    "order": "ORDER",
    "customer": "CUSTOMER",
    "collection": "COLLECTION",
    "location": "LOCATION",
    "shop": "SHOP",
}


@dataclass(frozen=True)
class ConfiguredWebhook:
    """One topic the toml asks for."""

    topic: str
    uri: str
    include_fields: tuple[str, ...] = ()
    filter: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class ConfiguredMetafield:
    """One metafield definition of the toml; the namespace is still written as `$app`."""

    owner_type: str
    namespace: str
    key: str
    type: str
    name: str
    admin_access: str
    storefront_access: str


@dataclass
class AppConfig:
    """The registered app; `api_version` is that of its webhooks."""

    api_key: str
    api_secret: str
    old_api_secret: str | None = None
    app_url: str = "http://127.0.0.1:5000"
    app_id: int = 187_000_000_001
    handle: str = "app"
    name: str = "App"
    scopes: tuple[str, ...] = ()
    optional_scopes: tuple[str, ...] = ()
    redirect_urls: tuple[str, ...] = ()
    webhooks: tuple[ConfiguredWebhook, ...] = ()
    metafields: tuple[ConfiguredMetafield, ...] = ()
    api_version: str = "2026-10"
    proxy: Mapping[str, str] = field(default_factory=dict)
    protected_data_approved: bool = True

    @property
    def secrets(self) -> list[str]:
        """Return the secrets a signature may be made with, newest first."""
        return [secret for secret in (self.api_secret, self.old_api_secret) if secret]

    @property
    def signing_secret(self) -> str:
        """Return the secret webhooks are signed with: the oldest that was not revoked."""
        return self.old_api_secret or self.api_secret

    def namespace(self, written: str | None) -> str:
        """Resolve `$app` and `$app:x` to this app's own namespaces; nothing written means `$app`."""
        own = f"app--{self.app_id}"
        if written is None or written == "$app":
            return own
        return f"{own}--{written[5:]}" if written.startswith("$app:") else written


def read_app_config(
    path: Path | None, *, api_key: str, api_secret: str, old_api_secret: str | None, app_url: str
) -> AppConfig:
    """
    Read shopify.app.toml as `shopify app deploy` would.

    Raises:
        OSError: The file cannot be read.
        tomllib.TOMLDecodeError: It is no TOML.
        ValueError: A metafield stands under an owner that does not exist.
    """
    data: dict[str, Any] = tomllib.loads(path.read_text()) if path else {}
    access, hooks, proxy = data.get("access_scopes", {}), data.get("webhooks", {}), data.get("app_proxy", {})
    public = data.get("application_url", "").rstrip("/")

    def here(url: str) -> str:
        """Point an address of the public app at the one run here, as `shopify app dev` does."""
        return app_url.rstrip("/") + url.removeprefix(public) if public and url.startswith(public) else url

    return AppConfig(
        api_key=api_key,
        api_secret=api_secret,
        old_api_secret=old_api_secret,
        app_url=app_url,
        handle=data.get("handle", "app"),
        name=data.get("name", "App"),
        scopes=_scopes(access.get("scopes", "")),
        optional_scopes=tuple(access.get("optional_scopes", ())),
        redirect_urls=tuple(here(url) for url in data.get("auth", {}).get("redirect_urls", ())),
        webhooks=tuple(one for row in hooks.get("subscriptions", []) for one in _webhooks(row, app_url)),
        metafields=tuple(_metafields(data)),
        api_version=hooks.get("api_version", "2026-10"),
        proxy={**proxy, "url": here(proxy["url"])} if proxy else {},
    )


def _scopes(written: str) -> tuple[str, ...]:
    return tuple(scope.strip() for scope in written.split(",") if scope.strip())


def _webhooks(row: Mapping[str, Any], app_url: str) -> list[ConfiguredWebhook]:
    topics = [*row.get("topics", ()), *row.get("compliance_topics", ())]
    uri = urljoin(app_url.rstrip("/") + "/", row["uri"])
    fields = tuple(row.get("include_fields", ()))
    return [ConfiguredWebhook(topic, uri, fields, row.get("filter"), row.get("name")) for topic in topics]


def _metafields(data: Mapping[str, Any]) -> list[ConfiguredMetafield]:
    found = []
    for owner, section in data.items():
        if not isinstance(section, dict) or "metafields" not in section:
            continue
        if owner not in OWNER_TYPES:
            raise ValueError(f"shopify.app.toml: no metafield owner is called {owner!r}")
        for namespace, keys in section["metafields"].items():
            for key, row in keys.items():
                access = row.get("access", {})
                found.append(
                    ConfiguredMetafield(
                        OWNER_TYPES[owner],
                        "$app" if namespace == "app" else f"$app:{namespace}",
                        key,
                        row["type"],
                        row.get("name", key),
                        access.get("admin", "merchant_read").upper(),
                        access.get("storefront", "none").upper(),
                    )
                )
    return found
