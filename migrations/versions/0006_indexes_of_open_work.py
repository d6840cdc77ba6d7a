"""Indexes of what is still to be done: the clock asks every second, and finding it must not grow with the past."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_UNHANDLED = sa.text("handled_at IS NULL AND parked_at IS NULL")
_UNDONE = sa.text("done_version < version")


def upgrade() -> None:
    op.drop_index("ix_inbox_waiting", "inbox")
    op.create_index("ix_inbox_waiting", "inbox", ["shop", "id"], sqlite_where=_UNHANDLED, postgresql_where=_UNHANDLED)
    op.drop_index("ix_desired_open", "desired")
    op.create_index(
        "ix_desired_open", "desired", ["shop", "kind", "not_before"], sqlite_where=_UNDONE, postgresql_where=_UNDONE
    )
    op.create_index("ix_notices_ripe", "notices", ["state", "not_before", "shop"])
    op.create_index("ix_messages_ripe", "messages", ["state", "not_before", "shop"])
    op.drop_index("ix_variant_states_look_again", "variant_states")
    op.create_index("ix_variant_states_look_again", "variant_states", ["look_again_at", "shop"])


def downgrade() -> None:
    op.drop_index("ix_variant_states_look_again", "variant_states")
    op.create_index("ix_variant_states_look_again", "variant_states", ["shop", "look_again_at"])
    op.drop_index("ix_messages_ripe", "messages")
    op.drop_index("ix_notices_ripe", "notices")
    op.drop_index("ix_desired_open", "desired")
    op.create_index("ix_desired_open", "desired", ["shop", "kind", "done_version", "version"])
    op.drop_index("ix_inbox_waiting", "inbox")
    op.create_index("ix_inbox_waiting", "inbox", ["shop", "handled_at", "id"])
