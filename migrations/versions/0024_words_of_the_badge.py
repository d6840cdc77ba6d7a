"""The merchant's own words on the badge, a row a language."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "badge_wording",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["shop"], ["shops.shop"], name=op.f("fk_badge_wording_shop_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("shop", "language", name=op.f("pk_badge_wording")),
    )


def downgrade() -> None:
    op.drop_table("badge_wording")
