"""Stock of inventory items: every quantity at every active location."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from plugin.adapters.shopify.batches import batches
from plugin.adapters.shopify.client import AdminClient
from plugin.adapters.shopify.reading import instant
from plugin.domain.facts import Item, ItemGid, Level, LocationGid

ITEMS_PER_READ = 15  # with five levels of eight quantities each, well under 500 points
_SET_ASIDE = ("reserved", "damaged", "safety_stock", "quality_control")


def read_items(client: AdminClient, item_ids: Sequence[ItemGid]) -> tuple[Item, ...]:
    """
    Read items with all their active levels.

    Returns:
        One item per id that Shopify knows, each once, in the order asked; deleted ones are absent.
    """
    found: list[Item] = []
    for batch in batches(item_ids, ITEMS_PER_READ):
        nodes = client.run("items", {"ids": batch})["nodes"]
        found.extend(_item(client, node) for node in nodes if node)
    return tuple(found)


def _item(client: AdminClient, node: Mapping[str, Any]) -> Item:
    item_id = ItemGid(node["id"])
    return Item(item_id, node["tracked"], tuple(_levels(client, item_id, node["inventoryLevels"])))


def _levels(client: AdminClient, item_id: ItemGid, first_page: Mapping[str, Any]) -> Iterator[Level]:
    yield from (level_of(item_id, node) for node in first_page["nodes"] if node["isActive"])
    if first_page["pageInfo"]["hasNextPage"]:
        variables = {"id": item_id, "after": first_page["pageInfo"]["endCursor"]}
        rest = client.pages("item_levels", variables, ("inventoryItem", "inventoryLevels"))
        yield from (level_of(item_id, node) for node in rest if node["isActive"])


def level_of(item_id: ItemGid, node: Mapping[str, Any]) -> Level:
    """Turn an `InventoryLevel` into a level; a quantity Shopify does not name is zero."""
    units = {quantity["name"]: quantity["quantity"] for quantity in node["quantities"]}
    return Level(
        item_id=item_id,
        location_id=LocationGid(node["location"]["id"]),
        available=units.get("available", 0),
        committed=units.get("committed", 0),
        on_hand=units.get("on_hand", 0),
        incoming=units.get("incoming", 0),
        unavailable=sum(units.get(name, 0) for name in _SET_ASIDE),
        updated_at=instant(node["updatedAt"]),
    )
