"""
What an order line must say of itself: when it came to an order that was placed without it, since its units join the
queue then and not when the order did; and where it ships from, so that units shipped to the last one leave the right
stock.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order_lines", sa.Column("added_at", sa.DateTime(timezone=True)))
    op.add_column("order_lines", sa.Column("ships_from", sa.String(128)))


def downgrade() -> None:
    op.drop_column("order_lines", "ships_from")
    op.drop_column("order_lines", "added_at")
