"""Every failure we know of from other systems has a test here that answers it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
KNOWN = json.loads((TESTS / "cases" / "failures.json").read_text(encoding="utf-8"))


def test_every_failure_case_is_answered_by_a_test():
    answered = {case for path in sorted(TESTS.rglob("*.py")) for case in _marked(path)}
    assert sorted(set(KNOWN) - answered) == []
    assert sorted(answered - set(KNOWN)) == [], "not in tests/cases/failures.json"


def _marked(path: Path) -> Iterator[str]:
    """Ids in `pytest.mark.case("F01", ...)` of one file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "case":
            yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant))
