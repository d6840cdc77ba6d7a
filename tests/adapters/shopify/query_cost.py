"""What an operation costs by Shopify's rule: scalars nothing, an object one point, a connection its page size.

Where the published rule is silent the dearer reading is taken: `pageInfo` and the connection count as objects, and a
list with a `first` as that many objects. `nodes(ids:)` costs as much as the longest list we send.
"""

from __future__ import annotations

from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_leaf_type,
)

_MUTATION_POINTS = 10


def cost(schema: GraphQLSchema, document: DocumentNode, ids_per_call: int) -> int:
    (operation,) = (d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    if operation.operation is OperationType.MUTATION:
        return _MUTATION_POINTS
    return _selections(schema, operation.selection_set, schema.query_type, ids_per_call)


def _selections(schema: GraphQLSchema, selections: SelectionSetNode, parent: Any, ids: int) -> int:
    own, branches = 0, [0]
    for selection in selections.selections:
        if isinstance(selection, InlineFragmentNode):
            narrowed = schema.type_map[selection.type_condition.name.value]
            branches.append(_selections(schema, selection.selection_set, narrowed, ids))
        else:
            own += _field(schema, selection, parent, ids)
    return own + max(branches)


def _field(schema: GraphQLSchema, field: FieldNode, parent: Any, ids: int) -> int:
    kind = get_named_type(parent.fields[field.name.value].type)
    if is_leaf_type(kind):
        return 0
    inside = _selections(schema, field.selection_set, kind, ids)
    arguments = {argument.name.value: argument.value for argument in field.arguments or ()}
    if field.name.value == "nodes" and "ids" in arguments:
        return ids * (1 + inside)
    size = int(arguments["first"].value) if isinstance(arguments.get("first"), IntValueNode) else None
    if size is None:
        return inside if field.name.value in ("nodes", "edges") and _is_connection(parent) else 1 + inside
    if not _is_connection(kind):
        return size * (1 + inside)
    page_info = 1 if "pageInfo" in names(field.selection_set) else 0
    return 1 + page_info + size * (1 + inside - page_info)


def connections(document: DocumentNode, schema: GraphQLSchema) -> list[tuple[int, FieldNode]]:
    """Every connection with its depth, 0 being the root's."""
    found: list[tuple[int, FieldNode]] = []
    (operation,) = (d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    root = schema.get_root_type(operation.operation)
    _collect(schema, operation.selection_set, root, 0, found)
    return found


def _collect(
    schema: GraphQLSchema, selections: SelectionSetNode, parent: Any, depth: int, found: list[tuple[int, FieldNode]]
) -> None:
    for selection in selections.selections:
        if isinstance(selection, InlineFragmentNode):
            narrowed = schema.type_map[selection.type_condition.name.value]
            _collect(schema, selection.selection_set, narrowed, depth, found)
        elif selection.selection_set is not None:
            kind = get_named_type(parent.fields[selection.name.value].type)
            if _is_connection(kind):
                found.append((depth, selection))
            _collect(schema, selection.selection_set, kind, depth + _is_connection(kind), found)


def fields(document: DocumentNode, schema: GraphQLSchema) -> set[tuple[str, str]]:
    """Every (type, field) an operation touches."""
    found: set[tuple[str, str]] = set()
    (operation,) = (d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    stack: list[tuple[SelectionSetNode, Any]] = [(operation.selection_set, schema.get_root_type(operation.operation))]
    while stack:
        selections, parent = stack.pop()
        for selection in selections.selections:
            if isinstance(selection, InlineFragmentNode):
                stack.append((selection.selection_set, schema.type_map[selection.type_condition.name.value]))
                continue
            found.add((parent.name, selection.name.value))
            if selection.selection_set is not None:
                stack.append((selection.selection_set, get_named_type(parent.fields[selection.name.value].type)))
    return found


def names(selections: SelectionSetNode) -> set[str]:
    return {s.name.value for s in selections.selections if isinstance(s, FieldNode)}


def _is_connection(kind: Any) -> bool:
    is_object = isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)
    return is_object and kind.name.endswith("Connection")
