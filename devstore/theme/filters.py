"""Liquid filters a Shopify theme has beyond the language itself. What they depend on travels in the `__page` global."""

from __future__ import annotations

import html
import json as jsonlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date as day
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from liquid import Environment, RenderContext
from liquid.filter import with_context
from liquid.undefined import is_undefined

NOT_IN_JSON = {"metafields", "inventory_quantity", "inventory_policy"}


@dataclass(frozen=True)
class Page:
    """What filters need to know of the page under way: the store's instant, the shop's zone, the shopper's language."""

    now: datetime
    zone: ZoneInfo
    locale: str
    currency: str


def add_filters(env: Environment, translations: Mapping[str, Mapping[str, Any]], assets_url: str) -> None:
    """Give an environment Shopify's filters; `translations` are whole locale files by language, English the default."""
    env.add_filter("t", _translate(translations))
    env.add_filter("asset_url", lambda name: f"{assets_url}/{name}")
    env.add_filter("stylesheet_tag", lambda url: f'<link rel="stylesheet" href="{html.escape(url)}">')
    env.add_filter("script_tag", lambda url: f'<script src="{html.escape(url)}" defer></script>')
    env.add_filter("image_url", lambda image, **_size: "" if is_undefined(image) or image is None else image["src"])
    env.add_filter("json", lambda value: jsonlib.dumps(_public(value), ensure_ascii=False).replace("</", "<\\/"))
    env.add_filter("date", date)
    env.add_filter("money", money)
    env.add_filter("money_with_currency", lambda cents: f"€{cents / 100:,.2f} EUR")
    env.add_filter("money_without_currency", lambda cents: f"{cents / 100:,.2f}")
    env.add_filter("money_without_trailing_zeros", lambda cents: f"€{cents / 100:,.2f}".removesuffix(".00"))


@with_context
def money(cents: int, *, context: RenderContext) -> str:
    """Write an amount in cents as the shopper's language writes it."""
    amount = f"{cents / 100:,.2f}"
    if page_of(context).locale == "de":
        return amount.translate(str.maketrans(",.", ".,")) + " €"
    return f"€{amount}"


@with_context
def date(value: object, fmt: str = "%Y-%m-%d %H:%M:%S %z", *, context: RenderContext) -> str:
    """
    Format an instant in the shop's zone; `now` and `today` read the store's clock. No date comes back unchanged.

    Source:
        Shopify Liquid's `date`; `%s` is replaced here because strftime ignores the zone for it.
    """
    moment = _moment(value, page_of(context))
    if moment is None:
        return "" if is_undefined(value) or value is None else str(value)
    return moment.strftime(fmt.replace("%s", str(int(moment.timestamp()))))


def page_of(context: RenderContext) -> Page:
    """The page being rendered."""
    page = context.globals["__page"]
    assert isinstance(page, Page)
    return page


def _public(value: object) -> object:
    """What `json` shows of an object: as in Shopify, a product's JSON carries neither stock nor metafields."""
    if is_undefined(value):
        return None
    if isinstance(value, Mapping):
        return {key: _public(one) for key, one in value.items() if key not in NOT_IN_JSON}
    if isinstance(value, list):
        return [_public(one) for one in value]
    return value


def _moment(value: object, page: Page) -> datetime | None:
    if value in ("now", "today"):
        return page.now.astimezone(page.zone)
    if isinstance(value, int):
        return datetime.fromtimestamp(value, page.zone)
    if isinstance(value, datetime):
        return value.astimezone(page.zone)
    if isinstance(value, str) and value.isdigit():
        return datetime.fromtimestamp(int(value), page.zone)
    if isinstance(value, str):
        return _parsed(value, page.zone)
    return None


def _parsed(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        if len(text) == len("2026-11-21"):
            return datetime.combine(day.fromisoformat(text), datetime.min.time(), zone)
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def translated(translations: Mapping[str, Mapping[str, Any]], locale: str, key: str, **values: object) -> str:
    """
    Return a text of the locale files, English where the language lacks it, with `{{ name }}` filled in.

    Source:
        Shopify's `t`: `count` chooses between `one` and `other`; a missing key says so on the page.
    """
    text = _entry(translations.get(locale, {}), key) or _entry(translations.get("en", {}), key)
    if isinstance(text, Mapping):
        text = text["one" if values.get("count") == 1 and "one" in text else "other"]
    if text is None:
        return f"Translation missing: {locale}.{key}"
    for name, value in values.items():
        text = text.replace("{{ " + name + " }}", str(value)).replace("{{" + name + "}}", str(value))
    return str(text)


def _translate(translations: Mapping[str, Mapping[str, Any]]) -> Callable[..., str]:
    @with_context
    def translate(key: str, *, context: RenderContext, **values: object) -> str:
        return translated(translations, page_of(context).locale, key, **values)

    return translate


def _entry(tree: Mapping[str, Any], key: str) -> Any:
    node: Any = tree
    for part in key.split("."):
        if not isinstance(node, Mapping) or part not in node:
            return None
        node = node[part]
    return node
