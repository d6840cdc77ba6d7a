"""Two choices of the merchant: whether rises of stock that nothing explains are asked about, and the brake itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("shop_settings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asks_about_rises", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("brake_on", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    with op.batch_alter_table("shop_settings", schema=None) as batch_op:
        batch_op.drop_column("brake_on")
        batch_op.drop_column("asks_about_rises")
