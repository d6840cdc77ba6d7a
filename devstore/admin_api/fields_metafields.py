"""Metafields and their definitions as the Admin API shows them."""

from __future__ import annotations

import json
from typing import Any

from graphql import GraphQLResolveInfo

from devstore.admin_api.fields_goods import world_of
from devstore.admin_api.paging import Page, paginate
from devstore.admin_api.registry import answers, gid
from devstore.world import Metafield, MetafieldDefinition

OWNERS = ("Product", "ProductVariant", "Order", "Customer", "Collection", "Location", "Shop", "AppInstallation")
OWNER_TYPE_NAMES = {
    "Product": "PRODUCT",
    "ProductVariant": "PRODUCTVARIANT",
    "Order": "ORDER",
    "Customer": "CUSTOMER",
    "Collection": "COLLECTION",
    "Location": "LOCATION",
    "Shop": "SHOP",
    "AppInstallation": "API_PERMISSION",
}


def _one(source: Any, info: GraphQLResolveInfo, key: str, namespace: str | None = None) -> Metafield | None:
    return world_of(info).metafields.get((gid(source), info.context.app.namespace(namespace), key))


def _many(
    source: Any, info: GraphQLResolveInfo, namespace: str | None = None, keys: list[str] | None = None, **args: Any
) -> Page:
    found = world_of(info).metafields_of(gid(source))
    if namespace is not None:
        resolved = info.context.app.namespace(namespace)
        found = [one for one in found if one.namespace == resolved]
    if keys is not None:
        wanted = {(info.context.app.namespace(ns or None), key) for ns, _, key in (one.rpartition(".") for one in keys)}
        found = [one for one in found if (one.namespace, one.key) in wanted]
    return paginate(found, info, key=lambda one: one.id, **args)


for _owner in OWNERS:
    answers(_owner, "metafield")(_one)
    answers(_owner, "metafields")(_many)


@answers("Metafield", "ownerType")
def owner_type(source: Metafield, info: GraphQLResolveInfo) -> str:
    """Return what kind of thing owns it."""
    return OWNER_TYPE_NAMES[source.owner.split("/")[3]]


@answers("Metafield", "jsonValue")
def json_value(source: Metafield, info: GraphQLResolveInfo) -> Any:
    """Return the value parsed, for types that are JSON."""
    return json.loads(source.value) if source.type in {"json", "number_integer", "boolean"} else source.value


@answers("Metafield", "definition")
def definition_of(source: Metafield, info: GraphQLResolveInfo) -> MetafieldDefinition | None:
    """Return the definition a value follows."""
    kind = OWNER_TYPE_NAMES[source.owner.split("/")[3]]
    return world_of(info).definitions.get((kind, source.namespace, source.key))


@answers("QueryRoot", "metafieldDefinitions")
def definitions(
    _: Any, info: GraphQLResolveInfo, ownerType: str, namespace: str | None = None, key: str | None = None, **args: Any
) -> Page:
    """List definitions of one kind of owner."""
    resolved = info.context.app.namespace(namespace) if namespace is not None else None
    found = [
        one
        for one in world_of(info).definitions.values()
        if one.owner_type == ownerType and resolved in (None, one.namespace) and key in (None, one.key)
    ]
    args.pop("query", None)
    return paginate(found, info, key=lambda one: one.id, **args)


@answers("QueryRoot", "metafieldDefinition")
def definition(_: Any, info: GraphQLResolveInfo, identifier: dict[str, Any]) -> MetafieldDefinition | None:
    """Return one definition by owner, namespace and key."""
    resolved = info.context.app.namespace(identifier.get("namespace"))
    return world_of(info).definitions.get((identifier["ownerType"], resolved, identifier["key"]))


@answers("MetafieldDefinition", "type")
def definition_type(source: MetafieldDefinition, info: GraphQLResolveInfo) -> dict[str, str]:
    """Return the type's name."""
    return {"name": source.type}


@answers("MetafieldDefinition", "access")
def definition_access(source: MetafieldDefinition, info: GraphQLResolveInfo) -> dict[str, str]:
    """Return who reads it."""
    return {"admin": source.admin_access, "storefront": source.storefront_access, "customerAccount": "NONE"}
