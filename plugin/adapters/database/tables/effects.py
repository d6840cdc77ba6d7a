"""Effects: what must still be done, what came of it, and what somebody has to hear of."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from plugin.adapters.database.columns import Gid, Instant, Json, RowId, ShopName
from plugin.adapters.database.tables.base import metadata

# The clock asks all shops for what is still to be done every second: finding it must not grow with the past.
_UNDONE = text("done_version < version")
_UNRESOLVED = text("resolved_at IS NULL")
# Every ten minutes it asks for what may be forgotten.
_KEPT = text("letter_encrypted IS NOT NULL")

desired = Table(
    "desired",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("kind", String(16), primary_key=True),  # policy, badge, words, order_tag, order_date
    Column("subject", Gid, primary_key=True),
    Column("value", Text, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("done_version", Integer, nullable=False, default=0),
    Column("urgent", Boolean, nullable=False, default=False),  # closing goes ahead of everything
    Column("wanted_at", Instant, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("error", Text),
    Column("written_value", Text),  # what Shopify last acknowledged from us
    Column("written_at", Instant),
    Column("sent_value", Text),  # what was sent since, and may have arrived; several words when several were
    Index("ix_desired_open", "shop", "kind", "not_before", sqlite_where=_UNDONE, postgresql_where=_UNDONE),
)

notices = Table(
    "notices",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("shop", ShopName, nullable=False),
    Column("line_id", Gid, nullable=False),
    Column("order_id", Gid, nullable=False),
    Column("customer_key", String(64), nullable=False),
    Column("kind", String(20), nullable=False),  # confirmed, date_changed, filled
    Column("promise_version", Integer, nullable=False),
    Column("occasion", String(255), nullable=False),  # the ledger entry that made it due
    Column("cause", String(160), nullable=False),  # what set it off: one cause, one "send"
    Column("due_at", Instant, nullable=False),
    Column("not_before", Instant, nullable=False),
    # waiting, asks (needs the merchant's "send"), claimed, dropped
    Column("state", String(10), nullable=False),
    Column("message_id", RowId),
    Column("why", Text, nullable=False, default=""),
    Column("data", Json, nullable=False, default=dict),
    UniqueConstraint("shop", "line_id", "kind", "promise_version", "occasion"),
    Index("ix_notices_due", "shop", "state", "not_before"),
    Index("ix_notices_ripe", "state", "not_before", "shop"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("shop", ShopName, nullable=False),
    Column("message_key", String(255), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("order_id", Gid),
    Column("customer_key", String(64), nullable=False),
    Column("cause", String(160), nullable=False, default=""),
    # waiting, sending, sent, failed, unknown, stopped
    Column("state", String(10), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("attempts", Integer, nullable=False, default=0),
    Column("error", Text),
    Column("rfc_message_id", String(255), nullable=False),
    Column("to_encrypted", Text, nullable=False, default=""),
    Column("letter_encrypted", LargeBinary),  # subject, text and html; dropped 90 days after the order closes
    Column("why", Text, nullable=False, default=""),
    UniqueConstraint("shop", "message_key"),
    Index("ix_messages_state", "shop", "state", "not_before"),
    Index("ix_messages_ripe", "state", "not_before", "shop"),
    Index("ix_messages_kept", "created_at", sqlite_where=_KEPT, postgresql_where=_KEPT),
)

# What the domain of a shop's own sender address answered when we last looked.
senders = Table(
    "senders",
    metadata,
    Column("shop", ShopName, ForeignKey("shops.shop", ondelete="CASCADE"), primary_key=True),
    Column("proven_at", Instant),  # since when mails leave from it; None: they leave from ours
    Column("looked_at", Instant),
    Column("answered_at", Instant),
    Column("look_again_at", Instant, nullable=False),
    Column("dkim", String(10), nullable=False, default=""),  # found, missing, wrong, silent
    Column("dmarc", String(10), nullable=False, default=""),
    Index("ix_senders_look", "look_again_at"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("shop", ShopName, nullable=False),
    Column("alert_key", String(255), nullable=False),
    Column("kind", String(24), nullable=False),  # overage, changed_outside, asks_arrival, books, mail_failed, ...
    Column("subject", Gid, nullable=False, default=""),
    Column("data", Json, nullable=False, default=dict),
    Column("raised_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("mailed_at", Instant),  # when the merchant was last mailed about it at once
    UniqueConstraint("shop", "alert_key"),
    Index("ix_alerts_open", "shop", "resolved_at"),
    Index("ix_alerts_unresolved", "kind", "raised_at", sqlite_where=_UNRESOLVED, postgresql_where=_UNRESOLVED),
)
