"""The real Admin schema, and which scopes its types and fields need."""

from __future__ import annotations

import gc
import gzip
import json
from functools import lru_cache
from importlib import resources

from graphql import GraphQLSchema, build_schema, get_named_type

API_VERSION = "2026-10"

# The published lists are read from prose and leave these out.
SCOPES_BY_HAND: dict[str, tuple[str, ...]] = {
    "Mutation.refundCreate": ("write_orders", "write_marketplace_orders"),
    "Mutation.orderUpdate": ("write_orders", "write_marketplace_orders"),
}


@lru_cache(maxsize=1)
def admin_schema() -> GraphQLSchema:
    """Build the schema of the one version played."""
    packed = resources.files("devstore").joinpath(f"schema/admin-{API_VERSION}.graphql.gz").read_bytes()
    text = gzip.decompress(packed).decode()
    # All of it stays for good, so looking for garbage meanwhile only takes time: half of it.
    collecting = gc.isenabled()
    gc.disable()
    try:
        schema = build_schema(text, assume_valid=True, no_location=True)
    finally:
        if collecting:
            gc.enable()
    gc.freeze()
    return schema


@lru_cache(maxsize=1)
def _published_scopes() -> dict[str, tuple[str, ...]]:
    text = resources.files("devstore").joinpath(f"schema/access-scopes-{API_VERSION}.json").read_text()
    return {name: tuple(scopes) for name, scopes in json.loads(text).items()} | SCOPES_BY_HAND


@lru_cache(maxsize=4096)
def scopes_of_field(type_name: str, field_name: str) -> tuple[tuple[str, ...], ...]:
    """Return groups of scopes; of each group one must be granted to read or write this field."""
    published = _published_scopes()
    fields = getattr(admin_schema().type_map[type_name], "fields", {})
    returned = get_named_type(fields[field_name].type).name
    node = returned.removesuffix("Connection")
    names = (f"{type_name}.{field_name}", node if type_name != "Mutation" else "")
    return tuple(published[name] for name in names if name in published)


def expanded(scopes: set[str]) -> set[str]:
    """Add what is implied: writing implies reading."""
    return scopes | {"read_" + scope.removeprefix("write_") for scope in scopes if scope.startswith("write_")}
