"""Every table, read by Alembic.

Four families, told apart by what may happen to a row:

- *facts* are replaced by newer ones (`read_at` says as of when);
- *commitments* (`ledger`) are appended and never changed; they hold no personal data;
- *effects* (`desired`, `messages`) say what must still be done, and what came of it;
- *projections* (`line_states`, `variant_states`, `pegs`, `stock_balances`) are copies that spare adding up; they can
  be rebuilt from the others.

Personal data lives in `people` and in the encrypted columns of `messages`, nowhere else.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
    text,
    true,
)

from plugin.adapters.database.columns import Gid, Instant, Json, RowId, ShopName

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# --- the shop itself ---------------------------------------------------------------------------------------------

shops = Table(
    "shops",
    metadata,
    Column("shop", ShopName, primary_key=True),
    # installed, uninstalled, locked_out (token dead: somebody must open the app), held_off (refused for now)
    Column("status", String(20), nullable=False),
    Column("status_reason", Text, nullable=False, default=""),
    Column("installed_at", Instant, nullable=False),
    Column("uninstalled_at", Instant),
    Column("name", Text, nullable=False, default=""),
    Column("timezone", String(64), nullable=False, default="UTC"),
    Column("currency", String(3), nullable=False, default="USD"),
    Column("locale", String(16), nullable=False, default="en"),
    Column("contact_email_encrypted", Text, nullable=False, default=""),
    Column("scopes", Json, nullable=False, default=list),
    Column("last_webhook_at", Instant),
    # A product was for sale in the online store once: docs/decisions/0025
    Column("has_shown_products", Boolean, nullable=False, default=False, server_default=false()),
)

tokens = Table(
    "tokens",
    metadata,
    Column("shop", ShopName, ForeignKey("shops.shop", ondelete="CASCADE"), primary_key=True),
    Column("access_token_encrypted", Text, nullable=False),
    Column("refresh_token_encrypted", Text, nullable=False),
    Column("access_expires_at", Instant, nullable=False),
    Column("refresh_expires_at", Instant, nullable=False),
    Column("stored_at", Instant, nullable=False),
)

shop_settings = Table(
    "shop_settings",
    metadata,
    Column("shop", ShopName, ForeignKey("shops.shop", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, nullable=False, default=1),  # for stale forms
    Column("backordering_on", Boolean, nullable=False, default=False),
    Column("paused_at", Instant),  # "pause everything"
    Column("date_words", String(10), nullable=False, default="ships"),  # ships, back
    Column("date_range_days", Integer, nullable=False, default=7),  # 0: a single day
    Column("handling_days", Integer, nullable=False, default=1),  # working days from receipt to parcel
    Column("working_days", String(7), nullable=False, default="12345"),  # ISO weekdays
    Column("holidays", Json, nullable=False, default=list),  # ISO dates
    Column("may_cancel", Boolean, nullable=False, default=True),
    Column("tell_after_days", Integer, nullable=False, default=3),  # smaller moves stay silent
    Column("ask_above_mails", Integer, nullable=False, default=10),
    Column("review_days", Integer, nullable=False, default=14),  # with no date: the day we write again
    Column("mail_on_confirmed", Boolean, nullable=False, default=True),
    Column("mail_on_date_changed", Boolean, nullable=False, default=True),
    Column("mail_on_filled", Boolean, nullable=False, default=True),
    Column("mail_on_track", Boolean, nullable=False, default=True, server_default=true()),
    Column("on_track_days", Integer, nullable=False, default=21, server_default="21"),  # while nothing changes
    Column("mail_paused_at", Instant),
    Column("mail_test_sent_at", Instant),
    Column("mail_confirmed_at", Instant),  # sending stays off until a test mail is confirmed
    Column("sender_encrypted", Text, nullable=False, default="", server_default=""),  # empty: ours
    Column("reply_to_encrypted", Text, nullable=False, default=""),
    Column("alerts_to_encrypted", Text, nullable=False, default="", server_default=""),  # empty: the contact address
    Column("alerts_looked_on", Date),  # the last morning on which we asked what needs the merchant
    Column("accept_rises_after_minutes", Integer, nullable=False, default=15),
    Column("asks_about_rises", Boolean, nullable=False, default=False, server_default=false()),
    Column("brake_on", Boolean, nullable=False, default=True, server_default=true()),
    Column("mail_pos", Boolean, nullable=False, default=True, server_default=true()),
    Column("unpaid_keeps_hours", Integer, default=168, server_default="168"),  # None: until they are paid
    Column("show_units_left", Boolean, nullable=False, default=False),
    Column("first_run_dismissed_at", Instant),
    Column("inherited_seen_at", Instant),
    Column("badge_seen_at", Instant),  # App Bridge reported the block active in the theme
)

badge_wording = Table(
    "badge_wording",
    metadata,
    Column("shop", ShopName, ForeignKey("shops.shop", ondelete="CASCADE"), primary_key=True),
    Column("language", String(10), primary_key=True),
    Column("version", Integer, nullable=False, default=1),  # for stale forms
    Column("texts", Json, nullable=False, default=dict),  # key below `badge.` to the merchant's own text
)

rules = Table(
    "rules",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("shop", ShopName, ForeignKey("shops.shop", ondelete="CASCADE"), nullable=False),
    # variant, product: a setting of its own, which beats the list; all others (`plugin.domain.rules.Scope`): the list
    Column("scope", String(10), nullable=False),
    # GID of a thing; the words of a vendor, type or tag; of picked products their fingerprint
    Column("subject", String(255), nullable=False, default=""),
    Column("products", Json, nullable=False, default=list, server_default="[]"),  # picked ones: GIDs
    Column("position", Integer, nullable=False, default=0),  # in the list, from the top
    Column("kind", String(12), nullable=False, default="backorder"),  # backorder, preorder, discontinued
    Column("release_on", Date),  # of a pre-order
    Column("limit_mode", String(10), nullable=False),  # never, up_to, no_limit
    Column("limit_units", Integer),
    Column("wait_weeks_from", Integer),
    Column("wait_weeks_to", Integer),
    Column("longest_wait_weeks", Integer),  # None: any
    Column("without_date", String(6), nullable=False, default="stop"),  # stop, sell
    Column("when_late", String(6), nullable=False, default="sell", server_default="sell"),  # stop, sell
    Column("changed_at", Instant, nullable=False),
    UniqueConstraint("shop", "scope", "subject"),
    # A null would make the comparison null, and a check that is not false is passed.
    CheckConstraint("limit_mode <> 'up_to' or coalesce(limit_units, -1) >= 0", name="limit_needs_units"),
)

# The last change of the rules: what it changed, for taking it back, and its number, for stale forms.
rule_changes = Table(
    "rule_changes",
    metadata,
    Column("shop", ShopName, ForeignKey("shops.shop", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("what", Text, nullable=False, default=""),
    Column("before", Json, nullable=False, default=list),  # scope, subject, and the row as it was or null
    Column("taken_back_at", Instant),
)

leases = Table(
    "leases",
    metadata,
    Column("shop", ShopName, primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("until", Instant, nullable=False),
)

# --- what came in ------------------------------------------------------------------------------------------------

# The clock asks all shops for what is still to be done every second: finding it must not grow with the past.
_UNHANDLED = text("handled_at IS NULL AND parked_at IS NULL")
_UNDONE = text("done_version < version")
_UNENDED = text("finished_at IS NULL")
_UNRESOLVED = text("resolved_at IS NULL")
# Every ten minutes it asks for what may be forgotten.
_HANDLED = text("handled_at IS NOT NULL")
_KEPT = text("letter_encrypted IS NOT NULL")

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

# --- facts -------------------------------------------------------------------------------------------------------

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
    Column("added_at", Instant),  # by an edit of an order that we knew without it; null: bought with the order
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

# --- supply ------------------------------------------------------------------------------------------------------

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

# --- commitments -------------------------------------------------------------------------------------------------

_OWED = text("owed_units > 0")
IS_OWED: ColumnElement[bool] = literal_column("variant_states.owed_units > 0")
"""Of `variant_states`: units are owed of it. In the words of the index on it."""
IS_ODD = text("(asks or difference <> 0 or unexplained <> 0 or shortfall > 0)")
"""Of `item_states`: somebody may want to look. In these words, so that both databases find the index on it."""

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

# --- effects -----------------------------------------------------------------------------------------------------

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

# --- projections (rebuildable) -----------------------------------------------------------------------------------

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
