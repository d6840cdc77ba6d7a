"""What came in and what is to be looked at: messages, marks, and readings of a whole shop."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint, false, text

from plugin.adapters.database.columns import Gid, Instant, Json, RowId, ShopName
from plugin.adapters.database.tables.base import metadata

# The clock asks all shops for what is still to be done every second: finding it must not grow with the past.
_UNHANDLED = text("handled_at IS NULL AND parked_at IS NULL")
_UNENDED = text("finished_at IS NULL")
# Every ten minutes it asks for what may be forgotten.
_HANDLED = text("handled_at IS NOT NULL")

inbox = Table(
    "inbox",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("shop", ShopName, nullable=False),
    Column("webhook_id", String(64), nullable=False),
    Column("topic", String(80), nullable=False),
    Column("triggered_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("hint", Json, nullable=False),  # ids and numbers only, never personal data
    Column("handled_at", Instant),
    Column("attempts", Integer, nullable=False, default=0),
    Column("error", Text),
    Column("parked_at", Instant),
    UniqueConstraint("shop", "webhook_id"),
    Index("ix_inbox_waiting", "shop", "id", sqlite_where=_UNHANDLED, postgresql_where=_UNHANDLED),
    Index("ix_inbox_handled", "received_at", sqlite_where=_HANDLED, postgresql_where=_HANDLED),
)

due = Table(
    "due",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("lane", String(10), primary_key=True),  # switch, queue
    Column("kind", String(20), primary_key=True),  # variant, item, order, fulfillment_order, product, …
    Column("subject", Gid, primary_key=True),
    Column("version", Integer, nullable=False, default=1),  # rises with every mark: a review deletes only what it saw
    Column("marked_at", Instant, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),  # looks without a balance, answers Shopify owed us
    Column("failures", Integer, nullable=False, default=0, server_default="0"),  # what we could not deal with
    Column("error", Text),
    Index("ix_due_ripe", "shop", "lane", "not_before"),
)

whole_reviews = Table(
    "whole_reviews",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("mark_version", Integer, nullable=False),
    Column("stage", String(10), nullable=False),  # variants, items
    Column("after", Gid, nullable=False),  # the last that was decided
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
)

syncs = Table(
    "syncs",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("shop", ShopName, nullable=False, index=True),
    Column("reason", String(20), nullable=False),  # first, nightly, asked
    Column("came_back", Boolean, nullable=False, default=False, server_default=false()),  # we had been here before
    Column("state", String(20), nullable=False),  # variants, orders, deciding, done, failed
    Column("bulk_id", Gid),
    Column("bulk_started_at", Instant),  # rows count as of this moment
    Column("lines_done", Integer, nullable=False, default=0),
    Column("lines_total", Integer, nullable=False, default=0),
    Column("orders_seen", Integer, nullable=False, default=0),
    Column("started_at", Instant, nullable=False),
    Column("touched_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("attempts", Integer, nullable=False, default=0),
    Column("error", Text),
    Column("repairs", Json, nullable=False, default=list),
    Index("ix_syncs_running", "shop", sqlite_where=_UNENDED, postgresql_where=_UNENDED),
)
