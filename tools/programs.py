"""Several programs that run together and stop together."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.processes import see_off, start

PATIENCE_S = 8


class Programs:
    """
    What was started, by name, each with a log of its own in `folder`.

    None outlives this process: leaving stops them, and the kernel tells them to go should this
    process be killed. That is SIGTERM, so that those with children of their own can take them along.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Programs:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop all, last started first: each is told at once, then waited for."""
        processes = [self._running.pop(name) for name in reversed(list(self._running))]
        for process in processes:
            if process.poll() is None:
                process.terminate()
        for process in processes:
            see_off(process, patience_s=PATIENCE_S)

    def forget(self, name: str) -> None:
        """Keep one that has ended no longer."""
        del self._running[name]

    def start(
        self, name: str, command: Sequence[str | Path], environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        """Start one and keep it."""
        with self.log(name).open("ab") as output:
            self._running[name] = start(command, output=output, environment=environment, when_we_die=signal.SIGTERM)
        return self._running[name]

    def kill(self, name: str) -> None:
        """End one as a crash would, and keep it no longer. What it started is left to itself."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def log(self, name: str) -> Path:
        """Where a program's output goes."""
        return self._folder / f"{name}.log"

    def last_words(self, name: str) -> str:
        """The end of a program's output."""
        return self.log(name).read_text(errors="replace")[-2000:].strip()

    def ended(self) -> list[str]:
        """The names of those that run no more."""
        return [name for name, process in self._running.items() if process.poll() is not None]
