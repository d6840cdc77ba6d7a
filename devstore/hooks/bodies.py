"""What of a body a subscription is sent: its fields, its filter, and no protected data without approval."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from devstore.admin_api.search import matcher

PROTECTED_KEYS = {
    "email", "contact_email", "phone", "first_name", "last_name", "address1", "address2", "zip", "latitude",
    "longitude",
}  # fmt: skip
PEOPLE = {"customer", "shipping_address", "billing_address", "default_address", "destination"}


def kept(body: Any, paths: tuple[str, ...]) -> Any:
    """Keep only the listed paths; a path into a list keeps that key of each entry."""
    if not paths:
        return body
    tree: dict[str, Any] = {}
    for path in paths:
        branch = tree
        for step in path.split("."):
            branch = branch.setdefault(step, {})
    return _pruned(body, tree)


def _pruned(body: Any, tree: dict[str, Any]) -> Any:
    if not tree:
        return body
    if isinstance(body, list):
        return [_pruned(one, tree) for one in body]
    if isinstance(body, dict):
        return {name: _pruned(body[name], branch) for name, branch in tree.items() if name in body}
    return body


class _Paths(dict[str, Callable[[Any], Any]]):
    """Readers for any dotted path of a body."""

    def get(self, path: str, default: Any = None) -> Any:
        return lambda body: list(_values(body, path.split(".")))


def _values(body: Any, steps: list[str]) -> Iterator[Any]:
    if isinstance(body, list):
        for one in body:
            yield from _values(one, steps)
    elif not steps:
        yield body
    elif isinstance(body, dict) and steps[0] in body:
        yield from _values(body[steps[0]], steps[1:])


def matches(body: Any, query: str | None) -> bool:
    """Say whether a body passes a subscription's filter."""
    return matcher(query, _Paths())(body)


def without_people(body: Any, inside: bool = True) -> Any:
    """Null what an app without approval for protected customer data may not see."""
    if isinstance(body, list):
        return [without_people(one, inside) for one in body]
    if isinstance(body, dict):
        return {
            name: None if inside and name in PROTECTED_KEYS else without_people(value, inside or name in PEOPLE)
            for name, value in body.items()
        }
    return body


def to_bytes(body: Any) -> bytes:
    """Write a body as Shopify does: compact JSON."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
