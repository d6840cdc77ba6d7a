"""Settings are read once, checked all at once, and never spoken aloud."""

from __future__ import annotations

import base64

import pytest

from plugin.errors import ConfigError
from plugin.settings import APP_BRIDGE, Settings

# Fixed, since a value that is in a test's name must be the same in every process that collects it.
KEY, OLD_KEY = (base64.urlsafe_b64encode(bytes([n]) * 32).decode() for n in (1, 2))
MINIMUM = {
    "DATABASE_URL": "postgresql://holdfast:pass-word-1@db.example/holdfast",
    "REDIS_URL": "redis://:pass-word-2@queue.example:6379/0",
    "SHOPIFY_API_KEY": "client-id",
    "SHOPIFY_API_SECRET": "shared-secret-3",
    "APP_URL": "https://app.example/",
    "SMTP_URL": "smtp://user:pass-word-4@mail.example:587",
    "ENCRYPTION_KEY": KEY,
}


def read(**changes: str) -> Settings:
    return Settings.from_environment({**MINIMUM, **changes})


def test_the_minimum_is_enough():
    settings = read()
    assert settings.app_url == "https://app.example"
    assert settings.mail_from == "backorders@app.example"
    assert settings.app_bridge_url == APP_BRIDGE
    assert (settings.shopify_api_secret, settings.shopify_old_api_secret) == ("shared-secret-3", "")
    assert (settings.admin_origins, settings.clock_url, settings.code_grant_install) == ((), "", False)


def test_everything_missing_is_named_at_once():
    with pytest.raises(ConfigError) as caught:
        Settings.from_environment({})
    lines = str(caught.value).splitlines()[1:]
    assert {line.split()[0] for line in lines} == set(MINIMUM)
    assert all("set it to" in line for line in lines)


def test_a_blank_value_counts_as_missing():
    with pytest.raises(ConfigError, match="SHOPIFY_API_SECRET is not set"):
        read(SHOPIFY_API_SECRET="  ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://db.example/holdfast"),
        ("DATABASE_URL", "sqlite:///"),
        ("REDIS_URL", "queue.example:6379"),
        ("APP_URL", "http://app.example"),
        ("APP_URL", "https:///path"),
        ("APP_URL", "https://app.example:99999"),
        ("SMTP_URL", "mail.example"),
        ("SHOPIFY_GATEWAY", "localhost:4400"),
        ("APP_BRIDGE_URL", "/app-bridge.js"),
        ("ADMIN_ORIGINS", "https://admin.example/path"),
        ("ADMIN_ORIGINS", "https://admin.example,nonsense"),
        ("MAIL_FROM", "nobody"),
        ("ENCRYPTION_KEY", "too-short"),
        ("ENCRYPTION_KEY", f"{KEY},nonsense"),
        ("METRICS_PORT", "99999"),
        ("METRICS_PORT", "-1"),
        ("CODE_GRANT_INSTALL", "maybe"),
    ],
)
def test_a_value_of_the_wrong_form_is_refused_without_repeating_it(name: str, value: str):
    with pytest.raises(ConfigError) as caught:
        read(**{name: value})
    (line,) = str(caught.value).splitlines()[1:]
    assert line.startswith(name)
    assert value not in line


def test_plain_http_and_another_clock_go_only_with_a_gateway():
    gateway = "http://127.0.0.1:4400"
    settings = read(SHOPIFY_GATEWAY=gateway, APP_URL="http://127.0.0.1:5000", CLOCK_URL="http://127.0.0.1:4403/c")
    assert (settings.app_url, settings.clock_url) == ("http://127.0.0.1:5000", "http://127.0.0.1:4403/c")
    with pytest.raises(ConfigError, match="CLOCK_URL"):
        read(CLOCK_URL="http://127.0.0.1:4403/c")


def test_sqlite_and_lists_are_understood():
    settings = read(
        DATABASE_URL="sqlite:////data/holdfast.sqlite3",
        ENCRYPTION_KEY=f"{KEY}, {OLD_KEY}",
        ADMIN_ORIGINS="https://a.example, http://127.0.0.1:4402",
        MAIL_FROM="Larkspur Outdoor <hello@larkspur.example>",
        SHOPIFY_OLD_API_SECRET="before",
        CODE_GRANT_INSTALL="on",
        METRICS_PORT="9400",
    )
    assert settings.encryption_keys == (KEY, OLD_KEY)
    assert settings.admin_origins == ("https://a.example", "http://127.0.0.1:4402")
    assert (settings.shopify_api_secret, settings.shopify_old_api_secret) == ("shared-secret-3", "before")
    assert settings.code_grant_install
    assert settings.metrics_port == 9400


def test_no_secret_shows_in_repr():
    shown = repr(read(SHOPIFY_OLD_API_SECRET="shared-secret-5"))
    for secret in ("pass-word", "shared-secret", KEY):
        assert secret not in shown
    assert "app.example" in shown
