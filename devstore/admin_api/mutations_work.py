"""Mutations of fulfillment orders: hold, release, split, merge, move, reschedule."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLResolveInfo

from devstore.acts.errors import ActError
from devstore.acts.holding import hold, merge, move, release, split
from devstore.admin_api.fields_goods import world_of
from devstore.admin_api.fields_orders import is_visible
from devstore.admin_api.mutations_orders import from_act
from devstore.admin_api.registry import answers, instant_of, number_of, user_error
from devstore.payloads.work import fo_stub
from devstore.world import FulfillmentOrder

MOST_HANDLE = 64


def _work(info: GraphQLResolveInfo, written: str) -> FulfillmentOrder:
    world = world_of(info)
    found = world.fulfillment_orders.get(number_of(written, "FulfillmentOrder"))
    if found is None or not is_visible(info.context, world.orders[found.order_id]):
        raise ActError("Fulfillment order does not exist.", "FULFILLMENT_ORDER_NOT_FOUND", ["id"])
    return found


def _units(rows: list[dict[str, Any]] | None) -> dict[int, int]:
    units: dict[int, int] = {}
    for row in rows or []:
        number = number_of(row["id"], "FulfillmentOrderLineItem")
        if number in units:
            raise ActError(
                "The fulfillment order line items are not unique",
                "DUPLICATED_FULFILLMENT_ORDER_LINE_ITEMS",
                ["fulfillmentHold"],
            )
        units[number] = row["quantity"]
    return units


@answers("Mutation", "fulfillmentOrderHold")
def hold_it(_: Any, info: GraphQLResolveInfo, id: str, fulfillmentHold: dict[str, Any]) -> dict[str, Any]:
    """Place a hold."""
    try:
        work = _work(info, id)
        handle = fulfillmentHold.get("handle") or ""
        if len(handle) > MOST_HANDLE:
            raise ActError("Handle is too long (maximum is 64 characters)", "TAKEN", ["fulfillmentHold", "handle"])
        placed, rest = hold(
            world_of(info),
            work,
            fulfillmentHold["reason"],
            notes=fulfillmentHold.get("reasonNotes") or "",
            handle=handle,
            external_id=fulfillmentHold.get("externalId"),
            app_id=info.context.app.app_id,
            units=_units(fulfillmentHold.get("fulfillmentOrderLineItems")),
        )
    except ActError as error:
        nothing = {"fulfillmentHold": None, "fulfillmentOrder": None, "remainingFulfillmentOrder": None}
        return {**nothing, "userErrors": [from_act(error, ["id"])]}
    return {
        "fulfillmentHold": placed,
        "fulfillmentOrder": work,
        "remainingFulfillmentOrder": rest,
        "userErrors": [],
    }


@answers("Mutation", "fulfillmentOrderReleaseHold")
def release_it(
    _: Any, info: GraphQLResolveInfo, id: str, holdIds: list[str] | None = None, externalId: str | None = None
) -> dict[str, Any]:
    """Release holds: the named ones, or everybody's."""
    try:
        work = _work(info, id)
        release(
            world_of(info), work, None if holdIds is None else [number_of(one, "FulfillmentHold") for one in holdIds]
        )
    except ActError as error:
        return {"fulfillmentOrder": None, "userErrors": [from_act(error, ["id"])]}
    return {"fulfillmentOrder": work, "userErrors": []}


@answers("Mutation", "fulfillmentOrderSplit")
def split_them(_: Any, info: GraphQLResolveInfo, fulfillmentOrderSplits: list[dict[str, Any]]) -> dict[str, Any]:
    """Split units off into fulfillment orders of their own."""
    results = []
    try:
        for row in fulfillmentOrderSplits:
            work = _work(info, row["fulfillmentOrderId"])
            rest = split(world_of(info), work, _units(row["fulfillmentOrderLineItems"]))
            results.append(
                {"fulfillmentOrder": work, "remainingFulfillmentOrder": rest, "replacementFulfillmentOrder": None}
            )
    except ActError as error:
        return {"fulfillmentOrderSplits": None, "userErrors": [from_act(error, ["fulfillmentOrderSplits"])]}
    return {"fulfillmentOrderSplits": results, "userErrors": []}


