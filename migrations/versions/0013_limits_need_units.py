"""A limit of "up to" without a number is refused by the database as well: comparing null passed the check."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _replace("limit_mode <> 'up_to' or coalesce(limit_units, -1) >= 0")


def downgrade() -> None:
    _replace("limit_mode <> 'up_to' or limit_units >= 0")


def _replace(rule: str) -> None:
    with op.batch_alter_table("rules", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_rules_limit_needs_units"), type_="check")
        batch_op.create_check_constraint(op.f("ck_rules_limit_needs_units"), rule)
