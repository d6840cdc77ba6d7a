"""How far deciding a whole shop again has come, a row a shop while it is under way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "whole_reviews",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("mark_version", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("after", sa.String(length=128), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shop", name=op.f("pk_whole_reviews")),
    )


def downgrade() -> None:
    op.drop_table("whole_reviews")
