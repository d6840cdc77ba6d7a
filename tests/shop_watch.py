"""Watches that every statement of the app on rows of shops names the shop."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import Engine, event

from plugin.adapters.database import tables as t

# The clock looks over all shops, only to say which to wake.
OVER_ALL_SHOPS = {
    "sweep", "shops_with_work", "shops_waiting", "mark_ripe", "_shops_syncing", "shops_with_mail", "installed_shops",
    "refresh_due", "forget_before", "drop_old_letters",
}  # fmt: skip
ROOT = Path(__file__).parents[1]


@contextmanager
def statements_without_a_shop(engine: Engine) -> Iterator[list[str]]:
    """Statements of the app on rows of shops that do not name the shop; a row's own number is no substitute."""
    found: list[str] = []

    def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        words = " ".join(statement.split())
        if not words.startswith(("SELECT", "UPDATE", "DELETE")) or ".shop = " in words.partition(" WHERE ")[2]:
            return
        if any(f" {table} " in f"{words} " or f"{table}." in words for table in t.metadata.tables) and _is_ours():
            found.append(words)

    event.listen(engine, "before_cursor_execute", look)
    yield found
    event.remove(engine, "before_cursor_execute", look)


def _is_ours() -> bool:
    """Whether the app asks, for one shop: not a test, and nothing that looks after every shop."""
    callers = list(_callers(sys._getframe(2)))
    asks = next((path for path, _ in callers if "transaction.py" not in path), "")
    return not asks.startswith("tests/") and not OVER_ALL_SHOPS & {name for _, name in callers}


def _callers(frame: FrameType | None) -> Iterator[tuple[str, str]]:
    """Files of ours that led here, the nearest first, with the function."""
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT) and "site-packages" not in path.parts:
            yield path.relative_to(ROOT).as_posix(), frame.f_code.co_name
        frame = frame.f_back
