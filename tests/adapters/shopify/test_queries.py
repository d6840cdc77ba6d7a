"""Every operation against Shopify's own schema, the scopes we ask for, and the points it may cost."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from graphql import DocumentNode, parse, validate
from graphql.validation import NoDeprecatedCustomRule, specified_rules

from plugin.adapters.shopify import existence, inventory, operations, orders, policies, products
from plugin.adapters.shopify.operations import operation
from tests.adapters.shopify.query_cost import connections, cost, fields, names
from tests.adapters.shopify.schema_shop import admin_schema

ROOT = Path(__file__).parents[3]
QUERIES = ROOT / "plugin" / "adapters" / "shopify" / "queries"
NAMES = sorted(path.stem for path in QUERIES.glob("*.graphql"))
BULK = [name for name in NAMES if name in ("bulk_variants", "bulk_orders")]
DIRECT = [name for name in NAMES if name not in BULK]
IDS_PER_CALL = {
    "items": inventory.ITEMS_PER_READ,
    "variants": products.VARIANTS_PER_READ,
    "products": products.PRODUCTS_PER_READ,
    "policies": policies.POLICIES_PER_CALL,
    "orders": orders.ORDERS_PER_READ,
    "fulfillment_order_owners": orders.OWNERS_PER_READ,
    "which_exist": existence.IDS_PER_CALL,
}
# Asked only when the scope was granted, or taken as null when it was not.
OPTIONAL_SCOPES = {"shop_locales": {"read_locales"}, "adjust_available": {"write_inventory"}}


def document(name: str) -> DocumentNode:
    return parse(operation(name).text)


@pytest.mark.parametrize("name", NAMES)
def test_an_operation_is_valid_and_uses_nothing_deprecated(name: str) -> None:
    assert validate(admin_schema(), document(name), [*specified_rules, NoDeprecatedCustomRule]) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_operation_is_named_like_its_file_and_known_for_what_it_is(name: str) -> None:
    (definition,) = document(name).definitions
    assert definition.name.value == name
    assert operation(name).is_mutation == (definition.operation.value == "mutation")


def test_only_mutations_that_exist_are_called_repeatable() -> None:
    mutations = {name for name in NAMES if operation(name).is_mutation}
    assert mutations > operations.REPEATABLE_MUTATIONS
    assert mutations - operations.REPEATABLE_MUTATIONS == {"bulk_start"}


@pytest.mark.parametrize("name", DIRECT)
def test_an_operation_stays_under_500_points(name: str) -> None:
    assert cost(admin_schema(), document(name), IDS_PER_CALL.get(name, 0)) < 500


@pytest.mark.parametrize("name", DIRECT)
def test_every_connection_can_be_followed_to_its_end(name: str) -> None:
    for _, field in connections(document(name), admin_schema()):
        assert "pageInfo" in names(field.selection_set), field.name.value
        (page_info,) = (s for s in field.selection_set.selections if s.name.value == "pageInfo")
        assert names(page_info.selection_set) == {"hasNextPage", "endCursor"}


@pytest.mark.parametrize("name", BULK)
def test_a_bulk_query_keeps_to_its_limits(name: str) -> None:
    found = connections(document(name), admin_schema())
    assert 1 <= len(found) <= 5
    assert max(depth for depth, _ in found) <= 2
    for _, field in found:
        assert not field.arguments
        assert names(field.selection_set) == {"edges"}
        (edges,) = field.selection_set.selections
        (node,) = edges.selection_set.selections
        assert "id" in names(node.selection_set), "children name their parent by its id"


@pytest.mark.parametrize("name", NAMES)
def test_our_scopes_suffice(name: str) -> None:
    needs = json.loads((ROOT / "devstore" / "schema" / "access-scopes-2026-10.json").read_text())
    granted = installed_scopes() | OPTIONAL_SCOPES.get(name, set())
    touched = fields(document(name), admin_schema())
    for kind, field in touched:
        for key in (kind, f"{kind}.{field}"):
            if needs.get(key):
                assert granted & set(needs[key]), f"{key} needs one of {needs[key]}"


def installed_scopes() -> set[str]:
    config = tomllib.loads((ROOT / "shopify.app.toml").read_text())
    asked = {scope.strip() for scope in config["access_scopes"]["scopes"].split(",")}
    return asked | {scope.replace("write_", "read_", 1) for scope in asked}
