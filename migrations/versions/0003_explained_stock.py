"""Restocked returns, and variants that went to zero."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "restocks",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("restock_id", sa.String(length=128), nullable=False),
        sa.Column("order_id", sa.String(length=128), nullable=False),
        sa.Column("line_id", sa.String(length=128), nullable=False),
        sa.Column("item_id", sa.String(length=128), nullable=False),
        sa.Column("location_id", sa.String(length=128), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop", "restock_id", name=op.f("pk_restocks")),
    )
    with op.batch_alter_table("restocks", schema=None) as batch_op:
        batch_op.create_index("ix_restocks_item", ["shop", "item_id"], unique=False)
    op.create_table(
        "zeroings",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("variant_id", sa.String(length=128), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "variant_id", name=op.f("pk_zeroings")),
    )
    with op.batch_alter_table("zeroings", schema=None) as batch_op:
        batch_op.create_index("ix_zeroings_at", ["shop", "at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("zeroings", schema=None) as batch_op:
        batch_op.drop_index("ix_zeroings_at")
    op.drop_table("zeroings")
    with op.batch_alter_table("restocks", schema=None) as batch_op:
        batch_op.drop_index("ix_restocks_item")
    op.drop_table("restocks")