@answers("Mutation", "fulfillmentOrderMerge")
def merge_them(_: Any, info: GraphQLResolveInfo, fulfillmentOrderMergeInputs: list[dict[str, Any]]) -> dict[str, Any]:
    """Join fulfillment orders."""
    results = []
    try:
        for row in fulfillmentOrderMergeInputs:
            works = [_work(info, one["fulfillmentOrderId"]) for one in row["mergeIntents"]]
            results.append({"fulfillmentOrder": merge(world_of(info), works)})
    except ActError as error:
        return {"fulfillmentOrderMerges": None, "userErrors": [from_act(error, ["fulfillmentOrderMergeInputs"])]}
    return {"fulfillmentOrderMerges": results, "userErrors": []}


@answers("Mutation", "fulfillmentOrderMove")
def move_it(
    _: Any,
    info: GraphQLResolveInfo,
    id: str,
    newLocationId: str,
    fulfillmentOrderLineItems: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Let another location ship."""
    try:
        work = _work(info, id)
        moved, origin = move(
            world_of(info), work, number_of(newLocationId, "Location"), _units(fulfillmentOrderLineItems) or None
        )
    except ActError as error:
        nothing = {"movedFulfillmentOrder": None, "originalFulfillmentOrder": None, "remainingFulfillmentOrder": None}
        return {**nothing, "userErrors": [from_act(error, ["id"])]}
    rest = origin if moved is not origin else None
    return {
        "movedFulfillmentOrder": moved,
        "originalFulfillmentOrder": origin,
        "remainingFulfillmentOrder": rest,
        "userErrors": [],
    }


@answers("Mutation", "fulfillmentOrderReschedule")
def reschedule(_: Any, info: GraphQLResolveInfo, id: str, fulfillAt: str) -> dict[str, Any]:
    """Put off a scheduled fulfillment order."""
    world = world_of(info)
    try:
        work = _work(info, id)
        at = instant_of(fulfillAt)
        if work.status != "SCHEDULED":
            raise ActError("The fulfillment order must be scheduled.", "FULFILLMENT_ORDER_NOT_SCHEDULED", ["id"])
        if at <= world.now():
            raise ActError("The new date must be in the future.", "FULFILL_AT_IN_PAST", ["fulfillAt"])
    except ActError as error:
        return {"fulfillmentOrder": None, "userErrors": [{**from_act(error), "code": None}]}
    work.fulfill_at, work.updated_at = at, world.now()
    world.happened(
        "fulfillment_orders/rescheduled",
        lambda: {"fulfillment_order": {**fo_stub(work), "fulfill_at": at.isoformat()}},
    )
    return {"fulfillmentOrder": work, "userErrors": []}


@answers("Mutation", "fulfillmentOrderOpen")
def open_it(_: Any, info: GraphQLResolveInfo, id: str) -> dict[str, Any]:
    """Open a scheduled fulfillment order early."""
    try:
        work = _work(info, id)
        if work.status != "SCHEDULED":
            raise ActError("The fulfillment order must be scheduled.", None, ["id"])
    except ActError as error:
        return {"fulfillmentOrder": None, "userErrors": [from_act(error)]}
    work.status, work.updated_at = "OPEN", world_of(info).now()
    return {"fulfillmentOrder": work, "userErrors": []}


@answers("Mutation", "fulfillmentOrdersSetFulfillmentDeadline")
def set_deadline(
    _: Any, info: GraphQLResolveInfo, fulfillmentOrderIds: list[str], fulfillmentDeadline: str
) -> dict[str, Any]:
    """Write by when fulfillment orders must ship."""
    try:
        works = [_work(info, one) for one in fulfillmentOrderIds]
    except ActError:
        refusal = user_error(
            "Fulfillment orders could not be found", "FULFILLMENT_ORDERS_NOT_FOUND", ["fulfillmentOrderIds"]
        )
        return {"success": False, "userErrors": [refusal]}
    for work in works:
        work.fulfill_by = instant_of(fulfillmentDeadline)
    return {"success": True, "userErrors": []}
