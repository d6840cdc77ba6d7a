"""Bodies of orders/*, refunds/create, fulfillments/create, orders/edited and returns/*."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from devstore.payloads.customer import customer_body
from devstore.payloads.forms import NOTHING, address, instant, maybe_instant, money, money_set
from devstore.status import financial_status, paid_amount, refunded_amount, rest_fulfillment_status
from devstore.world import Fulfillment, LineItem, Order, Refund, Return, Transaction, World


def order_body(world: World, order: Order) -> dict[str, Any]:
    """Write a whole order as orders/create, updated, paid, cancelled and their kin carry it."""
    lines = sum((line.price * line.quantity for line in order.lines), NOTHING)
    current_lines = sum((line.price * line.current_quantity for line in order.lines), NOTHING)
    shop = world.shop
    return {
        "id": order.id,
        "admin_graphql_api_id": order.gid,
        "app_id": None,
        "browser_ip": None,
        "buyer_accepts_marketing": False,
        "cancel_reason": order.cancel_reason.lower() if order.cancel_reason else None,
        "cancelled_at": maybe_instant(world, order.cancelled_at),
        "cart_token": order.token,
        "checkout_token": order.token,
        "client_details": None,
        "closed_at": maybe_instant(world, order.closed_at),
        "confirmation_number": order.token[:9].upper(),
        "confirmed": True,
        "contact_email": order.email,
        "created_at": instant(world, order.created_at),
        "currency": order.currency,
        "customer_locale": order.customer_locale,
        "device_id": None,
        "discount_codes": [],
        "duties_included": False,
        "email": order.email,
        "estimated_taxes": False,
        "financial_status": financial_status(order).lower(),
        "fulfillment_status": rest_fulfillment_status(order),
        "landing_site": "/",
        "landing_site_ref": None,
        "location_id": None,
        "merchant_business_entity_id": "MTU0ODM4MDAwOQ",
        "merchant_of_record_app_id": None,
        "name": order.name,
        "note": order.note,
        "note_attributes": [{"name": name, "value": value} for name, value in order.attributes],
        "number": order.number - 1000,
        "order_number": order.number,
        "order_status_url": f"https://{shop.domain}/{shop.id}/orders/{order.token}/authenticate?key=1",
        "payment_gateway_names": sorted({payment.gateway for payment in order.transactions}),
        "phone": order.phone or None,
        "po_number": None,
        "presentment_currency": order.currency,
        "processed_at": instant(world, order.processed_at),
        "reference": None,
        "referring_site": None,
        "source_identifier": None,
        "source_name": order.source_name,
        "source_url": None,
        "tags": ", ".join(order.tags),
        "tax_exempt": False,
        "tax_lines": [],
        "taxes_included": False,
        "test": order.test,
        "token": order.token,
        "total_tip_received": "0.00",
        "total_weight": 0,
        "updated_at": instant(world, order.updated_at),
        "user_id": None,
        "billing_address": address(order.shipping_address),
        "shipping_address": address(order.shipping_address),
        "customer": _customer(world, order),
        "discount_applications": [],
        "fulfillments": [fulfillment_body(world, order, parcel, inside=True) for parcel in order.fulfillments],
        "line_items": [line_body(world, order, line) for line in order.lines],
        "line_item_groups": [],
        "payment_terms": None,
        "refunds": [refund_body(world, order, refund) for refund in order.refunds],
        "returns": [return_body(world, done) for done in order.returns],
        "shipping_lines": [_shipping_line(order)],
        **_totals(order, lines, current_lines),
    }


def _customer(world: World, order: Order) -> dict[str, Any] | None:
    customer = world.customers.get(order.customer_id or 0)
    return customer_body(world, customer) if customer else None


def _totals(order: Order, lines: Decimal, current_lines: Decimal) -> dict[str, Any]:
    currency = order.currency
    amounts = {
        "current_subtotal_price": current_lines,
        "current_total_discounts": NOTHING,
        "current_total_price": order.current_total,
        "current_total_tax": NOTHING,
        "subtotal_price": lines,
        "total_discounts": NOTHING,
        "total_line_items_price": lines,
        "total_price": order.total,
        "total_tax": NOTHING,
    }
    body: dict[str, Any] = {name: money(amount) for name, amount in amounts.items()}
    body |= {f"{name}_set": money_set(amount, currency) for name, amount in amounts.items()}
    body |= {
        "current_shipping_price_set": money_set(order.shipping_price, currency),
        "total_shipping_price_set": money_set(order.shipping_price, currency),
        "total_cash_rounding_payment_adjustment_set": money_set(NOTHING, currency),
        "total_cash_rounding_refund_adjustment_set": money_set(NOTHING, currency),
        "current_total_additional_fees_set": None,
        "current_total_duties_set": None,
        "original_total_additional_fees_set": None,
        "original_total_duties_set": None,
        "total_outstanding": money(outstanding(order)),
    }
    return body


def outstanding(order: Order) -> Decimal:
    """Return what the customer still has to pay."""
    return max(NOTHING, order.current_total - paid_amount(order) + refunded_amount(order))


def _shipping_line(order: Order) -> dict[str, Any]:
    price, price_set = money(order.shipping_price), money_set(order.shipping_price, order.currency)
    return {
        "id": order.id + 1,
        "carrier_identifier": None,
        "code": "Standard",
        "current_discounted_price_set": price_set,
        "discounted_price": price,
        "discounted_price_set": price_set,
        "is_removed": False,
        "phone": None,
        "price": price,
        "price_set": price_set,
        "requested_fulfillment_service_id": None,
        "source": "shopify",
        "title": "Standard",
        "tax_lines": [],
        "discount_allocations": [],
    }


def line_body(
    world: World, order: Order, line: LineItem, *, inside: bool = False, quantity: int | None = None
) -> dict[str, Any]:
    """Write one line; `inside` a refund or a parcel it is shorter and may count other units."""
    body: dict[str, Any] = {
        "id": line.id,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{line.id}",
        "fulfillable_quantity": line.unfulfilled_quantity,
        "fulfillment_service": "manual",
        "fulfillment_status": _line_status(line),
        "gift_card": False,
        "grams": 500,
        "name": f"{line.title} - {line.variant_title}" if line.variant_title else line.title,
        "price": money(line.price),
        "price_set": money_set(line.price, order.currency),
        "product_exists": line.product_id in world.products,
        "product_id": line.product_id,
        "properties": [{"name": name, "value": value} for name, value in line.properties],
        "quantity": line.quantity if quantity is None else quantity,
        "requires_shipping": line.requires_shipping,
        "sku": line.sku,
        "taxable": line.taxable,
        "title": line.title,
        "total_discount": "0.00",
        "total_discount_set": money_set(NOTHING, order.currency),
        "variant_id": line.variant_id,
        "variant_inventory_management": "shopify" if line.tracked else None,
        "variant_title": line.variant_title or None,
        "vendor": line.vendor,
        "tax_lines": [],
        "duties": [],
        "discount_allocations": [],
    }
    if not inside:
        body |= {
            "attributed_staffs": [],
            "current_quantity": line.current_quantity,
            "sales_line_item_group_id": line.group.id if line.group else None,
        }
    return body


def _line_status(line: LineItem) -> str | None:
    if not line.fulfilled:
        return None
    return "partial" if line.unfulfilled_quantity else "fulfilled"


def fulfillment_body(world: World, order: Order, parcel: Fulfillment, *, inside: bool = False) -> dict[str, Any]:
    """Write a parcel as fulfillments/create carries it, or as an order lists it."""
    lines = [
        line_body(world, order, line, inside=True, quantity=units)
        for line_id, units in parcel.units.items()
        if (line := order.line(line_id)) is not None
    ]
    for row in lines:
        row["fulfillment_status"] = row["fulfillment_status"] or "partial"
    body: dict[str, Any] = {
        "id": parcel.id,
        "admin_graphql_api_id": f"gid://shopify/Fulfillment/{parcel.id}",
        "order_id": order.id,
        "status": parcel.status.lower(),
        "created_at": instant(world, parcel.created_at),
        "updated_at": instant(world, parcel.updated_at),
        "service": "manual",
        "tracking_company": parcel.tracking_company,
        "tracking_number": parcel.tracking_number,
        "tracking_numbers": [parcel.tracking_number] if parcel.tracking_number else [],
        "tracking_url": parcel.tracking_url,
        "tracking_urls": [parcel.tracking_url] if parcel.tracking_url else [],
        "shipment_status": None,
        "location_id": parcel.location_id,
        "name": parcel.name,
        "receipt": {},
        "line_items": lines,
        "origin_address": {},
    }
    if not inside:
        place = world.locations[parcel.location_id]
        body |= {
            "email": order.email,
            "destination": address(order.shipping_address),
            "origin_address": {
                "address1": place.address1,
                "city": place.city,
                "zip": place.zip,
                "province_code": place.province_code,
                "country_code": place.country_code,
            },
        }
    return body


def refund_body(world: World, order: Order, refund: Refund) -> dict[str, Any]:
    """Write a refund as refunds/create carries it."""
    return {
        "id": refund.id,
        "admin_graphql_api_id": f"gid://shopify/Refund/{refund.id}",
        "order_id": order.id,
        "created_at": instant(world, refund.created_at),
        "processed_at": instant(world, refund.created_at),
        "note": refund.note or "",
        "user_id": None,
        "restock": any(line.restock_type != "NO_RESTOCK" for line in refund.lines),
        "return": _return_of(refund),
        "duties": [],
        "total_duties_set": money_set(NOTHING, order.currency),
        "order_adjustments": [],
        "refund_shipping_lines": [],
        "transactions": [transaction_body(world, order, payment) for payment in refund.transactions],
        "refund_line_items": [
            {
                "id": line.id,
                "quantity": line.quantity,
                "line_item_id": line.line_item_id,
                "location_id": line.location_id,
                "restock_type": line.restock_type.lower(),
                "subtotal": float(line.subtotal),
                "total_tax": 0,
                "subtotal_set": money_set(line.subtotal, order.currency),
                "total_tax_set": money_set(NOTHING, order.currency),
                "line_item": line_body(world, order, bought, inside=True),
            }
            for line in refund.lines
            if (bought := order.line(line.line_item_id)) is not None
        ],
    }


def _return_of(refund: Refund) -> dict[str, Any] | None:
    if refund.return_id is None:
        return None
    return {"id": refund.return_id, "admin_graphql_api_id": f"gid://shopify/Return/{refund.return_id}"}


def transaction_body(world: World, order: Order, payment: Transaction) -> dict[str, Any]:
    """Write a payment as refunds list it."""
    unsettled = {"amount": "0.0", "currency": order.currency}
    return {
        "id": payment.id,
        "admin_graphql_api_id": f"gid://shopify/OrderTransaction/{payment.id}",
        "order_id": order.id,
        "kind": payment.kind.lower(),
        "gateway": payment.gateway,
        "status": payment.status.lower(),
        "message": None,
        "created_at": instant(world, payment.created_at),
        "processed_at": instant(world, payment.processed_at),
        "test": order.test,
        "authorization": None,
        "location_id": None,
        "user_id": None,
        "parent_id": payment.parent_id,
        "device_id": None,
        "error_code": None,
        "source_name": order.source_name,
        "receipt": {},
        "amount": money(payment.amount),
        "amount_rounding": None,
        "currency": order.currency,
        "payment_id": f"{order.name}.1",
        "total_unsettled_set": {"presentment_money": unsettled, "shop_money": dict(unsettled)},
        "manual_payment_gateway": False,
    }


def edit_body(
    world: World, order: Order, edit_id: int, added: dict[int, int], removed: dict[int, int]
) -> dict[str, Any]:
    """Write orders/edited: only line ids and deltas."""
    now = instant(world, order.updated_at)
    return {
        "order_edit": {
            "id": edit_id,
            "app_id": None,
            "created_at": now,
            "committed_at": now,
            "notify_customer": False,
            "order_id": order.id,
            "staff_note": "",
            "user_id": None,
            "line_items": {
                "additions": [{"id": line_id, "delta": units} for line_id, units in added.items()],
                "removals": [{"id": line_id, "delta": units} for line_id, units in removed.items()],
            },
            "discounts": {"line_item": {"additions": [], "removals": []}},
            "shipping_lines": {"additions": [], "removals": []},
        }
    }


def return_body(world: World, done: Return) -> dict[str, Any]:
    """Write a return as returns/close carries it."""
    return {
        "id": done.id,
        "admin_graphql_api_id": f"gid://shopify/Return/{done.id}",
        "order_id": done.order_id,
        "status": done.status.lower(),
    }


def approved_return_body(world: World, opened: Return) -> dict[str, Any]:
    """Write a return as returns/approve carries it."""
    return {
        "id": opened.id,
        "admin_graphql_api_id": opened.gid,
        "status": "open",
        "order": {"id": opened.order_id, "admin_graphql_api_id": f"gid://shopify/Order/{opened.order_id}"},
        "total_return_line_items": sum(line.units for line in opened.lines),
        "name": None,
        "return_line_items": [],
        "return_shipping_fees": [],
        "exchange_line_items": [],
        "total_exchange_line_items": 0,
    }
