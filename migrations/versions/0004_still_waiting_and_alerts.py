"""Mails while nothing changes, and mails to the merchant: how often, to whom, and what was already told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("shop_settings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("on_track_days", sa.Integer(), nullable=False, server_default="21"))
        batch_op.add_column(sa.Column("mail_on_track", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column("alerts_to_encrypted", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("alerts_looked_on", sa.Date(), nullable=True))
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.drop_column("mailed_at")
    with op.batch_alter_table("shop_settings", schema=None) as batch_op:
        batch_op.drop_column("alerts_looked_on")
        batch_op.drop_column("alerts_to_encrypted")
        batch_op.drop_column("mail_on_track")
        batch_op.drop_column("on_track_days")
