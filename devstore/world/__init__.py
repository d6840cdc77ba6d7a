"""The state of the simulated shops: plain records, one lock per shop, and a store clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from typing import Any

from devstore.world.app import (
    AccessToken,
    BulkOperation,
    Call,
    Installation,
    Job,
    Metafield,
    MetafieldDefinition,
    RefreshToken,
    WebhookSubscription,
)
from devstore.world.clock import StoreClock
from devstore.world.goods import (
    ON_HAND_PARTS,
    QUANTITY_NAMES,
    BundlePart,
    Collection,
    InventoryItem,
    Level,
    Location,
    Product,
    ProductOption,
    Shop,
    Variant,
)
from devstore.world.sales import (
    Address,
    Customer,
    Disposition,
    Fulfillment,
    FulfillmentOrder,
    FulfillmentOrderLine,
    Hold,
    LineItem,
    LineItemGroup,
    Order,
    OrderEdit,
    Refund,
    RefundLine,
    Return,
    ReturnLine,
    Transaction,
)
from devstore.world.theme import Cart, CartLine, Theme

__all__ = [
    "ON_HAND_PARTS",
    "QUANTITY_NAMES",
    "AccessToken",
    "Address",
    "BulkOperation",
    "BundlePart",
    "Call",
    "Cart",
    "CartLine",
    "Collection",
    "Customer",
    "Disposition",
    "Fulfillment",
    "FulfillmentOrder",
    "FulfillmentOrderLine",
    "Hold",
    "Ids",
    "Installation",
    "InventoryItem",
    "Job",
    "Level",
    "LineItem",
    "LineItemGroup",
    "Location",
    "Metafield",
    "MetafieldDefinition",
    "Order",
    "OrderEdit",
    "Product",
    "ProductOption",
    "RefreshToken",
    "Refund",
    "RefundLine",
    "Return",
    "ReturnLine",
    "Shop",
    "StoreClock",
    "Stores",
    "Theme",
    "Transaction",
    "Variant",
    "WebhookSubscription",
    "World",
]

ID_STEP = 32_768
FIRST_IDS = {
    "Shop": 61_000_000_000,
    "Location": 70_100_000_000,
    "Product": 8_100_000_000_000,
    "ProductVariant": 44_200_000_000_000,
    "InventoryItem": 46_300_000_000_000,
    "InventoryLevel": 101_400_000_000,
    "Collection": 440_500_000_000,
    "Customer": 7_200_000_000_000,
    "Order": 5_600_000_000_000,
    "LineItem": 14_700_000_000_000,
    "FulfillmentOrder": 6_800_000_000_000,
    "FulfillmentOrderLineItem": 14_900_000_000_000,
}
FIRST_OTHER_ID = 2_300_000_000_000


class Ids:
    """Hands out numbers as large as Shopify's, one series per kind, for all shops of one devstore."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._lock = RLock()

    def next(self, kind: str) -> int:
        """Return a fresh number for a kind of record."""
        with self._lock:
            last = self._last.get(kind, FIRST_IDS.get(kind, FIRST_OTHER_ID))
            self._last[kind] = last + ID_STEP
            return self._last[kind]


