"""One product: why each date, stock over time as a picture with its table, and the verbs of home done in place."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select

from plugin.adapters.database import tables as t
from plugin.domain.promises import Promise, PromiseKind
from plugin.web.date_reasons import Covering, why_this_date
from tests.web import seeding
from tests.web.site import Site

TODAY = date(2026, 11, 21)
QUEUED = datetime(2026, 11, 9, tzinfo=UTC)
ACME = Covering("Acme PO-1", 2, date(2026, 12, 12))
LATE = Covering("Acme PO-1", 2, date(2026, 11, 18))


def said(promise: Promise | None, *covered_by: Covering, owed: int = 3) -> str:
    return why_this_date(promise, owed, covered_by, QUEUED, TODAY)


def test_each_kind_of_date_says_why() -> None:
    day = date(2026, 12, 14)
    dated = Promise(PromiseKind.DATE, day, day, row_id=1)
    assert said(dated, ACME) == "Acme PO-1 brings it, expected 12 December."
    parts = said(dated, ACME, Covering("Tarn", 1, date(2027, 1, 5)))
    assert parts == (
        "It comes in parts: 2 with Acme PO-1, expected 12 December; 1 with Tarn, expected 5 January 2027. "
        "The last part gives the date."
    )
    assert "before its release on 14 December" in said(Promise(PromiseKind.DATE, day, day, by_release=True))
    wait = said(Promise(PromiseKind.WAIT, weeks=(3, 4), review=day))
    assert wait == (
        "Nothing on its way covers it. The usual wait of 3 to 4 weeks counts from 9 November, when it joined."
    )
    some = said(Promise(PromiseKind.NONE, review=day), ACME)
    assert some.startswith("Deliveries bring 2 of 3; nothing on its way covers the rest. The rule names no usual wait.")
    assert said(Promise(PromiseKind.LATE, review=day, row_id=1), LATE) == (
        "Acme PO-1 was expected 18 November and has no new date. We write again by 14 December."
    )
    assert "The usual wait is over." in said(Promise(PromiseKind.LATE, review=day))
    assert said(None) == "Its date is being worked out."


def test_the_page_says_why_and_draws_what_comes(site: Site) -> None:
    page = " ".join(site.get("/products/11").text.split())
    assert "Acme Footwear PO-2041 brings it, expected 18 November." in page
    assert "18 November: 40 units coming, 9 spoken for." in page
    drawn = page.split("The same as a table")[1].split("</details>")[0]
    assert "Acme Footwear PO-2041 is to bring" in drawn
    assert re.search(r'<rect class="spoken"[^>]* height="22.5"/>', page)
    assert 'id="picture"' not in site.get("/products/18").text.split("What happened")[1]


def own(site: Site, number: int) -> list[Any]:
    mine = (t.rules.c.shop == seeding.SHOP, t.rules.c.subject == f"gid://shopify/ProductVariant/{number}")
    with site.parts.database.read() as tx:
        return [(row.limit_mode, row.limit_units) for row in tx.rows(select(t.rules).where(*mine))]


def test_a_limit_is_raised_or_stopped_from_home_and_taken_back_there(site: Site) -> None:
    home = site.get("/").text
    assert 'action="/products/12/raise"' in home
    answer = site.post("/products/12/raise", {"units": "5", "limit": "10", "page": "/"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?done=raised")
    assert own(site, 12) == [("up_to", 15)]
    home = site.get("/?done=raised").text
    assert "Fellside Boot, 43 / Peat raised to up to 15 each" in home
    number = re.search(r'name="number" value="(\d+)"', home)
    assert number
    back = site.post("/settings/rule/take-back", {"number": number[1], "page": "/"})
    assert back.headers["Location"] == "/?done=taken-back"
    assert own(site, 12) == []
    assert site.post("/products/12/stop", {"page": "/"}).headers["Location"] == "/?done=one-stopped"
    assert own(site, 12) == [("never", None)]
    for units in ("0", "-1", "x", "", "10000"):
        assert site.post("/products/11/raise", {"units": units}).status_code == 400
    assert site.of(seeding.OTHER_SHOP).post("/products/12/stop").status_code == 404
