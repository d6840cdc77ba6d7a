"""The shop itself: who it is, what it chose, its rules, and who works on it at the moment."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

from plugin.adapters.database.columns import Instant, Json, RowId, ShopName
from plugin.adapters.database.tables.base import metadata

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
