"""A warehouse sync that goes wrong: nothing new is opened, nothing is kept from closing, the merchant decides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, update

from plugin.adapters.database import alerts, zeroings
from plugin.adapters.database import tables as t
from plugin.adapters.database.transaction import Database
from plugin.domain.brake import is_mass_zeroing
from plugin.errors import NotFound
from plugin.services import brake
from tests.services.store import Store

BROKEN = 27
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def test_the_brake_counts_units_of_the_catalogue_not_only_heads() -> None:
    assert not is_mass_zeroing(25, 100)
    assert is_mass_zeroing(26, 100)
    assert not is_mass_zeroing(300, 10_000)
    assert is_mass_zeroing(301, 10_000)


@pytest.fixture
def busy(fresh_shop: Store) -> Iterator[Store]:
    fresh_shop.install()
    fresh_shop.open_for_business()
    yield fresh_shop
    fresh_shop.faults()


def stocked(shop: Store) -> list[str]:
    """Variants with stock that would go on backorder without it, most of them by far."""
    found = [
        v["sku"]
        for v in shop.truth()["variants"]
        if v["tracked"] and v["product_status"] == "ACTIVE" and v["inventory_quantity"] > 0
    ]
    assert len(found) > BROKEN + 2
    return found


def zero(shop: Store, skus: list[str]) -> None:
    for sku in skus:
        for level in shop.variant(sku)["levels"]:
            if level["available"]:
                shop.stock(sku, 0, level["location"])


def policies(shop: Store, skus: list[str]) -> set[str]:
    return {v["policy"] for v in shop.truth()["variants"] if v["sku"] in skus}


def test_a_mass_zeroing_opens_nothing_until_it_is_called_real(busy: Store) -> None:
    skus = stocked(busy)
    broken, later = skus[:BROKEN], skus[BROKEN]
    zero(busy, broken)
    busy.settle()
    assert policies(busy, broken) == {"DENY"}
    (raised,) = busy.alerts(alerts.BRAKE)
    assert raised.data["variants"] >= BROKEN - 1
    zero(busy, [later])
    busy.settle()
    assert policies(busy, [later]) == {"DENY"}, "nothing new opens, whenever it ran out"
    brake.call_it_real(busy.parts.database, busy.parts.jobs, busy.shop, busy.now())
    busy.settle()
    assert policies(busy, [*broken, later]) == {"CONTINUE"}
    assert not busy.alerts(alerts.BRAKE)
    with pytest.raises(NotFound):
        brake.call_it_real(busy.parts.database, busy.parts.jobs, busy.shop, busy.now())


def test_closing_is_never_delayed_by_the_brake(busy: Store) -> None:
    skus = stocked(busy)
    open_one = skus[-1]
    zero(busy, [open_one])
    busy.settle()
    assert policies(busy, [open_one]) == {"CONTINUE"}
    zero(busy, skus[:BROKEN])
    busy.settle()
    assert busy.alerts(alerts.BRAKE)
    assert policies(busy, [open_one]) == {"CONTINUE"}, "what was open stays open"
    busy.buy((open_one, 5))
    busy.settle()
    assert policies(busy, [open_one]) == {"DENY"}


def test_what_is_called_a_sync_error_stays_shut_until_it_has_stock_again(busy: Store) -> None:
    skus = stocked(busy)
    broken, later = skus[:BROKEN], skus[BROKEN]
    zero(busy, broken)
    busy.settle()
    brake.call_it_an_error(busy.parts.database, busy.parts.jobs, busy.shop, busy.now())
    busy.settle()
    assert policies(busy, broken) == {"DENY"}
    zero(busy, [later])
    busy.settle()
    assert policies(busy, [later]) == {"CONTINUE"}, "what runs out by itself opens as ever"
    busy.stock(broken[0], 3)
    busy.settle()
    busy.stock(broken[0], 0)
    busy.settle()
    assert policies(busy, [broken[0]]) == {"CONTINUE"}
    assert len(busy.rows(t.zeroings, t.zeroings.c.held.is_(True))) == BROKEN - 1
    brake.call_it_real(busy.parts.database, busy.parts.jobs, busy.shop, busy.now())
    busy.settle()
    assert policies(busy, broken) == {"CONTINUE"}


def test_a_shop_without_the_brake_goes_on_however_much_hits_zero(database: Database) -> None:
    gone = {f"gid://shopify/ProductVariant/{n}" for n in range(40)}
    with database.begin() as tx:
        tx.execute(insert(t.shops).values(shop="a.myshopify.com", status="installed", installed_at=NOW))
        tx.execute(insert(t.shop_settings).values(shop="a.myshopify.com", brake_on=False))
        zeroings.note(tx, "a.myshopify.com", gone, (), NOW)
        assert brake.watch(tx, "a.myshopify.com", gone, gone, NOW) == set()
        tx.execute(update(t.shop_settings).values(brake_on=True))
        assert brake.watch(tx, "a.myshopify.com", gone, gone, NOW) == gone


def test_the_same_number_over_an_afternoon_pulls_nothing(busy: Store) -> None:
    skus = stocked(busy)[: BROKEN + 2]
    for start in range(0, len(skus), 10):
        zero(busy, skus[start : start + 10])
        busy.settle()
        busy.advance(minutes=10)
    assert not busy.alerts(alerts.BRAKE)
    assert policies(busy, skus) == {"CONTINUE"}


def test_waves_within_a_quarter_of_an_hour_are_one_zeroing_and_what_the_first_opened_is_shut_again(busy: Store) -> None:
    """A warehouse that is read shelf by shelf: each wave alone is small, two of them together are not."""
    skus = stocked(busy)
    first, second, third = skus[:14], skus[14:27], skus[27]
    zero(busy, first)
    busy.settle()
    assert policies(busy, first) == {"CONTINUE"}
    busy.advance(minutes=14)
    zero(busy, second)
    busy.settle()
    (raised,) = busy.alerts(alerts.BRAKE)
    assert raised.data["variants"] == len([*first, *second])
    assert policies(busy, second) == {"DENY"}
    assert policies(busy, first) == {"CONTINUE"}, "closing is for the limit to say, until the merchant has spoken"
    busy.advance(minutes=14)
    zero(busy, [third])
    busy.settle()
    assert policies(busy, [third]) == {"DENY"}, "however long the question stands"
    brake.call_it_an_error(busy.parts.database, busy.parts.jobs, busy.shop, busy.now())
    busy.settle()
    assert policies(busy, [*first, *second, third]) == {"DENY"}
