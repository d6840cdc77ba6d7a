"""A running app that a test can act on, look into, and hurt."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import requests
from sqlalchemy import select

from plugin.adapters.database import tables as t
from plugin.adapters.database.transaction import Database
from tests.servers.postgres import Postgres
from tools.demo import (
    API_KEY,
    API_SECRET,
    Demo,
    pick_ports,
    running_demo,
    start_clock,
    start_web,
    start_worker,
)
from tools.demo_urls import DemoUrls
from tools.hands import Hands
from tools.processes import family_of, kill
from tools.valkey import Valkey

ROOT = Path(__file__).parent.parent.parent
APP = ("web", "worker", "clock")


class RunningApp:
    """
    The demo's own processes with hands to act on them.

    `database` reads the app's database from here; `run_cli` runs a command of the app in its environment. `postgres` is
    the server when it is this app's own, and may be killed.
    """

    def __init__(self, demo: Demo, database_url: str, postgres: Postgres | None = None) -> None:
        self._demo = demo
        self._database_url = database_url
        self.postgres = postgres
        self.hands = Hands(demo.urls)
        self.database = Database(database_url)

    @property
    def urls(self) -> DemoUrls:
        return self._demo.urls

    @property
    def shop(self) -> str:
        return self._demo.urls.shop

    @property
    def valkey(self) -> Valkey:
        return self._demo.valkey

    def run_cli(self, *words: str) -> None:
        """Run `python -m plugin.cli …` to its end; it must succeed."""
        command = [sys.executable, "-m", "plugin.cli", *words]
        subprocess.run(command, cwd=ROOT, env=dict(self._demo.environment), check=True, timeout=60)

    def worker_pid(self, name: str) -> int:
        """The process that serves `switch`, the other `lanes`, or `sync`, as the worker last started it."""
        said = [json.loads(line) for line in self.log("worker").splitlines() if '"worker_started"' in line]
        return int([one["pid"] for one in said if one["worker"] == name][-1])

    def pids(self, *names: str) -> list[int]:
        """The processes of programs, with those they started."""
        return [pid for name in names for pid in family_of(self._demo.programs.pid(name))]

    @contextmanager
    def frozen(self, pids: list[int]) -> Iterator[None]:
        """Processes stand still wherever they are just then; what is left of them goes on afterwards."""
        for pid in pids:
            kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                kill(pid, signal.SIGCONT)

    def kill(self, *names: str) -> None:
        """Crash programs and all they started, at once."""
        for pid in self.pids(*names):
            kill(pid, signal.SIGKILL)
        for name in names:
            self._demo.programs.kill(name)

    def start(self, *names: str) -> None:
        """Start programs that were killed."""
        programs, environment = self._demo.programs, self._demo.environment
        starts = {
            "web": lambda: start_web(programs, environment, self.urls),
            "worker": lambda: start_worker(programs, environment),
            "clock": lambda: start_clock(programs, environment),
        }
        for name in names:
            starts[name]()

    def is_in_a_transaction(self) -> bool:
        """Whether somebody has written something that is not committed. Worth asking only while the app is frozen."""
        if self.postgres is None:
            file = self._database_url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
                try:
                    connection.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    return True
                return False
        with psycopg.connect(self.postgres.admin_url) as connection:
            writing = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_xid IS NOT NULL"
            (count,) = connection.execute(writing, [self._database_url.rsplit("/", 1)[1]]).fetchone() or (0,)
        return bool(count)

    def held_lanes(self) -> set[str]:
        """The lanes of the shop somebody is working on, or has died on."""
        with self.database.read() as tx:
            rows = tx.rows(select(t.leases).where(t.leases.c.shop == self.shop))
        return {row.name for row in rows if row.until > datetime.now(UTC)}

    def status(self) -> str:
        """What the app believes of its installation."""
        with self.database.read() as tx:
            return str(tx.execute(select(t.shops.c.status).where(t.shops.c.shop == self.shop)).scalar_one())

    def get_tokens_elsewhere(self) -> None:
        """Somebody else gets tokens in the app's name: that retires the refresh token the app holds."""
        given = {
            "client_id": API_KEY,
            "client_secret": API_SECRET,
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": self.hands.control("id-token")["id_token"],
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
            "expiring": "1",
        }
        address = f"{self.urls.api}/admin/oauth/access_token"
        requests.post(address, json=given, headers={"Host": self.shop}, timeout=30).raise_for_status()

    def log(self, name: str) -> str:
        """What a process printed: devstore, web, worker or clock."""
        return self._demo.programs.log(name).read_text(errors="replace")

    def ended(self) -> list[str]:
        """Processes that run no more although nobody stopped them."""
        return self._demo.programs.ended()


@contextmanager
def run_app(folder: Path, database_url: str, postgres: Postgres | None = None) -> Iterator[RunningApp]:
    """Start everything on an empty database; stop everything when left."""
    with running_demo(folder, pick_ports({}), database_url) as demo:
        app = RunningApp(demo, database_url, postgres)
        try:
            yield app
        finally:
            app.database.close()
