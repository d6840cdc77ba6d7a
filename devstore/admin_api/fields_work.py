"""Fulfillment orders, holds and parcels as the Admin API shows them."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLResolveInfo

from devstore.admin_api.fields_goods import order_key, world_of
from devstore.admin_api.fields_orders import is_visible
from devstore.admin_api.paging import Page, paginate
from devstore.admin_api.registry import answers, number_of
from devstore.admin_api.search import Readers, matcher
from devstore.world import (
    Fulfillment,
    FulfillmentOrder,
    FulfillmentOrderLine,
    Hold,
    LineItem,
    Location,
    Order,
    Variant,
)

ACTIONS = {
    "OPEN": ("CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD", "SPLIT", "MERGE"),
    "IN_PROGRESS": ("CREATE_FULFILLMENT", "REPORT_PROGRESS"),
    "ON_HOLD": ("RELEASE_HOLD", "HOLD", "MOVE"),
    "SCHEDULED": ("MARK_AS_OPEN", "MOVE", "HOLD", "SPLIT"),
}
CLOSED_STATES = ("CLOSED", "CANCELLED", "INCOMPLETE")
READERS: Readers = {
    "id": lambda one: one.id,
    "status": lambda one: one.status,
    "assigned_location_id": lambda one: one.location_id,
    "updated_at": lambda one: one.updated_at,
}
SORTING = {
    "ID": lambda one: one.id,
    "CREATED_AT": lambda one: one.created_at,
    "UPDATED_AT": lambda one: one.updated_at,
    "RELEVANCE": lambda one: one.id,
}


@answers("QueryRoot", "fulfillmentOrder")
def fulfillment_order(_: Any, info: GraphQLResolveInfo, id: str) -> FulfillmentOrder | None:
    """Return one fulfillment order, unless its order is too old for the app."""
    world = world_of(info)
    found = world.fulfillment_orders.get(number_of(id, "FulfillmentOrder"))
    return found if found is not None and is_visible(info.context, world.orders[found.order_id]) else None


@answers("QueryRoot", "fulfillmentOrders")
def fulfillment_orders(_: Any, info: GraphQLResolveInfo, includeClosed: bool = False, **args: Any) -> Page:
    """List fulfillment orders."""
    world = world_of(info)
    wanted = matcher(args.get("query"), READERS)
    found = [
        one
        for one in world.fulfillment_orders.values()
        if (includeClosed or one.status not in CLOSED_STATES)
        and is_visible(info.context, world.orders[one.order_id])
        and wanted(one)
    ]
    return paginate(found, info, key=order_key(SORTING, args.get("sortKey", "ID")), **args)


@answers("QueryRoot", "manualHoldsFulfillmentOrders")
def held(_: Any, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List fulfillment orders on hold."""
    wanted = matcher(args.get("query"), READERS)
    found = [one for one in world_of(info).fulfillment_orders.values() if one.status == "ON_HOLD" and wanted(one)]
    return paginate(found, info, key=lambda one: one.id, **args)


