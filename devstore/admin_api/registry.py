"""Who answers which field: resolvers by type and field name, record attributes otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo, GraphQLSchema

from devstore.admin_api.schema import scopes_of_field
from devstore.app_config import AppConfig
from devstore.world import BulkOperation, World

BULK_DELAY_S = 0.2
Resolver = Callable[..., Any]
RESOLVERS: dict[tuple[str, str], Resolver] = {}
TYPE_OF_RECORD: dict[str, str] = {
    "BundlePart": "ProductVariantComponent",
    "FulfillmentOrderLine": "FulfillmentOrderLineItem",
    "Hold": "FulfillmentHold",
    "InventoryItem": "InventoryItem",
    "Installation": "AppInstallation",
    "Level": "InventoryLevel",
    "Disposition": "ReverseFulfillmentOrderDisposition",
    "RefundLine": "RefundLineItem",
    "ReturnLine": "ReverseFulfillmentOrderLineItem",
    "Transaction": "OrderTransaction",
    "Variant": "ProductVariant",
}
PROTECTED_FIELDS = {
    ("Order", "email"),
    ("Order", "phone"),
    ("Order", "statusPageUrl"),
    ("Customer", "email"),
    ("Customer", "firstName"),
    ("Customer", "lastName"),
    ("Customer", "displayName"),
    ("Customer", "phone"),
    ("CustomerEmailAddress", "emailAddress"),
    *(("MailingAddress", name) for name in ("firstName", "lastName", "name", "phone", "address1", "address2", "zip")),
}


@dataclass
class Asking:
    """One request: whose shop, with which rights. `bulk` lifts page sizes, `pictures_url` serves `/cdn/…`."""

    world: World
    app: AppConfig
    scopes: set[str]
    base_url: str
    pictures_url: str = ""
    bulk: bool = False
    later: Callable[[float, Callable[[], None]], None] | None = None
    run_bulk: Callable[[BulkOperation], None] | None = None

    def start_bulk(self, operation: BulkOperation) -> None:
        """Run a bulk query a moment later."""
        run = self.run_bulk
        assert run is not None
        assert self.later is not None
        self.later(BULK_DELAY_S, lambda: run(operation))


def answers(type_name: str, *field_names: str) -> Callable[[Resolver], Resolver]:
    """Register a resolver for fields of a type."""

    def register(resolver: Resolver) -> Resolver:
        for name in field_names:
            RESOLVERS[type_name, name] = resolver
        return resolver

    return register


def not_played(name: str) -> GraphQLError:
    """Return the refusal of something devstore does not simulate."""
    return GraphQLError(f"devstore does not play `{name}` yet", extensions={"code": "NOT_PLAYED"})


def bind(schema: GraphQLSchema) -> None:
    """Hang every registered resolver into the schema."""
    for (type_name, field_name), resolver in RESOLVERS.items():
        schema.type_map[type_name].fields[field_name].resolve = _guarded(resolver)  # type: ignore[attr-defined]


def _guarded(resolver: Resolver) -> Resolver:
    def resolve(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        if not _allowed(info):
            return None
        return present(resolver(source, info, **arguments))

    return resolve


def read_attribute(source: Any, info: GraphQLResolveInfo, **_: Any) -> Any:
    """Answer a field nobody registered: from a mapping by its name, from a record by its snake_case attribute."""
    name = info.field_name
    if not _allowed(info):
        return None
    if isinstance(source, dict):
        if name not in source and info.parent_type.name.endswith("Payload"):
            return None
        if name not in source:
            raise not_played(f"{info.parent_type.name}.{name}")
        return present(source[name])
    if name == "id" and hasattr(source, "id"):
        return gid(source)
    if name == "legacyResourceId":
        return str(source.id)
    value = getattr(source, snake_case(name), MISSING)
    if value is MISSING:
        raise not_played(f"{info.parent_type.name}.{name}")
    return present(value)


MISSING = object()


def _allowed(info: GraphQLResolveInfo) -> bool:
    asking: Asking = info.context
    type_name, name = info.parent_type.name, info.field_name
    for group in scopes_of_field(type_name, name):
        if not asking.scopes.intersection(group):
            raise access_denied(name, group)
    return asking.app.protected_data_approved or (type_name, name) not in PROTECTED_FIELDS


def access_denied(name: str, scopes: tuple[str, ...]) -> GraphQLError:
    """Return Shopify's refusal for want of a scope."""
    needed = " or ".join(f"`{scope}` access scope" for scope in scopes)
    return GraphQLError(
        f"Access denied for {name} field. Required access: {needed}.",
        extensions={
            "code": "ACCESS_DENIED",
            "documentation": "https://shopify.dev/api/usage/access-scopes",
            "requiredAccess": f"{needed}.",
        },
    )


def present(value: Any) -> Any:
    """Write instants in UTC and amounts with two places."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value


@lru_cache(maxsize=2048)
def snake_case(name: str) -> str:
    """Return `updatedAt` as `updated_at`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: "_" + found.group(1).lower(), name)


def type_name_of(record: Any) -> str:
    """Return the GraphQL type a record is shown as."""
    if isinstance(record, dict):
        return str(record["__typename"])
    name = type(record).__name__
    return TYPE_OF_RECORD.get(name, name)


def gid(record: Any) -> str:
    """Return a record's global id."""
    own = getattr(record, "gid", None)
    return str(own) if own else f"gid://shopify/{type_name_of(record)}/{record.id}"


def number_of(written: str, type_name: str) -> int:
    """
    Return the number inside a global id.

    Raises:
        GraphQLError: It is no global id, or one of another type.
    """
    found = re.fullmatch(r"gid://shopify/(\w+)/(\d+)(?:\?.*)?", written)
    if found is None:
        raise GraphQLError(f"Invalid global id '{written}'", extensions={"code": "INVALID_ID"})
    if found.group(1) != type_name:
        raise GraphQLError("invalid id", extensions={"code": "RESOURCE_NOT_FOUND"})
    return int(found.group(2))


def instant_of(written: str) -> datetime:
    """
    Read a DateTime argument; one without a zone is UTC.

    Raises:
        GraphQLError: It is no ISO 8601 instant.
    """
    try:
        at = datetime.fromisoformat(written)
    except ValueError as error:
        raise GraphQLError(f"invalid DateTime '{written}'", extensions={"code": "INVALID_VARIABLE"}) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def user_error(message: str, code: str | None = None, path: list[str] | None = None, **more: Any) -> dict[str, Any]:
    """Return one entry of userErrors."""
    return {"message": message, "code": code, "field": path, **more}
