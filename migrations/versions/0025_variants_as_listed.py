"""What the list of products is sorted, filtered and searched by, beside how a variant sells: a row for each variant."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_IS_OWED = sa.text("owed_units > 0")
_IS_ODD = sa.text("(asks or difference <> 0 or unexplained <> 0 or shortfall > 0)")
ROWS_AT_ONCE = 1_000


def upgrade() -> None:
    with op.batch_alter_table("variant_states", schema=None) as batch_op:
        batch_op.add_column(sa.Column("listed", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column("list_key", sa.String(length=100), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("words", sa.String(length=400), nullable=False, server_default=""))
    _fill()
    op.drop_index("ix_variant_states_state", "variant_states")
    listed = ["shop", "state", "listed", "list_key", "variant_id"]
    op.create_index("ix_variant_states_state", "variant_states", listed)
    op.create_index("ix_variant_states_rule", "variant_states", ["shop", "rule_id", "limit_mode"])
    op.create_index(
        "ix_variant_states_owed",
        "variant_states",
        ["shop", "remaining_units"],
        sqlite_where=_IS_OWED,
        postgresql_where=_IS_OWED,
    )
    figures = ["words", "owed_units", "remaining_units", "next_from", "available"]
    op.create_index("ix_variant_states_list", "variant_states", ["shop", "listed", "list_key", "variant_id", *figures])
    op.create_index("ix_item_states_odd", "item_states", ["shop"], sqlite_where=_IS_ODD, postgresql_where=_IS_ODD)


def _fill() -> None:
    """Name every variant as the list does (plugin/domain/listing.py), those not decided yet among them."""
    db = op.get_bind()
    db.execute(
        sa.text(
            "insert into variant_states (shop, variant_id, item_id, state, reason, available, owed_units, limit_mode,"
            " decided_at) select v.shop, v.variant_id, v.item_id, 'unmanaged', 'no_rule', 0, 0, 'never', v.read_at"
            " from variants v left join variant_states s on s.shop = v.shop and s.variant_id = v.variant_id"
            " where s.variant_id is null"
        )
    )
    named = db.execute(
        sa.text(
            "select v.shop, v.variant_id, v.title, v.sku, v.gone_at is null as listed, p.title as product"
            " from variants v join products p on p.shop = v.shop and p.product_id = v.product_id"
        )
    ).all()
    write = sa.text(
        "update variant_states set listed = :listed, list_key = :list_key, words = :words"
        " where shop = :shop and variant_id = :variant_id"
    )
    for start in range(0, len(named), ROWS_AT_ONCE):
        db.execute(write, [_listed(row) for row in named[start : start + ROWS_AT_ONCE]])


def _listed(row: sa.Row) -> dict[str, object]:
    variant = "" if row.title == "Default Title" else row.title
    words = " ".join(part for part in (row.sku, row.product, variant) if part)
    return {
        "shop": row.shop,
        "variant_id": row.variant_id,
        "listed": bool(row.listed),
        "list_key": row.product.strip().casefold()[:100],
        "words": words.casefold()[:400],
    }


def downgrade() -> None:
    op.drop_index("ix_item_states_odd", "item_states")
    op.drop_index("ix_variant_states_list", "variant_states")
    op.drop_index("ix_variant_states_owed", "variant_states")
    op.drop_index("ix_variant_states_rule", "variant_states")
    op.drop_index("ix_variant_states_state", "variant_states")
    op.create_index("ix_variant_states_state", "variant_states", ["shop", "state"])
    with op.batch_alter_table("variant_states", schema=None) as batch_op:
        batch_op.drop_column("words")
        batch_op.drop_column("list_key")
        batch_op.drop_column("listed")