@answers("Order", "fulfillmentOrders")
def of_order(source: Order, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List an order's fulfillment orders."""
    wanted = matcher(args.get("query"), READERS)
    found = [one for one in world_of(info).fulfillment_orders_of(source) if wanted(one)]
    return paginate(found, info, key=lambda one: one.id, **args)


@answers("FulfillmentOrder", "lineItems")
def lines(source: FulfillmentOrder, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List what is to be shipped."""
    return paginate(source.lines, info, **args)


@answers("FulfillmentOrder", "fulfillments")
def parcels(source: FulfillmentOrder, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List the parcels of this order from this location."""
    mine = {line.line_item_id for line in source.lines}
    order = world_of(info).orders[source.order_id]
    found = [one for one in order.fulfillments if one.location_id == source.location_id and mine & set(one.units)]
    return paginate(found, info, **args)


@answers("FulfillmentOrder", "assignedLocation")
def assigned_location(source: FulfillmentOrder, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return who ships."""
    place = world_of(info).locations[source.location_id]
    return {
        "name": place.name,
        "location": place,
        "address1": place.address1,
        "address2": None,
        "city": place.city,
        "zip": place.zip,
        "province": place.province,
        "countryCode": place.country_code,
        "phone": place.phone or None,
    }


@answers("FulfillmentOrder", "supportedActions")
def supported_actions(source: FulfillmentOrder, info: GraphQLResolveInfo) -> list[dict[str, Any]]:
    """Return what may be done with it now."""
    return [{"action": action, "externalUrl": None} for action in ACTIONS.get(source.status, ())]


@answers("FulfillmentOrder", "fulfillmentHolds")
def holds(source: FulfillmentOrder, info: GraphQLResolveInfo) -> list[Hold]:
    """Return what stops it."""
    return source.holds


@answers("FulfillmentOrder", "order")
def order(source: FulfillmentOrder, info: GraphQLResolveInfo) -> Order:
    """Return the order behind it."""
    return world_of(info).orders[source.order_id]


@answers("FulfillmentOrder", "orderId")
def order_id(source: FulfillmentOrder, info: GraphQLResolveInfo) -> str:
    """Return the order's id."""
    return world_of(info).orders[source.order_id].gid


@answers("FulfillmentOrder", "orderName")
def order_name(source: FulfillmentOrder, info: GraphQLResolveInfo) -> str:
    """Return the order's name."""
    return world_of(info).orders[source.order_id].name


@answers("FulfillmentOrder", "orderProcessedAt")
def order_processed_at(source: FulfillmentOrder, info: GraphQLResolveInfo) -> Any:
    """Return when the order was placed."""
    return world_of(info).orders[source.order_id].processed_at


@answers("FulfillmentOrderLineItem", "totalQuantity")
def total_quantity(source: FulfillmentOrderLine, info: GraphQLResolveInfo) -> int:
    """Count all units of the line here."""
    return source.total


@answers("FulfillmentOrderLineItem", "remainingQuantity")
def remaining_quantity(source: FulfillmentOrderLine, info: GraphQLResolveInfo) -> int:
    """Count units still to ship."""
    return source.remaining


@answers("FulfillmentOrderLineItem", "inventoryItemId")
def inventory_item_id(source: FulfillmentOrderLine, info: GraphQLResolveInfo) -> str | None:
    """Return the stocked thing's id."""
    return f"gid://shopify/InventoryItem/{source.inventory_item_id}" if source.inventory_item_id else None


@answers("FulfillmentOrderLineItem", "variant")
def line_variant(source: FulfillmentOrderLine, info: GraphQLResolveInfo) -> Variant | None:
    """Return the variant, unless it was deleted."""
    return world_of(info).variants.get(source.variant_id or 0)


def _bought(source: FulfillmentOrderLine, info: GraphQLResolveInfo) -> LineItem:
    line = world_of(info).orders[source.order_id].line(source.line_item_id)
    assert line is not None
    return line


@answers("FulfillmentOrderLineItem", "lineItem")
def line_item(source: FulfillmentOrderLine, info: GraphQLResolveInfo) -> LineItem:
    """Return the order line behind it."""
    return _bought(source, info)


@answers("FulfillmentOrderLineItem", "productTitle")
def product_title(source: FulfillmentOrderLine, info: GraphQLResolveInfo) -> str:
    """Return the product's title."""
    return _bought(source, info).title


@answers("FulfillmentOrderLineItem", "variantTitle", "sku", "vendor", "requiresShipping")
def from_line(source: FulfillmentOrderLine, info: GraphQLResolveInfo) -> Any:
    """Return what the order line says."""
    names = {"variantTitle": "variant_title", "requiresShipping": "requires_shipping"}
    return getattr(_bought(source, info), names.get(info.field_name, info.field_name))


@answers("FulfillmentHold", "heldByRequestingApp")
def held_by_us(source: Hold, info: GraphQLResolveInfo) -> bool:
    """Say whether the asking app placed the hold."""
    return source.app_id == info.context.app.app_id


@answers("FulfillmentHold", "displayReason")
def display_reason(source: Hold, info: GraphQLResolveInfo) -> str:
    """Return the reason in words."""
    return source.reason.replace("_", " ").capitalize()


@answers("Fulfillment", "location")
def parcel_location(source: Fulfillment, info: GraphQLResolveInfo) -> Location:
    """Return where the parcel left."""
    return world_of(info).locations[source.location_id]


@answers("Fulfillment", "totalQuantity")
def parcel_units(source: Fulfillment, info: GraphQLResolveInfo) -> int:
    """Count the parcel's units."""
    return sum(source.units.values())


@answers("Fulfillment", "displayStatus")
def parcel_status(source: Fulfillment, info: GraphQLResolveInfo) -> str:
    """Return the status in the merchant's words."""
    return "FULFILLED" if source.status == "SUCCESS" else "CANCELED"


@answers("Fulfillment", "trackingInfo")
def tracking(source: Fulfillment, info: GraphQLResolveInfo, **_: Any) -> list[dict[str, Any]]:
    """Return how to follow the parcel."""
    if source.tracking_number is None and source.tracking_url is None:
        return []
    return [{"company": source.tracking_company, "number": source.tracking_number, "url": source.tracking_url}]


@answers("Fulfillment", "fulfillmentLineItems")
def parcel_lines(source: Fulfillment, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List what the parcel holds."""
    order = world_of(info).orders[source.order_id]
    rows = [
        {"id": f"gid://shopify/FulfillmentLineItem/{line_id}", "lineItem": order.line(line_id), "quantity": units}
        for line_id, units in source.units.items()
    ]
    return paginate(rows, info, **args)
