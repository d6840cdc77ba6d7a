"""Bundles from Shopify to Shopify: a parent sells as its components do, and its orders are theirs."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from plugin.adapters.database import syncs
from plugin.adapters.database import tables as t
from plugin.services import edit_delivery
from tests.services.store import Store

references = count(1)


def bundle_of(shop: Store, *parts: tuple[str, int]) -> str:
    """A bundle made of these, as an app for bundles makes one; says its SKU."""
    parent = shop.a_sku(7)  # figures of its own that must never count
    shop.control("bundle", sku=parent, parts=[{"sku": sku, "quantity": units} for sku, units in parts])
    shop.settle()
    return parent


def own_limit(shop: Store, sku: str, mode: str, units: int | None = None) -> None:
    shop.save_rule(
        scope="variant", subject=shop.gid(sku), limit_mode=mode, limit_units="" if units is None else str(units)
    )
    shop.settle()


def deliver(shop: Store, sku: str, units: int, in_days: int) -> None:
    day = (shop.now() + timedelta(days=in_days)).date()
    row = (shop.item(sku), units)
    draft = edit_delivery.DeliveryDraft("Acme", f"S{next(references)}", shop.place(), day, (row,))
    edit_delivery.create(shop.parts.database, shop.parts.jobs, shop.shop, draft, shop.now())
    shop.settle()


def badge(shop: Store, sku: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shop.badge(sku) or '{"state": "none"}')
    return found


def sold_as(shop: Store, sku: str) -> tuple[str, str, str, int | None]:
    row = shop.state(sku)
    return row.state, row.reason, shop.variant(sku)["policy"], row.remaining_units


@pytest.mark.case("F21")
def test_a_bundle_opens_dates_and_closes_with_its_components(shop: Store) -> None:
    a, b = shop.a_sku(2), shop.a_sku(5)
    own_limit(shop, a, "up_to", 3)
    own_limit(shop, b, "never")
    parent = bundle_of(shop, (a, 2), (b, 1))
    assert sold_as(shop, parent) == ("in_stock", "", "DENY", 2)
    shop.buy((a, 2))
    shop.settle()
    # A is gone and may be owed, B has stock: one bundle, on A's usual wait, until a delivery of A dates it.
    assert sold_as(shop, parent) == ("backorderable", "", "CONTINUE", 1)
    assert (badge(shop, parent)["state"], badge(shop, parent)["bundle"]) == ("usual", True)
    deliver(shop, a, 10, 30)
    told, expected = badge(shop, parent), badge(shop, a)
    assert told["state"] == "covered"
    assert (told["from"], told["to"]) == (expected["from"], expected["to"])
    # Sold: what is owed is the component's, and what is left of A is no longer enough for a bundle.
    order = shop.buy((parent, 1))
    shop.settle()
    assert {line["sku"]: line["quantity"] for line in order["lines"]} == {a: 2, b: 1}
    assert (shop.owed(a), shop.owed(b)) == (2, 0)
    assert shop.rows(t.line_states, t.line_states.c.item_id == shop.item(parent)) == []
    assert sold_as(shop, a)[:3] == ("backorderable", "", "CONTINUE")
    assert sold_as(shop, parent) == ("limit_reached", "component_limit", "DENY", 0)
    assert badge(shop, parent)["state"] == "limit"
    # Called off: the units are free again, and the bundle with them.
    shop.control("cancel", order_id=order["id"], restock=True)
    shop.settle()
    assert shop.owed(a) == 0
    assert sold_as(shop, parent) == ("backorderable", "", "CONTINUE", 1)
    # B goes, and never goes on backorder: the bundle goes with it, in words and in the shop.
    shop.buy((b, 5))
    shop.settle()
    assert sold_as(shop, parent) == ("paused", "component_stopped", "DENY", 0)
    assert badge(shop, parent) == {"state": "none", "v": 1}
    lines = [{"sku": parent, "quantity": 1}]
    assert shop.ask("checkout", lines=lines, customer={"email": "late@example.com"}).status_code == 422


def test_a_message_about_a_component_decides_its_bundles_in_the_same_step(shop: Store) -> None:
    a = shop.a_sku(1)
    own_limit(shop, a, "up_to", 1)
    parents = [bundle_of(shop, (a, 1)) for _ in range(2)]
    shop.buy((a, 1))
    shop.settle()
    assert [sold_as(shop, p)[2:] for p in parents] == [("CONTINUE", 1), ("CONTINUE", 1)]
    shop.buy((a, 1))
    shop.settle()
    assert [sold_as(shop, p)[2:] for p in (a, *parents)] == [("DENY", 0)] * 3
    decided = {shop.state(sku).decided_at for sku in (a, *parents)}
    assert len(decided) == 1


def test_the_figures_of_a_parent_are_nobodys_stock(shop: Store) -> None:
    a = shop.a_sku(0)
    parent = bundle_of(shop, (a, 1))
    item = shop.item(parent)
    assert {level.available for level in shop.rows(t.levels, t.levels.c.item_id == item)} == {0}
    with shop.parts.database.begin() as tx:
        syncs.begin(tx, shop.shop, "nightly", shop.now())
    shop.settle()
    assert {level.available for level in shop.rows(t.levels, t.levels.c.item_id == item)} == {0}
    (variant,) = shop.rows(t.variants, t.variants.c.variant_id == shop.gid(parent))
    assert variant.is_bundle
    parts = shop.rows(t.bundle_parts, t.bundle_parts.c.bundle_id == shop.gid(parent))
    assert [(part.variant_id, part.needed) for part in parts] == [(shop.gid(a), 1)]
    # Taken apart again it is a product like any other, and its own stock counts.
    shop.control("bundle", sku=parent, parts=[])
    shop.settle()
    assert shop.rows(t.bundle_parts, t.bundle_parts.c.bundle_id == shop.gid(parent)) == []
    assert sold_as(shop, parent)[0] == "in_stock"
    assert shop.state(parent).available == 7


def test_a_foreign_hand_on_a_parent_is_left_alone_and_its_original_is_kept(shop: Store) -> None:
    a = shop.a_sku(0)
    parent = bundle_of(shop, (a, 1))
    assert sold_as(shop, parent)[0] == "backorderable"
    (kept,) = shop.rows(t.ledger, t.ledger.c.entry_id == f"original/{shop.gid(parent)}")
    assert kept.data == {"policy": "DENY"}
    shop.control("policy", sku=parent, inventory_policy="DENY")
    shop.settle()
    assert len(shop.alerts("changed_outside", shop.gid(parent))) == 1
    assert (sold_as(shop, parent)[0], sold_as(shop, parent)[2]) == ("changed_outside", "DENY")


@pytest.mark.case("F21")
def test_what_shopify_sells_past_a_components_limit_is_recorded_and_shuts_both(shop: Store) -> None:
    a, b = shop.a_sku(0), shop.a_sku(5)
    own_limit(shop, a, "up_to", 3)
    parent = bundle_of(shop, (a, 2), (b, 1))
    shop.buy((parent, 1))
    shop.settle()
    assert sold_as(shop, parent) == ("limit_reached", "component_limit", "DENY", 0)
    # Shopify leaves A, which sells on, out of its count of the bundle: B's stock alone sells one more.
    before = len(shop.rows(t.ledger, t.ledger.c.kind == "overage"))
    shop.buy((parent, 1))
    shop.settle()
    assert [entry.units for entry in shop.rows(t.ledger, t.ledger.c.kind == "overage")[before:]] == [1]
    assert (shop.owed(a), sold_as(shop, a)[2]) == (4, "DENY")
    assert shop.ask("checkout", lines=[{"sku": parent, "quantity": 1}]).status_code == 422
