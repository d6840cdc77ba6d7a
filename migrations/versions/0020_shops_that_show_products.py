"""Whether a shop ever showed a product in the online store: noted when such a product is read, and never taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("shops", schema=None) as batch_op:
        batch_op.add_column(sa.Column("has_shown_products", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.drop_index("ix_products_online", "products")


def downgrade() -> None:
    op.create_index("ix_products_online", "products", ["shop", "in_online_store"])
    with op.batch_alter_table("shops", schema=None) as batch_op:
        batch_op.drop_column("has_shown_products")
