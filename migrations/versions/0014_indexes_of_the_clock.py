"""Indexes for what the clock asks of all shops: each second what is ripe, every ten minutes what may be forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_PARTIAL = {
    "ix_inbox_handled": ("inbox", ["received_at"], "handled_at IS NOT NULL"),
    "ix_syncs_running": ("syncs", ["shop"], "finished_at IS NULL"),
    "ix_messages_kept": ("messages", ["created_at"], "letter_encrypted IS NOT NULL"),
    "ix_alerts_unresolved": ("alerts", ["kind", "raised_at"], "resolved_at IS NULL"),
}


def upgrade() -> None:
    op.drop_index("ix_due_when", "due")
    op.create_index("ix_due_ripe", "due", ["shop", "lane", "not_before"])
    for name, (table, columns, where) in _PARTIAL.items():
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    for name, (table, _, _) in reversed(_PARTIAL.items()):
        op.drop_index(name, table)
    op.drop_index("ix_due_ripe", "due")
    op.create_index("ix_due_when", "due", ["lane", "not_before"])
