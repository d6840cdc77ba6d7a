"""What the ledger's stock entries of an item add up to, so that a review reads only the newest of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stock_balances",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("item_id", sa.String(length=128), nullable=False),
        sa.Column("upto", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("by_location", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "item_id", name=op.f("pk_stock_balances")),
    )

    op.drop_index("ix_ledger_item", "ledger")
    op.create_index("ix_ledger_item", "ledger", ["shop", "item_id", "kind", "id"])


def downgrade() -> None:
    op.drop_index("ix_ledger_item", "ledger")
    op.create_index("ix_ledger_item", "ledger", ["shop", "item_id", "kind"])
    op.drop_table("stock_balances")
