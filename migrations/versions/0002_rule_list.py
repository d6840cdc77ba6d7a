"""Rules become an ordered list with kinds; collections get names; the last change of rules can be taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("rules", schema=None) as batch_op:
        batch_op.alter_column("subject", type_=sa.String(length=255), existing_nullable=False)
        batch_op.add_column(sa.Column("release_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("longest_wait_weeks", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("when_late", sa.String(length=6), nullable=False, server_default="sell"))
    # Until now a rule without a usual wait stopped with a late delivery; it goes on doing so.
    op.execute("update rules set when_late = 'stop' where wait_weeks_from is null and without_date = 'stop'")
    op.execute("update rules set position = 1 where scope = 'all'")
    op.create_table(
        "rule_changes",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["shop"], ["shops.shop"], name=op.f("fk_rule_changes_shop_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("shop", name=op.f("pk_rule_changes")),
    )
    op.create_table(
        "collections",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("collection_id", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop", "collection_id", name=op.f("pk_collections")),
    )


def downgrade() -> None:
    op.drop_table("collections")
    op.drop_table("rule_changes")
    with op.batch_alter_table("rules", schema=None) as batch_op:
        batch_op.drop_column("when_late")
        batch_op.drop_column("longest_wait_weeks")
        batch_op.drop_column("release_on")
        batch_op.alter_column("subject", type_=sa.String(length=128), existing_nullable=False)
