"""The merchant's own words reach the theme block once, and again after a reinstall; orders speak them too."""

from __future__ import annotations

import json

import pytest

from plugin.adapters.database import tables as t
from plugin.domain.badge_wording import ours
from plugin.services import change_wording
from tests.services.store import Store


@pytest.fixture(params=["sqlite"])
def databases(request: pytest.FixtureRequest, sqlite_databases: object) -> object:
    """One database is enough: what differs here is what Shopify holds."""
    return sqlite_databases


def test_words_are_written_once_where_the_block_reads_them_and_again_for_a_new_installation(shop: Store):
    own = {"phrase.ships": "leaves us around {date}", "phrase.usual_ships": "leaves us in {weeks}"}
    typed = {**ours("en"), **own}
    sku = shop.a_sku(0)
    shop.buy((sku, 1))
    shop.settle()
    change_wording.save(shop.parts.database, shop.parts.jobs, shop.shop, "en", 0, typed, shop.now())
    shop.settle()
    change_wording.save(shop.parts.database, shop.parts.jobs, shop.shop, "en", 1, typed, shop.now())
    shop.settle()
    [written] = words_written(shop)
    assert written["ownerId"].startswith("gid://shopify/AppInstallation/")
    assert (written["namespace"], written["key"], written["type"]) == ("badge", "words", "json")
    assert json.loads(written["value"]) == {"en": own}
    [entry] = shop.rows(t.ledger, t.ledger.c.kind == "wording")
    assert entry.data == {"words": {"en": own}}
    notes = [row.value for row in shop.rows(t.desired, t.desired.c.kind == "order_date") if row.value]
    assert notes
    assert all("leaves us" in note for note in notes)

    # What an installation does with the words its predecessor held.
    with shop.parts.database.begin() as tx:
        change_wording.publish_again(tx, shop.shop, shop.now())
    shop.settle()
    assert [json.loads(one["value"]) for one in words_written(shop)] == [{"en": own}] * 2


def words_written(shop: Store) -> list[dict[str, str]]:
    entries = [entry for call in shop.calls("set_metafields") for entry in call["variables"]["metafields"]]
    return [entry for entry in entries if entry["key"] == "words"]
