"""Everything the environment decides, read once. A missing or wrong value stops the start, all of them at
once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

from plugin.adapters.dkim_signer import load_key
from plugin.errors import ConfigError

APP_BRIDGE = "https://cdn.shopify.com/shopifycloud/app-bridge.js"
NEW_KEY = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_ADDRESS = re.compile(r"(?:[^<>@]+<)?[^\s<>@,]+@[^\s<>@,]+>?")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One process's settings. Values that are secret, or may hold a password, stay out of `repr`."""

    database_url: str = field(repr=False)
    """`DATABASE_URL`: `sqlite:////data/holdfast.sqlite3` or `postgresql://user:password@host/name`.
    Required."""

    redis_url: str = field(repr=False)
    """`REDIS_URL`: `redis://`, `rediss://` or `unix://`; Valkey or Redis. Required. Wake-ups only: may be
    lost."""

    shopify_api_key: str
    """`SHOPIFY_API_KEY`: the app's client id. Required."""

    shopify_api_secret: str = field(repr=False)
    """`SHOPIFY_API_SECRET`: the app's client secret. Required."""

    shopify_old_api_secret: str = field(default="", repr=False)
    """`SHOPIFY_OLD_API_SECRET`: still accepted while a secret is being rotated. Default: none."""

    shopify_gateway: str = ""
    """`SHOPIFY_GATEWAY`: base URL that every request to Shopify is sent to instead. Default: Shopify
    itself."""

    app_bridge_url: str = APP_BRIDGE
    """`APP_BRIDGE_URL`: where pages load App Bridge from. Default: Shopify's."""

    admin_origins: tuple[str, ...] = ()
    """`ADMIN_ORIGINS`: comma list of origins that may frame us besides the shop's own. Default: none."""

    app_url: str
    """`APP_URL`: where Shopify and browsers reach us, no slash at the end. Required; https unless gateway is
    set."""

    smtp_url: str = field(repr=False)
    """`SMTP_URL`: `smtp://user:password@host:587` (TLS where offered), `smtp+starttls://` (TLS or nothing) or
    `smtps://…:465`. Required."""

    mail_from: str
    """`MAIL_FROM`: sender of every mail, an address or `Name <address>`. Default: backorders@ the host of
    APP_URL."""

    dkim_key: str = field(default="", repr=False)
    """`DKIM_KEY`: private RSA key in PEM that signs every mail; lines may be joined by `\\n`. Default: we sign
    nothing, and no merchant can send from an address of their own."""

    dkim_selector: str = "holdfast"
    """`DKIM_SELECTOR`: where its public half stands: `<selector>._domainkey.` the domain of MAIL_FROM. Default:
    holdfast."""

    encryption_keys: tuple[str, ...] = field(repr=False)
    """`ENCRYPTION_KEY`: Fernet keys, comma separated, newest first. Required."""

    clock_url: str = ""
    """`CLOCK_URL`: answers `{"now": "…Z"}`. Only beside a gateway, since it moves real promises. Default:
    none."""

    metrics_port: int = 0
    """`METRICS_PORT`: where a process other than web serves `/metrics`; the worker also uses the next one.
    Default: none."""

    code_grant_install: bool = False
    """`CODE_GRANT_INSTALL`: on or off. Installing a custom app by the authorization code grant. Default:
    off."""

    dev_pages: bool = False
    """`DEV_PAGES`: on or off. Serves `/dev/components`, the pieces pages are made of. Default: off."""

    @property
    def mail_domain(self) -> str:
        """The domain of `MAIL_FROM`."""
        return self.mail_from.rstrip(">").rpartition("@")[2]

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """
        Read and check every setting.

        Raises:
            ConfigError: One line for each variable that is missing or wrong, and what to set.
        """
        read = _Reader(environ)
        gateway = read.url("SHOPIFY_GATEWAY", ("http", "https"), default="")
        app_url = read.url("APP_URL", ("http", "https") if gateway else ("https",))
        clock_url = read.url("CLOCK_URL", ("http", "https"), default="")
        if clock_url and not gateway:
            read.problem("CLOCK_URL", "is only for a simulated Shopify: unset it, or set SHOPIFY_GATEWAY too")
        settings = cls(
            database_url=read.url("DATABASE_URL", ("sqlite", "postgresql", "postgres", "postgresql+psycopg")),
            redis_url=read.url("REDIS_URL", ("redis", "rediss", "unix")),
            shopify_api_key=read.text("SHOPIFY_API_KEY", "the app's client id"),
            shopify_api_secret=read.text("SHOPIFY_API_SECRET", "the app's client secret"),
            shopify_old_api_secret=read.optional("SHOPIFY_OLD_API_SECRET"),
            shopify_gateway=gateway,
            app_bridge_url=read.url("APP_BRIDGE_URL", ("http", "https"), default=APP_BRIDGE),
            admin_origins=read.origins("ADMIN_ORIGINS"),
            app_url=app_url,
            smtp_url=read.url("SMTP_URL", ("smtp", "smtp+starttls", "smtps")),
            mail_from=read.address("MAIL_FROM", default=f"backorders@{urlsplit(app_url).hostname or ''}"),
            dkim_key=read.dkim_key("DKIM_KEY"),
            dkim_selector=read.label("DKIM_SELECTOR", default="holdfast"),
            encryption_keys=read.fernet_keys("ENCRYPTION_KEY"),
            clock_url=clock_url,
            metrics_port=read.port("METRICS_PORT"),
            code_grant_install=read.switch("CODE_GRANT_INSTALL"),
            dev_pages=read.switch("DEV_PAGES"),
        )
        read.raise_problems()
        return settings


