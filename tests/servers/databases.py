"""A fresh database for each test, cheap: a copy of one that was made once, on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from pathlib import Path

from plugin.adapters.database.tables import metadata
from plugin.adapters.database.transaction import make_engine
from tests.servers.postgres import Postgres


class SqliteDatabases:
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._with_tables: Path | None = None
        self._count = 0

    def empty(self) -> str:
        """The URL of a database without tables."""
        return f"sqlite:///{self._next_file()}"

    def with_tables(self) -> str:
        """The URL of a database that has every table and no row."""
        if self._with_tables is None:
            self._with_tables = self._next_file()
            create_tables(f"sqlite:///{self._with_tables}")
        copy = self._next_file()
        shutil.copyfile(self._with_tables, copy)
        return f"sqlite:///{copy}"

    def lend(self) -> str:
        """The URL of a database that has every table and no row, for a test that leaves nobody connected to it."""
        return self.with_tables()

    def give_back(self, url: str) -> None:
        """Take back what was lent."""
        self.discard(url)

    def discard(self, url: str) -> None:
        """Remove a database's files."""
        file = Path(url.removeprefix("sqlite:///"))
        for path in (file, file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")):
            path.unlink(missing_ok=True)

    def _next_file(self) -> Path:
        self._count += 1
        return self._folder / f"{self._count}.sqlite3"


class PostgresDatabases:
    """Databases on one server."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._with_tables: str | None = None
        self._given_back: list[str] = []

    def empty(self) -> str:
        """The URL of a database without tables."""
        return self._server.url(self._server.create_database())

    def with_tables(self) -> str:
        """The URL of a database that has every table and no row."""
        if self._with_tables is None:
            self._with_tables = self._server.create_database()
            create_tables(self._server.url(self._with_tables))
        return self._server.url(self._server.create_database(template=self._with_tables))

    def lend(self) -> str:
        """
        The URL of a database that has every table and no row, for a test that leaves nobody connected to it.

        One that was given back is emptied: that takes milliseconds, where a copy takes some tenths of a second.
        """
        if not self._given_back:
            return self.with_tables()
        url = self._given_back.pop()
        self._server.empty(url.rsplit("/", 1)[1], [table.name for table in reversed(metadata.sorted_tables)])
        return url

    def give_back(self, url: str) -> None:
        """Take back what was lent, to lend it again."""
        self._given_back.append(url)

    def discard(self, url: str) -> None:
        """Drop a database."""
        self._server.drop_database(url.rsplit("/", 1)[1])

    def close(self) -> None:
        """Drop what the tests were copied from, and what was lent."""
        for url in self._given_back:
            self.discard(url)
        if self._with_tables is not None:
            self._server.drop_database(self._with_tables)


def create_tables(url: str) -> None:
    """Make every table as the code describes it; that migrations make the same is a test of its own."""
    engine = make_engine(url)
    metadata.create_all(engine)
    if url.startswith("sqlite"):
        with engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
