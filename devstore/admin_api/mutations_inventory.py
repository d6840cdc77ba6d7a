"""Mutations of inventory quantities."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo

from devstore.acts.stock import StockChanges, level_at
from devstore.admin_api.fields_goods import world_of
from devstore.admin_api.idempotency import once
from devstore.admin_api.mutations_goods import check_rows
from devstore.admin_api.registry import answers, number_of, user_error
from devstore.world import QUANTITY_NAMES, Level, World

MOST_SET = 1_000_000_000
MOST_ADJUST = 2_000_000_000
REASONS = {
    "correction", "cycle_count_available", "damaged", "movement_created", "movement_updated", "movement_received",
    "movement_canceled", "other", "promotion", "quality_control", "received", "reservation_created",
    "reservation_updated", "reservation_deleted", "restock", "safety_stock", "shrinkage",
}  # fmt: skip
Change = tuple[Level, str, int, str | None]


def _need_change_from(row: dict[str, Any], what: str) -> None:
    if "changeFromQuantity" not in row:
        raise GraphQLError(
            f"changeFromQuantity of {what} must be given: the expected quantity, or null to skip the check.",
            extensions={"code": "BAD_REQUEST"},
        )


def _stale(row: dict[str, Any], level: Level, name: str, path: list[str]) -> dict[str, Any] | None:
    expected = row["changeFromQuantity"]
    if expected is None or expected == level.quantity(name):
        return None
    message = "The changeFromQuantity argument no longer matches the persisted quantity."
    return user_error(message, "CHANGE_FROM_QUANTITY_STALE", [*path, "changeFromQuantity"])


def _place(world: World, row: dict[str, Any], path: list[str]) -> Level | dict[str, Any]:
    item_id, location_id = number_of(row["inventoryItemId"], "InventoryItem"), number_of(row["locationId"], "Location")
    if item_id not in world.items:
        message = "The specified inventory item could not be found."
        return user_error(message, "INVALID_INVENTORY_ITEM", [*path, "inventoryItemId"])
    if location_id not in world.locations:
        return user_error("The specified location could not be found.", "INVALID_LOCATION", [*path, "locationId"])
    if world.variants[world.variant_of_item[item_id]].parts:
        message = (
            "The specified inventory item is not allowed to be adjusted via API. Example: if the inventory item is a "
            "parent bundle."
        )
        return user_error(message, "NON_MUTABLE_INVENTORY_ITEM", [*path, "inventoryItemId"])
    return level_at(world, item_id, location_id)


def _reason_error(given: dict[str, Any]) -> dict[str, Any] | None:
    if given["reason"] not in REASONS:
        return user_error("The specified reason is invalid.", "INVALID_REASON", ["input", "reason"])
    return None


def _apply(info: GraphQLResolveInfo, given: dict[str, Any], changes: list[Change]) -> dict[str, Any]:
    world = world_of(info)
    stock = StockChanges(world)
    rows = []
    for level, name, delta, ledger in changes:
        stock.shift(level, **{"available" if name == "on_hand" else name: delta})
        rows.append(
            {
                "name": name,
                "delta": delta,
                "quantityAfterChange": level.quantity(name),
                "item": world.items[level.item_id],
                "location": world.locations[level.location_id],
                "ledgerDocumentUri": ledger,
            }
        )
    stock.announce()
    group = {
        "__typename": "InventoryAdjustmentGroup",
        "id": f"gid://shopify/InventoryAdjustmentGroup/{world.id('InventoryAdjustmentGroup')}",
        "reason": given["reason"],
        "referenceDocumentUri": given.get("referenceDocumentUri"),
        "createdAt": world.now(),
        "changes": rows,
    }
    return {"inventoryAdjustmentGroup": group if rows else None, "userErrors": []}


def _refused(errors: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inventoryAdjustmentGroup": None, "userErrors": errors}


# --- set --------------------------------------------------------------------------------------------------------------


@answers("Mutation", "inventorySetQuantities")
def set_quantities(_: Any, info: GraphQLResolveInfo, input: dict[str, Any]) -> dict[str, Any]:
    """Set available or on_hand, never below zero."""
    check_rows(input["quantities"], "quantities")
    for row in input["quantities"]:
        _need_change_from(row, "InventoryQuantityInput")
    return once(info, input, lambda: _set(info, input))


def _set(info: GraphQLResolveInfo, given: dict[str, Any]) -> dict[str, Any]:
    world = world_of(info)
    errors: list[dict[str, Any]] = []
    changes: list[Change] = []
    if given["name"] not in {"available", "on_hand"}:
        return _refused(
            [
                user_error(
                    "The quantity name must be either 'available' or 'on_hand'.", "INVALID_NAME", ["input", "name"]
                )
            ]
        )
    if error := _reason_error(given):
        return _refused([error])
    seen = set()
    for position, row in enumerate(given["quantities"]):
        path = ["input", "quantities", str(position)]
        level = _place(world, row, path)
        if isinstance(level, dict):
            errors.append(level)
        elif row["quantity"] < 0:
            errors.append(
                user_error("The quantity can't be negative.", "INVALID_QUANTITY_NEGATIVE", [*path, "quantity"])
            )
        elif row["quantity"] > MOST_SET:
            errors.append(
                user_error("The total quantity is too high.", "INVALID_QUANTITY_TOO_HIGH", [*path, "quantity"])
            )
        elif level.gid in seen:
            message = "The combination of inventoryItemId and locationId must be unique."
            errors.append(user_error(message, "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", path))
        elif stale := _stale(row, level, given["name"], path):
            errors.append(stale)
        else:
            seen.add(level.gid)
            delta = row["quantity"] - level.quantity(given["name"])
            if delta:
                changes.append((level, given["name"], delta, None))
    return _refused(errors) if errors else _apply(info, given, changes)


# --- adjust -----------------------------------------------------------------------------------------------------------


@answers("Mutation", "inventoryAdjustQuantities")
def adjust_quantities(_: Any, info: GraphQLResolveInfo, input: dict[str, Any]) -> dict[str, Any]:
    """Add to a quantity; `available` may go below zero."""
    check_rows(input["changes"], "changes")
    for row in input["changes"]:
        _need_change_from(row, "InventoryChangeInput")
    return once(info, input, lambda: _adjust(info, input))


def _adjust(info: GraphQLResolveInfo, given: dict[str, Any]) -> dict[str, Any]:
    world = world_of(info)
    errors: list[dict[str, Any]] = []
    changes: list[Change] = []
    name = given["name"]
    if name not in QUANTITY_NAMES or name == "on_hand":
        return _refused(
            [user_error("The specified quantity name is invalid.", "INVALID_QUANTITY_NAME", ["input", "name"])]
        )
    if error := _reason_error(given):
        return _refused([error])
    if len({row.get("ledgerDocumentUri") for row in given["changes"]}) > 1:
        return _refused(
            [
                user_error(
                    "All changes must have the same ledger document URI.",
                    "MAX_ONE_LEDGER_DOCUMENT",
                    ["input", "changes"],
                )
            ]
        )
    for position, row in enumerate(given["changes"]):
        path = ["input", "changes", str(position)]
        level = _place(world, row, path)
        if isinstance(level, dict):
            errors.append(level)
        elif error := _ledger_error(name, row.get("ledgerDocumentUri"), path):
            errors.append(error)
        elif abs(row["delta"]) > MOST_ADJUST:
            errors.append(user_error("The quantity is too high.", "INVALID_QUANTITY_TOO_HIGH", [*path, "delta"]))
        elif stale := _stale(row, level, name, path):
            errors.append(stale)
        elif row["delta"]:
            changes.append((level, name, row["delta"], row.get("ledgerDocumentUri")))
    return _refused(errors) if errors else _apply(info, given, changes)


def _ledger_error(name: str, ledger: str | None, path: list[str]) -> dict[str, Any] | None:
    where = [*path, "ledgerDocumentUri"]
    if name == "available":
        if ledger is None:
            return None
        return user_error(
            "A ledger document URI is not allowed when adjusting available.", "INVALID_AVAILABLE_DOCUMENT", where
        )
    if ledger is None:
        return user_error(
            "A ledger document URI is required except when adjusting available.", "INVALID_QUANTITY_DOCUMENT", where
        )
    if ledger.startswith("gid://shopify/"):
        return user_error(
            "Internal (gid://shopify/) ledger documents are not allowed.", "INTERNAL_LEDGER_DOCUMENT", where
        )
    return None


# --- move -------------------------------------------------------------------------------------------------------------


@answers("Mutation", "inventoryMoveQuantities")
def move_quantities(_: Any, info: GraphQLResolveInfo, input: dict[str, Any]) -> dict[str, Any]:
    """Move units between quantities of one location."""
    check_rows(input["changes"], "changes")
    for row in input["changes"]:
        _need_change_from(row["from"], "InventoryMoveQuantityTerminalInput")
        _need_change_from(row["to"], "InventoryMoveQuantityTerminalInput")
    return once(info, input, lambda: _move(info, input))


def _move(info: GraphQLResolveInfo, given: dict[str, Any]) -> dict[str, Any]:
    world = world_of(info)
    errors: list[dict[str, Any]] = []
    changes: list[Change] = []
    if error := _reason_error(given):
        return _refused([error])
    for position, row in enumerate(given["changes"]):
        path = ["input", "changes", str(position)]
        found = _move_error(world, row, path)
        if isinstance(found, dict):
            errors.append(found)
            continue
        for sign, end in ((-1, row["from"]), (1, row["to"])):
            changes.append((found, end["name"], sign * row["quantity"], end.get("ledgerDocumentUri")))
    return _refused(errors) if errors else _apply(info, given, changes)


def _move_error(world: World, row: dict[str, Any], path: list[str]) -> Level | dict[str, Any]:
    start, end = row["from"], row["to"]
    if start["locationId"] != end["locationId"]:
        return user_error("The quantities can't be moved between different locations.", "DIFFERENT_LOCATIONS", path)
    if start["name"] == end["name"]:
        return user_error("The quantity names for each change can't be the same.", "SAME_QUANTITY_NAME", path)
    if row["quantity"] < 0:
        return user_error("The quantity can't be negative.", "INVALID_QUANTITY_NEGATIVE", [*path, "quantity"])
    level = _place(world, {"inventoryItemId": row["inventoryItemId"], "locationId": start["locationId"]}, path)
    if isinstance(level, dict):
        return level
    for side, one in (("from", start), ("to", end)):
        where = [*path, side]
        if one["name"] not in QUANTITY_NAMES or one["name"] == "on_hand":
            return user_error("The specified quantity name is invalid.", "INVALID_QUANTITY_NAME", [*where, "name"])
        fault = _ledger_error(one["name"], one.get("ledgerDocumentUri"), where) or _stale(
            one, level, one["name"], where
        )
        if fault:
            return fault
    return level
