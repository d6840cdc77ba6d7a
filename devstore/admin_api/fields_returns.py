"""Returns as the Admin API shows them, and the reverse fulfillment orders that say what became of the goods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLResolveInfo

from devstore.admin_api.fields_goods import world_of
from devstore.admin_api.fields_orders import is_visible
from devstore.admin_api.paging import Page, paginate
from devstore.admin_api.registry import answers, number_of
from devstore.world import Disposition, Location, Order, Refund, Return, ReturnLine


@answers("Order", "returnStatus")
def return_status(source: Order, info: GraphQLResolveInfo) -> str:
    """Return how the order's returns stand, all told."""
    under_way = [one for one in source.returns if one.status == "OPEN"]
    if not under_way:
        return "RETURNED" if source.returns else "NO_RETURN"
    is_decided = all(line.dispositions for one in under_way for line in one.lines)
    return "INSPECTION_COMPLETE" if is_decided else "IN_PROGRESS"


@answers("Order", "returns")
def order_returns(source: Order, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List an order's returns, oldest first."""
    return paginate(source.returns, info, **args)


@answers("Refund", "return")
def return_of_refund(source: Refund, info: GraphQLResolveInfo) -> Return | None:
    """Return what a refund gives back the money of."""
    return next((one for one in _visible(info) if one.id == source.return_id), None)


@answers("QueryRoot", "return")
def one_return(_: Any, info: GraphQLResolveInfo, id: str) -> Return | None:
    """Return one return, unless its order is too old for the app."""
    number = number_of(id, "Return")
    return next((one for one in _visible(info) if one.id == number), None)


@answers("Return", "reverseFulfillmentOrders")
def goods_of_return(source: Return, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List the one reverse fulfillment order of a return."""
    return paginate([_goods(source)], info, **args)


@answers("QueryRoot", "reverseFulfillmentOrder")
def one_goods(_: Any, info: GraphQLResolveInfo, id: str) -> dict[str, Any] | None:
    """Return one reverse fulfillment order, unless its order is too old for the app."""
    number = number_of(id, "ReverseFulfillmentOrder")
    return next((_goods(one) for one in _visible(info) if one.goods_id == number), None)


@answers("ReverseFulfillmentOrder", "lineItems")
def goods_lines(source: dict[str, Any], info: GraphQLResolveInfo, **args: Any) -> Page:
    """List what comes back."""
    return paginate(source["lines"], info, **args)


@answers("ReverseFulfillmentOrderLineItem", "fulfillmentLineItem")
def parcel_line(source: ReturnLine, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return the shipped units that come back."""
    line = next(line for one in world_of(info).orders.values() for line in one.lines if line.id == source.line_item_id)
    return {"id": f"gid://shopify/FulfillmentLineItem/{line.id}", "lineItem": line, "quantity": source.units}


@answers("ReverseFulfillmentOrderDisposition", "location")
def disposed_at(source: Disposition, info: GraphQLResolveInfo) -> Location | None:
    """Return where the units are."""
    return world_of(info).locations.get(source.location_id or 0)


def _goods(of: Return) -> dict[str, Any]:
    return {
        "__typename": "ReverseFulfillmentOrder",
        "id": f"gid://shopify/ReverseFulfillmentOrder/{of.goods_id}",
        "status": of.status,
        "lines": of.lines,
    }


def _visible(info: GraphQLResolveInfo) -> Iterator[Return]:
    for order in world_of(info).orders.values():
        if is_visible(info.context, order):
            yield from order.returns
