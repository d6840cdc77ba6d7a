"""Access scopes: which are missing, and what each one costs the merchant while it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable

COST = {
    "write_products": "“Continue selling” and badges stay as they are: turn switches yourself until then.",
    "read_inventory": "Stock is not read: limits and dates stand on the last figures we saw.",
    "read_locations": "Locations are not read: one that opens or closes is not noticed.",
    "write_orders": "Orders are not read or tagged: nobody new joins the queue.",
    "read_merchant_managed_fulfillment_orders": "We do not see what is still to ship from your own locations.",
    "read_third_party_fulfillment_orders": "We do not see what is still to ship from warehouses of others.",
    "read_fulfillments": "We hear of parcels later, when their orders are read again.",
    "read_returns": "Goods sent back without a refund look like a rise nobody explained, or like a delivery.",
    "read_customers": "Mails go out without the customer’s name and language, or not at all.",
    "read_all_orders": "Orders older than 60 days are not read; their units are counted but not named.",
}
UNKNOWN_COST = "What needs it stands still."


def missing(granted: Collection[str], asked: Iterable[str]) -> tuple[str, ...]:
    """Scopes asked for and not granted, in the order asked; `write_x` grants `read_x` too."""
    held = {*granted, *(scope.replace("write_", "read_", 1) for scope in granted if scope.startswith("write_"))}
    return tuple(scope for scope in asked if scope not in held)


def cost_of(scope: str) -> str:
    """What the merchant goes without while a scope is missing."""
    return COST.get(scope, UNKNOWN_COST)
