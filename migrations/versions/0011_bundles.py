"""Bundles: which variants own no stock, and what they are made of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("variants", sa.Column("is_bundle", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "bundle_parts",
        sa.Column("shop", sa.String(255), nullable=False),
        sa.Column("bundle_id", sa.String(128), nullable=False),
        sa.Column("variant_id", sa.String(128), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=False),
        sa.CheckConstraint("needed > 0", name=op.f("ck_bundle_parts_needs_units")),
        sa.PrimaryKeyConstraint("shop", "bundle_id", "variant_id", name=op.f("pk_bundle_parts")),
    )
    op.create_index("ix_bundle_parts_variant", "bundle_parts", ["shop", "variant_id"])


def downgrade() -> None:
    op.drop_index("ix_bundle_parts_variant", "bundle_parts")
    op.drop_table("bundle_parts")
    with op.batch_alter_table("variants") as batch:
        batch.drop_column("is_bundle")
