"""Facts: how the world was when we last read it. A row is replaced by what was read later (`read_at`)."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Integer, String, Table, Text, false, true

from plugin.adapters.database.columns import Gid, Instant, Json, ShopName
from plugin.adapters.database.tables.base import metadata

locations = Table(
    "locations",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("location_id", Gid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("sells_online", Boolean, nullable=False),
)

products = Table(
    "products",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("product_id", Gid, primary_key=True),
    Column("title", Text, nullable=False),
    Column("handle", Text, nullable=False),
    Column("status", String(20), nullable=False),
    Column("vendor", Text, nullable=False, default=""),
    Column("product_type", Text, nullable=False, default=""),
    Column("tags", Json, nullable=False, default=list),
    Column("collections", Json, nullable=False, default=list),
    Column("image_url", Text),
    Column("in_online_store", Boolean, nullable=False, default=True, server_default=true()),
    Column("read_at", Instant, nullable=False),
    Column("gone_at", Instant),
)

collections = Table(
    "collections",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("collection_id", Gid, primary_key=True),
    Column("title", Text, nullable=False),
    Column("read_at", Instant, nullable=False),
)

variants = Table(
    "variants",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("variant_id", Gid, primary_key=True),
    Column("product_id", Gid, nullable=False),
    Column("item_id", Gid, nullable=False),
    Column("title", Text, nullable=False),
    Column("sku", Text, nullable=False, default=""),
    Column("policy", String(10), nullable=False),  # as last read or acknowledged
    Column("price", String(32), nullable=False, default="0"),
    Column("is_bundle", Boolean, nullable=False, default=False, server_default=false()),  # it owns no stock
    Column("read_at", Instant, nullable=False),
    Column("gone_at", Instant),
    Index("ix_variants_item", "shop", "item_id"),
    Index("ix_variants_product", "shop", "product_id"),
)

bundle_parts = Table(
    "bundle_parts",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("bundle_id", Gid, primary_key=True),  # the parent variant
    Column("variant_id", Gid, primary_key=True),  # the component
    Column("needed", Integer, nullable=False),  # units of it in one bundle
    Index("ix_bundle_parts_variant", "shop", "variant_id"),
    CheckConstraint("needed > 0", name="needs_units"),
)

items = Table(
    "items",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("item_id", Gid, primary_key=True),
    Column("tracked", Boolean, nullable=False),
    Column("read_at", Instant, nullable=False),
)

levels = Table(
    "levels",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("item_id", Gid, primary_key=True),
    Column("location_id", Gid, primary_key=True),
    Column("available", Integer, nullable=False),
    Column("committed", Integer, nullable=False),
    Column("on_hand", Integer, nullable=False),
    Column("incoming", Integer, nullable=False),
    Column("unavailable", Integer, nullable=False),
    Column("read_at", Instant, nullable=False),
    # The switch may follow a webhook's number before the re-read; nothing else may.
    Column("hinted_available", Integer),
    Column("hinted_at", Instant),
)

orders = Table(
    "orders",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("order_id", Gid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("paid_at", Instant),
    Column("cancelled_at", Instant),
    Column("closed", Boolean, nullable=False),
    Column("test", Boolean, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("financial_status", String(32), nullable=False),
    Column("source", Text, nullable=False, default=""),
    Column("customer_key", String(64), nullable=False),  # opaque; the person is in `people`
    Column("first_seen_at", Instant, nullable=False),
    Column("read_at", Instant, nullable=False),
    Column("return_status", String(32), nullable=False, server_default=""),  # Shopify's word; open-ended
    Column("not_visible_since", Instant),  # Shopify answers null: last known lines stay owed
    Index("ix_orders_return_status", "shop", "return_status"),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("line_id", Gid, primary_key=True),
    Column("order_id", Gid, nullable=False),
    Column("variant_id", Gid),
    Column("product_id", Gid),
    Column("item_id", Gid),
    Column("title", Text, nullable=False),
    Column("variant_title", Text, nullable=False, default=""),
    Column("sku", Text, nullable=False, default=""),
    Column("quantity", Integer, nullable=False),
    Column("current", Integer, nullable=False),
    Column("unfulfilled", Integer, nullable=False),
    Column("unit_price", String(32), nullable=False, default="0"),
    Column("requires_shipping", Boolean, nullable=False),
    Column("added_at", Instant),  # to an order that we knew, or read a whole shop, without it; null: bought with it
    Column("ships_from", Gid),  # the one place of all its fulfillment orders, closed ones too; null: none, or several
    Index("ix_order_lines_order", "shop", "order_id"),
    Index("ix_order_lines_item", "shop", "item_id"),
)

open_units = Table(
    "open_units",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("line_id", Gid, primary_key=True),
    Column("location_id", Gid, primary_key=True),  # "" while Shopify has not said where
    Column("item_id", Gid, nullable=False),
    Column("units", Integer, nullable=False),
    CheckConstraint("units > 0", name="units_positive"),
    Index("ix_open_units_item", "shop", "item_id"),
)

baselines = Table(
    "baselines",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("item_id", Gid, primary_key=True),
    Column("location_id", Gid, primary_key=True),
    Column("units", Integer, nullable=False),  # Shopify's committed less the open units we know
    Column("cause", Text, nullable=False),
    Column("stored_at", Instant, nullable=False),
)

restocks = Table(
    "restocks",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("restock_id", Gid, primary_key=True),  # the refund's line, or the return's disposition
    Column("order_id", Gid, nullable=False),
    Column("line_id", Gid, nullable=False),
    Column("item_id", Gid, nullable=False),
    Column("location_id", Gid, nullable=False),
    Column("units", Integer, nullable=False),  # shipped units that came back onto the shelf
    Column("at", Instant, nullable=False),
    Index("ix_restocks_item", "shop", "item_id"),
)

people = Table(
    "people",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("customer_key", String(64), primary_key=True),
    Column("customer_id", Gid),  # for privacy requests; None for a guest
    Column("email_encrypted", Text, nullable=False, default=""),
    Column("email_key", String(64), nullable=False, default="", server_default=""),  # opaque; finds an address
    # As mails in their language greet them: the first name alone, or in Japanese both: docs/decisions/0032
    Column("first_name_encrypted", Text, nullable=False, default=""),
    Column("locale", String(16), nullable=False, default=""),
    Column("changed_at", Instant, nullable=False),
    Index("ix_people_customer", "shop", "customer_id"),
    Index("ix_people_address", "shop", "email_key"),
)
