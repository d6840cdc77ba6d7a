"""Is it alive, is it ready, what has it counted: for the machines that run us. Names no shop and no secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy.exc import SQLAlchemyError

from plugin.adapters.database.transaction import Database
from plugin.adapters.job_queue import JobQueue, QueueUnreachable
from plugin.metrics import exposition

MIGRATIONS = Path(__file__).resolve().parent.parent.parent / "migrations"


class NotReady(Exception):
    """A part we need does not answer, or is not as we need it. The message is safe to show."""


def health_pages(database: Database, queue: JobQueue, migrations: Path = MIGRATIONS) -> Blueprint:
    """`/healthz`, `/readyz` and `/metrics`. None needs a signature: they tell numbers and names of parts only."""
    pages = Blueprint("health", __name__)
    checks: Mapping[str, Callable[[], None]] = {
        "database": lambda: _check_database(database),
        "migrations": lambda: _check_migrations(database, migrations),
        "queue": lambda: _check_queue(queue),
    }

    @pages.get("/healthz")
    def alive() -> ResponseReturnValue:
        """The process answers. Restart it when this fails; nothing else is looked at."""
        return {"alive": True}

    @pages.get("/readyz")
    def ready() -> ResponseReturnValue:
        """Whether requests can be served; 503 with the parts that fail when not."""
        failed = {name: problem for name, check in checks.items() if (problem := _problem(check))}
        return {"ready": not failed, "failed": failed}, 503 if failed else 200

    @pages.get("/metrics")
    def metrics() -> ResponseReturnValue:
        """What this process has counted and what waits in the queue, for Prometheus."""
        return Response(exposition(queue), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return pages


def _problem(check: Callable[[], None]) -> str:
    try:
        check()
    except NotReady as exc:
        return str(exc)
    return ""


def _check_database(database: Database) -> None:
    try:
        with database.read() as transaction:
            transaction.connection.exec_driver_sql("SELECT 1")
    except SQLAlchemyError as exc:
        raise NotReady(f"does not answer ({type(exc).__name__})") from exc


def _check_migrations(database: Database, migrations: Path) -> None:
    wanted = _heads(migrations)
    try:
        with database.read() as transaction:
            found = frozenset(MigrationContext.configure(transaction.connection).get_current_heads())
    except SQLAlchemyError as exc:
        raise NotReady("unknown: the database does not answer") from exc
    if found != wanted:
        raise NotReady(f"at {_words(found)}, wanted {_words(wanted)}: run the release command")


@cache
def _heads(migrations: Path) -> frozenset[str]:
    return frozenset(ScriptDirectory(str(migrations)).get_heads())


def _words(revisions: frozenset[str]) -> str:
    return ", ".join(sorted(revisions)) or "none"


def _check_queue(queue: JobQueue) -> None:
    try:
        queue.depths()
    except QueueUnreachable as exc:
        raise NotReady(f"does not answer ({exc})") from exc
