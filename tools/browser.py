"""Find a Chromium on this machine; `--install` gets Debian's when there is none.

No package of PyPI or npm was found that carries a browser which starts on a plain machine, so it is the
system's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW_TO_GET_ONE = "no Chromium found: `apt-get install chromium`, or point $CHROMIUM at one"
# Quiet on the network, and able to run as root, as CI does.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NoBrowser(RuntimeError):
    """There is no Chromium on this machine."""


def find_chromium(environ: Mapping[str, str]) -> Path:
    """
    The browser to use: `$CHROMIUM`, else the first known name on PATH.

    Raises:
        NoBrowser: None there; the message says how to get one.
    """
    named = environ.get("CHROMIUM")
    for name in (named,) if named else NAMES:
        found = shutil.which(name, path=environ.get("PATH"))
        if found:
            return Path(found)
    raise NoBrowser(f"$CHROMIUM names {named}, which cannot be run" if named else HOW_TO_GET_ONE)


def install_with_apt() -> None:
    """
    Install Debian's package.

    Raises:
        NoBrowser: Not root, no apt-get, or it failed.
    """
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NoBrowser(HOW_TO_GET_ONE)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", "chromium", "fonts-liberation"]):
        done = subprocess.run(
            ["apt-get", "-qq", *words], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        if done.returncode != 0:
            raise NoBrowser(f"apt-get {' '.join(words)} failed; {HOW_TO_GET_ONE}")


def main() -> None:
    """Print where the browser is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true", help="get Debian's package when there is none")
    parser.add_argument("--quiet", action="store_true", help="say nothing when there is one")
    wanted = parser.parse_args()
    try:
        try:
            path = find_chromium(os.environ)
        except NoBrowser:
            if not wanted.install or os.environ.get("CHROMIUM"):
                raise
            install_with_apt()
            path = find_chromium(os.environ)
    except NoBrowser as problem:
        sys.exit(f"browser: {problem}")
    if not wanted.quiet:
        print(path)


if __name__ == "__main__":
    main()