class _Reader:
    """Reads variables and collects what is wrong with them. Says no value back: it may be a secret."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[str] = []

    def problem(self, name: str, words: str) -> None:
        self._problems.append(f"{name} {words}")

    def raise_problems(self) -> None:
        if self._problems:
            raise ConfigError("\n".join(["cannot start:", *self._problems]))

    def optional(self, name: str) -> str:
        return self._environ.get(name, "").strip()

    def text(self, name: str, what: str) -> str:
        value = self.optional(name)
        if not value:
            self.problem(name, f"is not set: set it to {what}")
        return value

    def url(self, name: str, schemes: tuple[str, ...], default: str | None = None) -> str:
        value = self.optional(name)
        wanted = " or ".join(f"{scheme}://…" for scheme in schemes)
        if not value:
            if default is None:
                self.problem(name, f"is not set: set it to {wanted}")
            return default or ""
        if not _is_url(value, schemes):
            self.problem(name, f"is not a usable address: set it to {wanted}")
        return value.rstrip("/") if value.startswith("http") else value

    def origins(self, name: str) -> tuple[str, ...]:
        origins = self._list(name)
        if not all(_is_origin(origin) for origin in origins):
            self.problem(name, "must list origins like https://admin.example:8443, without a path")
        return origins

    def address(self, name: str, default: str) -> str:
        value = self.optional(name) or default
        if self.optional(name) and not _ADDRESS.fullmatch(value):
            self.problem(name, "is not a mail address: set it to one, or to Name <address>")
        return value

    def dkim_key(self, name: str) -> str:
        value = self.optional(name)
        if value and not _accepts(load_key, value):
            self.problem(name, "is no usable RSA key in PEM: make one with openssl genrsa 2048")
        return value

    def label(self, name: str, default: str) -> str:
        value = self.optional(name) or default
        if not _LABEL.fullmatch(value):
            self.problem(name, "must be one label of a domain name: letters, digits and hyphens")
        return value

    def fernet_keys(self, name: str) -> tuple[str, ...]:
        keys = self._list(name)
        if not keys:
            self.problem(name, f"is not set: set it to the output of {NEW_KEY}")
        if not all(_accepts(Fernet, key) for key in keys):
            self.problem(name, f"holds something that is no Fernet key: make one with {NEW_KEY}")
        return keys

    def port(self, name: str) -> int:
        value = self.optional(name) or "0"
        if not (value.isascii() and value.isdigit() and int(value) < 65535):
            self.problem(name, "must be a TCP port below 65535")
            return 0
        return int(value)

    def switch(self, name: str) -> bool:
        value = self.optional(name).lower()
        if value not in {"", "on", "off"}:
            self.problem(name, "must be on or off")
        return value == "on"

    def _list(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.optional(name).split(",") if part.strip())


def _is_url(value: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port  # a port out of range is found only now
    except ValueError:
        return False
    has_place = parts.hostname or (parts.path.strip("/") and parts.scheme in {"sqlite", "unix"})
    return parts.scheme in schemes and bool(has_place)


def _is_origin(value: str) -> bool:
    return _is_url(value, ("http", "https")) and value == "{0.scheme}://{0.netloc}".format(urlsplit(value))


def _accepts(make: Callable[[str], object], value: str) -> bool:
    try:
        make(value)
    except ValueError:
        return False
    return True
