"""How long unpaid orders keep the stock they met, and whether orders from the till are mailed about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("shop_settings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mail_pos", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column("unpaid_keeps_hours", sa.Integer(), nullable=True, server_default="168"))


def downgrade() -> None:
    with op.batch_alter_table("shop_settings", schema=None) as batch_op:
        batch_op.drop_column("unpaid_keeps_hours")
        batch_op.drop_column("mail_pos")
