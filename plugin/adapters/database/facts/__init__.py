"""Facts to rows and back. A fact is replaced by one that was read later, never by an older one.

Every `read_at` is the moment the read *began*: what changed while it was under way may or may not be in it.
"""

from __future__ import annotations

from plugin.adapters.database.facts.orders import (
    add_open_units,
    items_of_order,
    open_at,
    open_of_line,
    open_orders,
    order_is_deleted,
    order_is_invisible,
    order_is_routed,
    orders_read_at,
    put_order,
)
from plugin.adapters.database.facts.products import (
    is_gone,
    items_of_variants,
    product_is_gone,
    put_variants,
    variants_left_out,
    variants_of_items,
    variants_of_shop,
)
from plugin.adapters.database.facts.stock import (
    WHOLE_SECONDS,
    all_item_ids,
    hint_available,
    is_hinted,
    is_tracked,
    known_items,
    online_locations,
    put_items,
    put_locations,
    read_levels,
)

__all__ = [
    "WHOLE_SECONDS",
    "add_open_units",
    "all_item_ids",
    "hint_available",
    "is_gone",
    "is_hinted",
    "is_tracked",
    "items_of_order",
    "items_of_variants",
    "known_items",
    "online_locations",
    "open_at",
    "open_of_line",
    "open_orders",
    "order_is_deleted",
    "order_is_invisible",
    "order_is_routed",
    "orders_read_at",
    "product_is_gone",
    "put_items",
    "put_locations",
    "put_order",
    "put_variants",
    "read_levels",
    "variants_left_out",
    "variants_of_items",
    "variants_of_shop",
]
