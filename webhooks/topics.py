"""Which handler a topic goes to, and which lane it wakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from plugin.adapters.database.inbox import Arrived
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.job_queue import Lane
from webhooks.handlers import inventory, orders, privacy, products, shop
from webhooks.payloads import Hint

if TYPE_CHECKING:
    from plugin.wiring import Parts

Handler = Callable[["Parts", Transaction, Arrived, Hint], None]

HANDLERS: Mapping[str, Handler] = {
    "app/uninstalled": shop.uninstalled,
    "app/scopes_update": shop.read_again,
    "shop/update": shop.read_again,
    "locations/create": shop.read_again,
    "locations/update": shop.read_again,
    "locations/activate": shop.read_again,
    "locations/deactivate": shop.read_again,
    "locations/delete": shop.read_again,
    "bulk_operations/finish": shop.bulk_finished,
    "inventory_levels/update": inventory.level_changed,
    "inventory_levels/connect": inventory.read_again,
    "inventory_levels/disconnect": inventory.read_again,
    "inventory_items/update": inventory.read_again,
    "products/create": products.read_again,
    "products/update": products.read_again,
    "products/delete": products.deleted,
    "orders/create": orders.read_again,
    "orders/updated": orders.read_again,
    "orders/paid": orders.read_again,
    "orders/cancelled": orders.read_again,
    "orders/edited": orders.read_again,
    "orders/delete": orders.deleted,
    "refunds/create": orders.read_again,
    "returns/approve": orders.read_again,
    "returns/close": orders.read_again,
    "returns/reopen": orders.read_again,
    "returns/cancel": orders.read_again,
    "fulfillments/create": orders.read_again,
    "fulfillment_orders/order_routing_complete": orders.find_owner,
    "fulfillment_orders/moved": orders.find_owner,
    "fulfillment_orders/split": orders.find_owner,
    "fulfillment_orders/merged": orders.find_owner,
    "fulfillment_orders/cancelled": orders.find_owner,
    "customers/update": privacy.customer_changed,
    "customers/delete": privacy.customer_deleted,
    "customers/data_request": privacy.data_request,
    "customers/redact": privacy.redact_customer,
    "shop/redact": privacy.redact_shop,
}

COMPLIANCE = frozenset({"customers/data_request", "customers/redact", "shop/redact"})


def lane_of(topic: str) -> Lane:
    """Stock goes to the switch, where seconds matter; all else to the queue."""
    return "switch" if topic.startswith("inventory_levels/") else "queue"
