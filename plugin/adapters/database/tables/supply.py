"""Supply: what the merchant told us of goods on their way."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from plugin.adapters.database.columns import Gid, Instant, RowId, ShopName
from plugin.adapters.database.tables.base import metadata

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("shop", ShopName, ForeignKey("shops.shop", ondelete="CASCADE"), nullable=False, index=True),
    Column("version", Integer, nullable=False, default=1),  # for stale forms
    Column("supplier", Text, nullable=False),
    Column("reference", Text, nullable=False, default=""),
    Column("location_id", Gid, nullable=False),
    Column("expected_on", Date),  # None: asked for
    Column("late_reason", Text, nullable=False, default=""),
    Column("moved_at", Instant),  # the date was changed to a later one
    Column("state", String(10), nullable=False, default="open"),  # open, closed, cancelled
    Column("created_at", Instant, nullable=False),
    Column("closed_at", Instant),
)

delivery_rows = Table(
    "delivery_rows",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("shop", ShopName, nullable=False),
    Column("delivery_id", RowId, ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("item_id", Gid, nullable=False),
    Column("units", Integer, nullable=False),
    UniqueConstraint("delivery_id", "item_id"),
    CheckConstraint("units > 0", name="units_positive"),
    Index("ix_delivery_rows_item", "shop", "item_id"),
)
