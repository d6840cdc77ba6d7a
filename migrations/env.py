"""Alembic's way to our tables and database. Each step must be safe while the previous version still runs."""

from __future__ import annotations

import os

from alembic import context

from plugin.adapters.database.tables import metadata
from plugin.adapters.database.transaction import make_engine


def _database_url() -> str:
    given = context.config.attributes.get("database_url")
    return given or os.environ["DATABASE_URL"]


def run() -> None:
    engine = make_engine(_database_url())
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    engine.dispose()


run()
