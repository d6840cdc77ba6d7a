"""Indexes of what is asked of the ledger by kind and by delivery: both walked through the whole book of a shop."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_BY_DELIVERY = sa.text("delivery_row_id IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_ledger_kind", "ledger", ["shop", "kind", "at"])
    op.create_index(
        "ix_ledger_delivery",
        "ledger",
        ["shop", "delivery_row_id"],
        sqlite_where=_BY_DELIVERY,
        postgresql_where=_BY_DELIVERY,
    )


def downgrade() -> None:
    op.drop_index("ix_ledger_delivery", "ledger")
    op.drop_index("ix_ledger_kind", "ledger")
