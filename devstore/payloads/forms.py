"""How old-style webhook bodies write money, instants and places."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from devstore.world import Address, World

NOTHING = Decimal("0.00")


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """Return a time zone by name."""
    return ZoneInfo(name)


def instant(world: World, at: datetime) -> str:
    """Write an instant in the shop's zone, to the second."""
    return at.astimezone(zone(world.shop.timezone)).isoformat(timespec="seconds")


def maybe_instant(world: World, at: datetime | None) -> str | None:
    """Write an instant, or nothing."""
    return None if at is None else instant(world, at)


def money(amount: Decimal) -> str:
    """Write an amount with two places."""
    return f"{amount:.2f}"


def money_set(amount: Decimal, currency: str) -> dict[str, Any]:
    """Write an amount in the shop's and the buyer's currency, which are the same here."""
    one = {"amount": money(amount), "currency_code": currency}
    return {"shop_money": one, "presentment_money": dict(one)}


def address(place: Address) -> dict[str, Any]:
    """Write a shipping or billing address."""
    return {
        "first_name": place.first_name,
        "address1": place.address1,
        "phone": place.phone,
        "city": place.city,
        "zip": place.zip,
        "province": place.province,
        "country": place.country,
        "last_name": place.last_name,
        "address2": place.address2 or None,
        "company": None,
        "latitude": None,
        "longitude": None,
        "name": f"{place.first_name} {place.last_name}".strip(),
        "country_code": place.country_code,
        "province_code": place.province_code,
    }
