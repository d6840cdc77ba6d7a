"""The catalogue: believable, complete, and the same every time."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from devstore.catalog import Catalog, load_catalog
from devstore.pictures import draw


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(1)


def test_the_same_seed_stocks_the_same_shelves(catalog: Catalog) -> None:
    assert load_catalog(1) == catalog
    assert load_catalog(2) != catalog


def test_every_variant_has_its_own_sku(catalog: Catalog) -> None:
    skus = [variant.sku for product in catalog.products for variant in product.variants]
    assert len(catalog.products) >= 60
    assert len(skus) == len(set(skus)) > 180


def test_three_black_winter_boots_in_42_lie_in_berlin_whatever_the_seed() -> None:
    for seed in (1, 2, 77):
        boots = next(one for one in load_catalog(seed).products if one.title == "Winter Boots")
        variant = next(one for one in boots.variants if one.sku == "WB-BLK-42")
        assert variant.available == {"berlin": 3, "leipzig": 0, "hamburg": 0}
        assert (boots.option_names, variant.options) == (("Colour", "Size"), ("Black", "42"))
        assert len(boots.variants) == 15


def test_every_picture_is_well_formed_and_colours_differ(catalog: Catalog) -> None:
    pictures = {variant.image_key: draw(variant.image_key) for p in catalog.products for variant in p.variants}
    for svg in pictures.values():
        ElementTree.fromstring(svg)
    assert pictures["boot-black"] != pictures["boot-oak"]
    assert len(set(pictures.values())) == len(pictures)


def test_negative_stock_is_what_the_old_orders_are_owed(catalog: Catalog) -> None:
    owed: dict[str, int] = {}
    for line in (line for order in catalog.orders for line in order.lines):
        owed[line.sku] = owed.get(line.sku, 0) + line.quantity - line.fulfilled
    negative = {
        v.sku: -v.available["berlin"]
        for p in catalog.products
        for v in p.variants
        if min(v.available.values(), default=0) < 0
    }
    assert len(negative) >= 5
    assert negative == {sku: owed[sku] for sku in negative}


def test_old_orders_are_of_every_kind(catalog: Catalog) -> None:
    assert 10 <= len(catalog.orders) <= 15
    assert any(order.age_days > 60 for order in catalog.orders)
    assert any(not order.paid for order in catalog.orders)
    assert any(0 < sum(ln.fulfilled for ln in o.lines) < sum(ln.quantity for ln in o.lines) for o in catalog.orders)
    assert {order.locale for order in catalog.orders} == {"en", "de"}


def test_some_goods_are_not_tracked(catalog: Catalog) -> None:
    untracked = {p.title for p in catalog.products if not p.variants[0].tracked}
    assert untracked == {"Larkspur Gift Card", "GPX Tour Pack: Harz"}
