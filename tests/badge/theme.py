"""Renders the theme block as a shop's storefront would: Liquid, the block's locale files, a clock that is told."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from liquid import DictLoader, Environment

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
    """One language, one zone, one moment."""

    locale: str
    now: datetime
    zone: str = "UTC"

    def block(self, variants: Sequence[Mapping[str, Any]], *, chosen: int = 0, count: int | None = None) -> str:
        """The block's HTML on the product page, `chosen` being the place of the variant in the address."""
        product = {
            "id": PRODUCT_ID,
            "selected_or_first_available_variant": variants[chosen],
            "variants": variants,
            "variants_count": count or len(variants),
        }
        block = {
            "id": "b1",
            "settings": {"product": product, "alignment": "start", "size": "theme"},
            "shopify_attributes": "",
        }
        source = re.sub(r"{% schema %}.*{% endschema %}", "", _read("blocks/backorder.liquid"), flags=re.S)
        return self._environment().from_string(source).render(block=block, section={"id": "main"})

    def _environment(self) -> Environment:
        snippets = {p.stem: p.read_text() for p in (EXTENSION / "snippets").glob("*.liquid")}
        environment = Environment(loader=DictLoader(snippets))
        environment.filters |= {"t": self._translate, "date": self._date, "json": _json}
        return environment

    def _translate(self, key: str, **values: Any) -> str:
        text: Any = _words(self.locale)
        for part in key.split("."):
            text = text[part]
        return re.sub(r"{{ (\w+) }}", lambda found: html.escape(str(values[found[1]])), text)

    def _date(self, value: str, layout: str) -> str:
        zone = ZoneInfo(self.zone)
        day = date.fromisoformat(value) if value != "now" else None
        moment = datetime(day.year, day.month, day.day, tzinfo=zone) if day else self.now.astimezone(zone)
        return str(int(moment.timestamp())) if layout == "%s" else moment.strftime(layout)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@cache
def _read(name: str) -> str:
    return (EXTENSION / name).read_text()


@cache
def _words(locale: str) -> dict[str, Any]:
    name = "en.default" if locale == "en" else locale
    return json.loads(_read(f"locales/{name}.json"))  # type: ignore[no-any-return]