@dataclass
class World:
    """
    One shop's whole state.

    Every reader and writer holds `lock`. `tell` receives (world, topic, payload builder) whenever something happened
    that Shopify would send a webhook about; the builder runs at once if anybody listens.
    """

    shop: Shop
    clock: StoreClock
    ids: Ids
    lock: RLock = field(default_factory=RLock)
    locations: dict[int, Location] = field(default_factory=dict)
    products: dict[int, Product] = field(default_factory=dict)
    variants: dict[int, Variant] = field(default_factory=dict)
    items: dict[int, InventoryItem] = field(default_factory=dict)
    levels: dict[tuple[int, int], Level] = field(default_factory=dict)
    collections: dict[int, Collection] = field(default_factory=dict)
    customers: dict[int, Customer] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    fulfillment_orders: dict[int, FulfillmentOrder] = field(default_factory=dict)
    metafields: dict[tuple[str, str, str], Metafield] = field(default_factory=dict)
    definitions: dict[tuple[str, str, str], MetafieldDefinition] = field(default_factory=dict)
    theme: Theme = field(default_factory=Theme)
    carts: dict[str, Cart] = field(default_factory=dict)
    installation: Installation | None = None
    subscriptions: dict[int, WebhookSubscription] = field(default_factory=dict)
    bulk_operations: dict[int, BulkOperation] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    order_edits: dict[int, OrderEdit] = field(default_factory=dict)
    idempotent: dict[str, tuple[str, Any]] = field(default_factory=dict)
    variant_of_item: dict[int, int] = field(default_factory=dict)
    last_order_number: int = 1000
    tell: Callable[[World, str, Callable[[], dict[str, Any]]], None] | None = None
    later: Callable[[float, Callable[[], None]], None] | None = None

    def now(self) -> datetime:
        """Return the store's instant."""
        return self.clock.now()

    def id(self, kind: str) -> int:
        """Return a fresh number for a kind of record."""
        return self.ids.next(kind)

    def happened(self, topic: str, build: Callable[[], dict[str, Any]]) -> None:
        """Say that something happened; whoever subscribed is sent `build()` as it is now."""
        if self.tell is not None:
            self.tell(self, topic, build)

    def levels_of(self, item_id: int) -> list[Level]:
        """Return an item's levels at every location, in the order of the locations' priority."""
        ordered = sorted(self.locations.values(), key=lambda location: (location.priority, location.id))
        return [self.levels[item_id, loc.id] for loc in ordered if (item_id, loc.id) in self.levels]

    def online_available(self, item_id: int) -> int:
        """Return the units free to sell online: over active locations that fulfill online orders."""
        bundle = self.variants.get(self.variant_of_item.get(item_id, 0))
        if bundle is not None and bundle.parts:
            return self.bundles_of(bundle, lambda part: self.online_available(part.inventory_item_id))
        total = 0
        for level in self.levels_of(item_id):
            location = self.locations[level.location_id]
            if location.is_active and location.fulfills_online_orders and level.is_active:
                total += level.available
        return total

    def bundles_of(self, bundle: Variant, units_of: Callable[[Variant], int]) -> int:
        """
        Return how many bundles there are: the lowest of the components' units by what one bundle takes.

        A component that is not tracked, or sold past zero, is left out; 0 when that leaves none.

        Source:
            help.shopify.com, "Eligibility and considerations for using product bundles", Inventory. What it shows when
            every component is left out is not written down.
        """
        counted = [
            units_of(component) // part.quantity
            for part in bundle.parts
            if (component := self.variants.get(part.variant_id)) is not None
            and self.items[component.inventory_item_id].tracked
            and component.policy == "DENY"
        ]
        return min(counted, default=0)

    def is_counted(self, variant: Variant) -> bool:
        """Say whether stock bounds what can be sold of a variant; of a bundle, that of any component."""
        if not variant.parts:
            return self.items[variant.inventory_item_id].tracked
        found = [self.variants[part.variant_id] for part in variant.parts if part.variant_id in self.variants]
        return any(self.is_counted(one) for one in found)

    def variants_of(self, product: Product) -> list[Variant]:
        """Return a product's variants in position order."""
        return [self.variants[variant_id] for variant_id in product.variant_ids]

    def variant_by_sku(self, sku: str) -> Variant | None:
        """Return the first variant with a stock keeping unit, or None."""
        return next((variant for variant in self.variants.values() if variant.sku == sku), None)

    def fulfillment_orders_of(self, order: Order) -> list[FulfillmentOrder]:
        """Return an order's fulfillment orders, oldest first."""
        return [self.fulfillment_orders[number] for number in order.fulfillment_order_ids]

    def metafields_of(self, owner: str) -> list[Metafield]:
        """Return every metafield of one owner GID."""
        return [metafield for key, metafield in self.metafields.items() if key[0] == owner]


@dataclass
class Stores:
    """Every shop of this devstore, by domain; the first one made is the default."""

    clock: StoreClock
    ids: Ids = field(default_factory=Ids)
    worlds: dict[str, World] = field(default_factory=dict)

    @property
    def first(self) -> World:
        """Return the default shop."""
        return next(iter(self.worlds.values()))

    def get(self, domain: str) -> World | None:
        """Return a shop by its domain, or None."""
        return self.worlds.get(domain)

    def __iter__(self) -> Iterator[World]:
        return iter(self.worlds.values())
