"""Whether a product is published to the online store; until it is read again every product counts as shown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.add_column(sa.Column("in_online_store", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_index("ix_products_online", "products", ["shop", "in_online_store"])


def downgrade() -> None:
    op.drop_index("ix_products_online", "products")
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.drop_column("in_online_store")
