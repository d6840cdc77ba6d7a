"""An opaque key by which a customer's address is found; filled as orders are read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.add_column(sa.Column("email_key", sa.String(64), nullable=False, server_default=""))
    op.create_index("ix_people_address", "people", ["shop", "email_key"])


def downgrade() -> None:
    op.drop_index("ix_people_address", "people")
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.drop_column("email_key")
