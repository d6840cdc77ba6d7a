"""What the demo stands on: programs that stop together, one demo at a time, settings the app accepts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plugin.settings import Settings
from tools.demo import USUAL_PORTS, AlreadyRunning, app_environment, only_one_in, pick_ports
from tools.demo_urls import DemoUrls
from tools.programs import Programs

# A program with a child of its own, that says both their numbers.
FAMILY = "import os, subprocess; p = subprocess.Popen(['sleep', '60']); print(os.getpid(), p.pid, flush=True); p.wait()"
STUBBORN = "import os, signal, time; signal.signal(15, signal.SIG_IGN); print(os.getpid(), flush=True); time.sleep(60)"
URLS = DemoUrls(
    shop="larkspur-outdoor.myshopify.com",
    app="http://127.0.0.1:4420",
    api="http://127.0.0.1:4400",
    storefront="http://127.0.0.1:4401",
    admin="http://127.0.0.1:4402",
    control="http://127.0.0.1:4403",
)


def numbers_in(log: Path, count: int) -> list[int]:
    deadline = time.monotonic() + 30
    while len(found := log.read_text().split() if log.exists() else []) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
    return [int(word) for word in found]


def runs(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def all_gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 30
    while any(runs(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not any(runs(pid) for pid in pids)


def test_leaving_stops_every_program_and_its_children(tmp_path: Path):
    with Programs(tmp_path) as programs:
        programs.start("family", [sys.executable, "-c", FAMILY], os.environ)
        pids = numbers_in(programs.log("family"), 2)
        assert all(runs(pid) for pid in pids)
    assert all_gone(pids)


def test_a_program_that_will_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tools.programs.PATIENCE_S", 0.2)
    with Programs(tmp_path) as programs:
        programs.start("stubborn", [sys.executable, "-c", STUBBORN], os.environ)
        pids = numbers_in(programs.log("stubborn"), 1)
    assert all_gone(pids)


def test_programs_go_when_we_are_killed(tmp_path: Path):
    ours = (
        "import os, sys, time; from pathlib import Path; from tools.programs import Programs\n"
        "programs = Programs(Path(sys.argv[1]))\n"
        "programs.start('simple', [sys.executable, '-c', sys.argv[2]], os.environ); time.sleep(60)"
    )
    simple = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    parent = subprocess.Popen([sys.executable, "-c", ours, str(tmp_path), simple], cwd=Path.cwd())
    pids = numbers_in(tmp_path / "simple.log", 1)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert all_gone(pids)


def test_a_program_that_ended_is_named_with_its_last_words(tmp_path: Path):
    with Programs(tmp_path) as programs:
        programs.start("short", [sys.executable, "-c", "print('no database')"], os.environ).wait()
        assert programs.ended() == ["short"]
        assert programs.last_words("short") == "no database"


def test_one_demo_at_a_time_and_each_starts_empty(tmp_path: Path):
    folder = tmp_path / ".demo" / "stay"
    with only_one_in(folder):
        (folder / "holdfast.sqlite3").touch()
        with pytest.raises(AlreadyRunning), only_one_in(folder):
            pass
        assert (folder / "holdfast.sqlite3").exists()
    with only_one_in(folder):
        assert list(folder.iterdir()) == []


def test_a_port_somebody_has_is_left_to_them():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        usual = {"app": taken.getsockname()[1]}
        ports = pick_ports(usual)
    assert set(ports) == set(USUAL_PORTS)
    assert ports["app"] != usual["app"]


def test_the_app_accepts_the_demos_settings(tmp_path: Path):
    environment = app_environment(f"sqlite:///{tmp_path / 'a.sqlite3'}", URLS, "redis://127.0.0.1:6379/0", 4425)
    settings = Settings.from_environment(environment)
    assert settings.shopify_gateway == URLS.api
    assert settings.clock_url == "http://127.0.0.1:4403/_devstore/clock"
    assert settings.admin_origins == (URLS.admin,)
