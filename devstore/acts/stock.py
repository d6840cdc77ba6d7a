"""Changing quantities, and saying so: only a change of `available` is announced."""

from __future__ import annotations

from functools import partial

from devstore.acts.errors import ActError
from devstore.payloads.goods import inventory_quantity, level_body, variant_body
from devstore.world import Level, World


class StockChanges:
    """Collects the changes of one act; `announce` then tells what Shopify would tell."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._available_before: dict[tuple[int, int], int] = {}
        self._quantity_before: dict[int, int] = {}

    def shift(self, level: Level, **deltas: int) -> None:
        """Add to stored quantities by name, such as `available=-2, committed=2`."""
        key = (level.item_id, level.location_id)
        variant_id = self.world.variant_of_item.get(level.item_id)
        self._available_before.setdefault(key, level.available)
        if variant_id is not None and variant_id not in self._quantity_before:
            self._quantity_before[variant_id] = inventory_quantity(self.world, self.world.variants[variant_id])
        now = self.world.now()
        for name, delta in deltas.items():
            level.stored[name] += delta
            level.changed_at[name] = now
        level.changed_at["on_hand"] = level.updated_at = now

    def announce(self) -> None:
        """Send inventory_levels/update for changed `available`, variants/* where a variant ran out or came back."""
        for key, before in self._available_before.items():
            level = self.world.levels[key]
            if level.available != before:
                self.world.happened("inventory_levels/update", partial(level_body, self.world, level))
        for variant_id, before in self._quantity_before.items():
            variant = self.world.variants[variant_id]
            after = inventory_quantity(self.world, variant)
            if (before > 0) != (after > 0):
                topic = "variants/in_stock" if after > 0 else "variants/out_of_stock"
                self.world.happened(topic, partial(variant_body, self.world, variant))


def level_at(world: World, item_id: int, location_id: int) -> Level:
    """Return an item's level at a location; an item not stocked there yet is from now on."""
    level = world.levels.get((item_id, location_id))
    if level is None:
        now = world.now()
        level = Level(world.id("InventoryLevel"), item_id, location_id, now, now)
        world.levels[item_id, location_id] = level
        world.happened("inventory_levels/connect", lambda: level_body(world, level))
    return level


def set_stock(world: World, item_id: int, location_id: int, available: int) -> Level:
    """
    Count goods: make `available` what a person found.

    Raises:
        ActError: Item or location is unknown.
    """
    with world.lock:
        _check(world, item_id, location_id)
        level = level_at(world, item_id, location_id)
        return adjust_stock(world, item_id, location_id, available - level.available)


def adjust_stock(world: World, item_id: int, location_id: int, delta: int) -> Level:
    """
    Book goods in or out: add to `available`, and so to on hand.

    Raises:
        ActError: Item or location is unknown.
    """
    with world.lock:
        _check(world, item_id, location_id)
        level = level_at(world, item_id, location_id)
        changes = StockChanges(world)
        changes.shift(level, available=delta)
        changes.announce()
        return level


def _check(world: World, item_id: int, location_id: int) -> None:
    if item_id not in world.items:
        raise ActError("no such inventory item")
    if world.variants[world.variant_of_item[item_id]].parts:
        raise ActError("a bundle has no stock of its own: count its components")
    if location_id not in world.locations:
        raise ActError("no such location")
