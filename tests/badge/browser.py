"""Node, for the block's script and for Shopify's linter."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.badge.theme import EXTENSION

HERE = Path(__file__).parent
# The one `make setup` put beside Python where the system's is too old.
NODE = shutil.which("node", path=str(Path(sys.executable).parent)) or "node"


def node(script: str, *arguments: str | Path, stdin: str = "") -> Any:
    """Run one of this folder's scripts; its JSON answer."""
    run = subprocess.run(
        [NODE, HERE / script, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def visit(*visits: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """What the badge shows in each visit, after loading and after each step."""
    answer: list[list[dict[str, Any]]] = node(
        "shopper.mjs", EXTENSION / "assets" / "backorder.js", stdin=json.dumps(visits)
    )
    return answer
