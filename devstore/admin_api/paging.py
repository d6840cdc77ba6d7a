"""Cursor pagination as Shopify's connections do it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo

MOST_PER_PAGE = 250
Key = Callable[[Any], Any]


@dataclass
class Page:
    """One page of a connection."""

    nodes: list[Any]
    cursors: list[str]
    has_next: bool
    has_previous: bool

    @property
    def edges(self) -> list[dict[str, Any]]:
        """Return nodes with their cursors."""
        return [{"cursor": cursor, "node": node} for cursor, node in zip(self.cursors, self.nodes, strict=True)]

    @property
    def page_info(self) -> dict[str, Any]:
        """Return where this page lies."""
        return {
            "hasNextPage": self.has_next,
            "hasPreviousPage": self.has_previous,
            "startCursor": self.cursors[0] if self.cursors else None,
            "endCursor": self.cursors[-1] if self.cursors else None,
        }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value if value is not None else ""


def _identity(record: Any) -> Any:
    return record["id"] if isinstance(record, dict) else record.id


def _cursor(mark: tuple[Any, Any]) -> str:
    return base64.b64encode(json.dumps(mark).encode()).decode()


def _decode(cursor: str) -> tuple[Any, Any]:
    try:
        value, last_id = json.loads(base64.b64decode(cursor))
    except ValueError as error:
        raise GraphQLError(
            "Invalid cursor for current pagination sort.", extensions={"code": "INVALID_CURSOR"}
        ) from error
    return value, last_id


def paginate(
    records: Sequence[Any],
    info: GraphQLResolveInfo,
    *,
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
    before: str | None = None,
    reverse: bool = False,
    key: Key | None = None,
    **_: Any,
) -> Page:
    """
    Cut one page out of records; without a key they are in order already.

    Raises:
        GraphQLError: Neither first nor last, both, too many, or a foreign cursor.
    """
    if key is None:
        marked = [((position, _identity(record)), record) for position, record in enumerate(records)]
    else:
        marked = [((_plain(key(record)), _identity(record)), record) for record in records]
        marked.sort(key=lambda one: one[0])
    if reverse:
        marked.reverse()
    if info.context.bulk and first is None and last is None:
        return Page([record for _, record in marked], [_cursor(mark) for mark, _ in marked], False, False)
    size = _size(first, last)
    start, stop = 0, len(marked)
    if after is not None:
        mark = _decode(after)
        start = sum(1 for one, _ in marked if (one >= mark if reverse else one <= mark))
    if before is not None:
        mark = _decode(before)
        stop = sum(1 for one, _ in marked if (one > mark if reverse else one < mark))
    total = len(marked)
    if first is not None:
        stop = min(stop, start + size)
    else:
        start = max(start, stop - size)
    cut = marked[start:stop]
    return Page([record for _, record in cut], [_cursor(mark) for mark, _ in cut], stop < total, start > 0)


def _size(first: int | None, last: int | None) -> int:
    if first is None and last is None:
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    if first is not None and last is not None:
        raise GraphQLError("providing both first and last is not supported", extensions={"code": "BAD_REQUEST"})
    size = first if first is not None else last
    assert size is not None
    if not 0 <= size <= MOST_PER_PAGE:
        raise GraphQLError(
            f"{size} exceeds the maximum page size of {MOST_PER_PAGE}", extensions={"code": "BAD_REQUEST"}
        )
    return size
