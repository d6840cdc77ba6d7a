"""Bulk queries: what may be asked, and the result as lines of JSON with `__parentId`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    parse,
    validate,
)

MOST_CONNECTIONS = 5
DEEPEST = 2


def bulk_fault(schema: GraphQLSchema, query: str) -> str | None:
    """Return why a query cannot run in bulk, or None."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return f"Invalid bulk query: {error.message}"
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation is not OperationType.QUERY:
        return "Bulk queries must be exactly one query."
    if faults := validate(schema, document):
        return f"Invalid bulk query: {faults[0].message}"
    depths = list(_connection_depths(schema, operations[0].selection_set, schema.query_type, 0))
    if not depths:
        return "Bulk queries must contain at least one connection."
    if len(depths) > MOST_CONNECTIONS:
        return f"Bulk queries cannot contain more than {MOST_CONNECTIONS} connections."
    # The published limit of two levels counts connections below the outermost one.
    if max(depths) > DEEPEST:
        return "Bulk queries cannot contain connections with a nesting depth greater than 2."
    return None


def _connection_depths(schema: GraphQLSchema, selections: SelectionSetNode, owner: Any, depth: int) -> Iterator[int]:
    for node in selections.selections:
        if isinstance(node, InlineFragmentNode):
            on = schema.type_map[node.type_condition.name.value] if node.type_condition else owner
            yield from _connection_depths(schema, node.selection_set, on, depth)
        elif isinstance(node, FieldNode) and node.selection_set is not None and node.name.value in owner.fields:
            returned = get_named_type(owner.fields[node.name.value].type)
            inner = depth
            if returned.name.endswith("Connection"):
                yield depth
                inner = depth + 1
            yield from _connection_depths(schema, node.selection_set, returned, inner)


def to_lines(data: dict[str, Any]) -> tuple[list[str], int]:
    """
    Flatten an answer into lines.

    Returns:
        The lines, parents of one level before children of the next, and the number of root objects.
    """
    levels: list[list[dict[str, Any]]] = []
    _flatten(data, None, 0, levels)
    rows = [json.dumps(row, separators=(",", ":"), ensure_ascii=False) for level in levels for row in level]
    return rows, len(levels[0]) if levels else 0


def _flatten(
    value: dict[str, Any], parent: str | None, depth: int, levels: list[list[dict[str, Any]]]
) -> dict[str, Any]:
    """Return a mapping without its connections; their nodes become lines below the nearest line with an id."""
    kept: dict[str, Any] = {}
    for name, inner in value.items():
        nodes = _nodes_of(inner)
        if nodes is not None:
            for node in nodes:
                while len(levels) <= depth:
                    levels.append([])
                row = {**node} if parent is None else {**node, "__parentId": parent}
                place = len(levels[depth])
                levels[depth].append({})
                levels[depth][place] = _flatten(row, node.get("id", parent), depth + 1, levels)
        elif isinstance(inner, dict):
            kept[name] = _flatten(inner, parent, depth, levels)
        else:
            kept[name] = inner
    return kept


def _nodes_of(value: Any) -> list[dict[str, Any]] | None:
    if isinstance(value, dict) and isinstance(value.get("edges"), list):
        return [edge["node"] for edge in value["edges"]]
    if isinstance(value, dict) and isinstance(value.get("nodes"), list) and set(value) <= {"nodes", "pageInfo"}:
        return value["nodes"]
    return None
