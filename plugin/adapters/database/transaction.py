"""One way into the database: a transaction that commits whole or not at all, and what to do after it did."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.sql.schema import Table

from plugin.errors import Conflict

SQLITE_BUSY_TIMEOUT_MS = 15_000
# A host that does not answer is given up before Shopify gives up on us; the least libpq takes is 2.
CONNECT_TIMEOUT_S = 3
TRIES = 5
PAUSE_S = 0.05
LOOK_EVERY_S = 0.003
GIVE_WAY_S = 0.02
# Both databases take only so many values in one statement (SQLite 32,766, PostgreSQL 65,535).
IDS_AT_ONCE = 5_000
AWAY = (OperationalError, InterfaceError)
"""The database does not answer, or went away in the middle: nothing is wrong with what was asked of it."""
_T = TypeVar("_T")


def _normal_url(url: str) -> str:
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def make_engine(url: str, *, pool_size: int = 8) -> Engine:
    """Build an engine for SQLite (WAL, writers queue up) or PostgreSQL. Errors tell no values."""
    url = _normal_url(url)
    if not url.startswith("sqlite"):
        return create_engine(
            url,
            pool_size=pool_size,
            max_overflow=8,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S},
        )
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
        _wait_for_turn(connection, options.get("holdfast_patience_ms", SQLITE_BUSY_TIMEOUT_MS))

    return engine


def _wait_for_turn(connection: Connection, patience_ms: int) -> None:
    """
    Begin to write on SQLite.

    Left to itself it looks ever more seldom whether it may, and never again finds the short pauses of somebody who
    writes one transaction after another.
    """
    raw = connection.connection.cursor()
    until = time.monotonic() + patience_ms / 1000
    raw.execute("PRAGMA busy_timeout=0")
    while True:
        try:
            raw.execute("BEGIN IMMEDIATE")
            break
        except sqlite3.OperationalError as exc:
            if "locked" not in str(exc) or time.monotonic() >= until:
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # fails again, in SQLAlchemy's words
                break
        time.sleep(LOOK_EVERY_S)
    raw.execute(f"PRAGMA busy_timeout={patience_ms}")
    raw.close()


class Transaction:
    """An open transaction: run statements on `connection`; `after_commit` runs once it is durable."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._after: list[Callable[[], object]] = []
        self.gathered_marks: list[dict[str, Any]] | None = None  # see `due.gathering`

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

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of this transaction that is undone alone, should it fail; the rest goes on."""
        with self.connection.begin_nested():
            yield

    def upsert(self, table: Table, rows: list[dict[str, Any]], keep: tuple[str, ...] = ()) -> None:
        """
        Write rows by primary key, replacing every other column that the rows carry; in the order of their keys, so
        that two who write the same rows wait for each other instead of each holding what the other wants.

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
        self.connection.execute(statement, sorted(rows, key=lambda row: [row[key] for key in keys]))


def in_parts(ids: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Cut ids into lists that fit into one statement."""
    for start in range(0, len(ids), IDS_AT_ONCE):
        yield ids[start : start + IDS_AT_ONCE]


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

    def write(self, work: Callable[[Transaction], _T]) -> _T:
        """
        Decide and write in a transaction; when somebody wrote first, or two waited for each other, once more on what is
        there now.

        Args:
            work: May run several times, so it does nothing but read and write in the transaction it is given.
        Raises:
            Conflict: Every try met another writer.
        """
        for tried in range(1, TRIES):
            try:
                with self.begin() as tx:
                    return work(tx)
            except Conflict:
                time.sleep(PAUSE_S * tried * random.uniform(0.5, 1.5))
        with self.begin() as tx:
            return work(tx)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Open a transaction that only reads, all as of one moment; on SQLite it does not queue behind writers."""
        with self.engine.connect().execution_options(**self._read_options) as connection, connection.begin():
            yield Transaction(connection)

    def give_way(self) -> None:
        """Between the parts of something long: let whoever waits to write on SQLite's one writer go first."""
        if self.engine.dialect.name == "sqlite":
            time.sleep(GIVE_WAY_S)

    def close(self) -> None:
        self.engine.dispose()


def _is_contention(exc: DBAPIError) -> bool:
    code = getattr(exc.orig, "sqlstate", None)
    return code in {"40001", "40P01", "55P03"} or "database is locked" in str(exc.orig)
