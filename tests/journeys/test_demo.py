"""The demo as a whole: it comes up out of nothing, and however it ends, nothing of it is left."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tools.processes import wait_until

ROOT = Path(__file__).parent.parent.parent
DEMO = (
    "import signal, sys, time; from pathlib import Path; from tools.demo import running_demo, pick_ports\n"
    "with running_demo(Path(sys.argv[1]), pick_ports({})) as demo:\n"
    "    urls = demo.urls; print(urls.app, urls.admin, urls.storefront, urls.mail, flush=True); time.sleep(120)"
)


def family_of(pid: int) -> set[int]:
    """A process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {pid}.union(*(family_of(int(child)) for child in children))


def is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", DEMO, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_the_demo_comes_up_and_leaves_nothing(demo: subprocess.Popen[str], end: signal.Signals):
    assert demo.stdout is not None
    places = demo.stdout.readline().split()
    assert len(places) == 4, "the demo did not come up"
    app, *pages = places
    assert requests.get(f"{app}/readyz", timeout=30).json() == {"ready": True, "failed": {}}
    for page in pages:
        assert requests.get(page, timeout=30).status_code == 200, page
    # This, the queue, the store, web and its server, clock, the supervisor and three workers.
    wait_until(lambda: len(family_of(demo.pid)) >= 10, "the whole family", patience_s=60)
    family = family_of(demo.pid)
    demo.send_signal(end)
    deadline = time.monotonic() + 60
    while (left := [pid for pid in family if pid != demo.pid and is_running(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []
