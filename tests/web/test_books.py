"""The books page and what Home asks about them."""

from __future__ import annotations

import csv
import html
import io
import re
from base64 import b64decode
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, update

from plugin.adapters.database import alerts
from plugin.adapters.database import tables as t
from plugin.adapters.database.reports import book_rows
from plugin.adapters.database.transaction import Transaction
from plugin.domain.ledger import Kind
from plugin.web import book_file
from tests.web import seeding
from tests.web.markup import form
from tests.web.site import Site


def an_item(tx: Transaction) -> tuple[str, str]:
    """Some item of ours at a place that it has a level at."""
    row = tx.execute(
        select(t.levels.c.item_id, t.levels.c.location_id)
        .join(
            t.item_states, (t.item_states.c.item_id == t.levels.c.item_id) & (t.item_states.c.shop == t.levels.c.shop)
        )
        .where(t.levels.c.shop == seeding.SHOP, t.item_states.c.location_id == t.levels.c.location_id)
        .order_by(t.levels.c.item_id)
    ).first()
    assert row is not None
    return row.item_id, row.location_id


def change(tx: Transaction, item_id: str, location_id: str, **values: object) -> None:
    tx.execute(
        update(t.item_states)
        .where(
            t.item_states.c.shop == seeding.SHOP,
            t.item_states.c.item_id == item_id,
            t.item_states.c.location_id == location_id,
        )
        .values(**values)
    )


def make_trouble(site: Site) -> None:
    """A difference, a shortfall, something mended, checks with and without repairs, things put aside, the brake on."""
    now = seeding.NOW
    with site.parts.database.begin() as tx:
        item_id, location_id = an_item(tx)
        change(tx, item_id, location_id, difference=2, difference_since=now - timedelta(minutes=9), shortfall=3)
        tx.execute(
            insert(t.ledger).values(
                shop=seeding.SHOP,
                entry_id=f"accept/{item_id}/{location_id}/901",
                kind=Kind.ACCEPT.value,
                at=now - timedelta(hours=2),
                item_id=item_id,
                location_id=location_id,
                units=2,
                data={"cause": "return"},
            )
        )
        for hours, repairs in ((40, [{"kind": "stock", "item": item_id}]), (16, [])):
            began = now - timedelta(hours=hours)
            tx.execute(
                insert(t.syncs).values(
                    shop=seeding.SHOP,
                    reason="nightly",
                    state="done",
                    started_at=began,
                    touched_at=began,
                    finished_at=began + timedelta(minutes=1),
                    repairs=repairs,
                )
            )
        tx.execute(
            insert(t.desired).values(
                shop=seeding.SHOP,
                kind="order_tag",
                subject="gid://shopify/Order/404",
                value="backordered",
                wanted_at=now,
                not_before=now + timedelta(days=1),
                attempts=9,
                error="Order has too many tags",
            )
        )
        tx.execute(
            insert(t.due).values(
                shop=seeding.SHOP,
                lane="queue",
                kind="item",
                subject=item_id,
                marked_at=now,
                not_before=now + timedelta(days=1),
                failures=8,
                error="ValueError: a line without units",
            )
        )
        tx.execute(
            insert(t.inbox).values(
                shop=seeding.SHOP,
                webhook_id="parked",
                topic="orders/edited",
                triggered_at=now,
                received_at=now,
                hint={},
                attempts=5,
                error="order_edit.order_id: missing",
                parked_at=now,
            )
        )
        alerts.raise_once(tx, seeding.SHOP, alerts.BRAKE, "zeroed", now, data={"variants": 31})


def test_the_books_say_what_differs_what_was_mended_and_what_is_put_aside(site: Site) -> None:
    make_trouble(site)
    page = site.get("/books").text
    assert "2 more committed than we know" in page
    assert "add up to −3" in page
    assert "goods of an order came back and were restocked" in page
    assert "stock had changed since we last read it" in page
    assert "no difference" in page
    assert "Order has too many tags" in page
    assert "order_edit.order_id: missing" in page
    assert "ValueError: a line without units" in page


def test_home_links_to_the_books(site: Site) -> None:
    assert 'href="/books"' in site.get("/").text


def test_another_shops_trouble_is_not_shown(site: Site) -> None:
    make_trouble(site)
    page = site.of(seeding.OTHER_SHOP).get("/books").text
    assert "too many tags" not in page
    assert "came back" not in page


def test_checking_now_asks_for_one_reading_however_often(site: Site) -> None:
    for _ in range(2):
        assert site.post("/books/check").status_code == 303
    with site.parts.database.read() as tx:
        (row,) = tx.execute(
            select(t.syncs).where(t.syncs.c.shop == seeding.SHOP, t.syncs.c.finished_at.is_(None))
        ).all()
    assert row.reason == "asked"
    assert 'data-poll="/books/progress"' in site.get("/books").text
    assert 'data-poll="/books/progress"' in site.get("/books/progress").text


