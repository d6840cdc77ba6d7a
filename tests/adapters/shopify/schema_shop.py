"""Shopify's real schema over plain data: documents are parsed, validated and executed, so a wrong field cannot pass."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from graphql import DocumentNode, GraphQLSchema, build_schema, execute_sync, parse, validate

from tests.adapters.shopify.scripted_shop import Answer, Asked, cost

_SCHEMA = Path(__file__).parents[3] / "devstore" / "schema" / "admin-2026-10.graphql.gz"


@cache
def admin_schema() -> GraphQLSchema:
    return build_schema(gzip.decompress(_SCHEMA.read_bytes()).decode(), assume_valid=True)


@cache
def _checked(text: str) -> DocumentNode:
    document = parse(text)
    assert validate(admin_schema(), document) == []
    return document


def answering(root: dict[str, Any]) -> Callable[[Asked], Answer]:
    """Execute what is asked against `root`, where a function stands for a field with arguments."""

    def answer(asked: Asked) -> Answer:
        document = asked.json
        result = execute_sync(admin_schema(), _checked(document["query"]), root, variable_values=document["variables"])
        return Answer({**result.formatted, "extensions": cost(asked=10, used=1, available=1999, size=2000)})

    return answer


def connection(nodes: list[Any]) -> Callable[..., dict[str, Any]]:
    """A connection over a list; its cursors are positions."""

    def resolve(_info: Any, first: int, after: str | None = None, **_: Any) -> dict[str, Any]:
        start = int(after) if after else 0
        end = start + first
        more = end < len(nodes)
        page = {"hasNextPage": more, "hasPreviousPage": start > 0, "endCursor": str(min(end, len(nodes)))}
        return {"nodes": nodes[start:end], "pageInfo": page}

    return resolve


def by_id(things: list[dict[str, Any]]) -> Callable[..., dict[str, Any] | None]:
    """A field that finds one thing by its id."""
    index = {thing["id"]: thing for thing in things}
    return lambda _info, id: index.get(id)


def by_ids(things: list[dict[str, Any]]) -> Callable[..., list[dict[str, Any] | None]]:
    """`nodes(ids:)`: null for what is not there."""
    index = {thing["id"]: thing for thing in things}
    return lambda _info, ids: [index.get(one) for one in ids]
