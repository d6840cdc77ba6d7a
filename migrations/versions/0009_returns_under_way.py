"""How an order's returns stand, so that a rise of stock can be asked about by name, and the night sees what changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("return_status", sa.String(32), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("orders", "return_status")
