"""Orders, their lines and money, and customers as the Admin API shows them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from graphql import GraphQLResolveInfo

from devstore.admin_api.fields_goods import order_key, world_of
from devstore.admin_api.paging import Page, paginate
from devstore.admin_api.registry import Asking, answers, number_of
from devstore.admin_api.search import Readers, matcher
from devstore.payloads.order import outstanding
from devstore.status import capturable_amount, financial_status, fulfillment_status, paid_amount, refunded_amount
from devstore.world import (
    Address,
    Customer,
    Fulfillment,
    LineItem,
    Location,
    Order,
    Product,
    Refund,
    RefundLine,
    Transaction,
    Variant,
    World,
)

VISIBLE_DAYS = 60
NOTHING = Decimal("0.00")


def is_visible(asking: Asking, order: Order) -> bool:
    """Say whether the app may see an order: younger than 60 days, or all orders granted."""
    oldest = asking.world.now() - timedelta(days=VISIBLE_DAYS)
    return "read_all_orders" in asking.scopes or order.created_at >= oldest


def money_bag(amount: Decimal, currency: str) -> dict[str, Any]:
    """Return an amount in both currencies."""
    one = {"amount": amount, "currencyCode": currency}
    return {"shopMoney": one, "presentmentMoney": one}


def attributes(pairs: list[tuple[str, str]]) -> list[dict[str, str]]:
    """Return custom attributes."""
    return [{"key": key, "value": value} for key, value in pairs]


def order_readers(world: World) -> Readers:
    """Return what the orders filters read."""
    return {
        "": lambda one: f"{one.name} {one.email}",
        "id": lambda one: one.id,
        "name": lambda one: [one.name, str(one.number)],
        "status": _open_or_closed,
        "tag": lambda one: one.tags,
        "email": lambda one: one.email,
        "created_at": lambda one: one.created_at,
        "updated_at": lambda one: one.updated_at,
        "processed_at": lambda one: one.processed_at,
        "financial_status": financial_status,
        "fulfillment_status": lambda one: _fulfillment_words(world, one),
        "customer_id": lambda one: one.customer_id,
        "sku": lambda one: [line.sku for line in one.lines],
        "source_name": lambda one: one.source_name,
        "test": lambda one: one.test,
    }


def _open_or_closed(order: Order) -> list[str]:
    if order.cancelled_at is not None:
        return ["cancelled", "any"]
    return ["closed" if order.closed_at else "open", "not_closed" if not order.closed_at else "closed", "any"]


def _fulfillment_words(world: World, order: Order) -> list[str]:
    status = fulfillment_status(world, order).lower()
    words = {
        "unfulfilled": ["unfulfilled", "unshipped"],
        "partially_fulfilled": ["partial", "unfulfilled"],
        "fulfilled": ["shipped", "fulfilled"],
        "on_hold": ["on_hold", "unfulfilled", "unshipped"],
    }
    return words.get(status, [status])


ORDER_ORDER = {
    "ID": lambda one: one.id,
    "CREATED_AT": lambda one: one.created_at,
    "UPDATED_AT": lambda one: one.updated_at,
    "PROCESSED_AT": lambda one: one.processed_at,
    "ORDER_NUMBER": lambda one: one.number,
    "TOTAL_PRICE": lambda one: one.total,
    "RELEVANCE": lambda one: one.id,
}


@answers("QueryRoot", "orders")
def orders(_: Any, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List the orders the app may see."""
    world = world_of(info)
    wanted = matcher(args.get("query"), order_readers(world))
    found = [one for one in world.orders.values() if is_visible(info.context, one) and wanted(one)]
    return paginate(found, info, key=order_key(ORDER_ORDER, args.get("sortKey", "PROCESSED_AT")), **args)


@answers("QueryRoot", "ordersCount")
def orders_count(_: Any, info: GraphQLResolveInfo, query: str | None = None, **__: Any) -> dict[str, Any]:
    """Count the orders the app may see."""
    world = world_of(info)
    wanted = matcher(query, order_readers(world))
    found = sum(1 for one in world.orders.values() if is_visible(info.context, one) and wanted(one))
    return {"count": found, "precision": "EXACT"}


@answers("QueryRoot", "order")
def order(_: Any, info: GraphQLResolveInfo, id: str) -> Order | None:
    """Return one order, unless it is too old for the app."""
    found = world_of(info).orders.get(number_of(id, "Order"))
    return found if found is not None and is_visible(info.context, found) else None


