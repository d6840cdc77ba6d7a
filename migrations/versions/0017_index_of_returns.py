"""Finding the orders whose goods are coming back must not grow with all orders there ever were."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_orders_return_status", "orders", ["shop", "return_status"])


def downgrade() -> None:
    op.drop_index("ix_orders_return_status", "orders")
