"""Start other programs so that none outlives us, and wait until they answer."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

PR_SET_PDEATHSIG = 1
_OURS = (12_000, 32_000)
_libc = ctypes.CDLL(None, use_errno=True)


class DidNotStart(RuntimeError):
    """A program ended, or did not answer in time; the message ends with what it printed last."""


def free_port() -> int:
    """
    A TCP port on the loopback address that nobody listens on right now.

    It lies below those the system gives to outgoing connections (from 32768 on Linux): one of them could have it again
    before our program has it.
    """
    while True:
        port = random.randrange(*_OURS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def start(
    command: Sequence[str | Path],
    *,
    output: IO[bytes] | int = subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user: tuple[int, int] | None = None,
    when_we_die: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """
    Start a program in a process group of its own.

    Args:
        user: User and group id to run as; ours when left out.
        when_we_die: Sent by the kernel to the program should this process die without stopping it, be it by
            SIGKILL.
    """
    parent = os.getpid()

    def tie_to_parent() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, when_we_die)
        if os.getppid() != parent:  # died between fork and prctl
            os._exit(1)

    as_user: dict[str, Any] = {}
    if user is not None:
        as_user = {"user": user[0], "group": user[1], "extra_groups": []}
    return subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output != subprocess.DEVNULL else subprocess.DEVNULL,
        env=environment,
        cwd=folder,
        start_new_session=True,
        preexec_fn=tie_to_parent,
        **as_user,
    )


def stop(process: subprocess.Popen[bytes], *, how: signal.Signals = signal.SIGTERM, patience_s: float = 10) -> int:
    """Ask a program to end, then end its whole process group. Returns its exit code."""
    if process.poll() is None:
        process.send_signal(how)
    return see_off(process, patience_s=patience_s)


def see_off(process: subprocess.Popen[bytes], *, patience_s: float) -> int:
    """Wait for a program that was asked to end, then end whatever is left of its process group."""
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        pass  # it had its chance; the group is killed below
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # the usual case: nobody left
    return process.wait()


def wait_until(
    is_ready: Callable[[], bool],
    what: str,
    *,
    process: subprocess.Popen[bytes] | None = None,
    log: Path | None = None,
    patience_s: float = 20,
) -> None:
    """
    Wait until `is_ready` says so, looking 50 times a second.

    Raises:
        DidNotStart: It took longer than `patience_s`, or `process` ended meanwhile.
    """
    deadline = time.monotonic() + patience_s
    while not is_ready():
        ended = process is not None and process.poll() is not None
        if ended or time.monotonic() > deadline:
            said = log.read_text(errors="replace")[-2000:] if log is not None and log.exists() else ""
            how = "ended" if ended else f"did not answer within {patience_s:.0f} s"
            raise DidNotStart(f"{what} {how}\n{said}".rstrip())
        time.sleep(0.02)


def port_answers(port: int) -> bool:
    """Whether something accepts connections on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def family_of(pid: int) -> list[int]:
    """A process and all below it, parents first."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [pid, *(member for child in children for member in family_of(int(child)))]


def kill(pid: int, how: signal.Signals) -> None:
    """Send a signal to a process that may have ended already."""
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        pass  # its parent took it along
