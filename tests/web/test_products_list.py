"""The list of products: found by words, filtered and sorted by the database, a page at a time."""

from __future__ import annotations

import re

from sqlalchemy import insert, update

from plugin.adapters.database import tables as t
from tests.web import seeding
from tests.web.site import Site


def skus(site: Site, path: str) -> list[str]:
    """The SKUs of a page, in its order."""
    return re.findall(r'<br><span class="soft small">([A-Z0-9-]+)</span>', site.get(path).text)


def test_words_filters_and_sorts_find_what_they_say(site: Site) -> None:
    assert skus(site, "/products?q=peat+FELLSIDE+42") == ["FS-BOOT-42"], "every word, in any order and case"
    assert skus(site, "/products?q=fs-boot") == ["FS-BOOT-42", "FS-BOOT-43"]
    assert skus(site, "/products?q=%25") == []
    assert skus(site, "/products?q=default") == [], "Shopify's name for an only variant is no name"
    assert skus(site, "/products?sort=owed")[:3] == ["RDJ-M-OC", "FS-BOOT-43", "FS-BOOT-42"]
    assert skus(site, "/products?sort=available")[0] == "RDJ-M-OC"
    assert skus(site, "/products?show=near") == ["FS-BOOT-42"], "nine of ten; ten of ten is used up"
    assert skus(site, "/products?show=near&sort=left&q=boot") == ["FS-BOOT-42"]
    assert skus(site, "/products?show=owed&q=tent") == ["TARN-2P"]
    left = skus(site, "/products?sort=left")
    assert left[-1] in {"HARM-1", "BECK-55-SL", "TARN-2P"}, "what has most left, or no limit, comes last"


def test_put_aside_shows_what_could_not_be_done_of_a_variant(site: Site) -> None:
    assert skus(site, "/products?show=aside") == []
    with site.parts.database.begin() as tx:
        boot = {"shop": seeding.SHOP, "kind": "badge", "subject": "gid://shopify/ProductVariant/11", "value": "{}"}
        when = {"wanted_at": seeding.NOW, "not_before": seeding.NOW}
        tx.execute(insert(t.desired), [{**boot, **when, "version": 2, "done_version": 1, "attempts": 9, "error": "no"}])
        tent = {"shop": seeding.SHOP, "lane": "queue", "kind": "item", "subject": "gid://shopify/InventoryItem/513"}
        marked = {"marked_at": seeding.NOW, "not_before": seeding.NOW, "failures": 9, "error": "a mistake of ours"}
        tx.execute(insert(t.due), [{**tent, **marked}])
    assert skus(site, "/products?show=aside") == ["FS-BOOT-42", "TARN-2P"]


def test_a_deleted_variant_leaves_the_list_and_its_counts(site: Site) -> None:
    before = site.get("/products").text
    assert ">All 8<" in before
    with site.parts.database.begin() as tx:
        gone = t.variant_states.c.variant_id == "gid://shopify/ProductVariant/11"
        tx.execute(update(t.variant_states).where(t.variant_states.c.shop == seeding.SHOP, gone).values(listed=False))
    assert ">All 7<" in site.get("/products").text
    assert "FS-BOOT-42" not in skus(site, "/products")


def test_a_key_of_another_order_begins_at_the_first_page(site: Site) -> None:
    for key in ("sort=owed&after=fellside&after=x&after=y", "after=only-one", "sort=next&after=9&after=x&after=y"):
        assert len(skus(site, f"/products?{key}")) == 7
    assert len(skus(site, f"/products?sort=owed&after={9**40}&after=x&after=y")) == 7


def test_all_that_match_says_how_many(site: Site) -> None:
    assert "All 2 that match, on every page" in site.get("/products?q=fs-boot").text
