"""Answering one GraphQL request: parse, validate, cost, throttle, execute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)

from devstore.admin_api import (  # noqa: F401  (imported to register their resolvers)
    fields_goods,
    fields_metafields,
    fields_orders,
    fields_returns,
    fields_shop,
    fields_work,
    mutations_app,
    mutations_goods,
    mutations_inventory,
    mutations_orders,
    mutations_work,
)
from devstore.admin_api.bucket import Bucket
from devstore.admin_api.bulk import to_lines
from devstore.admin_api.cost import MOST_PER_QUERY, Costing
from devstore.admin_api.registry import RESOLVERS, Asking, bind, read_attribute, type_name_of
from devstore.admin_api.schema import admin_schema
from devstore.payloads.shop import bulk_body
from devstore.world import BulkOperation


@dataclass(frozen=True)
class Prepared:
    """A query text understood once; `refusals` are what is wrong with it."""

    document: DocumentNode | None
    refusals: tuple[dict[str, Any], ...]


@dataclass
class Answer:
    """The body of an answer and what the log wants to know."""

    body: dict[str, Any]
    operation: str | None = None
    fields: tuple[str, ...] = ()
    cost: int = 0


class AdminApi:
    """The one API version played; keeps a bucket of points per shop."""

    def __init__(self) -> None:
        self.schema: GraphQLSchema = admin_schema()
        bind(self.schema)
        self._buckets: dict[str, Bucket] = {}
        self._prepared: Callable[[str], Prepared] = lru_cache(maxsize=512)(self._prepare)

    def answer(
        self,
        asking: Asking,
        query: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        *,
        throttle: bool = False,
    ) -> Answer:
        """
        Answer one request; errors are in the body, as GraphQL wants it.

        Args:
            throttle: Pretend that the bucket is empty.
        """
        prepared = self._prepared(query)
        if prepared.document is None:
            return Answer({"errors": list(prepared.refusals)})
        operation = get_operation_ast(prepared.document, operation_name)
        if operation is None:
            return Answer({"errors": [{"message": "No operation named " + repr(operation_name)}]})
        costing = Costing(self.schema, _fragments(prepared.document), variables or {})
        requested = costing.requested(operation)
        name = operation.name.value if operation.name else None
        fields = tuple(node.name.value for node in operation.selection_set.selections if isinstance(node, FieldNode))
        with asking.world.lock:
            body = self._paid(asking, prepared.document, operation, costing, requested, variables, throttle)
        return Answer(body, name, fields, requested)

    def _paid(
        self,
        asking: Asking,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        costing: Costing,
        requested: int,
        variables: dict[str, Any] | None,
        throttle: bool,
    ) -> dict[str, Any]:
        world = asking.world
        bucket = self._buckets.setdefault(world.shop.domain, Bucket(world.now(), world.shop.plan_name))
        if requested > MOST_PER_QUERY:
            message = (
                f"Query cost is {requested}, which exceeds the single query max cost limit ({MOST_PER_QUERY}). "
                "See https://shopify.dev/concepts/about-apis/rate-limits for more information on how the cost of "
                "a query is calculated. To query larger amounts of data with fewer limits, bulk operations should be "
                "used instead."
            )
            extensions = {"code": "MAX_COST_EXCEEDED", "cost": requested, "maxCost": MOST_PER_QUERY}
            return {"errors": [{"message": message, "extensions": extensions}]}
        if throttle or not bucket.take(requested, world.now()):
            cost = {
                "requestedQueryCost": requested,
                "actualQueryCost": None,
                "throttleStatus": bucket.status(world.now()),
            }
            error = {
                "message": "Throttled",
                "extensions": {"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits"},
            }
            return {"errors": [error], "extensions": {"cost": cost}}
        result = execute_sync(
            self.schema,
            document,
            variable_values=variables,
            operation_name=operation.name.value if operation.name else None,
            context_value=asking,
            field_resolver=read_attribute,
            type_resolver=lambda record, info, kind: type_name_of(record),
        )
        actual = min(requested, costing.actual(operation, result.data))
        bucket.give_back(requested - actual)
        body: dict[str, Any] = {}
        if result.errors:
            body["errors"] = [shape(error) for error in result.errors]
        if result.data is not None or not result.errors or any(error.path for error in result.errors):
            body["data"] = result.data
        body["extensions"] = {
            "cost": {
                "requestedQueryCost": requested,
                "actualQueryCost": actual,
                "throttleStatus": bucket.status(world.now()),
            }
        }
        return body

    def clear(self) -> None:
        """Fill every bucket again."""
        self._buckets.clear()

    def _prepare(self, query: str) -> Prepared:
        try:
            document = parse(query)
        except GraphQLError as error:
            return Prepared(None, (shape(error),))
        faults = [shape(error) for error in validate(self.schema, document)]
        faults = faults or [_unplayed(name) for name in self._unplayed_roots(document)]
        return Prepared(None if faults else document, tuple(faults))

    def _unplayed_roots(self, document: DocumentNode) -> list[str]:
        operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
        asked = [
            ("Mutation" if one.operation is OperationType.MUTATION else "QueryRoot", node.name.value)
            for one in operations
            for node in one.selection_set.selections
            if isinstance(node, FieldNode) and not node.name.value.startswith("__")
        ]
        return [name for root, name in asked if (root, name) not in RESOLVERS]

    def run_bulk(self, asking: Asking, operation: BulkOperation) -> None:
        """Run a bulk query to its end and say that it finished."""
        world = asking.world
        with world.lock:
            if operation.status != "CREATED":
                return
            operation.status = "RUNNING"
            result = execute_sync(
                self.schema,
                parse(operation.query),
                context_value=asking,
                field_resolver=read_attribute,
                type_resolver=lambda record, info, kind: type_name_of(record),
            )
            operation.completed_at = world.now()
            if result.errors:
                operation.status = "FAILED"
                code = (result.errors[0].extensions or {}).get("code")
                operation.error_code = "ACCESS_DENIED" if code == "ACCESS_DENIED" else "INTERNAL_SERVER_ERROR"
            else:
                lines, operation.root_object_count = to_lines(result.data or {})
                operation.object_count = len(lines)
                operation.result = "".join(line + "\n" for line in lines).encode()
                operation.status = "COMPLETED"
            world.happened("bulk_operations/finish", lambda: bulk_body(world, operation))


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}


def _unplayed(name: str) -> dict[str, Any]:
    return {"message": f"devstore does not play `{name}` yet", "extensions": {"code": "NOT_PLAYED"}}


def shape(error: GraphQLError) -> dict[str, Any]:
    """
    Write an error as Shopify does, unknown fields in its words.

    Raises:
        Exception: The error is a defect of devstore, not an answer.
    """
    if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
        raise error.original_error
    body = error.formatted
    shaped: dict[str, Any] = {"message": body["message"]}
    if error.message.startswith("Cannot query field"):
        parts = error.message.split("'")
        shaped["message"] = f"Field '{parts[1]}' doesn't exist on type '{parts[3]}'"
        shaped["extensions"] = {"code": "undefinedField", "typeName": parts[3], "fieldName": parts[1]}
    elif error.message.startswith("Variable"):
        shaped["extensions"] = {"code": "INVALID_VARIABLE"}
    if "locations" in body:
        shaped["locations"] = body["locations"]
    if "path" in body:
        shaped["path"] = body["path"]
    if body.get("extensions"):
        shaped["extensions"] = body["extensions"]
    return shaped
