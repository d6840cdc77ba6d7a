"""One way into the database: a transaction that commits whole or not at all, and what to do after it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.sql.schema import Table

from plugin.errors import Conflict

SQLITE_BUSY_TIMEOUT_MS = 15_000


def _normal_url(url: str) -> str:
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def make_engine(url: str, *, pool_size: int = 8) -> Engine:
    """Build an engine for SQLite (WAL, writers queue up) or PostgreSQL. Errors tell no values."""
    url = _normal_url(url)
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=pool_size, max_overflow=8, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(url, connect_args={"check_same_thread": False}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _pragmas(raw: Any, _record: Any) -> None:
        # pysqlite opens transactions by itself and too late; we say BEGIN ourselves.
        raw.isolation_level = None
        cursor = raw.cursor()
        cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # IMMEDIATE: a reader that later writes would fail with "database is locked" instead of waiting its turn.
        options = connection.get_execution_options()
        if options.get("holdfast_read_only", False):
            connection.exec_driver_sql("BEGIN")
            return
        patience_ms = options.get("holdfast_patience_ms", SQLITE_BUSY_TIMEOUT_MS)
        connection.exec_driver_sql(f"PRAGMA busy_timeout={patience_ms}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


class Transaction:
    """An open transaction: run statements on `connection`; `after_commit` runs once it is durable."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._after: list[Callable[[], object]] = []

    def after_commit(self, act: Callable[[], object]) -> None:
        self._after.append(act)

    def run_after_commit(self) -> None:
        for act in self._after:
            act()

    @property
    def is_sqlite(self) -> bool:
        return self.connection.dialect.name == "sqlite"

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        return self.connection.execute(statement, parameters)

    def rows(self, statement: Any) -> list[Any]:
        return list(self.connection.execute(statement))

    def insert(self, table: Table) -> Any:
        """An INSERT that knows ON CONFLICT, whichever database this is."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def upsert(self, table: Table, rows: list[dict[str, Any]], keep: tuple[str, ...] = ()) -> None:
        """
        Write rows by primary key, replacing every other column that the rows carry.

        Args:
            rows: All with the same keys.
            keep: Columns left as they are when the row exists (first-seen times).
        """
        if not rows:
            return
        keys = [c.name for c in table.primary_key.columns]
        statement = self.insert(table)
        changed = {name: statement.excluded[name] for name in rows[0] if name not in keys and name not in keep}
        statement = (
            statement.on_conflict_do_update(index_elements=keys, set_=changed)
            if changed
            else statement.on_conflict_do_nothing(index_elements=keys)
        )
        self.connection.execute(statement, rows)


class Database:
    """The truth. Everything else (queue, cache) may be lost."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        self._read_options: dict[str, Any] = {"holdfast_read_only": True}
        if self.engine.dialect.name == "postgresql":
            self._read_options["isolation_level"] = "REPEATABLE READ"

    @contextmanager
    def begin(self, *, patience_s: float | None = None) -> Iterator[Transaction]:
        """
        Open a read-write transaction. Commits at the end, rolls back on any exception.

        Args:
            patience_s: How long to wait for other writers, for callers whose own caller does not wait longer.
        Raises:
            Conflict: Others wrote first, or did not let go in time.
        """
        options = {} if patience_s is None else {"holdfast_patience_ms": round(patience_s * 1000)}
        try:
            with self.engine.connect().execution_options(**options) as connection, connection.begin():
                if patience_s is not None and connection.dialect.name != "sqlite":
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {round(patience_s * 1000)}")
                transaction = Transaction(connection)
                yield transaction
        except OperationalError as exc:
            if _is_contention(exc):
                raise Conflict(str(exc.orig)) from exc
            raise
        transaction.run_after_commit()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Open a transaction that only reads, all as of one moment; on SQLite it does not queue behind writers."""
        with self.engine.connect().execution_options(**self._read_options) as connection, connection.begin():
            yield Transaction(connection)

    def close(self) -> None:
        self.engine.dispose()


def _is_contention(exc: DBAPIError) -> bool:
    code = getattr(exc.orig, "sqlstate", None)
    return code in {"40001", "40P01", "55P03"} or "database is locked" in str(exc.orig)
