"""Stock of inventory items: every quantity at every active location."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from plugin.adapters.shopify.batches import batches
from plugin.adapters.shopify.client import AdminClient
from plugin.adapters.shopify.reading import instant
from plugin.domain.facts import Item, ItemGid, Level, LocationGid

ITEMS_PER_READ = 25  # with five levels each, under 500 points (tests hold it to that)


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
    """
    Turn an `InventoryLevel` into a level; a quantity Shopify does not name is zero.

    What is set aside is the rest of on hand (platform §3.5), not four more objects to pay for.
    """
    units = {quantity["name"]: quantity["quantity"] for quantity in node["quantities"]}
    on_hand, available, committed = (units.get(name, 0) for name in ("on_hand", "available", "committed"))
    return Level(
        item_id=item_id,
        location_id=LocationGid(node["location"]["id"]),
        available=available,
        committed=committed,
        on_hand=on_hand,
        incoming=units.get("incoming", 0),
        unavailable=on_hand - available - committed,
        updated_at=instant(node["updatedAt"]),
    )


def adjust_available(client: AdminClient, level: Level, delta: int, *, key: str) -> None:
    """
    Add units to `available` of an item at a location.

    Args:
        level: As just read: Shopify refuses when available is another by now.
        key: Names the intent; sent twice, Shopify carries it out once.
    Raises:
        Rejected: The figure is stale, or the item takes no such change.
    """
    change = {
        "inventoryItemId": level.item_id,
        "locationId": level.location_id,
        "delta": delta,
        "changeFromQuantity": level.available,
    }
    client.run(
        "adjust_available", {"key": key, "input": {"name": "available", "reason": "correction", "changes": [change]}}
    )
