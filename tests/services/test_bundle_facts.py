"""What a bundle's decision rests on, in the database: its components as they will be, decided with it or not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from plugin.adapters.database import alerts, effects, ledger
from plugin.adapters.database import tables as t
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.transaction import Database, Transaction
from plugin.domain.facts import CONTINUE, DENY
from plugin.domain.ledger import Entry, Kind
from plugin.services import decide_selling, preview_rules, rule_form, set_rules

SHOP = "larkspur-outdoor.myshopify.com"
NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
A, B, KIT = (f"gid://shopify/ProductVariant/{name}" for name in ("1", "2", "3"))
MAIN = "gid://shopify/Location/1"


@pytest.fixture
def shop(database: Database) -> Database:
    """A bundle of A, which a rule of its own opens, and B, of which no rule speaks; both gone, B held open."""
    with database.begin() as tx:
        tx.execute(insert(t.shops), {"shop": SHOP, "status": "installed", "installed_at": NOW, "timezone": "UTC"})
        tx.execute(insert(t.shop_settings), {"shop": SHOP, "backordering_on": True})
        place = {"shop": SHOP, "location_id": MAIN, "name": "Main", "is_active": True, "sells_online": True}
        tx.execute(insert(t.locations), place)
        for variant_id, policy in ((A, CONTINUE), (B, CONTINUE), (KIT, DENY)):
            _variant(tx, variant_id, policy)
        tx.execute(insert(t.bundle_parts), [_part(A), _part(B)])
        rule = {"scope": "variant", "subject": A, "limit_mode": "up_to", "limit_units": 3}
        tx.execute(insert(t.rules), {"shop": SHOP, "wait_weeks_from": 3, "wait_weeks_to": 4, "changed_at": NOW, **rule})
    return database


def _variant(tx: Transaction, variant_id: str, policy: str) -> None:
    number = variant_id.rsplit("/", 1)[-1]
    product, item = f"gid://shopify/Product/{number}", f"gid://shopify/InventoryItem/{number}"
    named = {"product_id": product, "title": f"Thing {number}", "handle": number, "status": "ACTIVE"}
    tx.execute(insert(t.products), {"shop": SHOP, "read_at": NOW, **named})
    sold = {"variant_id": variant_id, "product_id": product, "item_id": item, "title": "Default Title"}
    tx.execute(
        insert(t.variants), {"shop": SHOP, "policy": policy, "read_at": NOW, "is_bundle": variant_id == KIT, **sold}
    )
    tx.execute(insert(t.items), {"shop": SHOP, "item_id": item, "tracked": variant_id != KIT, "read_at": NOW})
    if variant_id != KIT:
        units = dict.fromkeys(("available", "committed", "on_hand", "incoming", "unavailable"), 0)
        tx.execute(insert(t.levels), {"shop": SHOP, "item_id": item, "location_id": MAIN, "read_at": NOW, **units})


def _part(variant_id: str) -> dict[str, Any]:
    return {"shop": SHOP, "bundle_id": KIT, "variant_id": variant_id, "needed": 1}


def decided(shop: Database, variant_id: str) -> tuple[str, str]:
    """How the bundle sells after a decision about one variant."""
    with shop.begin() as tx:
        decide_selling.decide_variants(tx, SHOP, [variant_id], NOW)
        found = select(t.variant_states.c.state, t.variant_states.c.reason).where(t.variant_states.c.variant_id == KIT)
        row = tx.execute(found).one()
        return row.state, row.reason


def test_a_component_that_the_merchant_holds_open_allows_the_bundle(shop: Database) -> None:
    assert decided(shop, A) == ("backorderable", "")


def test_a_component_let_go_counts_as_the_merchant_had_it_not_as_we_left_it(shop: Database) -> None:
    with shop.begin() as tx:
        effects.want(tx, SHOP, Effect.POLICY, B, CONTINUE, NOW)
        ledger.post_once(tx, SHOP, Entry("original/b", Kind.ORIGINAL, NOW, variant_id=B, data={"policy": DENY}))
    assert decided(shop, B) == ("paused", "component_stopped")


@pytest.mark.parametrize("decides", [KIT, B])
def test_the_brake_on_a_component_holds_the_bundle_whoever_is_decided(shop: Database, decides: str) -> None:
    assert decided(shop, KIT) == ("backorderable", "")
    with shop.begin() as tx:
        alerts.raise_once(tx, SHOP, alerts.BRAKE, "zeroed", NOW, data={"variants": 40})
        effects.forget(tx, SHOP, Effect.POLICY)
    assert decided(shop, decides) == ("paused", "component_stopped")


@pytest.mark.parametrize("scope", ["variant", "all"])
def test_a_preview_names_the_bundles_that_a_rule_of_a_component_would_shut(shop: Database, scope: str) -> None:
    """Else a merchant who closes one product learns afterwards what else it was part of."""
    assert decided(shop, A) == ("backorderable", "")
    with shop.begin() as tx:
        tx.execute(update(t.variants).where(t.variants.c.variant_id == KIT).values(policy=CONTINUE))
        effects.want(tx, SHOP, Effect.POLICY, KIT, CONTINUE, NOW)
    form = {"scope": scope, "subject": A if scope == "variant" else "", "limit_mode": "never"}
    change = set_rules.saving(rule_form.check_draft(form, NOW.date()), "never")
    if scope == "all":
        with shop.begin() as tx:
            tx.execute(update(t.rules).values(scope="all", subject=""))
    found = preview_rules.preview(shop, SHOP, change, NOW)
    assert KIT in {row.variant_id for row in found.will_close.rows}
