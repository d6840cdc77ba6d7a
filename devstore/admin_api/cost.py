"""What a query costs: objects 1, connections 2 and each node, mutations 10, scalars nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

MUTATION_COST = 10
CONNECTION_COST = 2
MOST_PER_QUERY = 1000


class Costing:
    """Counts the points of one operation."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._variables = variables

    def requested(self, operation: OperationDefinitionNode) -> int:
        """Return the points an operation may cost at most."""
        if operation.operation is OperationType.MUTATION:
            assert self._schema.mutation_type is not None
            fields = self._fields(operation.selection_set, self._schema.mutation_type)
            return sum(MUTATION_COST + self._connections_only(field, owner) for field, owner in fields)
        assert self._schema.query_type is not None
        return self._selection(operation.selection_set, self._schema.query_type)

    def actual(self, operation: OperationDefinitionNode, data: Mapping[str, Any] | None) -> int:
        """Return the points an answer cost: as requested, but counting the nodes that came."""
        if operation.operation is OperationType.MUTATION:
            return MUTATION_COST * len(operation.selection_set.selections)
        assert self._schema.query_type is not None
        return self._answered(operation.selection_set, self._schema.query_type, data or {})

    def _fields(
        self, selections: SelectionSetNode, owner: GraphQLNamedType
    ) -> list[tuple[FieldNode, GraphQLNamedType]]:
        found: list[tuple[FieldNode, GraphQLNamedType]] = []
        for node in selections.selections:
            if isinstance(node, FieldNode):
                found.append((node, owner))
            elif isinstance(node, InlineFragmentNode):
                on = self._schema.type_map[node.type_condition.name.value] if node.type_condition else owner
                found.extend(self._fields(node.selection_set, on))
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                on = self._schema.type_map[fragment.type_condition.name.value]
                found.extend(self._fields(fragment.selection_set, on))
        return found

    def _selection(self, selections: SelectionSetNode, owner: GraphQLNamedType) -> int:
        by_type: dict[str, int] = {}
        for field, on in self._fields(selections, owner):
            by_type[on.name] = by_type.get(on.name, 0) + self._field(field, on)
        if is_abstract_type(owner):
            shared = by_type.pop(owner.name, 0)
            return shared + max(by_type.values(), default=0)
        return sum(by_type.values())

    def _returned(self, field: FieldNode, owner: GraphQLNamedType) -> GraphQLNamedType | None:
        if field.name.value.startswith("__"):
            return None
        return get_named_type(owner.fields[field.name.value].type)  # type: ignore[attr-defined]

    def _field(self, field: FieldNode, owner: GraphQLNamedType) -> int:
        returned = self._returned(field, owner)
        if returned is None or is_leaf_type(returned) or field.selection_set is None:
            return 0
        if returned.name.endswith("Connection"):
            return CONNECTION_COST + self._page_size(field) * self._node(field.selection_set, returned)
        return 1 + self._selection(field.selection_set, returned)

    def _node(self, selections: SelectionSetNode, connection: GraphQLNamedType) -> int:
        """Return what one node of a connection costs."""
        cost = 1
        for field, owner in self._fields(selections, connection):
            name = field.name.value
            if name == "pageInfo" or field.selection_set is None:
                continue
            returned = self._returned(field, owner)
            assert returned is not None
            if name == "edges":
                for inner, edge in self._fields(field.selection_set, returned):
                    node = self._returned(inner, edge)
                    if inner.name.value == "node" and node is not None and inner.selection_set is not None:
                        cost += self._selection(inner.selection_set, node)
            else:
                cost += self._selection(field.selection_set, returned)
        return cost

    def _page_size(self, field: FieldNode) -> int:
        for argument in field.arguments or ():
            if argument.name.value in {"first", "last"}:
                if isinstance(argument.value, IntValueNode):
                    return int(argument.value.value)
                if isinstance(argument.value, VariableNode):
                    value = self._variables.get(argument.value.name.value)
                    if isinstance(value, int):
                        return value
        return 0

    def _connections_only(self, field: FieldNode, owner: GraphQLNamedType) -> int:
        """Return what the connections below a mutation cost; its other objects are in the flat ten."""
        returned = self._returned(field, owner)
        if returned is None or field.selection_set is None:
            return 0
        if returned.name.endswith("Connection"):
            return self._field(field, owner)
        return sum(self._connections_only(inner, on) for inner, on in self._fields(field.selection_set, returned))

    def _answered(self, selections: SelectionSetNode, owner: GraphQLNamedType, data: Mapping[str, Any]) -> int:
        cost = 0
        for field, on in self._fields(selections, owner):
            returned = self._returned(field, on)
            value = data.get(field.alias.value if field.alias else field.name.value)
            if returned is None or is_leaf_type(returned) or field.selection_set is None or value is None:
                continue
            values = value if isinstance(value, list) else [value]
            if returned.name.endswith("Connection"):
                cost += CONNECTION_COST + self._answered_nodes(field.selection_set, returned, value)
            else:
                cost += sum(1 + self._answered(field.selection_set, returned, one) for one in values if one)
        return cost

    def _answered_nodes(
        self, selections: SelectionSetNode, connection: GraphQLNamedType, data: Mapping[str, Any]
    ) -> int:
        cost = 0
        for field, owner in self._fields(selections, connection):
            name = field.name.value
            returned = self._returned(field, owner)
            if name == "pageInfo" or field.selection_set is None or returned is None:
                continue
            for row in data.get(field.alias.value if field.alias else name) or []:
                if name == "nodes":
                    cost += 1 + self._answered(field.selection_set, returned, row or {})
                else:
                    cost += self._answered(field.selection_set, returned, row or {})
        return cost