def test_trying_again_lets_everything_put_aside_run(site: Site) -> None:
    make_trouble(site)
    assert site.post("/books/again").status_code == 303
    with site.parts.database.read() as tx:
        assert not tx.execute(select(t.inbox).where(t.inbox.c.parked_at.is_not(None))).all()
        (wish,) = tx.execute(select(t.desired).where(t.desired.c.subject == "gid://shopify/Order/404")).all()
        (mark,) = tx.execute(select(t.due).where(t.due.c.error.is_not(None))).all()
    assert (wish.attempts, wish.not_before) == (0, seeding.NOW)
    assert (mark.attempts, mark.not_before) == (0, seeding.NOW)


@pytest.mark.parametrize(("answer", "done"), [("real", "zeros-real"), ("error", "zeros-error")])
def test_home_asks_about_the_brake_until_it_is_answered(site: Site, answer: str, done: str) -> None:
    make_trouble(site)
    asked = r"31 variants hit zero at about the same time, today \d\d:\d\d: real, or a sync error\?"
    assert re.search(asked, site.get("/").text)
    seen = form(site.get("/").text, "/home/brake") | {"answer": answer}
    assert site.post("/home/brake", seen | {"since": "2026-11-20T10:00:00+00:00"}).status_code == 409  # an earlier one
    response = site.post("/home/brake", seen)
    assert (response.status_code, response.headers["Location"]) == (303, f"/?done={done}")
    assert "hit zero at about the same time" not in site.get("/").text
    assert site.post("/home/brake", {"answer": answer}).status_code == 404


def test_a_shortfall_is_mended_at_its_button_and_the_permission_asked_for_there(site: Site) -> None:
    make_trouble(site)
    page = site.get("/").text
    assert 'data-asks-scope="write_inventory"' in page
    assert "add it yourself in Shopify" in page
    with site.parts.database.begin() as tx:
        scopes = tx.execute(select(t.shops.c.scopes).where(t.shops.c.shop == seeding.SHOP)).scalar_one()
        tx.execute(update(t.shops).where(t.shops.c.shop == seeding.SHOP).values(scopes=[*scopes, "write_inventory"]))
    page = site.get("/").text
    assert "data-asks-scope" not in page
    assert "Add 3 units in Shopify" in page


def test_both_sums_of_a_product_and_place_stand_there_with_their_numbers(site: Site) -> None:
    with site.parts.database.begin() as tx:
        item_id, location_id = an_item(tx)
        change(tx, item_id, location_id, accepted=4, unexplained=1, asks=True, difference=0)
        here = {"shop": seeding.SHOP, "item_id": item_id, "location_id": location_id}
        place = (t.levels.c.item_id == item_id) & (t.levels.c.location_id == location_id)
        tx.execute(update(t.levels).where(place).values(available=-2, committed=7))
        tx.upsert(t.open_units, [{**here, "line_id": "gid://shopify/LineItem/1", "units": 5}])
        tx.upsert(t.baselines, [{**here, "units": 2, "cause": "orders older than 60 days", "stored_at": seeding.NOW}])
    page = words_of(site.get("/books?show=unread").text)
    assert "Committed 7 5 open in orders + 2 of orders we can’t read adds up" in page
    assert "To sell or ship 5 = −2 available + 7 committed 4 counted on + 1 not explained" in page
    assert "2 units take stock before everybody. Why: orders older than 60 days." in page


def words_of(page: str) -> str:
    """What a reader sees, in one line."""
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", page)).split())


