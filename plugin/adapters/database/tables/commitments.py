"""Commitments: appended, never changed, without personal data."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, UniqueConstraint, text

from plugin.adapters.database.columns import Gid, Instant, Json, RowId, ShopName
from plugin.adapters.database.tables.base import metadata

_BY_DELIVERY = text("delivery_row_id IS NOT NULL")

ledger = Table(
    "ledger",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("shop", ShopName, nullable=False),
    Column("entry_id", String(255), nullable=False),  # named by the fact: grant/{line}/{n}
    Column("kind", String(20), nullable=False),  # see plugin/domain/ledger.py
    Column("at", Instant, nullable=False),
    Column("item_id", Gid),
    Column("location_id", Gid),
    Column("variant_id", Gid),
    Column("order_id", Gid),
    Column("line_id", Gid),
    Column("delivery_row_id", RowId),
    Column("units", Integer),
    Column("data", Json, nullable=False, default=dict),
    UniqueConstraint("shop", "entry_id"),
    Index("ix_ledger_item", "shop", "item_id", "kind", "id"),
    Index("ix_ledger_kind", "shop", "kind", "at"),
    Index("ix_ledger_delivery", "shop", "delivery_row_id", sqlite_where=_BY_DELIVERY, postgresql_where=_BY_DELIVERY),
    Index("ix_ledger_line", "shop", "line_id", "kind"),
    Index("ix_ledger_variant", "shop", "variant_id", "kind", "at"),
)
