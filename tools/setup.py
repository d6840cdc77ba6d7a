"""Make `.venv` and `node_modules` from the committed locks, unless they are already.

Standard library only. Two runs at once are safe: the second waits for the first. A stamp in each tree holds
the hash of what it was made from, so that a warm run only reads a few files.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
NODE_MODULES = ROOT / "node_modules"
STAMP_NAME = ".made-from"
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20
# These two have no wheel on the index; everything else must come as one, so that no compiler is ever needed.
SOURCE_ONLY = "shopifyapi,pyactiveresource"


def missing_prerequisites() -> list[str]:
    """Say, one line each, what must be installed before anything else can work."""
    problems = []
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        problems.append(
            f"Python 3.11 or newer is needed, this is {found}: name one with `make PYTHON=python3.11 setup`."
        )
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        problems.append("Python's venv module is missing: `apt-get install python3-venv`.")
    node = shutil.which("node")
    if node is None:
        problems.append(f"Node.js {OLDEST_NODE} or newer is needed: `apt-get install nodejs`, or nodejs.org.")
    elif node_version() < OLDEST_NODE:
        problems.append(f"Node.js {OLDEST_NODE} or newer is needed, {node} is {node_version()}.")
    if shutil.which("npm") is None:
        problems.append("npm is missing: `apt-get install npm`.")
    return problems


def node_version() -> int:
    """The major version of the node on PATH."""
    answer = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    return int(answer.stdout.strip().lstrip("v").split(".")[0])


@contextmanager
def only_one_setup() -> Iterator[None]:
    """Hold the checkout's setup lock; wait while another run has it."""
    folder = ROOT / ".work"
    folder.mkdir(exist_ok=True)
    with (folder / "setup.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def fingerprint(files: Sequence[Path], *words: str) -> str:
    """Hash what a tree is made from. The checkout's place counts: a venv does not survive being moved."""
    digest = hashlib.sha256("\n".join((str(ROOT), *words)).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def is_made_from(tree: Path, stamp: str) -> bool:
    """Whether the tree's stamp says that it was finished from exactly this."""
    file = tree / STAMP_NAME
    return file.is_file() and file.read_text() == stamp


def make_venv() -> bool:
    """
    Install the locked packages into `.venv`.

    Returns:
        Whether anything had to be done.
    """
    lock = ROOT / "requirements.lock"
    stamp = fingerprint([lock], sys.version)
    if is_made_from(VENV, stamp):
        return False
    python = VENV / "bin" / "python"
    if not works_with_this_python(python):
        run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    run(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        + ["--only-binary=:all:", f"--no-binary={SOURCE_ONLY}", "-r", str(lock)]
    )
    (VENV / STAMP_NAME).write_text(stamp)
    return True


def works_with_this_python(python: Path) -> bool:
    """Whether the venv exists, still runs, and is of the interpreter that runs this script."""
    if not python.exists():
        return False
    script = "import sys, pip; print(sys.version)"
    answer = subprocess.run([str(python), "-c", script], capture_output=True, text=True)
    return answer.returncode == 0 and answer.stdout.strip() == sys.version.strip()


def make_node_modules() -> bool:
    """
    Install the locked npm packages.

    Returns:
        Whether anything had to be done.
    """
    files = [ROOT / "package.json", ROOT / "package-lock.json"]
    stamp = fingerprint(files, str(node_version()))
    if is_made_from(NODE_MODULES, stamp):
        return False
    run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"])
    (NODE_MODULES / STAMP_NAME).write_text(stamp)
    return True


def run(command: Sequence[str]) -> None:
    """Run a step in the project's root; its failure ends the setup, naming the step."""
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(f"setup: this step failed with {done.returncode}: {' '.join(command)}")


def main() -> None:
    """Check what must be there, then bring both trees up to their locks."""
    problems = missing_prerequisites()
    if problems:
        sys.exit("\n".join(f"setup: {line}" for line in problems))
    with only_one_setup():
        if make_venv():
            print("setup: .venv is ready")
        if make_node_modules():
            print("setup: node_modules is ready")


if __name__ == "__main__":
    main()
