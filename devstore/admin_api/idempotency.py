"""`@idempotent(key:)`: required by some mutations; a repeated key with the same input returns the first result."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo, get_directive_values

from devstore.admin_api.fields_goods import world_of
from devstore.admin_api.registry import user_error

Perform = Callable[[], dict[str, Any]]
FAILED = "failed"


def once(info: GraphQLResolveInfo, given: dict[str, Any], perform: Perform) -> dict[str, Any]:
    """
    Do a mutation once per key.

    Returns:
        The payload, or the first one when the key was used with the same input before.
    Raises:
        GraphQLError: The directive is missing.
    """
    directive = info.schema.get_directive("idempotent")
    assert directive is not None
    values = get_directive_values(directive, info.field_nodes[0], info.variable_values)
    if not values:
        raise GraphQLError(
            f"The @idempotent directive is required for {info.field_name} but was not provided.",
            extensions={"code": "BAD_REQUEST"},
        )
    world = world_of(info)
    key = f"{info.field_name}/{values['key']}"
    mark = json.dumps(given, sort_keys=True, default=str)
    known = world.idempotent.get(key)
    if known is not None:
        return _again(known, mark)
    payload = perform()
    world.idempotent[key] = (mark, FAILED if payload["userErrors"] else payload)
    return payload


def _again(known: tuple[str, Any], mark: str) -> dict[str, Any]:
    first_mark, first = known
    if first_mark != mark:
        message, code = (
            "The same idempotency key was used with different parameters",
            "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
        )
    elif first == FAILED:
        message, code = "The previous attempt with this idempotency key failed", "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"
    else:
        return dict(first)
    return {"userErrors": [user_error(message, code)]}
