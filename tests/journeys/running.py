"""A running app that a test can act on, look into, and hurt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plugin.adapters.database.transaction import Database
from tools.demo import Demo, pick_ports, running_demo, start_worker
from tools.demo_urls import DemoUrls
from tools.hands import Hands
from tools.valkey import Valkey

ROOT = Path(__file__).parent.parent.parent


class RunningApp:
    """
    The demo's own processes with hands to act on them.

    `database` reads the app's database from here; `run_cli` runs a command of the app in its environment.
    """

    def __init__(self, demo: Demo, database_url: str) -> None:
        self._demo = demo
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

    def worker_children(self) -> list[int]:
        """The process ids of the workers: the switch's own, the one of the other lanes, the one of syncs."""
        pid = self._demo.programs.pid("worker")
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return sorted(int(child) for child in found)

    def kill_worker_child(self, which: int) -> None:
        """Crash one of the workers (an index of `worker_children`); its supervisor starts another."""
        os.kill(self.worker_children()[which], signal.SIGKILL)

    def kill_worker(self) -> None:
        """Crash the whole worker, supervisor and children at once."""
        children = self.worker_children()
        self._demo.programs.kill("worker")
        for child in children:
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                pass  # the kernel told it to go when its parent went

    def start_worker(self) -> None:
        start_worker(self._demo.programs, self._demo.environment)

    def log(self, name: str) -> str:
        """What a process printed: devstore, web, worker or clock."""
        return self._demo.programs.log(name).read_text(errors="replace")

    def ended(self) -> list[str]:
        """Processes that run no more although nobody stopped them."""
        return self._demo.programs.ended()


@contextmanager
def run_app(folder: Path, database_url: str) -> Iterator[RunningApp]:
    """Start everything on an empty database; stop everything when left."""
    with running_demo(folder, pick_ports({}), database_url) as demo:
        app = RunningApp(demo, database_url)
        try:
            yield app
        finally:
            app.database.close()