def test_the_books_of_a_large_shop_are_searched_filtered_and_turned_by_pages(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_trouble(site)
    assert "Short of zero 1" in words_of(site.get("/books").text)
    assert 'class="differs"' not in site.get("/books?q=no+such+thing").text
    assert "Nothing matches" in site.get("/books?q=no+such+thing").text
    monkeypatch.setattr(book_rows, "PAGE", 3)
    seen, address = [], "/books?show=all"
    while address:
        page = site.get(address).text
        seen += re.findall(r'<th scope="row"><a href="/products/(\d+)#stock">', page)
        following = re.search(r'href="([^"]+)">Next page', page)
        address = html.unescape(following.group(1)) if following else ""
    assert len(seen) == len(set(seen)) == 8


def test_what_the_filter_shows_can_be_saved_as_a_table(site: Site) -> None:
    make_trouble(site)
    page = site.get("/books/file?show=short").text
    encoded = re.search(r'href="data:text/csv;charset=utf-8;base64,([^"]+)"', page)
    assert encoded is not None
    lines = list(csv.DictReader(io.StringIO(b64decode(encoded.group(1)).decode("utf-8-sig"))))
    assert [(line["Short of zero"], line["Location"]) for line in lines] == [("3", "Kendal warehouse")]
    assert "nothing to save" in site.get("/books/file?q=no+such+thing").text


def test_no_cell_of_the_table_is_taken_for_a_formula(site: Site) -> None:
    with site.parts.database.begin() as tx:
        tx.execute(update(t.products).where(t.products.c.shop == seeding.SHOP).values(title="=cmd()"))
        rows = book_rows.page(tx, seeding.SHOP, show="all", words="", after=None, most=1).rows
    assert "'=cmd()" in book_file.write(rows)


def test_what_a_check_found_is_named_with_its_reason(site: Site) -> None:
    make_trouble(site)
    with site.parts.database.begin() as tx:
        order = tx.execute(select(t.orders).where(t.orders.c.shop == seeding.SHOP)).first()
        assert order is not None
        repairs = [{"kind": "order", "order": order.order_id, "why": "unheard"}, {"kind": "policy", "variant": "gone"}]
        newest = select(func.max(t.syncs.c.id)).where(t.syncs.c.shop == seeding.SHOP).scalar_subquery()
        tx.execute(update(t.syncs).where(t.syncs.c.id == newest).values(repairs=repairs))
    page = words_of(site.get("/books").text)
    assert f"{order.name}: an order we had never heard of" in page
    assert "Something that is gone: somebody else turned “Continue selling”" in page


# --- orders out of sight ----------------------------------------------------------------------------------------------


def lose_sight_of_an_order(site: Site) -> tuple[str, str, str]:
    """An order is shown no more, two of its units are no longer counted. Returns its line, place and name."""
    with site.parts.database.begin() as tx:
        line = tx.execute(
            select(t.line_states.c.line_id, t.line_states.c.order_id, t.line_states.c.item_id, t.orders.c.name)
            .join(t.orders, t.orders.c.order_id == t.line_states.c.order_id)
            .where(t.line_states.c.shop == seeding.SHOP, t.orders.c.shop == seeding.SHOP)
            .order_by(t.line_states.c.line_id)
        ).first()
        assert line is not None
        place = tx.execute(select(t.locations.c.location_id).where(t.locations.c.shop == seeding.SHOP)).scalar()
        assert place is not None
        of_order = (t.orders.c.shop == seeding.SHOP) & (t.orders.c.order_id == line.order_id)
        tx.execute(update(t.orders).where(of_order).values(not_visible_since=seeding.NOW))
        here = {"shop": seeding.SHOP, "item_id": line.item_id, "location_id": place}
        tx.upsert(t.open_units, [{**here, "line_id": line.line_id, "units": 2}])
        tx.upsert(t.baselines, [{**here, "units": -2, "cause": "unknown", "stored_at": seeding.NOW}])
        entry = {"entry_id": f"baseline/{line.item_id}/{place}/1", "kind": Kind.BASELINE.value, "at": seeding.NOW}
        tx.execute(insert(t.ledger).values(**here, **entry, units=-2, data={"cause": "unknown"}))
    return line.line_id, place, line.name


def test_the_merchant_says_that_an_order_out_of_sight_is_done_and_takes_it_back(site: Site) -> None:
    line_id, place, name = lose_sight_of_an_order(site)
    assert "Did they ship, or were they cancelled?" in site.get("/").text
    assert f"{name} is done" in site.get("/books").text
    answered = site.post("/books/rest/close", {"line_id": line_id, "location_id": place})
    assert (answered.status_code, answered.headers["Location"]) == (303, "/books?done=closed")
    page = site.get("/books").text
    assert f"{name} is done</button>" not in page
    assert "Orders you said are done" in page
    assert site.post("/books/rest/close", {"line_id": line_id, "location_id": place}).status_code == 404
    assert site.post("/books/rest/reopen", {"line_id": line_id, "number": 1}).status_code == 303
    assert f"{name} is done" in site.get("/books").text
    assert site.post("/books/rest/reopen", {"line_id": line_id, "number": 1}).status_code == 404
    assert site.post("/books/rest/reopen", {"line_id": line_id, "number": "x"}).status_code == 404


def test_units_let_rest_are_not_asked_about_again_unless_there_are_more(site: Site) -> None:
    line_id, place, _ = lose_sight_of_an_order(site)
    with site.parts.database.read() as tx:
        item_id = tx.execute(select(t.open_units.c.item_id).where(t.open_units.c.line_id == line_id)).scalar()
    assert site.post("/books/rest/wait", {"item_id": item_id, "location_id": place}).status_code == 303
    assert "Did they ship" not in site.get("/").text
    page = site.get("/books").text
    assert "you let them rest" in page
    assert "is done</button>" in page
    with site.parts.database.begin() as tx:
        tx.execute(update(t.baselines).where(t.baselines.c.shop == seeding.SHOP).values(units=-3))
    assert "Did they ship" in site.get("/").text


def test_another_shops_orders_out_of_sight_are_not_mine_to_close(site: Site) -> None:
    line_id, place, name = lose_sight_of_an_order(site)
    other = site.of(seeding.OTHER_SHOP)
    assert name not in other.get("/books").text
    assert other.post("/books/rest/close", {"line_id": line_id, "location_id": place}).status_code == 404