@answers("Order", "lineItems")
def line_items(source: Order, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List an order's lines."""
    return paginate(source.lines, info, **args)


@answers("Order", "customAttributes")
def order_attributes(source: Order, info: GraphQLResolveInfo) -> list[dict[str, str]]:
    """Return the cart's attributes."""
    return attributes(source.attributes)


@answers("Order", "customer")
def order_customer(source: Order, info: GraphQLResolveInfo) -> Customer | None:
    """Return who bought."""
    return world_of(info).customers.get(source.customer_id or 0)


@answers("Order", "displayFinancialStatus")
def display_financial(source: Order, info: GraphQLResolveInfo) -> str:
    """Return how the money stands."""
    return financial_status(source)


@answers("Order", "displayFulfillmentStatus")
def display_fulfillment(source: Order, info: GraphQLResolveInfo) -> str:
    """Return how the parcels stand."""
    return fulfillment_status(world_of(info), source)


@answers("Order", "fullyPaid")
def fully_paid(source: Order, info: GraphQLResolveInfo) -> bool:
    """Say whether everything was paid."""
    return paid_amount(source) > 0 and not outstanding(source)


@answers("Order", "unpaid")
def unpaid(source: Order, info: GraphQLResolveInfo) -> bool:
    """Say whether nothing was paid."""
    return not paid_amount(source)


@answers("Order", "closed")
def closed(source: Order, info: GraphQLResolveInfo) -> bool:
    """Say whether the order is archived."""
    return source.closed_at is not None


@answers("Order", "confirmed")
def confirmed(source: Order, info: GraphQLResolveInfo) -> bool:
    """Say that stock was set aside for it."""
    return True


@answers("Order", "currencyCode", "presentmentCurrencyCode")
def currency(source: Order, info: GraphQLResolveInfo) -> str:
    """Return the currency."""
    return source.currency


@answers("Order", "statusPageUrl")
def status_page(source: Order, info: GraphQLResolveInfo, **_: Any) -> str:
    """Return the customer's page about the order."""
    shop = world_of(info).shop
    return f"https://{shop.domain}/{shop.id}/orders/{source.token}/authenticate?key=1"


@answers("Order", "shippingAddress", "billingAddress", "displayAddress")
def shipping_address(source: Order, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return where it goes."""
    return mailing_address(source.shipping_address, source.id)


def mailing_address(place: Address, number: int) -> dict[str, Any]:
    """Return an address."""
    return {
        "id": f"gid://shopify/MailingAddress/{number}?model_name=Address",
        "firstName": place.first_name,
        "lastName": place.last_name,
        "name": f"{place.first_name} {place.last_name}".strip(),
        "address1": place.address1,
        "address2": place.address2 or None,
        "city": place.city,
        "zip": place.zip,
        "province": place.province,
        "provinceCode": place.province_code,
        "country": place.country,
        "countryCodeV2": place.country_code,
        "phone": place.phone or None,
        "company": None,
    }


@answers("Order", "transactions")
def transactions(source: Order, info: GraphQLResolveInfo, first: int | None = None, **_: Any) -> list[Transaction]:
    """Return payments, oldest first."""
    return source.transactions[:first]


@answers("Order", "refunds")
def refunds(source: Order, info: GraphQLResolveInfo, first: int | None = None) -> list[Refund]:
    """Return refunds, oldest first."""
    return source.refunds[:first]


@answers("Order", "fulfillments")
def fulfillments(source: Order, info: GraphQLResolveInfo, first: int | None = None, **_: Any) -> list[Fulfillment]:
    """Return parcels, oldest first."""
    return source.fulfillments[:first]


@answers("Order", "paymentGatewayNames")
def gateways(source: Order, info: GraphQLResolveInfo) -> list[str]:
    """Return which gateways took money."""
    return sorted({one.gateway for one in source.transactions})


_AMOUNTS = {
    "totalPriceSet": lambda one: one.total,
    "originalTotalPriceSet": lambda one: one.total,
    "currentTotalPriceSet": lambda one: one.current_total,
    "subtotalPriceSet": lambda one: one.total - one.shipping_price,
    "currentSubtotalPriceSet": lambda one: one.current_total - one.shipping_price,
    "totalShippingPriceSet": lambda one: one.shipping_price,
    "totalRefundedSet": refunded_amount,
    "totalReceivedSet": paid_amount,
    "netPaymentSet": lambda one: paid_amount(one) - refunded_amount(one),
    "totalOutstandingSet": outstanding,
    "totalCapturableSet": capturable_amount,
    "totalTaxSet": lambda one: NOTHING,
    "totalDiscountsSet": lambda one: NOTHING,
}


@answers("Order", *_AMOUNTS)
def order_amount(source: Order, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return one of the order's amounts."""
    return money_bag(_AMOUNTS[info.field_name](source), source.currency)


# --- lines ------------------------------------------------------------------------------------------------------------


@answers("LineItem", "variant")
def line_variant(source: LineItem, info: GraphQLResolveInfo) -> Variant | None:
    """Return the variant bought, unless it was deleted."""
    return world_of(info).variants.get(source.variant_id or 0)


@answers("LineItem", "product")
def line_product(source: LineItem, info: GraphQLResolveInfo) -> Product | None:
    """Return the product bought, unless it was deleted."""
    return world_of(info).products.get(source.product_id or 0)


@answers("LineItem", "lineItemGroup")
def line_group(source: LineItem, info: GraphQLResolveInfo) -> dict[str, Any] | None:
    """Return the bundle a line was bought in."""
    group = source.group
    if group is None:
        return None
    return {
        "id": f"gid://shopify/LineItemGroup/{group.id}",
        "title": group.title,
        "quantity": group.quantity,
        "productId": f"gid://shopify/Product/{group.product_id}",
        "variantId": f"gid://shopify/ProductVariant/{group.variant_id}",
        "variantSku": group.variant_sku,
        "customAttributes": [],
    }


@answers("LineItem", "customAttributes")
def line_attributes(source: LineItem, info: GraphQLResolveInfo) -> list[dict[str, str]]:
    """Return the cart line's properties."""
    return attributes(source.properties)


@answers("LineItem", "name")
def line_name(source: LineItem, info: GraphQLResolveInfo) -> str:
    """Return product and variant title."""
    return f"{source.title} - {source.variant_title}" if source.variant_title else source.title


@answers("LineItem", "refundableQuantity")
def refundable(source: LineItem, info: GraphQLResolveInfo) -> int:
    """Count units that can still be refunded."""
    return source.current_quantity


@answers("LineItem", "fulfillableQuantity")
def fulfillable(source: LineItem, info: GraphQLResolveInfo) -> int:
    """Count units still to ship (deprecated)."""
    return source.unfulfilled_quantity


@answers("LineItem", "nonFulfillableQuantity")
def non_fulfillable(source: LineItem, info: GraphQLResolveInfo) -> int:
    """Count units that will not ship."""
    return source.quantity - source.unfulfilled_quantity


@answers("LineItem", "sellingPlan")
def selling_plan(source: LineItem, info: GraphQLResolveInfo) -> None:
    """Return nothing: no line is bought with a selling plan here."""


_LINE_AMOUNTS = {
    "originalUnitPriceSet": lambda one: one.price,
    "discountedUnitPriceSet": lambda one: one.price,
    "discountedUnitPriceAfterAllDiscountsSet": lambda one: one.price,
    "originalTotalSet": lambda one: one.price * one.quantity,
    "discountedTotalSet": lambda one: one.price * one.quantity,
    "totalDiscountSet": lambda one: NOTHING,
}


@answers("LineItem", *_LINE_AMOUNTS)
def line_amount(source: LineItem, info: GraphQLResolveInfo, **_: Any) -> dict[str, Any]:
    """Return one of a line's amounts."""
    return money_bag(_LINE_AMOUNTS[info.field_name](source), world_of(info).shop.currency)


# --- money ------------------------------------------------------------------------------------------------------------


@answers("OrderTransaction", "amountSet")
def transaction_amount(source: Transaction, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return the amount moved."""
    return money_bag(source.amount, world_of(info).shop.currency)


@answers("OrderTransaction", "parentTransaction")
def parent(source: Transaction, info: GraphQLResolveInfo) -> Transaction | None:
    """Return the payment a refund gives back."""
    payments = world_of(info).orders[source.order_id].transactions
    return next((one for one in payments if one.id == source.parent_id), None)


@answers("OrderTransaction", "order")
@answers("Refund", "order")
@answers("Fulfillment", "order")
def order_of(source: Transaction | Refund | Fulfillment, info: GraphQLResolveInfo) -> Order:
    """Return the order it belongs to."""
    return world_of(info).orders[source.order_id]


@answers("QueryRoot", "refund")
def one_refund(_: Any, info: GraphQLResolveInfo, id: str) -> Refund | None:
    """Return one refund, unless its order is too old for the app."""
    number = number_of(id, "Refund")
    every = (one for one in world_of(info).orders.values() if is_visible(info.context, one))
    return next((found for one in every for found in one.refunds if found.id == number), None)


@answers("Refund", "totalRefundedSet")
def total_refunded(source: Refund, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return the money given back."""
    return money_bag(sum((one.amount for one in source.transactions), NOTHING), world_of(info).shop.currency)


@answers("Refund", "refundLineItems")
def refund_lines(source: Refund, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List the units given back."""
    return paginate(source.lines, info, **args)


@answers("Refund", "transactions")
def refund_transactions(source: Refund, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List the payments given back."""
    return paginate(source.transactions, info, **args)


@answers("RefundLineItem", "lineItem")
def refund_line_item(source: RefundLine, info: GraphQLResolveInfo) -> LineItem | None:
    """Return the line the units come off."""
    return next(
        (line for one in world_of(info).orders.values() for line in one.lines if line.id == source.line_item_id), None
    )


@answers("RefundLineItem", "location")
def refund_location(source: RefundLine, info: GraphQLResolveInfo) -> Location | None:
    """Return where the units went back to."""
    return world_of(info).locations.get(source.location_id or 0)


@answers("RefundLineItem", "restocked")
def restocked(source: RefundLine, info: GraphQLResolveInfo) -> bool:
    """Say whether the units went back on the shelf."""
    return source.restock_type != "NO_RESTOCK"


@answers("RefundLineItem", "subtotalSet")
def refund_subtotal(source: RefundLine, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return what the units were worth."""
    return money_bag(source.subtotal, world_of(info).shop.currency)


@answers("Order", "suggestedRefund")
def suggested_refund(
    source: Order, info: GraphQLResolveInfo, refundLineItems: list[dict[str, Any]] | None = None, **_: Any
) -> dict[str, Any]:
    """Work out what refunding units would give back."""
    worth = NOTHING
    for wish in refundLineItems or []:
        line = source.line(number_of(wish["lineItemId"], "LineItem"))
        if line is not None:
            worth += line.price * min(wish["quantity"], line.current_quantity)
    most = paid_amount(source) - refunded_amount(source)
    amount = min(worth, most)
    sale = next((one for one in source.transactions if one.kind in {"SALE", "CAPTURE"}), None)
    suggestions = []
    if sale is not None and amount:
        row = {"kind": "SUGGESTED_REFUND", "gateway": sale.gateway, "parentTransaction": sale}
        suggestions = [{**row, "amountSet": money_bag(amount, source.currency)}]
    return {
        "amountSet": money_bag(amount, source.currency),
        "subtotalSet": money_bag(worth, source.currency),
        "maximumRefundableSet": money_bag(most, source.currency),
        "suggestedTransactions": suggestions,
    }


# --- customers --------------------------------------------------------------------------------------------------------


@answers("QueryRoot", "customer")
def customer(_: Any, info: GraphQLResolveInfo, id: str) -> Customer | None:
    """Return one customer."""
    return world_of(info).customers.get(number_of(id, "Customer"))


@answers("QueryRoot", "customers")
def customers(_: Any, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List customers."""
    readers: Readers = {
        "": lambda one: f"{one.first_name} {one.last_name} {one.email}",
        "id": lambda one: one.id,
        "email": lambda one: one.email,
        "updated_at": lambda one: one.updated_at,
    }
    wanted = matcher(args.get("query"), readers)
    found = [one for one in world_of(info).customers.values() if wanted(one)]
    table = {
        "ID": lambda one: one.id,
        "UPDATED_AT": lambda one: one.updated_at,
        "CREATED_AT": lambda one: one.created_at,
    }
    return paginate(found, info, key=order_key(table, args.get("sortKey", "ID")), **args)


@answers("QueryRoot", "customerByIdentifier")
def customer_by(_: Any, info: GraphQLResolveInfo, identifier: dict[str, Any]) -> Customer | None:
    """Return a customer by id, mail address or phone number."""
    world = world_of(info)
    if "id" in identifier:
        return world.customers.get(number_of(identifier["id"], "Customer"))
    if "emailAddress" in identifier:
        wanted = identifier["emailAddress"].lower()
        return next((one for one in world.customers.values() if one.email.lower() == wanted), None)
    return next(
        (one for one in world.customers.values() if one.phone and one.phone == identifier.get("phoneNumber")), None
    )


@answers("Customer", "defaultEmailAddress")
def default_email(source: Customer, info: GraphQLResolveInfo) -> dict[str, Any] | None:
    """Return the mail address and what may be sent there."""
    if not source.email:
        return None
    return {
        "emailAddress": source.email,
        "marketingState": source.marketing_state,
        "marketingOptInLevel": source.marketing_opt_in,
        "marketingUpdatedAt": source.updated_at,
        "validFormat": True,
    }


@answers("Customer", "displayName")
def customer_name(source: Customer, info: GraphQLResolveInfo) -> str:
    """Return the whole name."""
    return f"{source.first_name} {source.last_name}".strip() or source.email


@answers("Customer", "defaultAddress")
def default_address(source: Customer, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return where the customer lives."""
    return mailing_address(source.address, source.id)


@answers("Customer", "numberOfOrders")
def number_of_orders(source: Customer, info: GraphQLResolveInfo) -> str:
    """Count the customer's orders."""
    return str(len(source.order_ids))


@answers("Customer", "orders")
def customer_orders(source: Customer, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List a customer's orders the app may see."""
    world = world_of(info)
    wanted = matcher(args.get("query"), order_readers(world))
    found = [world.orders[number] for number in source.order_ids]
    shown = [one for one in found if is_visible(info.context, one) and wanted(one)]
    return paginate(shown, info, key=order_key(ORDER_ORDER, args.get("sortKey", "ID")), **args)
