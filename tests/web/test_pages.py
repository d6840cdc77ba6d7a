"""What pages show: this shop's rows and nobody else's, in words, with nothing typed by a stranger run as code."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from markupsafe import escape
from sqlalchemy import delete, update

from plugin.adapters.database import tables as t
from plugin.adapters.database.reports.history import Happening
from plugin.domain.ledger import Kind
from plugin.web.histories import in_words
from tests.web import seeding
from tests.web.site import Site

MINE = [
    "/",
    "/first-run",
    "/settings",
    "/products",
    "/products?show=late",
    "/products/11",
    "/products/17",
    "/deliveries",
    "/deliveries?show=closed",
    "/deliveries/new",
    "/deliveries/1",
    "/mail",
    "/mail?tab=failed",
    "/mail/3",
    "/mail/waiting-for-you?cause=delivery/1/date/2",
]
FOREIGN = [seeding.SECRET, "KETTLE", "Secret Coppersmith", "Boulder", "777", "the other shop"]


@pytest.mark.parametrize("path", MINE)
def test_a_page_shows_no_row_of_another_shop(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 200
    assert not [word for word in FOREIGN if word in answer.text]


@pytest.mark.parametrize("path", ["/products/99", "/deliveries/90", "/mail/90", "/products/12345"])
def test_what_belongs_to_another_shop_does_not_exist(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 404
    assert not [word for word in FOREIGN if word in answer.text]


def test_the_other_shop_sees_its_own(site: Site) -> None:
    text = site.of(seeding.OTHER_SHOP).get("/products").text
    assert seeding.SECRET in text
    assert "Fellside" not in text


@pytest.mark.parametrize("path", ["/", "/products", "/products/17", "/first-run", "/deliveries/new"])
def test_a_title_with_markup_stays_text(site: Site, path: str) -> None:
    text = site.get(path).text
    assert '<script>alert("boots")' not in text
    if path in ("/", "/products", "/products/17"):
        assert str(escape(seeding.HARM)) in text


def test_home_says_what_needs_somebody_most_urgent_first(site: Site) -> None:
    text = site.get("/").text
    assert "8 things need you." in text
    order = [
        "past its limit",
        "is 3 days late",
        "really arrive at Kendal warehouse",
        "12 mails wait",
        "80 still to come",
        "could not be sent",
        "may or may not have left",
        "2 more committed",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_home_adds_up_what_is_owed(site: Site) -> None:
    text = " ".join(site.get("/").text.split())
    assert '<span class="value">39</span><span class="name">units owed' in text
    assert '<span class="value">14</span><span class="name">orders waiting' in text
    # the four orders of Fellside Boot 43 were told until 19 November
    assert '<span class="value bad">4</span><span class="name">orders past their promised date' in text
    # 33 paid units of 39 at 89.50
    assert "£2,954" in text


def test_each_number_of_home_leads_to_a_list_of_just_that(site: Site) -> None:
    with site.parts.database.begin() as tx:
        tx.execute(update(t.variants).where(t.variants.c.sku == "TARN-2P").values(gone_at=seeding.NOW))
        gone = t.variant_states.c.variant_id == "gid://shopify/ProductVariant/13"
        tx.execute(update(t.variant_states).where(gone).values(listed=False))
    home = " ".join(site.get("/").text.split())
    for number, show, says in (
        ("39", "owed", "39 units owed in 14 orders."),
        ("4", "late", "4 orders past their promised date."),
        ("£2,954", "paid", "£2,954 taken for goods not shipped."),
    ):
        assert f'href="/products?show={show}"' in home
        assert f">{number}</span>" in home
        assert says in site.get(f"/products?show={show}").text
    owed = re.findall(r'data-label="Owed">([\d,]+)<', site.get("/products?show=owed").text)
    assert sum(int(units) for units in owed) == 39, "a deleted variant's units are among them"


def test_home_strip_shows_how_full_deliveries_are_and_what_none_covers(site: Site) -> None:
    text = " ".join(site.get("/").text.split())
    assert "64 units, 19 spoken for" in text
    assert "2 units owed that nothing on its way covers" in text


def test_home_rests_when_nothing_is_wrong(site: Site) -> None:
    with site.parts.database.begin() as tx:
        for table in (t.notices, t.messages, t.variant_states):
            tx.execute(delete(table).where(table.c.shop == seeding.SHOP))
        tx.execute(update(t.item_states).values(asks=False, difference=0))
        tx.execute(delete(t.deliveries).where(t.deliveries.c.id.in_([1, 4])))
    text = site.get("/").text
    assert "Nothing needs you. Next delivery Thursday." in text


def test_home_shows_how_far_the_first_reading_is_after_a_reload_too(site: Site) -> None:
    with site.parts.database.begin() as tx:
        tx.execute(update(t.syncs).values(state="orders", lines_done=600, lines_total=1200, orders_seen=41))
    for _ in range(2):
        text = site.get("/").text
        assert 'data-poll="/home/progress"' in text
        assert "600 of 1,200 lines, 41 orders so far" in text
        assert 'value="50"' in text
    with site.parts.database.begin() as tx:
        tx.execute(update(t.syncs).values(state="done"))
    assert "data-poll" not in site.get("/home/progress").text


def test_first_steps_stay_away_once_put_away(site: Site) -> None:
    assert "First steps" in site.get("/").text
    assert site.post("/home/dismiss").status_code == 303
    assert "First steps" not in site.get("/").text


def test_app_bridge_reports_whether_the_badge_is_live(site: Site) -> None:
    assert "not in your published theme" in site.post("/home/badge", {"active": "no"}).text
    assert "Badge is not in your published theme yet" in site.get("/").text
    assert "live" in site.post("/home/badge", {"active": "yes"}).text
    assert "Badge is live" in site.get("/").text


def test_a_locked_out_shop_is_told_first(site: Site) -> None:
    with site.parts.database.begin() as tx:
        tx.execute(update(t.shops).values(status="locked_out", status_reason="the refresh token ran out"))
    text = site.get("/").text
    assert text.index("Shopify does not let us in") < text.index("past its limit")


def test_a_difference_of_the_books_is_news_only_when_it_lasts(site: Site) -> None:
    with site.parts.database.begin() as tx:
        fresh = seeding.NOW - timedelta(seconds=20)
        tx.execute(update(t.item_states).where(t.item_states.c.difference != 0).values(difference_since=fresh))
    assert "more committed" not in site.get("/").text


def test_the_list_pages_through_every_variant_once(site: Site) -> None:
    with site.parts.database.begin() as tx:
        for n in range(1000, 1130):
            tx.execute(
                t.variants.insert().values(
                    shop=seeding.SHOP,
                    variant_id=f"gid://shopify/ProductVariant/{n}",
                    product_id="gid://shopify/Product/111",
                    item_id=f"gid://shopify/InventoryItem/{n}",
                    title=f"Size {n}",
                    sku=f"BULK-{n}",
                    policy="DENY",
                    read_at=seeding.NOW,
                )
            )
            seeding.list_variant(tx, n, sku=f"BULK-{n}")
    seen: list[str] = []
    path = "/products?q=BULK"
    while path:
        text = site.get(path).text
        seen += [n for n in map(str, range(1000, 1130)) if f">BULK-{n}<" in text]
        link = text.partition('">Next page')[0].rpartition('href="')[2] if "Next page" in text else ""
        path = link.replace("&amp;", "&")
    assert sorted(seen) == [str(n) for n in range(1000, 1130)]


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("show=limit_reached", "43 / Peat", "42 / Peat"),
        ("show=late", "43 / Peat", "42 / Peat"),
        ("show=owed", "42 / Peat", "Rucksack"),
        ("q=rucksack", "Becks 55 Rucksack", "Fellside"),
        ("q=TARN-2", "Tarn Two-Person Tent", "Fellside"),
        ("q=100%25", "Nothing matches", "Fellside"),
        ("q=%E2%98%82", "HARM-1", "Fellside"),
    ],
)
def test_the_list_is_narrowed_by_filter_and_words(site: Site, query: str, there: str, not_there: str) -> None:
    text = site.get(f"/products?{query}").text
    assert there in text
    assert not_there not in text


def test_a_variant_says_its_state_the_rule_and_who_waits(site: Site) -> None:
    text = " ".join(site.get("/products/11").text.split())
    assert 'Decided by <a href="/settings#rule">rule 1: all products</a>: up to 10 each, usual wait' in text
    assert "The next buyer reads “ships around 7–14 December”." in text
    assert text.index("#1041") < text.index("#1042") < text.index("#1043")
    assert "#1041 joined the queue with 3 units" in text
    assert "Kendal warehouse" in text
    assert "−9" in text


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_ledger_entry_has_a_sentence(kind: Kind) -> None:
    words = in_words(Happening(seeding.NOW, kind.value, 2, "#1043", "Kendal", {}), seeding.TODAY)
    assert words[0].isupper() or words[0] in "#2"


def test_a_new_usual_wait_shows_before_the_queue_is_reviewed_again(site: Site) -> None:
    stale = {"kind": "none", "review": "2026-12-07"}
    with site.parts.database.begin() as tx:
        tx.execute(update(t.variant_states).values(next_promise=stale))
    assert "usually ships in 3 to 4 weeks" in site.get("/products?q=FS-BOOT-42").text
    assert "no date yet" not in site.get("/products?show=in_stock").text
