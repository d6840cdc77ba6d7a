"""Bodies of fulfillment_orders/* and fulfillment_holds/*: GIDs, not numbers."""

from __future__ import annotations

from typing import Any

from devstore.world import FulfillmentOrder, Hold, World


def fo_gid(work: FulfillmentOrder) -> str:
    """Return a fulfillment order's global id."""
    return f"gid://shopify/FulfillmentOrder/{work.id}"


def fo_stub(work: FulfillmentOrder) -> dict[str, Any]:
    """Write the id and the status, which is all most topics say."""
    return {"id": fo_gid(work), "status": work.status.lower()}


def hold_body(world: World, hold: Hold) -> dict[str, Any]:
    """Write a hold; `held_by_requesting_app` is how an app tells its own echo."""
    own = world.installation is not None and hold.app_id is not None
    return {
        "id": f"gid://shopify/FulfillmentHold/{hold.id}",
        "reason": hold.reason.lower(),
        "reason_notes": hold.reason_notes,
        "held_by_requesting_app": own,
        "handle": hold.handle,
        "held_by_app": {"id": f"gid://shopify/App/{hold.app_id}"} if hold.app_id else None,
    }


def placed_body(world: World, work: FulfillmentOrder, hold: Hold, rest: FulfillmentOrder | None) -> dict[str, Any]:
    """Write fulfillment_orders/placed_on_hold."""
    return {
        "fulfillment_order": {**fo_stub(work), "fulfillment_holds": [hold_body(world, one) for one in work.holds]},
        "remaining_fulfillment_order": fo_stub(rest) if rest else None,
        "held_fulfillment_order_line_items": line_counts(work),
        "created_fulfillment_hold": hold_body(world, hold),
    }


def line_counts(work: FulfillmentOrder) -> list[dict[str, Any]]:
    """Write the lines of a fulfillment order as ids and units."""
    return [
        {"id": f"gid://shopify/FulfillmentOrderLineItem/{line.id}", "quantity": line.remaining} for line in work.lines
    ]


def hold_event_body(world: World, work: FulfillmentOrder, hold: Hold) -> dict[str, Any]:
    """Write fulfillment_holds/added and released."""
    return {"fulfillment_order": {"id": fo_gid(work)}, "fulfillment_hold": hold_body(world, hold)}


def moved_body(
    origin: FulfillmentOrder, moved: FulfillmentOrder, source_location_id: int, units: list[dict[str, Any]]
) -> dict[str, Any]:
    """Write fulfillment_orders/moved."""
    return {
        "original_fulfillment_order": {**fo_stub(origin), "assigned_location_id": _place(origin.location_id)},
        "moved_fulfillment_order": {**fo_stub(moved), "assigned_location_id": _place(moved.location_id)},
        "destination_location_id": _place(moved.location_id),
        "fulfillment_order_line_items_requested": units,
        "source_location": {"id": _place(source_location_id)},
    }


def split_body(work: FulfillmentOrder, rest: FulfillmentOrder, units: list[dict[str, Any]]) -> dict[str, Any]:
    """Write fulfillment_orders/split."""
    return {
        "fulfillment_order": fo_stub(work),
        "remaining_fulfillment_order": fo_stub(rest),
        "replacement_fulfillment_order": None,
        "split_line_items": units,
    }


def merged_body(into: FulfillmentOrder, intents: list[tuple[int, list[tuple[int, int]]]]) -> dict[str, Any]:
    """Write fulfillment_orders/merged; this one topic carries plain numbers in its intents."""
    return {
        "fulfillment_order_merges": {"fulfillment_order": fo_stub(into)},
        "merge_intents": [
            {
                "fulfillment_order_id": number,
                "fulfillment_order_line_items": [{"id": line, "quantity": units} for line, units in lines],
            }
            for number, lines in intents
        ],
    }


def _place(location_id: int) -> str:
    return f"gid://shopify/Location/{location_id}"
