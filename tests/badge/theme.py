"""Renders the theme block as a shop's storefront would: Liquid, the block's locale files, a clock that is told."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as day
from datetime import datetime, time
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from liquid import BoundTemplate, CachingDictLoader, Environment, RenderContext
from liquid.filter import with_context

from plugin.domain.locales import plain

EXTENSION = Path(__file__).parents[2] / "extensions" / "promise-block"
CASES = Path(__file__).parents[1] / "cases" / "badge.json"
PRODUCT_ID = 71


def cases() -> list[dict[str, Any]]:
    """The table that Liquid, script and Python all keep to."""
    return json.loads(CASES.read_text())  # type: ignore[no-any-return]


def case_id(case: Mapping[str, Any]) -> str:
    return f"{case['locale']}: {case['name']}"


def said(case: Mapping[str, Any]) -> tuple[list[str], str | None]:
    """What the case expects: its lines, and the value of the line property."""
    return case["lines"], case["property"]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def variant(number: int, **case: Any) -> dict[str, Any]:
    """A Liquid variant; by default the last unit has been sold and Shopify sells on."""
    quantity, policy, tracked = case.get("quantity", 0), case.get("policy", "continue"), case.get("tracked", True)
    return {
        "id": number,
        "inventory_quantity": quantity,
        "inventory_policy": policy,
        "inventory_management": "shopify" if tracked else None,
        "available": not tracked or policy == "continue" or quantity > 0,
        "metafields": {"$app": {"backorder": {"value": case.get("data")}}},
    }


@dataclass(frozen=True, slots=True)
class Storefront:
    """One language, one zone, one moment. bound: with the marks that hold a date together; few tests are about them."""

    locale: str
    now: datetime
    zone: str = "UTC"
    bound: bool = False

    def block(
        self,
        variants: Sequence[Mapping[str, Any]],
        *,
        chosen: int = 0,
        count: int | None = None,
        words: Mapping[str, Any] | None = None,
        preview: str | None = None,
    ) -> str:
        """
        The block's HTML on the product page, `chosen` being the place of the variant in the address.

        Args:
            words: The merchant's own words, by language and key. preview: the block's setting, in the theme editor.
        """
        product = {
            "id": PRODUCT_ID,
            "url": "/products/boots",
            "selected_or_first_available_variant": variants[chosen],
            "variants": variants,
            "variants_count": count or len(variants),
        }
        block = {
            "id": "b1",
            "settings": {"product": product, "alignment": "start", "size": "theme", "preview": preview},
            "shopify_attributes": "",
        }
        app = {"metafields": {"badge": {"words": {"value": words}}} if words else {}}
        request = {"design_mode": preview is not None}
        return _block().render(block=block, section={"id": "main"}, app=app, request=request, __shop=self)

    def translate(self, key: str, **values: Any) -> str:
        text: Any = _words(self.locale)
        for part in key.split("."):
            text = text[part]
        text = text if self.bound else plain(text)
        return re.sub(r"{{ (\w+) }}", lambda found: html.escape(str(values[found[1]])), text)

    def date(self, value: str | int, layout: str) -> str:
        zone = ZoneInfo(self.zone)
        if value == "now":
            moment = self.now.astimezone(zone)
        elif str(value).isdigit():
            moment = datetime.fromtimestamp(int(value), zone)
        else:
            moment = datetime.combine(day.fromisoformat(str(value)), time(), zone)
        return str(int(moment.timestamp())) if layout == "%s" else moment.strftime(layout)


@cache
def _block() -> BoundTemplate:
    """The block, parsed once; what depends on the shop reaches the filters through `__shop`."""
    snippets = {p.stem: p.read_text() for p in (EXTENSION / "snippets").glob("*.liquid")}
    environment = Environment(loader=CachingDictLoader(snippets))
    environment.filters |= {"t": _translate, "date": _date, "json": _json, "asset_url": _asset_url}
    return environment.from_string(
        re.sub(r"{% schema %}.*{% endschema %}", "", _read("blocks/backorder.liquid"), flags=re.S)
    )


@with_context
def _translate(key: str, *, context: RenderContext, **values: Any) -> str:
    return _shop(context).translate(key, **values)


@with_context
def _date(value: str | int, layout: str, *, context: RenderContext) -> str:
    return _shop(context).date(value, layout)


def _shop(context: RenderContext) -> Storefront:
    shop = context.globals["__shop"]
    assert isinstance(shop, Storefront)
    return shop


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _asset_url(name: str) -> str:
    return f"/assets/{name}"


@cache
def _read(name: str) -> str:
    return (EXTENSION / name).read_text()


@cache
def _words(locale: str) -> dict[str, Any]:
    name = "en.default" if locale == "en" else locale
    return json.loads(_read(f"locales/{name}.json"))  # type: ignore[no-any-return]
