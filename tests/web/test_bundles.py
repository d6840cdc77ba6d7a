"""What a merchant reads of a bundle: its components, what each allows and why; and of a component, its bundles."""

from __future__ import annotations

from sqlalchemy import insert

from plugin.adapters.database import tables as t
from plugin.services import decide_selling
from tests.web import seeding
from tests.web.seeding import NOW, SHOP
from tests.web.site import Site

BOOTS, TENT, BAG, CARD = (f"gid://shopify/ProductVariant/{n}" for n in (11, 13, 16, 18))
BUNDLE = 60


def make_bundle(site: Site, *parts: tuple[str, int], number: int = BUNDLE, title: str = "Weekend kit") -> None:
    """A bundle of the seeded goods, as a sync would find it, and what is decided of it."""
    gid = f"gid://shopify/ProductVariant/{number}"
    product = {"product_id": f"gid://shopify/Product/{number}", "title": title, "handle": f"kit-{number}"}
    item = f"gid://shopify/InventoryItem/{number}"
    variant = {"variant_id": gid, "item_id": item, "title": "Default Title", "sku": f"KIT-{number}", "is_bundle": True}
    with site.parts.database.begin() as tx:
        tx.execute(insert(t.products), {"shop": SHOP, "status": "ACTIVE", "read_at": NOW, **product})
        known = {"policy": "DENY", "price": "99.00", "read_at": NOW, "product_id": product["product_id"]}
        tx.execute(insert(t.variants), {"shop": SHOP, **variant, **known})
        tx.execute(insert(t.items), {"shop": SHOP, "item_id": item, "tracked": False, "read_at": NOW})
        for part, needed in parts:
            tx.execute(insert(t.bundle_parts), {"shop": SHOP, "bundle_id": gid, "variant_id": part, "needed": needed})
        seeding.list_variant(tx, number, product=title)
        decide_selling.decide_variants(tx, SHOP, [gid], NOW)


def test_a_bundles_page_names_its_components_with_what_each_allows(site: Site) -> None:
    make_bundle(site, (TENT, 2), (BAG, 1), (CARD, 1))
    page = site.get(f"/products/{BUNDLE}").text
    for link in ('href="/products/13"', 'href="/products/16"', 'href="/products/18"'):
        assert link in page
    assert "On backorder: enough for 2 bundles, ships around 7–14 December." in page  # of 10, 6 are owed
    assert "In stock: enough for 14 bundles, 24 with its limit." in page
    assert "Shopify does not count it, so it sets no bound." in page
    assert "A component has no stock left, and all of them may still be ordered." in page
    assert "Who waits" not in page


def test_a_component_that_shuts_its_bundle_is_named_first_with_the_reason(site: Site) -> None:
    make_bundle(site, (BAG, 1), (BOOTS, 2))
    page = site.get(f"/products/{BUNDLE}").text
    assert "At its limit: 1 unit may still be sold, one bundle needs 2." in page
    assert page.index("Fellside Boot") < page.index("Becks 55 Rucksack")


def test_a_components_page_names_its_bundles(site: Site) -> None:
    make_bundle(site, (TENT, 2))
    page = site.get("/products/13").text
    assert f'href="/products/{BUNDLE}"' in page
    assert "2 units in each." in page
    assert "Bundles it is part of" not in site.get("/products/16").text


def test_the_list_counts_what_is_left_of_a_bundle(site: Site) -> None:
    make_bundle(site, (TENT, 2))
    row = site.get("/products?q=Weekend").text.split("<tbody>")[1]
    assert "its components" in row
    assert '<td class="num" data-label="Left">2</td>' in row


def test_a_bundle_whose_components_are_kept_from_us_says_so(site: Site) -> None:
    make_bundle(site)
    page = site.get(f"/products/{BUNDLE}").text
    assert "Shopify does not tell us what it is made of, so your own setting stands." in page
    make_bundle(site, (f"gid://shopify/ProductVariant/{BUNDLE}", 1), number=61, title="Kit of kits")
    assert "A component is a bundle itself, so your own setting stands." in site.get("/products/61").text


def test_a_bundle_of_another_shop_is_not_shown(site: Site) -> None:
    make_bundle(site, (TENT, 2))
    other = site.of(seeding.OTHER_SHOP)
    assert other.get(f"/products/{BUNDLE}").status_code == 404


def test_a_bundle_never_arrives_by_a_delivery(site: Site) -> None:
    make_bundle(site, (TENT, 2))
    page = site.get("/deliveries/new").text
    assert "TARN-2P" in page
    assert "KIT-60" not in page
    form = {"supplier": "Acme", "location_id": seeding.MAIN, "expected_on": "2026-12-09", "sku": "KIT-60", "units": "5"}
    refused = site.post("/deliveries/new", form)
    assert refused.status_code == 422
    assert "is a bundle, which never arrives as such" in refused.text


def test_closing_a_component_is_previewed_with_its_bundles(site: Site) -> None:
    make_bundle(site, (TENT, 2))
    form = {"scope": "variant", "limit_mode": "never", "act": "preview"}
    page = site.post("/products/13/limit", form).text
    assert "Weekend kit" in page
    assert "A component has run out and is not sold on backorder." in page
