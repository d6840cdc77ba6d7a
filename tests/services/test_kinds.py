"""Kinds of rules and foreign hands, from Shopify to Shopify and back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from plugin.adapters.database import tables as t
from plugin.adapters.shopify import orders
from plugin.domain.facts import OrderGid
from plugin.services import keep_tokens, switch_shop
from tests.services.store import Store


def badge(shop: Store, sku: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shop.badge(sku) or "{}")
    return found


def test_a_pre_order_lives_from_its_badge_to_its_late_release(shop: Store) -> None:
    sku = shop.a_sku()
    release = shop.today() + timedelta(days=40)
    own = {"scope": "variant", "subject": shop.gid(sku), "limit_mode": "up_to", "limit_units": "9"}
    shop.save_rule(**own, kind="preorder", release_on=release.isoformat(), wait_from="", wait_to="")
    shop.settle()
    assert (badge(shop, sku)["state"], badge(shop, sku)["from"]) == ("preorder", release.isoformat())
    order = shop.buy((sku, 2))
    shop.settle()
    line = shop.rows(t.line_states, t.line_states.c.order_id == f"gid://shopify/Order/{order['id']}")[0]
    assert (line.promise["from"], line.promise["to"], line.promise["release"]) == (
        release.isoformat(),
        release.isoformat(),
        True,
    )
    first = shop.rows(t.ledger, t.ledger.c.entry_id == f"promise/{line.line_id}/0")[0]
    assert first.data["promise"]["release"] is True
    assert " on pre-order, releases " in shop.mails_to(order["email"])[0]["subject"]
    shop.advance(days=41)
    shop.settle()
    line = shop.rows(t.line_states, t.line_states.c.line_id == line.line_id)[0]
    assert line.promise["kind"] == "late"
    assert "backorder" not in "".join(mail["text"] for mail in shop.mails_to(order["email"]))
    assert badge(shop, sku)["state"] == "late_unknown"
    assert "from" not in badge(shop, sku)
    shop.save_rule(
        **own, kind="preorder", release_on=(release + timedelta(days=90)).isoformat(), wait_from="", wait_to=""
    )
    shop.settle()
    assert badge(shop, sku)["from"] == (release + timedelta(days=90)).isoformat()


@pytest.mark.case("F10")
def test_a_foreign_continue_past_the_limit_is_told_at_once_and_overage_goes_on_being_recorded(shop: Store) -> None:
    sku = shop.a_sku()
    shop.buy((sku, 5))
    shop.settle()
    assert (shop.variant(sku)["policy"], shop.state(sku).state) == ("DENY", "limit_reached")
    for policy in ("CONTINUE", "DENY", "CONTINUE"):
        shop.control("policy", sku=sku, inventory_policy=policy)
        shop.settle()
    assert len(shop.alerts("changed_outside", shop.gid(sku))) == 1
    assert (shop.variant(sku)["policy"], shop.state(sku).state) == ("CONTINUE", "changed_outside")
    before = len(shop.rows(t.ledger, t.ledger.c.kind == "overage"))
    shop.buy((sku, 2))
    shop.settle()
    assert shop.owed(sku) == 7
    found = shop.rows(t.ledger, t.ledger.c.kind == "overage")[before:]
    assert [entry.units for entry in found] == [2]
    assert shop.variant(sku)["policy"] == "CONTINUE"
    switch_shop.reapply(shop.parts.database, shop.parts.jobs, shop.shop, shop.gid(sku), shop.now())
    shop.settle()
    assert (shop.variant(sku)["policy"], shop.state(sku).state) == ("DENY", "limit_reached")
    assert shop.alerts("changed_outside", shop.gid(sku)) == []


def test_a_rule_for_a_collection_decides_what_is_in_it(shop: Store) -> None:
    sku = shop.a_sku()
    product = shop.rows(t.variants, t.variants.c.variant_id == shop.gid(sku))[0].product_id
    row = shop.rows(t.products, t.products.c.product_id == product)[0]
    names = {c.collection_id: c.title for c in shop.rows(t.collections)}
    assert row.collections
    assert set(row.collections) <= set(names)
    assert all(names.values())
    shop.save_rule(scope="collection", subject=row.collections[0], limit_mode="up_to", limit_units="1")
    shop.settle()
    assert shop.state(sku).limit_units == 1
    assert (shop.state(sku).state, shop.state(sku).reason) == ("backorderable", "")
    shop.buy((sku, 1))
    shop.settle()
    assert (shop.state(sku).state, shop.variant(sku)["policy"]) == ("limit_reached", "DENY")


def test_the_tag_discontinued_closes_what_sells_and_owed_units_stay_owed(shop: Store) -> None:
    sku = shop.a_sku()
    shop.save_rule(scope="variant", subject=shop.gid(sku), limit_mode="no_limit")
    shop.settle()
    shop.buy((sku, 1))
    shop.settle()
    assert shop.variant(sku)["policy"] == "CONTINUE"
    product = shop.rows(t.variants, t.variants.c.variant_id == shop.gid(sku))[0].product_id
    with keep_tokens.admin(shop.parts, shop.shop) as client:
        orders.add_tag(client, OrderGid(product), "Discontinued")
    shop.settle()
    assert (shop.state(sku).state, shop.state(sku).reason) == ("paused", "discontinued")
    assert shop.variant(sku)["policy"] == "DENY"
    assert shop.owed(sku) == 1
