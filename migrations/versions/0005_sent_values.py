"""What was sent to Shopify and not answered yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("desired", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sent_value", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("desired", schema=None) as batch_op:
        batch_op.drop_column("sent_value")
