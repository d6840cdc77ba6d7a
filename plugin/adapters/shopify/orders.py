"""Reading one order whole: its lines and what its fulfillment orders still have to ship."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from plugin.adapters.shopify.batches import batches
from plugin.adapters.shopify.client import AdminClient
from plugin.adapters.shopify.reading import ChangedWhileReading, instant, iso, unchanged
from plugin.adapters.shopify.returns import read_restocks, was_returned
from plugin.domain.facts import (
    AUTHORIZED,
    PARTIALLY_PAID,
    Buyer,
    FulfillmentOrderLine,
    ItemGid,
    LineGid,
    LocationGid,
    Order,
    OrderGid,
    OrderLine,
    ProductGid,
    VariantGid,
)
from plugin.errors import Unreachable

# Null without the protected-data approval or `read_customers`: an order is of use without its buyer.
_PERSONAL_FIELDS = frozenset({"email", "customer", "firstName", "lastName", "defaultEmailAddress", "emailAddress"})
_PAYMENTS_IN_HEAD = 20
ORDERS_PER_READ = 6  # with as many lines as most orders have, under 500 points (tests hold it to that)
_PAYMENTS_IN_SMALL_HEAD = 5
OWNERS_PER_READ = 100
_READS_WHILE_CHANGING = 3
_PAGES_PER_SEARCH = 200  # of 100 orders: a search reaches at most 25,000 objects, so start it anew before


def read_order(client: AdminClient, order_id: OrderGid) -> Order | None:
    """
    Read an order with all its lines and fulfillment-order lines, as of one `updatedAt`.

    Returns:
        None when Shopify shows no such order: deleted, or older than 60 days without `read_all_orders`.
        Which of the two cannot be told here.
    Raises:
        Unreachable: The order changed again during each of several readings.
    """
    for _ in range(_READS_WHILE_CHANGING):
        try:
            return _read(client, order_id)
        except ChangedWhileReading:
            continue
    raise Unreachable(f"{client.shop}: {order_id} keeps changing while it is read")


def read_orders(client: AdminClient, order_ids: Sequence[OrderGid]) -> dict[OrderGid, Order | None]:
    """
    Read orders as `read_order` does, small ones several at a time: a call costs its way, however little it carries.

    Raises:
        Unreachable: One of them changed again during each of several readings.
    """
    found: dict[OrderGid, Order | None] = {}
    for batch in batches(order_ids, ORDERS_PER_READ):
        if len(batch) == 1:
            found[batch[0]] = read_order(client, batch[0])
            continue
        heads = client.run("orders", {"ids": batch}, may_be_denied=_PERSONAL_FIELDS)["nodes"]
        for order_id, head in zip(batch, heads, strict=True):
            found[order_id] = _small(client, order_id, head) if head else None
    return found


def _small(client: AdminClient, order_id: OrderGid, head: Mapping[str, Any]) -> Order | None:
    """An order that came whole with others; one that did not is read by itself."""
    works = head["fulfillmentOrders"]
    pages = [head["lineItems"], works, *(work["lineItems"] for work in works["nodes"])]
    is_whole = not any(page["pageInfo"]["hasNextPage"] for page in pages)
    if is_whole and len(head["transactions"]) < _PAYMENTS_IN_SMALL_HEAD:
        try:
            return _whole(client, head)
        except ChangedWhileReading:
            pass  # while its refunds were read
    return read_order(client, order_id)


def orders_updated_since(client: AdminClient, since: datetime) -> Iterator[tuple[OrderGid, datetime]]:
    """List orders changed at or after an instant, oldest change first; an order may come twice."""
    while True:
        last, count = since, 0
        for node in client.pages("orders_since", {"query": f"updated_at:>='{iso(since)}'"}, ("orders",)):
            last, count = instant(node["updatedAt"]), count + 1
            yield OrderGid(node["id"]), last
            if count >= _PAGES_PER_SEARCH * 100 and iso(last) != iso(since):
                break
        else:
            return
        since = last


def fulfillment_order_owners(client: AdminClient, fulfillment_order_ids: Sequence[str]) -> dict[str, OrderGid]:
    """Name the order each fulfillment order belongs to, which webhooks leave out; what is not visible is absent."""
    found: dict[str, OrderGid] = {}
    for batch in batches(fulfillment_order_ids, OWNERS_PER_READ):
        nodes = client.run("fulfillment_order_owners", {"ids": batch})["nodes"]
        found |= {node["id"]: OrderGid(node["orderId"]) for node in nodes if node}
    return found


def add_tag(client: AdminClient, order_id: OrderGid, tag: str) -> None:
    """Add a tag; nothing happens when the order has it."""
    client.run("add_tags", {"id": order_id, "tags": [tag]})


def remove_tag(client: AdminClient, order_id: OrderGid, tag: str) -> None:
    """Remove a tag; nothing happens when the order has none such."""
    client.run("remove_tags", {"id": order_id, "tags": [tag]})


def order_of(
    head: Mapping[str, Any],
    payments: Sequence[Mapping[str, Any]],
    lines: Sequence[Mapping[str, Any]],
    fulfillment_lines: Sequence[FulfillmentOrderLine],
) -> Order:
    """Turn an `Order` and its parts into ours."""
    created_at = instant(str(head["createdAt"]))
    return Order(
        order_id=OrderGid(head["id"]),
        name=head["name"],
        number=head["number"],
        created_at=created_at,
        updated_at=instant(str(head["updatedAt"])),
        paid_at=_paid_at(payments, created_at) if _is_paid(head) else None,
        cancelled_at=instant(head["cancelledAt"]),
        closed=head["closed"],
        test=head["test"],
        currency=head["currencyCode"],
        financial_status=head["displayFinancialStatus"] or "",
        source=head["sourceName"] or "",
        buyer=_buyer(head),
        tags=tuple(head["tags"]),
        lines=tuple(_line(node) for node in lines),
        fulfillment_lines=tuple(fulfillment_lines),
        return_status=head["returnStatus"],
    )


def fulfillment_line_of(order: Mapping[str, Any], node: Mapping[str, Any]) -> FulfillmentOrderLine:
    """Turn a line of a fulfillment order into ours. Its location is None when that location was deleted."""
    location = (order["assignedLocation"] or {}).get("location")
    return FulfillmentOrderLine(
        fulfillment_order_id=order["id"],
        status=order["status"],
        location_id=LocationGid(location["id"]) if location else None,
        line_id=LineGid(node["lineItem"]["id"]),
        item_id=ItemGid(node["inventoryItemId"]) if node["inventoryItemId"] else None,
        remaining=node["remainingQuantity"],
    )


def _read(client: AdminClient, order_id: OrderGid) -> Order | None:
    head = client.run("order", {"id": order_id}, may_be_denied=_PERSONAL_FIELDS)["order"]
    return _whole(client, head) if head else None


def _whole(client: AdminClient, head: Mapping[str, Any]) -> Order:
    """An order of its head and whatever pages follow."""
    payments = head["transactions"]
    if _is_paid(head) and len(payments) == _PAYMENTS_IN_HEAD:
        payments = unchanged(head, client.run("order_payments", {"id": head["id"]})["order"])["transactions"]
    lines = list(_all(client, head, "lineItems", "order_lines"))
    fulfillment_lines = [
        fulfillment_line_of(order, node)
        for order in _all(client, head, "fulfillmentOrders", "order_fulfillment_orders")
        for node in _fulfillment_lines(client, order)
    ]
    order = order_of(head, payments, lines, fulfillment_lines)
    if was_returned(order):
        order = replace(order, restocks=read_restocks(client, head, order))
    return order


def _all(client: AdminClient, head: Mapping[str, Any], field: str, page_query: str) -> Iterator[dict[str, Any]]:
    page = head[field]
    yield from page["nodes"]
    while page["pageInfo"]["hasNextPage"]:
        variables = {"id": head["id"], "after": page["pageInfo"]["endCursor"]}
        page = unchanged(head, client.run(page_query, variables)["order"])[field]
        yield from page["nodes"]


def _fulfillment_lines(client: AdminClient, order: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    page = order["lineItems"]
    yield from page["nodes"]
    while page["pageInfo"]["hasNextPage"]:
        variables = {"id": order["id"], "after": page["pageInfo"]["endCursor"]}
        again = client.run("fulfillment_order_lines", variables)["fulfillmentOrder"]
        page = unchanged(order, again)["lineItems"]
        yield from page["nodes"]


def _line(node: Mapping[str, Any]) -> OrderLine:
    variant, product = node["variant"], node["product"]
    return OrderLine(
        line_id=LineGid(node["id"]),
        variant_id=VariantGid(variant["id"]) if variant else None,
        product_id=ProductGid(product["id"]) if product else None,
        item_id=ItemGid(variant["inventoryItem"]["id"]) if variant else None,
        title=node["title"],
        variant_title=node["variantTitle"] or "",
        sku=node["sku"] or "",
        quantity=node["quantity"],
        current=node["currentQuantity"],
        unfulfilled=node["unfulfilledQuantity"],
        requires_shipping=node["requiresShipping"],
        unit_price=node["discountedUnitPriceAfterAllDiscountsSet"]["shopMoney"]["amount"],
        properties=tuple((entry["key"], entry["value"] or "") for entry in node["customAttributes"]),
    )


def _buyer(head: Mapping[str, Any]) -> Buyer:
    customer = head["customer"] or {}
    address = customer.get("defaultEmailAddress") or {}
    return Buyer(
        customer_id=customer.get("id"),
        email=head["email"] or address.get("emailAddress"),
        first_name=customer.get("firstName"),
        last_name=customer.get("lastName"),
        locale=head["customerLocale"],
    )


def _is_paid(head: Mapping[str, Any]) -> bool:
    """
    An authorized payment counts: its shop captures when it ships, and nothing more is asked of the customer.

    So does one that is captured parcel by parcel, while what is still authorized covers what is not paid yet.
    """
    if head["fullyPaid"] or head["displayFinancialStatus"] == AUTHORIZED:
        return True
    capturable = _amount(head, "totalCapturableSet")
    rest = _amount(head, "currentTotalPriceSet") - _amount(head, "netPaymentSet")
    return head["displayFinancialStatus"] == PARTIALLY_PAID and capturable > 0 and capturable >= rest


def _amount(head: Mapping[str, Any], field: str) -> Decimal:
    """One of the order's sums, in the shop's currency."""
    return Decimal(head[field]["shopMoney"]["amount"])


def _paid_at(payments: Sequence[Mapping[str, Any]], created_at: datetime) -> datetime:
    """
    When the customer had done their part: the last sale or authorization; capturing it later moves nobody back.

    An order that is paid without a payment (nothing to pay) was paid as it was placed.
    """
    times = {
        payment["kind"]: instant(str(payment["processedAt"] or payment["createdAt"]))
        for payment in sorted(payments, key=lambda p: str(p["processedAt"] or p["createdAt"]))
        if payment["status"] == "SUCCESS"
    }
    done = [times[kind] for kind in ("SALE", "AUTHORIZATION", "EMV_AUTHORIZATION") if kind in times]
    return max(done, default=times.get("CAPTURE", created_at))
