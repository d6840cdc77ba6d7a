"""Plain objects of Shopify for the schema server."""

from __future__ import annotations

from typing import Any

from tests.adapters.shopify.schema_shop import connection

NAMES = ("available", "committed", "on_hand", "incoming", "reserved", "damaged", "safety_stock", "quality_control")


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def level(item: int, location: int, *, is_active: bool = True, **units: int) -> dict[str, Any]:
    return {
        "__typename": "InventoryLevel",
        "id": f"gid://shopify/InventoryLevel/{location}?inventory_item_id={item}",
        "isActive": is_active,
        "updatedAt": "2026-11-20T12:00:00Z",
        "item": {"id": gid("InventoryItem", item)},
        "location": {"id": gid("Location", location)},
        "quantities": lambda _info, names: [{"name": name, "quantity": units.get(name, 0)} for name in names],
    }


def item(number: int, *levels: dict[str, Any], variants: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "__typename": "InventoryItem",
        "id": gid("InventoryItem", number),
        "tracked": True,
        "inventoryLevels": connection(list(levels)),
        "variants": connection(variants or []),
    }


def product(number: int, *, collections: int = 1, image: str | None = "https://cdn.example/a.jpg") -> dict[str, Any]:
    media = {"__typename": "MediaImage", "preview": {"image": {"url": image}}} if image else None
    return {
        "__typename": "Product",
        "id": gid("Product", number),
        "title": f"Product {number}",
        "handle": f"product-{number}",
        "status": "ACTIVE",
        "onlineStoreUrl": "https://larkspur.example/products/boots",
        "vendor": "Larkspur",
        "productType": "Tents",
        "tags": ["camp", "new"],
        "featuredMedia": media,
        "collections": connection(
            [{"id": gid("Collection", n), "title": f"Collection {n}"} for n in range(1, collections + 1)]
        ),
        "variants": connection([]),
    }


def variant(number: int, of: dict[str, Any], *, badge: str | None = None, sku: str | None = "T-1") -> dict[str, Any]:
    return {
        "__typename": "ProductVariant",
        "id": gid("ProductVariant", number),
        "title": f"Size {number}",
        "sku": sku,
        "inventoryPolicy": "DENY",
        "price": "129.00",
        "requiresComponents": False,
        "product": of,
        "inventoryItem": {"id": gid("InventoryItem", 900 + number)},
        "metafield": lambda _info, namespace, key: {"value": badge} if badge else None,
    }


def bundle(number: int, of: dict[str, Any], **needed: int) -> dict[str, Any]:
    """A variant made of others: units needed by the others' numbers, as `v11=2`."""
    parts = [{"quantity": units, "productVariant": variant(int(name[1:]), of)} for name, units in needed.items()]
    return {**variant(number, of), "requiresComponents": True, "productVariantComponents": connection(parts)}


def money(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount}}


def line(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "__typename": "LineItem",
        "id": gid("LineItem", number),
        "title": "Tent",
        "variantTitle": "Two",
        "sku": "T-2",
        "quantity": 2,
        "currentQuantity": 2,
        "unfulfilledQuantity": 2,
        "requiresShipping": True,
        "variant": {"id": gid("ProductVariant", 11), "inventoryItem": {"id": gid("InventoryItem", 911)}},
        "product": {"id": gid("Product", 1)},
        "customAttributes": [{"key": "_said", "value": "ships"}, {"key": "note", "value": None}],
        "discountedUnitPriceAfterAllDiscountsSet": money("119.00"),
        **changes,
    }


def fulfillment_order(number: int, lines: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    return {
        "__typename": "FulfillmentOrder",
        "id": gid("FulfillmentOrder", number),
        "status": "OPEN",
        "updatedAt": "2026-11-20T12:00:00Z",
        "orderId": gid("Order", 1001),
        "assignedLocation": {"location": {"id": gid("Location", 5)}},
        "lineItems": connection(lines),
        **changes,
    }


def fulfillment_line(number: int, of: int, remaining: int = 2) -> dict[str, Any]:
    return {
        "id": gid("FulfillmentOrderLineItem", number),
        "remainingQuantity": remaining,
        "inventoryItemId": gid("InventoryItem", 911),
        "lineItem": {"id": gid("LineItem", of)},
    }


def payment(kind: str, at: str, status: str = "SUCCESS", processed: bool = True) -> dict[str, Any]:
    return {"kind": kind, "status": status, "processedAt": at if processed else None, "createdAt": at}


def order(
    lines: list[dict[str, Any]],
    fulfillment_orders: list[dict[str, Any]],
    payments: list[dict[str, Any]] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    paid = payments if payments is not None else [payment("SALE", "2026-11-19T09:05:00Z")]
    return {
        "__typename": "Order",
        "id": gid("Order", 1001),
        "name": "#1001",
        "number": 1001,
        "createdAt": "2026-11-19T09:00:00Z",
        "updatedAt": "2026-11-20T12:00:00Z",
        "cancelledAt": None,
        "closed": False,
        "test": False,
        "tags": ["vip"],
        "email": "ada@example.com",
        "customerLocale": "de",
        "sourceName": "web",
        "displayFinancialStatus": "PAID",
        "fullyPaid": True,
        "currentTotalPriceSet": money("119.00"),
        "netPaymentSet": money("119.00"),
        "totalCapturableSet": money("0.00"),
        "returnStatus": "NO_RETURN",
        "currencyCode": "EUR",
        "customer": {"id": gid("Customer", 55), "firstName": "Ada", "lastName": "Lind", "defaultEmailAddress": None},
        "transactions": lambda _info, first: paid[:first],
        "lineItems": connection(lines),
        "fulfillmentOrders": connection(fulfillment_orders),
        **changes,
    }
