"""A shop's own sender address, and what its domain answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from plugin.adapters.database.columns import Instant, ShopName

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("shop_settings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sender_encrypted", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "senders",
        sa.Column("shop", ShopName, sa.ForeignKey("shops.shop", ondelete="CASCADE"), primary_key=True),
        sa.Column("proven_at", Instant()),
        sa.Column("looked_at", Instant()),
        sa.Column("answered_at", Instant()),
        sa.Column("look_again_at", Instant(), nullable=False),
        sa.Column("dkim", sa.String(10), nullable=False),
        sa.Column("dmarc", sa.String(10), nullable=False),
    )
    op.create_index("ix_senders_look", "senders", ["look_again_at"])


def downgrade() -> None:
    op.drop_table("senders")
    with op.batch_alter_table("shop_settings", schema=None) as batch_op:
        batch_op.drop_column("sender_encrypted")
