"""`python -m devstore`: opens its ports, says where, and ends when told to."""

from __future__ import annotations

import json
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.devstore.conftest import APP_TOML

TOP = Path(__file__).parents[2]
PORTS = ("--api-port", "--storefront-port", "--admin-port", "--control-port", "--smtp-port")
STARTS_WITHIN_S = 30.0


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, str]]]:
    """A devstore process and its addresses."""
    ready = tmp_path / "ready.json"
    arguments = [sys.executable, "-m", "devstore", *(word for port in PORTS for word in (port, "0"))]
    arguments += ["--app-toml", str(APP_TOML), "--ready-file", str(ready), "--start-at", "2026-11-21T10:00:00Z"]
    with subprocess.Popen(arguments, cwd=TOP, stdout=subprocess.DEVNULL) as running:
        until = time.monotonic() + STARTS_WITHIN_S
        while not ready.exists() and running.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        yield running, json.loads(ready.read_text())
        running.kill()


def test_every_surface_answers_and_the_process_ends_when_told(
    process: tuple[subprocess.Popen[bytes], dict[str, str]],
) -> None:
    running, urls = process
    for surface in ("storefront", "admin", "control"):
        assert requests.get(urls[surface] + "/", timeout=30).status_code == 200, surface
    now = requests.get(f"{urls['control']}/_devstore/clock", timeout=30).json()["now"]
    assert now.startswith("2026-11-21T10:0")
    host, _, port = urls["smtp"].removeprefix("smtp://").partition(":")
    with smtplib.SMTP(host, int(port)) as mail:
        mail.sendmail("shop@example.com", ["ada@example.com"], "Subject: Hello\r\n\r\nText")
    inbox = requests.get(f"{urls['control']}/_devstore/mail", timeout=30).json()["mail"]
    assert [one["subject"] for one in inbox] == ["Hello"]
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=30) == 0
