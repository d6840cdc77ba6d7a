"""What set a mail off, in words and with a way to it: from the short names that notices carry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from plugin.adapters.database.reports import supply
from plugin.adapters.database.tables import deliveries, orders
from plugin.adapters.database.transaction import Transaction

_ITEM = re.compile(r"gid://shopify/InventoryItem/\d+")
_DELIVERY = re.compile(r"delivery/(\d+)/")
_ORDER = re.compile(r"order/(gid://shopify/Order/\d+)")
_BY_ITEM = {
    "accept": "{title} arrived",
    "stock": "{title} arrived",
    "queue": "the queue for {title} moved",
    "on_track": "nothing changed for {title}",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """`words` fit after a colon; `href` leads to what it speaks of. Both are empty where there is nothing to add."""

    words: str = ""
    href: str = ""


def in_words(tx: Transaction, shop: str, causes: Iterable[str]) -> Mapping[str, Cause]:
    """Say each cause; one whose subject is gone says nothing."""
    wanted = sorted(set(causes))
    found_items = {item for cause in wanted for item in _ITEM.findall(cause)}
    items = supply.by_item(tx, shop, sorted(found_items))
    numbers = {int(match[1]) for cause in wanted if (match := _DELIVERY.match(cause))}
    coming = {
        row.id: f"{row.supplier} {row.reference}".strip()
        for row in tx.rows(select(deliveries).where(deliveries.c.shop == shop, deliveries.c.id.in_(numbers)))
    }
    bought = {match[1] for cause in wanted if (match := _ORDER.match(cause))}
    names = dict(
        tx.rows(select(orders.c.order_id, orders.c.name).where(orders.c.shop == shop, orders.c.order_id.in_(bought)))
    )
    return {cause: _say(cause, items, coming, names) for cause in wanted}


def _say(
    cause: str, items: Mapping[str, supply.Sellable], coming: Mapping[int, str], names: Mapping[str, str]
) -> Cause:
    if match := _DELIVERY.match(cause):
        name = coming.get(int(match[1]))
        return Cause(f"{name} was changed", f"/deliveries/{match[1]}") if name else Cause()
    if match := _ORDER.match(cause):
        name = names.get(match[1])
        return Cause(f"{name} came in") if name else Cause()
    words, item = _BY_ITEM.get(cause.partition("/")[0]), _ITEM.search(cause)
    if words and item and item[0] in items:
        sellable = items[item[0]]
        return Cause(words.format(title=sellable.title), f"/products/{sellable.variant_id.rsplit('/', 1)[-1]}")
    return Cause()
