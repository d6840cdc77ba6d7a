"""Setting up: what is missing is said in a line each, what is made is made once, and no lock names a host."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from tools import setup
from tools.browser import NoBrowser, find_chromium

ROOT = Path(__file__).parent.parent
HOST = re.compile(r"https?://|file:/|\bregistry\.|--(?:extra-)?index-url|--find-links")


def executable(file: Path, script: str) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-node.lock"])
def test_a_python_lock_pins_every_package_by_hash_and_names_no_host(lock: str):
    text = (ROOT / lock).read_text()
    assert not HOST.search(text)
    packages = re.findall(r"^([\w.-]+)==\S+((?:.*\\\n)+.*--hash=sha256:[0-9a-f]{64})", text, re.MULTILINE)
    assert len(packages) == len(re.findall(r"^[\w.-]+==", text, re.MULTILINE)) > 0


def test_every_dependency_we_name_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    named = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    locked = {name.lower() for name in re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), re.M)}
    wanted = {re.split(r"[\[>=<~ ;]", line)[0].lower().replace("_", "-") for line in named}
    assert wanted <= locked


def test_the_npm_lock_has_hashes_and_names_no_host():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    installed = [package for place, package in packages.items() if place]
    assert all(package.get("integrity") for package in installed)
    assert not any("resolved" in package for package in installed)


def test_nothing_is_missing_here():
    assert setup.missing_prerequisites() == []


def test_an_old_python_and_a_missing_venv_module_are_said_in_a_line_each(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    old, bare = setup.missing_prerequisites()
    assert "3.10.4" in old
    assert "python3-venv" in bare


@pytest.mark.parametrize(("said", "is_fine"), [("v20.20.2", True), ("v24.1.0", True), ("v18.20.4", False), ("", False)])
def test_only_a_node_that_is_new_enough_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, is_fine: bool
):
    executable(tmp_path / "node", f"echo {said}")
    executable(tmp_path / "npm", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert setup.system_node_is_fine() is is_fine


def test_a_node_without_npm_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    executable(tmp_path / "node", "echo v22.0.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert setup.system_node_is_fine() is False


def test_a_tree_is_made_anew_only_when_its_lock_has_changed(tmp_path: Path):
    lock, tree = tmp_path / "lock", tmp_path / "tree"
    lock.write_text("one")
    tree.mkdir()
    stamp = setup.fingerprint([lock], "3.11")
    assert not setup.is_made_from(tree, stamp)
    (tree / setup.STAMP_NAME).write_text(stamp)
    assert setup.is_made_from(tree, setup.fingerprint([lock], "3.11"))
    assert not setup.is_made_from(tree, setup.fingerprint([lock], "3.12"))
    lock.write_text("two")
    assert not setup.is_made_from(tree, setup.fingerprint([lock], "3.11"))


def test_a_step_that_fails_ends_the_setup_naming_it():
    with pytest.raises(SystemExit, match=r"this step failed with 3: sh -c exit 3"):
        setup.run(["sh", "-c", "exit 3"])


def test_a_second_setup_waits_for_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    script = (
        "import sys; from pathlib import Path; from tools import setup; setup.ROOT = Path(sys.argv[1])\n"
        "print('waiting', flush=True)\n"
        "with setup.only_one_setup(): print('in', flush=True)"
    )
    with setup.only_one_setup():
        second = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert second.stdout is not None
        assert second.stdout.readline() == "waiting\n"
        time.sleep(0.2)
        assert second.poll() is None
    assert second.communicate(timeout=10)[0] == "in\n"


def test_the_browser_is_the_named_one_else_a_known_one_else_a_clear_line(tmp_path: Path):
    known = executable(tmp_path / "bin" / "chromium-browser", "exit 0")
    named = executable(tmp_path / "mine", "exit 0")
    path = str(known.parent)
    assert find_chromium({"PATH": path, "CHROMIUM": str(named)}) == named
    assert find_chromium({"PATH": path}) == known
    with pytest.raises(NoBrowser, match="apt-get install chromium"):
        find_chromium({"PATH": str(tmp_path / "empty")})
    with pytest.raises(NoBrowser, match="nowhere, which cannot be run"):
        find_chromium({"PATH": path, "CHROMIUM": str(tmp_path / "nowhere")})


def test_make_help_lists_every_command():
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ).stdout
    listed = re.findall(r"make (\w+)", said)
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(set(listed)) == sorted(phony.split())
