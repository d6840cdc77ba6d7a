"""What a webhook body tells us: which thing to read again. Pure: JSON in, ids out, nothing personal.

A body is a hint, and with `include_fields` it holds only the fields listed there, so little is asked of it: the ids of
what changed, the few figures the switch works on, and what the lifecycle and privacy topics say. Numbers become GIDs;
where a body carries `admin_graphql_api_id` it is preferred.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from plugin.domain.facts import ItemGid, LocationGid, OrderGid, ProductGid, Shop
from plugin.errors import PayloadError

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hint:
    """
    What one delivery is about; fields its topic does not speak of are empty.

    shop: The shop the body names, where it names one: the headers are not signed, so compare.
    available: Units free to sell at `location_id`; None also when Shopify does not count there.
    updated_at: When the thing itself changed, by Shopify's clock.
    fulfillment_order_ids: Their order is not in the body; ask for its owner.
    customer_id, order_ids: Of the privacy topics: whose data, and which orders.
    """

    topic: str
    shop: Shop | None = None
    order_ids: tuple[OrderGid, ...] = ()
    fulfillment_order_ids: tuple[str, ...] = ()
    item_id: ItemGid | None = None
    location_id: LocationGid | None = None
    available: int | None = None
    updated_at: datetime | None = None
    product_id: ProductGid | None = None
    bulk_operation_id: str | None = None
    bulk_status: str | None = None
    scopes: frozenset[str] | None = None
    customer_id: str | None = None
    data_request_id: str | None = None


def hint(topic: str, body: bytes) -> Hint:
    """
    Read a body that was checked before.

    Args:
        topic: As in `X-Shopify-Topic`.
    Raises:
        PayloadError: No JSON object, a topic we did not ask for, or a needed field is missing or of another type.
    """
    extract = _EXTRACTORS.get(topic)
    if extract is None:
        raise PayloadError("topic", f"{topic!r} is not one we subscribe to")
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise PayloadError("body", "not JSON") from exc
    if not isinstance(payload, dict):
        raise PayloadError("body", "not an object")
    return extract(topic, payload)


def _shop(topic: str, payload: Json) -> Hint:
    return Hint(topic, shop=_named_shop(payload, "myshopify_domain"))


def _scopes(topic: str, payload: Json) -> Hint:
    current = _list(payload, "current")
    if not all(isinstance(scope, str) for scope in current):
        raise PayloadError("current", "not a list of scopes")
    return Hint(topic, scopes=frozenset(current), updated_at=_moment(payload, "updated_at"))


def _level(topic: str, payload: Json) -> Hint:
    available = payload.get("available")
    if available is not None and (isinstance(available, bool) or not isinstance(available, int)):
        raise PayloadError("available", "not a whole number")
    return Hint(
        topic,
        item_id=ItemGid(_gid(payload, "inventory_item_id", "InventoryItem")),
        location_id=LocationGid(_gid(payload, "location_id", "Location")),
        available=available,
        updated_at=_moment(payload, "updated_at"),
    )


def _item(topic: str, payload: Json) -> Hint:
    item_id = ItemGid(_own_gid(payload, "InventoryItem"))
    return Hint(topic, item_id=item_id, updated_at=_moment(payload, "updated_at"))


def _product(topic: str, payload: Json) -> Hint:
    product_id = ProductGid(_own_gid(payload, "Product"))
    return Hint(topic, product_id=product_id, updated_at=_moment(payload, "updated_at"))


def _location(topic: str, payload: Json) -> Hint:
    location_id = LocationGid(_own_gid(payload, "Location"))
    return Hint(topic, location_id=location_id, updated_at=_moment(payload, "updated_at"))


def _order(topic: str, payload: Json) -> Hint:
    order_id = OrderGid(_own_gid(payload, "Order"))
    return Hint(topic, order_ids=(order_id,), updated_at=_moment(payload, "updated_at"))


def _order_edit(topic: str, payload: Json) -> Hint:
    return _of_order(topic, _object(payload, "order_edit"))


def _of_order(topic: str, payload: Json) -> Hint:
    return Hint(topic, order_ids=(OrderGid(_gid(payload, "order_id", "Order")),))


def _approved_return(topic: str, payload: Json) -> Hint:
    return Hint(topic, order_ids=(OrderGid(_own_gid(_object(payload, "order"), "Order")),))


def _fulfillment_orders(topic: str, payload: Json) -> Hint:
    found = tuple(dict.fromkeys(_fulfillment_order_ids(payload)))
    if not found:
        raise PayloadError("fulfillment_order.id", "missing")
    return Hint(topic, fulfillment_order_ids=found)


def _bulk(topic: str, payload: Json) -> Hint:
    operation_id = _gid(payload, "admin_graphql_api_id", "BulkOperation")
    return Hint(topic, bulk_operation_id=operation_id, bulk_status=_text(payload, "status").upper())


def _customer(topic: str, payload: Json) -> Hint:
    return Hint(topic, customer_id=_own_gid(payload, "Customer"), updated_at=_moment(payload, "updated_at"))


def _privacy(orders_field: str) -> Callable[[str, Json], Hint]:
    def extract(topic: str, payload: Json) -> Hint:
        # Who bought as a guest has no customer, and is known by their orders.
        customer = _object(payload, "customer") if payload.get("customer") is not None else {}
        numbers = _list(payload, orders_field) if orders_field in payload else []
        is_guest = customer.get("id") is None and bool(numbers)
        request = payload.get("data_request")
        return Hint(
            topic,
            shop=_named_shop(payload, "shop_domain"),
            customer_id=None if is_guest else _gid({"customer.id": customer.get("id")}, "customer.id", "Customer"),
            order_ids=tuple(OrderGid(_gid({orders_field: number}, orders_field, "Order")) for number in numbers),
            data_request_id=str(request["id"]) if isinstance(request, dict) and "id" in request else None,
        )

    return extract


def _shop_redact(topic: str, payload: Json) -> Hint:
    shop = _named_shop(payload, "shop_domain")
    if shop is None:
        raise PayloadError("shop_domain", "missing")
    return Hint(topic, shop=shop)


_EXTRACTORS: Mapping[str, Callable[[str, Json], Hint]] = {
    "app/uninstalled": _shop,
    "app/scopes_update": _scopes,
    "shop/update": _shop,
    "inventory_levels/update": _level,
    "inventory_levels/connect": _level,
    "inventory_levels/disconnect": _level,
    "inventory_items/update": _item,
    "products/create": _product,
    "products/update": _product,
    "products/delete": _product,
    "orders/create": _order,
    "orders/updated": _order,
    "orders/paid": _order,
    "orders/cancelled": _order,
    "orders/edited": _order_edit,
    "orders/delete": _order,
    "refunds/create": _of_order,
    "returns/approve": _approved_return,
    "returns/close": _of_order,
    "returns/reopen": _of_order,
    "returns/cancel": _of_order,
    "fulfillments/create": _of_order,
    "fulfillment_orders/order_routing_complete": _fulfillment_orders,
    "fulfillment_orders/moved": _fulfillment_orders,
    "fulfillment_orders/split": _fulfillment_orders,
    "fulfillment_orders/merged": _fulfillment_orders,
    "fulfillment_orders/cancelled": _fulfillment_orders,
    "locations/create": _location,
    "locations/update": _location,
    "locations/activate": _location,
    "locations/deactivate": _location,
    "locations/delete": _location,
    "bulk_operations/finish": _bulk,
    "customers/update": _customer,
    "customers/delete": _customer,
    "customers/data_request": _privacy("orders_requested"),
    "customers/redact": _privacy("orders_to_redact"),
    "shop/redact": _shop_redact,
}
TOPICS = frozenset(_EXTRACTORS)


def _fulfillment_order_ids(payload: Json) -> Iterator[str]:
    """Find `fulfillment_order`, `moved_fulfillment_order` and the like, wherever the topic puts them."""
    for key, value in payload.items():
        if key == "fulfillment_order_merges":
            for merge in value if isinstance(value, list) else [value]:
                yield from _fulfillment_order_ids(merge if isinstance(merge, dict) else {})
        elif key.endswith("fulfillment_order") and isinstance(value, dict):
            yield _gid(value, "id", "FulfillmentOrder")


def _own_gid(payload: Json, kind: str) -> str:
    field = "admin_graphql_api_id" if payload.get("admin_graphql_api_id") is not None else "id"
    return _gid(payload, field, kind)


def _gid(payload: Json, field: str, kind: str) -> str:
    """Take an id, a number or already a GID of that kind, as a GID."""
    value = payload.get(field)
    prefix = f"gid://shopify/{kind}/"
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise PayloadError(field, "missing" if value is None else "not an id")
    number = text.removeprefix(prefix)
    if not (number.isascii() and number.isdigit()):
        raise PayloadError(field, f"not the id of a {kind}")
    return prefix + number


def _object(payload: Json, field: str) -> Json:
    value = payload.get(field)
    if not isinstance(value, dict):
        raise PayloadError(field, "missing" if value is None else "not an object")
    return value


def _list(payload: Json, field: str) -> list[Any]:
    value = payload.get(field)
    if not isinstance(value, list):
        raise PayloadError(field, "missing" if value is None else "not a list")
    return value


def _text(payload: Json, field: str) -> str:
    value = payload.get(field)
    if not isinstance(value, str):
        raise PayloadError(field, "missing" if value is None else "not text")
    return value


def _moment(payload: Json, field: str) -> datetime | None:
    """Read a time that may be left out; it must have an offset."""
    if payload.get(field) is None:
        return None
    try:
        moment = datetime.fromisoformat(_text(payload, field))
    except ValueError as exc:
        raise PayloadError(field, "not a time") from exc
    if moment.tzinfo is None:
        raise PayloadError(field, "a time without its zone")
    return moment.astimezone(UTC)


def _named_shop(payload: Json, field: str) -> Shop | None:
    return Shop(_text(payload, field).lower()) if payload.get(field) is not None else None
