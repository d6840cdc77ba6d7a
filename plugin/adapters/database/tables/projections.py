"""Projections: copies that spare adding up, and can be rebuilt from facts and ledger."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ColumnElement, Date, Index, Integer, String, Table, literal_column, text, true

from plugin.adapters.database.columns import Gid, Instant, Json, RowId, ShopName
from plugin.adapters.database.tables.base import metadata

_OWED = text("owed_units > 0")
IS_OWED: ColumnElement[bool] = literal_column("variant_states.owed_units > 0")
"""Of `variant_states`: units are owed of it. In the words of the index on it."""
IS_ODD = text("(asks or difference <> 0 or unexplained <> 0 or shortfall > 0)")
"""Of `item_states`: somebody may want to look. In these words, so that both databases find the index on it."""

line_states = Table(
    "line_states",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("line_id", Gid, primary_key=True),
    Column("order_id", Gid, nullable=False),
    Column("item_id", Gid, nullable=False),
    Column("open_units", Integer, nullable=False),
    Column("held_units", Integer, nullable=False),  # covered at sale or granted, not yet shipped
    Column("owed_units", Integer, nullable=False),
    Column("unpaid", Boolean, nullable=False),
    Column("inherited", Boolean, nullable=False),
    Column("queue_time", Instant, nullable=False),
    Column("queue_place", Integer, nullable=False),  # 1 is next; 0 when nothing is owed
    Column("promise_version", Integer, nullable=False, default=0),
    Column("promise", Json),  # as plugin.domain.promises.Promise.to_json
    Column("delivery_row_id", RowId),
    Column("overage_units", Integer, nullable=False, default=0),
    Index("ix_line_states_item", "shop", "item_id", "queue_place"),
    Index("ix_line_states_order", "shop", "order_id"),
    Index("ix_line_states_owed", "shop", "owed_units"),
)

stock_balances = Table(
    "stock_balances",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("item_id", Gid, primary_key=True),
    Column("upto", RowId, nullable=False, autoincrement=False),  # ledger ids up to and with this are in the sums
    Column("by_location", Json, nullable=False),  # plugin.domain.replay.LocationHistory.to_json by location
)

pegs = Table(
    "pegs",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("line_id", Gid, primary_key=True),
    Column("delivery_row_id", RowId, primary_key=True, autoincrement=False),
    Column("item_id", Gid, nullable=False),
    Column("order_id", Gid, nullable=False),
    Column("units", Integer, nullable=False),  # owed units of the line that this row covers, as last reviewed
    Index("ix_pegs_item", "shop", "item_id"),
    Index("ix_pegs_row", "shop", "delivery_row_id"),
)

item_states = Table(
    "item_states",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("item_id", Gid, primary_key=True),
    Column("location_id", Gid, primary_key=True),
    Column("usable", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("unexplained", Integer, nullable=False),  # a rise nobody has accepted yet
    Column("asks", Boolean, nullable=False, default=False),  # "did N really arrive?"
    Column("unexplained_since", Instant),
    Column("shortfall", Integer, nullable=False, default=0),
    Column("difference", Integer, nullable=False, default=0),  # committed less open units we know, less baseline
    Column("difference_since", Instant),
    Column("reviewed_at", Instant, nullable=False),
    Column("look_again_at", Instant),
    Index("ix_item_states_look_again", "shop", "look_again_at"),
    Index("ix_item_states_odd", "shop", sqlite_where=IS_ODD, postgresql_where=IS_ODD),
)

variant_states = Table(
    "variant_states",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("variant_id", Gid, primary_key=True),
    Column("item_id", Gid, nullable=False),
    # untracked, in_stock, backorderable, limit_reached, paused, changed_outside, unmanaged
    Column("state", String(16), nullable=False),
    Column("reason", String(24), nullable=False, default=""),
    Column("rule_id", RowId),
    Column("available", Integer, nullable=False, default=0),
    Column("owed_units", Integer, nullable=False, default=0),
    Column("limit_mode", String(10), nullable=False, default="never"),
    Column("limit_units", Integer),
    Column("remaining_units", Integer),  # None: no limit
    Column("next_from", Date),
    Column("next_to", Date),
    Column("next_promise", Json),  # what the next buyer would be told
    Column("decided_at", Instant, nullable=False),
    Column("look_again_at", Instant),
    # How the list of products finds it (`plugin.domain.listing`); not listed: deleted in Shopify.
    Column("listed", Boolean, nullable=False, default=True, server_default=true()),
    Column("list_key", String(100), nullable=False, default="", server_default=""),
    Column("words", String(400), nullable=False, default="", server_default=""),
    Index("ix_variant_states_item", "shop", "item_id"),
    Index("ix_variant_states_state", "shop", "state", "listed", "list_key", "variant_id"),
    Index("ix_variant_states_rule", "shop", "rule_id", "limit_mode"),
    Index("ix_variant_states_owed", "shop", "remaining_units", sqlite_where=_OWED, postgresql_where=_OWED),
    # Holds all that the list sorts and searches by, so that no other page of the table is touched for it.
    Index(
        "ix_variant_states_list",
        "shop",
        "listed",
        "list_key",
        "variant_id",
        "words",
        "owed_units",
        "remaining_units",
        "next_from",
        "available",
    ),
    Index("ix_variant_states_look_again", "look_again_at", "shop"),
)

zeroings = Table(
    "zeroings",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("variant_id", Gid, primary_key=True),
    Column("at", Instant, nullable=False),  # when its last unit went; the row goes when it has stock again
    Column("held", Boolean, nullable=False, default=False),  # "sync error": stays shut until it has stock again
    Index("ix_zeroings_at", "shop", "at"),
)
