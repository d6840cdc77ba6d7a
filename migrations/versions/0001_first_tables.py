"""First tables. The ledger refuses to be changed by the database itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("alert_key", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("shop", "alert_key", name=op.f("uq_alerts_shop_alert_key")),
    )
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.create_index("ix_alerts_open", ["shop", "resolved_at"], unique=False)

    op.create_table(
        "baselines",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("item_id", sa.String(length=128), nullable=False),
        sa.Column("location_id", sa.String(length=128), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop", "item_id", "location_id", name=op.f("pk_baselines")),
    )
    op.create_table(
        "desired",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("done_version", sa.Integer(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("written_value", sa.Text(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop", "kind", "subject", name=op.f("pk_desired")),
    )
    with op.batch_alter_table("desired", schema=None) as batch_op:
        batch_op.create_index("ix_desired_open", ["shop", "kind", "done_version", "version"], unique=False)

    op.create_table(
        "due",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("lane", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("shop", "lane", "kind", "subject", name=op.f("pk_due")),
    )
    with op.batch_alter_table("due", schema=None) as batch_op:
        batch_op.create_index("ix_due_when", ["lane", "not_before"], unique=False)

    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("webhook_id", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("triggered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hint", sa.JSON(), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("shop", "webhook_id", name=op.f("uq_inbox_shop_webhook_id")),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index("ix_inbox_waiting", ["shop", "handled_at", "id"], unique=False)

    op.create_table(
        "item_states",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("item_id", sa.String(length=128), nullable=False),
        sa.Column("location_id", sa.String(length=128), nullable=False),
        sa.Column("usable", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("unexplained", sa.Integer(), nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.Column("unexplained_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shortfall", sa.Integer(), nullable=False),
        sa.Column("difference", sa.Integer(), nullable=False),
        sa.Column("difference_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("look_again_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop", "item_id", "location_id", name=op.f("pk_item_states")),
    )
    with op.batch_alter_table("item_states", schema=None) as batch_op:
        batch_op.create_index("ix_item_states_look_again", ["shop", "look_again_at"], unique=False)

    op.create_table(
        "items",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("item_id", sa.String(length=128), nullable=False),
        sa.Column("tracked", sa.Boolean(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop", "item_id", name=op.f("pk_items")),
    )
    op.create_table(
        "leases",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop", "name", name=op.f("pk_leases")),
    )
    op.create_table(
        "ledger",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("entry_id", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("item_id", sa.String(length=128), nullable=True),
        sa.Column("location_id", sa.String(length=128), nullable=True),
        sa.Column("variant_id", sa.String(length=128), nullable=True),
        sa.Column("order_id", sa.String(length=128), nullable=True),
        sa.Column("line_id", sa.String(length=128), nullable=True),
        sa.Column("delivery_row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("units", sa.Integer(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger")),
        sa.UniqueConstraint("shop", "entry_id", name=op.f("uq_ledger_shop_entry_id")),
    )
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.create_index("ix_ledger_item", ["shop", "item_id", "kind"], unique=False)
        batch_op.create_index("ix_ledger_line", ["shop", "line_id", "kind"], unique=False)
        batch_op.create_index("ix_ledger_variant", ["shop", "variant_id", "kind", "at"], unique=False)

    op.create_table(
        "levels",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("item_id", sa.String(length=128), nullable=False),
        sa.Column("location_id", sa.String(length=128), nullable=False),
        sa.Column("available", sa.Integer(), nullable=False),
        sa.Column("committed", sa.Integer(), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("incoming", sa.Integer(), nullable=False),
        sa.Column("unavailable", sa.Integer(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hinted_available", sa.Integer(), nullable=True),
        sa.Column("hinted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop", "item_id", "location_id", name=op.f("pk_levels")),
    )
    op.create_table(
        "line_states",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("line_id", sa.String(length=128), nullable=False),
        sa.Column("order_id", sa.String(length=128), nullable=False),
        sa.Column("item_id", sa.String(length=128), nullable=False),
        sa.Column("open_units", sa.Integer(), nullable=False),
        sa.Column("held_units", sa.Integer(), nullable=False),
        sa.Column("owed_units", sa.Integer(), nullable=False),
        sa.Column("unpaid", sa.Boolean(), nullable=False),
        sa.Column("inherited", sa.Boolean(), nullable=False),
        sa.Column("queue_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("queue_place", sa.Integer(), nullable=False),
        sa.Column("promise_version", sa.Integer(), nullable=False),
        sa.Column("promise", sa.JSON(), nullable=True),
        sa.Column("delivery_row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("overage_units", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "line_id", name=op.f("pk_line_states")),
    )
    with op.batch_alter_table("line_states", schema=None) as batch_op:
        batch_op.create_index("ix_line_states_item", ["shop", "item_id", "queue_place"], unique=False)
        batch_op.create_index("ix_line_states_order", ["shop", "order_id"], unique=False)
        batch_op.create_index("ix_line_states_owed", ["shop", "owed_units"], unique=False)

    op.create_table(
        "locations",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("location_id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("sells_online", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "location_id", name=op.f("pk_locations")),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("message_key", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("order_id", sa.String(length=128), nullable=True),
        sa.Column("customer_key", sa.String(length=64), nullable=False),
        sa.Column("cause", sa.String(length=160), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("rfc_message_id", sa.String(length=255), nullable=False),
        sa.Column("to_encrypted", sa.Text(), nullable=False),
        sa.Column("letter_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("shop", "message_key", name=op.f("uq_messages_shop_message_key")),
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index("ix_messages_state", ["shop", "state", "not_before"], unique=False)

    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("line_id", sa.String(length=128), nullable=False),
        sa.Column("order_id", sa.String(length=128), nullable=False),
        sa.Column("customer_key", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("promise_version", sa.Integer(), nullable=False),
        sa.Column("occasion", sa.String(length=255), nullable=False),
        sa.Column("cause", sa.String(length=160), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint(
            "shop",
            "line_id",
            "kind",
            "promise_version",
            "occasion",
            name=op.f("uq_notices_shop_line_id_kind_promise_version_occasion"),
        ),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index("ix_notices_due", ["shop", "state", "not_before"], unique=False)

    op.create_table(
        "open_units",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("line_id", sa.String(length=128), nullable=False),
        sa.Column("location_id", sa.String(length=128), nullable=False),
        sa.Column("item_id", sa.String(length=128), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.CheckConstraint("units > 0", name=op.f("ck_open_units_units_positive")),
        sa.PrimaryKeyConstraint("shop", "line_id", "location_id", name=op.f("pk_open_units")),
    )
    with op.batch_alter_table("open_units", schema=None) as batch_op:
        batch_op.create_index("ix_open_units_item", ["shop", "item_id"], unique=False)

    op.create_table(
        "order_lines",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("line_id", sa.String(length=128), nullable=False),
        sa.Column("order_id", sa.String(length=128), nullable=False),
        sa.Column("variant_id", sa.String(length=128), nullable=True),
        sa.Column("product_id", sa.String(length=128), nullable=True),
        sa.Column("item_id", sa.String(length=128), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("variant_title", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("current", sa.Integer(), nullable=False),
        sa.Column("unfulfilled", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.String(length=32), nullable=False),
        sa.Column("requires_shipping", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "line_id", name=op.f("pk_order_lines")),
    )
    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.create_index("ix_order_lines_item", ["shop", "item_id"], unique=False)
        batch_op.create_index("ix_order_lines_order", ["shop", "order_id"], unique=False)

    op.create_table(
        "orders",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("order_id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("financial_status", sa.String(length=32), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("customer_key", sa.String(length=64), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_visible_since", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop", "order_id", name=op.f("pk_orders")),
    )
    op.create_table(
        "pegs",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("line_id", sa.String(length=128), nullable=False),
        sa.Column(
            "delivery_row_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("item_id", sa.String(length=128), nullable=False),
        sa.Column("order_id", sa.String(length=128), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "line_id", "delivery_row_id", name=op.f("pk_pegs")),
    )
    with op.batch_alter_table("pegs", schema=None) as batch_op:
        batch_op.create_index("ix_pegs_item", ["shop", "item_id"], unique=False)
        batch_op.create_index("ix_pegs_row", ["shop", "delivery_row_id"], unique=False)

    op.create_table(
        "people",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("customer_key", sa.String(length=64), nullable=False),
        sa.Column("customer_id", sa.String(length=128), nullable=True),
        sa.Column("email_encrypted", sa.Text(), nullable=False),
        sa.Column("first_name_encrypted", sa.Text(), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop", "customer_key", name=op.f("pk_people")),
    )
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.create_index("ix_people_customer", ["shop", "customer_id"], unique=False)

    op.create_table(
        "products",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("product_id", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("product_type", sa.Text(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("collections", sa.JSON(), nullable=False),
        sa.Column("image_url", sa.Text(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop", "product_id", name=op.f("pk_products")),
    )
    op.create_table(
        "shops",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=False),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uninstalled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("contact_email_encrypted", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("last_webhook_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop", name=op.f("pk_shops")),
    )
    op.create_table(
        "syncs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("bulk_id", sa.String(length=128), nullable=True),
        sa.Column("bulk_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lines_done", sa.Integer(), nullable=False),
        sa.Column("lines_total", sa.Integer(), nullable=False),
        sa.Column("orders_seen", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("repairs", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_syncs")),
    )
    with op.batch_alter_table("syncs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_syncs_shop"), ["shop"], unique=False)

    op.create_table(
        "variant_states",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("variant_id", sa.String(length=128), nullable=False),
        sa.Column("item_id", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("available", sa.Integer(), nullable=False),
        sa.Column("owed_units", sa.Integer(), nullable=False),
        sa.Column("limit_mode", sa.String(length=10), nullable=False),
        sa.Column("limit_units", sa.Integer(), nullable=True),
        sa.Column("remaining_units", sa.Integer(), nullable=True),
        sa.Column("next_from", sa.Date(), nullable=True),
        sa.Column("next_to", sa.Date(), nullable=True),
        sa.Column("next_promise", sa.JSON(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("look_again_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop", "variant_id", name=op.f("pk_variant_states")),
    )
    with op.batch_alter_table("variant_states", schema=None) as batch_op:
        batch_op.create_index("ix_variant_states_item", ["shop", "item_id"], unique=False)
        batch_op.create_index("ix_variant_states_look_again", ["shop", "look_again_at"], unique=False)
        batch_op.create_index("ix_variant_states_state", ["shop", "state"], unique=False)

    op.create_table(
        "variants",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("variant_id", sa.String(length=128), nullable=False),
        sa.Column("product_id", sa.String(length=128), nullable=False),
        sa.Column("item_id", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("policy", sa.String(length=10), nullable=False),
        sa.Column("price", sa.String(length=32), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop", "variant_id", name=op.f("pk_variants")),
    )
    with op.batch_alter_table("variants", schema=None) as batch_op:
        batch_op.create_index("ix_variants_item", ["shop", "item_id"], unique=False)
        batch_op.create_index("ix_variants_product", ["shop", "product_id"], unique=False)

    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("location_id", sa.String(length=128), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.Column("late_reason", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["shop"], ["shops.shop"], name=op.f("fk_deliveries_shop_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deliveries_shop"), ["shop"], unique=False)

    op.create_table(
        "rules",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("limit_mode", sa.String(length=10), nullable=False),
        sa.Column("limit_units", sa.Integer(), nullable=True),
        sa.Column("wait_weeks_from", sa.Integer(), nullable=True),
        sa.Column("wait_weeks_to", sa.Integer(), nullable=True),
        sa.Column("without_date", sa.String(length=6), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("limit_mode <> 'up_to' or limit_units >= 0", name=op.f("ck_rules_limit_needs_units")),
        sa.ForeignKeyConstraint(["shop"], ["shops.shop"], name=op.f("fk_rules_shop_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
        sa.UniqueConstraint("shop", "scope", "subject", name=op.f("uq_rules_shop_scope_subject")),
    )
    op.create_table(
        "shop_settings",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("backordering_on", sa.Boolean(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("date_words", sa.String(length=10), nullable=False),
        sa.Column("date_range_days", sa.Integer(), nullable=False),
        sa.Column("handling_days", sa.Integer(), nullable=False),
        sa.Column("working_days", sa.String(length=7), nullable=False),
        sa.Column("holidays", sa.JSON(), nullable=False),
        sa.Column("may_cancel", sa.Boolean(), nullable=False),
        sa.Column("tell_after_days", sa.Integer(), nullable=False),
        sa.Column("ask_above_mails", sa.Integer(), nullable=False),
        sa.Column("review_days", sa.Integer(), nullable=False),
        sa.Column("mail_on_confirmed", sa.Boolean(), nullable=False),
        sa.Column("mail_on_date_changed", sa.Boolean(), nullable=False),
        sa.Column("mail_on_filled", sa.Boolean(), nullable=False),
        sa.Column("mail_paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mail_test_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mail_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply_to_encrypted", sa.Text(), nullable=False),
        sa.Column("accept_rises_after_minutes", sa.Integer(), nullable=False),
        sa.Column("show_units_left", sa.Boolean(), nullable=False),
        sa.Column("first_run_dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inherited_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("badge_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["shop"], ["shops.shop"], name=op.f("fk_shop_settings_shop_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("shop", name=op.f("pk_shop_settings")),
    )
    op.create_table(
        "tokens",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("access_token_encrypted", sa.Text(), nullable=False),
        sa.Column("refresh_token_encrypted", sa.Text(), nullable=False),
        sa.Column("access_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refresh_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["shop"], ["shops.shop"], name=op.f("fk_tokens_shop_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("shop", name=op.f("pk_tokens")),
    )
    op.create_table(
        "delivery_rows",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.String(length=128), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.CheckConstraint("units > 0", name=op.f("ck_delivery_rows_units_positive")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_delivery_rows_delivery_id_deliveries"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_rows")),
        sa.UniqueConstraint("delivery_id", "item_id", name=op.f("uq_delivery_rows_delivery_id_item_id")),
    )
    with op.batch_alter_table("delivery_rows", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delivery_rows_delivery_id"), ["delivery_id"], unique=False)
        batch_op.create_index("ix_delivery_rows_item", ["shop", "item_id"], unique=False)

    _make_append_only("ledger")


def _make_append_only(table: str) -> None:
    """An entry is never changed. (It may be deleted: a shop that asks to be forgotten is forgotten whole.)"""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_is_append_only()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP TRIGGER ledger_is_append_only ON ledger")
        op.execute("DROP FUNCTION ledger_is_append_only()")
    with op.batch_alter_table("delivery_rows", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_rows_item")
        batch_op.drop_index(batch_op.f("ix_delivery_rows_delivery_id"))

    op.drop_table("delivery_rows")
    op.drop_table("tokens")
    op.drop_table("shop_settings")
    op.drop_table("rules")
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deliveries_shop"))

    op.drop_table("deliveries")
    with op.batch_alter_table("variants", schema=None) as batch_op:
        batch_op.drop_index("ix_variants_product")
        batch_op.drop_index("ix_variants_item")

    op.drop_table("variants")
    with op.batch_alter_table("variant_states", schema=None) as batch_op:
        batch_op.drop_index("ix_variant_states_state")
        batch_op.drop_index("ix_variant_states_look_again")
        batch_op.drop_index("ix_variant_states_item")

    op.drop_table("variant_states")
    with op.batch_alter_table("syncs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_syncs_shop"))

    op.drop_table("syncs")
    op.drop_table("shops")
    op.drop_table("products")
    with op.batch_alter_table("pegs", schema=None) as batch_op:
        batch_op.drop_index("ix_pegs_row")
        batch_op.drop_index("ix_pegs_item")

    op.drop_table("pegs")
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.drop_index("ix_people_customer")

    op.drop_table("people")
    op.drop_table("orders")
    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_order_lines_order")
        batch_op.drop_index("ix_order_lines_item")

    op.drop_table("order_lines")
    with op.batch_alter_table("open_units", schema=None) as batch_op:
        batch_op.drop_index("ix_open_units_item")

    op.drop_table("open_units")
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index("ix_notices_due")

    op.drop_table("notices")
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_index("ix_messages_state")

    op.drop_table("messages")
    op.drop_table("locations")
    with op.batch_alter_table("line_states", schema=None) as batch_op:
        batch_op.drop_index("ix_line_states_owed")
        batch_op.drop_index("ix_line_states_order")
        batch_op.drop_index("ix_line_states_item")

    op.drop_table("line_states")
    op.drop_table("levels")
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.drop_index("ix_ledger_variant")
        batch_op.drop_index("ix_ledger_line")
        batch_op.drop_index("ix_ledger_item")

    op.drop_table("ledger")
    op.drop_table("leases")
    op.drop_table("items")
    with op.batch_alter_table("item_states", schema=None) as batch_op:
        batch_op.drop_index("ix_item_states_look_again")

    op.drop_table("item_states")
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_index("ix_inbox_waiting")

    op.drop_table("inbox")
    with op.batch_alter_table("due", schema=None) as batch_op:
        batch_op.drop_index("ix_due_when")

    op.drop_table("due")
    with op.batch_alter_table("desired", schema=None) as batch_op:
        batch_op.drop_index("ix_desired_open")

    op.drop_table("desired")
    op.drop_table("baselines")
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.drop_index("ix_alerts_open")

    op.drop_table("alerts")
