"""The list of rules on its pages: sentences in order, each change shown before it is done, and taken back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from plugin.adapters.database import tables as t
from plugin.adapters.database import whole_reviews
from plugin.adapters.database.whole_reviews import Whole
from plugin.web import products
from tests.web import seeding
from tests.web.site import Site

GOOD = {"limit_mode": "up_to", "limit_units": "4", "wait_from": "3", "wait_to": "4", "without_date": "stop"}
BOOT = "gid://shopify/Product/111"
CLOTHING = "gid://shopify/Collection/7"


@pytest.fixture(autouse=True)
def _sorted(site: Site) -> None:
    """Products of a vendor, of a type, with tags, in a collection."""
    with site.parts.database.begin() as tx:
        mine = update(t.products).where(t.products.c.shop == seeding.SHOP)
        tx.execute(mine.values(vendor="Acme", product_type="Boots", tags=["winter"], collections=[CLOTHING]))
        named = {"collection_id": CLOTHING, "title": "Clothing & <b>", "read_at": seeding.NOW}
        tx.execute(insert(t.collections), [{"shop": seeding.SHOP, **named}])
        theirs = {"collection_id": "gid://shopify/Collection/9", "title": seeding.SECRET, "read_at": seeding.NOW}
        tx.execute(insert(t.collections), [{"shop": seeding.OTHER_SHOP, **theirs}])


def listed(site: Site, shop: str = seeding.SHOP) -> list[Any]:
    where = (t.rules.c.shop == shop, t.rules.c.scope.not_in(("variant", "product")))
    with site.parts.database.read() as tx:
        return tx.rows(select(t.rules).where(*where).order_by(t.rules.c.position))


def own(site: Site) -> dict[str, Any]:
    with site.parts.database.read() as tx:
        rows = tx.rows(select(t.rules).where(t.rules.c.shop == seeding.SHOP, t.rules.c.scope == "variant"))
    return {row.subject.rsplit("/")[-1]: row for row in rows}


def add(site: Site, which: str, **fields: str) -> None:
    answer = site.post("/settings/rule", {**GOOD, "which": which, **fields, "act": "save"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/settings?done=rule")


def page(site: Site, path: str = "/settings") -> str:
    return " ".join(site.get(path).text.split())


def page_of(text: str) -> str:
    return " ".join(text.split())


def test_the_rules_stand_as_sentences_in_their_order(site: Site) -> None:
    add(site, "vendor:Acme", limit_mode="never")
    add(site, f"collection:{CLOTHING}", kind="preorder", release_on="2027-09-03", limit_units="20")
    add(site, "tag:winter", longest_wait="8", when_late="stop")
    text = re.sub(r"<[^>]+>", "", page(site))
    said = [
        "Vendor Acme: never",
        "Collection Clothing &amp; &lt;b&gt;: pre-order, releases 3 September 2027, up to 20 each",
        "Tag winter: up to 4 each, usual wait 3 to 4 weeks, no wait over 8 weeks, don’t sell without a date, "
        "stop while its delivery is late",
        "All products: up to 10 each, usual wait 3 to 4 weeks, don’t sell without a date",
    ]
    places = [text.rindex(sentence) for sentence in said]
    assert places == sorted(places)
    assert [row.position for row in listed(site)] == [1, 2, 3, 4]
    assert "after the nightly reading" in text


def test_a_rule_is_found_again_in_its_form_and_edited(site: Site) -> None:
    add(site, "vendor:Acme", limit_units="17", when_late="stop")
    rule = listed(site)[0]
    form = page(site, f"/settings/rules/{rule.id}")
    assert '<option value="vendor:Acme" selected>' in form
    assert 'value="17"' in form
    assert re.search(r'name="when_late" value="stop" checked', form)
    add(site, "tag:winter", limit_units="18", rule_id=str(rule.id))
    first = listed(site)[0]
    assert (first.id, first.scope, first.subject, first.limit_units) == (
        rule.id,
        "tag",
        "winter",
        18,
    )


def test_products_are_found_ticked_and_made_one_rule_with_its_place(site: Site) -> None:
    found = site.post("/settings/rule", {**GOOD, "which": "products:", "find": "FELLSIDE"}).text
    assert '<option value="products:" selected>' in found
    assert '<input type="checkbox" name="product" value="111">' in found
    assert seeding.SECRET not in site.post("/settings/rule", {**GOOD, "which": "products:", "find": "%"}).text
    assert "Tick the products" in site.post("/settings/rule", {**GOOD, "which": "products:", "act": "preview"}).text
    form: dict[str, object] = {**GOOD, "which": "products:", "product": ["111"], "act": "preview"}
    shown = page_of(site.post("/settings/rule", form).text)
    assert "Products Fellside Boot: up to 4 each" in shown
    assert '<input type="hidden" name="product" value="111">' in shown
    assert site.post("/settings/rule", {**form, "act": "save"}).status_code == 303
    assert [(row.scope, row.products) for row in listed(site)] == [("products", [BOOT]), ("all", [])]
    text = re.sub(r"<[^>]+>", "", page(site))
    assert "Products Fellside Boot: up to 4 each" in text
    edit = page(site, f"/settings/rules/{listed(site)[0].id}")
    assert '<input type="checkbox" name="product" value="111" checked>' in edit


def test_ticked_variants_become_the_products_of_one_rule(site: Site) -> None:
    answer = site.post("/products/set", {"id": ["11", "12"], "rule": "yes", "limit_mode": ""})
    assert answer.headers["Location"] == "/settings/rules/new?product=111"
    form = page(site, answer.headers["Location"])
    assert '<input type="checkbox" name="product" value="111" checked>' in form
    assert "Fellside Boot" in form


@pytest.mark.case("F03", "F04", "G8")
@pytest.mark.parametrize(("mode", "units"), [("never", ""), ("up_to", "0"), ("up_to", "5"), ("no_limit", "")])
def test_a_limit_stands_in_every_form_as_it_was_saved(site: Site, mode: str, units: str) -> None:
    typed: dict[str, object] = {**GOOD, "limit_mode": mode, "limit_units": units}
    assert site.post("/settings/rule", {**typed, "which": "tag:winter", "act": "save"}).status_code == 303
    assert site.post("/products/11/limit", {**typed, "scope": "variant", "act": "save"}).status_code == 303
    assert site.post("/products/set", {**typed, "id": ["12"], "act": "save"}).status_code == 303
    for path in (f"/settings/rules/{listed(site)[0].id}", "/products/11", "/products/12"):
        form = page(site, path)
        assert re.search(rf'name="limit_mode" value="{mode}" checked', form), path
        assert len(re.findall(r'name="limit_mode" value="\w+" checked', form)) == 1
        field = re.search(r'id="limit_units" name="limit_units"[^>]* value="(\d*)"', form)
        assert field is not None
        assert field[1] == units
    words = {"never": "never", "no_limit": "no limit"}.get(mode, f"up to {units} each")
    assert f"Tag winter: {words}" in re.sub(r"<[^>]+>", "", page(site))


def test_the_form_offers_what_this_shop_sells_and_nothing_of_another(site: Site) -> None:
    form = site.get("/settings/rules/new").text
    for value in (f"collection:{CLOTHING}", "vendor:Acme", "type:Boots", "tag:winter", "all:"):
        assert f'value="{value}"' in form
    assert seeding.SECRET not in form
    assert "<b>" not in form.split("<select")[1].split("</select>")[0]


@pytest.mark.parametrize(
    ("field", "form"),
    [
        ("which", {"which": ""}),
        ("which", {"which": "shelf:1"}),
        ("limit_units", {"limit_units": ""}),
        ("release_on", {"kind": "preorder"}),
        ("release_on", {"kind": "preorder", "release_on": "2026-11-20"}),
        ("longest_wait", {"longest_wait": "soon"}),
    ],
)
def test_an_error_stands_beside_its_field_and_what_was_typed_stays(
    site: Site, field: str, form: dict[str, object]
) -> None:
    typed = {**GOOD, "which": "vendor:Acme", "wait_to": "31", "scope": "", **form}
    answer = site.post("/settings/rule", {**typed, "act": "preview"})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert 'value="31"' in answer.text
    assert len(listed(site)) == 1


def test_a_rule_moves_only_after_what_it_closes_was_shown(site: Site) -> None:
    add(site, "vendor:Acme", limit_mode="never")
    add(site, "type:Boots", limit_units="50")
    rules = listed(site)
    assert [row.scope for row in rules] == ["vendor", "type", "all"]
    form: dict[str, object] = {"rule_id": str(rules[1].id), "to": "up", "act": "preview"}
    shown = site.post("/settings/rule/move", form)
    assert shown.status_code == 200
    assert "will open" in shown.text
    assert [row.scope for row in listed(site)] == ["vendor", "type", "all"]
    assert site.post("/settings/rule/move", {**form, "act": "save"}).headers["Location"] == "/settings?done=moved"
    assert [row.scope for row in listed(site)] == ["type", "vendor", "all"]


def test_a_move_that_opens_and_closes_nothing_is_done_at_once(site: Site) -> None:
    add(site, "tag:summer", limit_units="1")
    add(site, "tag:autumn", limit_units="1")
    rules = listed(site)
    answer = site.post("/settings/rule/move", {"rule_id": str(rules[0].id), "to": "down", "act": "preview"})
    assert answer.headers["Location"] == "/settings?done=moved"
    assert [row.subject for row in listed(site)] == ["autumn", "summer", ""]


def test_a_rule_is_removed_after_a_preview_and_the_next_one_decides(site: Site) -> None:
    add(site, "vendor:Acme", limit_mode="never")
    rule = listed(site)[0]
    shown = site.post("/settings/rule/remove", {"rule_id": str(rule.id), "act": "preview"}).text
    assert "the next one that fits decides" in shown
    assert "Fellside Boot, 42 / Peat" in shown
    answer = site.post("/settings/rule/remove", {"rule_id": str(rule.id), "act": "save"})
    assert answer.headers["Location"] == "/settings?done=removed"
    assert [row.scope for row in listed(site)] == ["all"]


def test_the_last_change_is_taken_back_with_one_click(site: Site) -> None:
    assert "Take it back" not in page(site)
    add(site, "vendor:Acme", limit_mode="never")
    text = page(site)
    number = re.search(r'name="number" value="(\d+)"', text)
    assert number is not None
    assert "Vendor Acme: never" in text.split("Last change")[1].split("</form>")[0]
    form: dict[str, object] = {"number": number[1], "page": "/products/11"}
    back = site.post("/settings/rule/take-back", form)
    assert back.headers["Location"] == "/products/11?done=taken-back"
    assert [row.scope for row in listed(site)] == ["all"]
    assert "Take it back" not in page(site)
    assert site.post("/settings/rule/take-back", form).status_code == 409


def test_a_take_back_leads_to_our_own_pages_only(site: Site) -> None:
    add(site, "vendor:Acme")
    form: dict[str, object] = {"number": "1", "page": "https://elsewhere.example/"}
    assert site.post("/settings/rule/take-back", form).headers["Location"] == "/settings?done=taken-back"


def test_a_preview_of_rules_that_changed_meanwhile_saves_nothing(site: Site) -> None:
    shown = site.post("/settings/rule", {**GOOD, "which": "vendor:Acme", "act": "preview"}).text
    seen = re.search(r'name="seen" value="(\d+)"', shown)
    assert seen is not None
    add(site, "tag:winter")
    answer = site.post("/settings/rule", {**GOOD, "which": "vendor:Acme", "seen": seen[1], "act": "save"})
    assert answer.status_code == 409
    assert [row.scope for row in listed(site)] == ["tag", "all"]


def test_what_would_close_for_being_owed_is_offered_to_stay_open(site: Site) -> None:
    form: dict[str, object] = {**GOOD, "limit_units": "1", "act": "preview"}
    shown = site.post("/settings/rule", form).text
    assert "Keep selling: a limit of what is owed, and" in shown
    kept = site.post("/settings/rule", {**form, "keep_open": "3"}).text
    assert "0 will close" in kept or "Nothing opens or closes" in kept
    assert 'name="keep_open" value="3"' in kept
    assert site.post("/settings/rule", {**form, "keep_open": "3", "act": "save"}).status_code == 303
    assert own(site)["11"].limit_units == 9 + 3


@pytest.mark.parametrize("path", ["/settings/rule/move", "/settings/rule/remove"])
def test_another_shops_rule_cannot_be_touched(site: Site, path: str) -> None:
    theirs = listed(site, seeding.OTHER_SHOP)[0]
    assert site.get(f"/settings/rules/{theirs.id}").status_code == 404
    assert site.post(path, {"rule_id": str(theirs.id), "to": "up", "act": "save"}).status_code == 404
    add(site, "vendor:Acme", rule_id=str(theirs.id), limit_units="0")
    assert [(row.id, row.limit_units) for row in listed(site, seeding.OTHER_SHOP)] == [(theirs.id, 10)]
    for nonsense in ("", "x", "9" * 40):
        assert site.post(path, {"rule_id": nonsense, "act": "save"}).status_code == 400


def test_a_product_page_names_the_rule_that_decided(site: Site) -> None:
    add(site, "tag:summer")
    add(site, "vendor:Acme", limit_units="12")
    with site.parts.database.begin() as tx:
        vendor = listed(site)[1].id
        where = (t.variant_states.c.shop == seeding.SHOP, t.variant_states.c.variant_id.like("%/11"))
        tx.execute(update(t.variant_states).where(*where).values(rule_id=vendor, limit_units=12))
    assert "rule 2: vendor Acme</a>: up to 12 each" in page(site, "/products/11")
    assert "above the present limit" not in page(site, "/products/11")
    with site.parts.database.begin() as tx:
        tx.execute(update(t.variant_states).where(*where).values(limit_units=4))
    assert "5 owed above the present limit" in page(site, "/products/11")


def test_the_rule_form_shows_at_once_what_shoppers_would_read(site: Site) -> None:
    typed: dict[str, object] = {**GOOD, "which": "vendor:Acme", "kind": "preorder", "release_on": "2027-09-03"}
    text = site.post("/settings/rule/sample", typed).text
    assert "Pre-order: releases 3\u00a0September 2027" in text
    assert (
        "No badge: the rule stops while a delivery is late"
        in site.post("/settings/rule/sample", {**GOOD, "when_late": "stop"}).text
    )
    assert (
        "No badge: the wait is longer than the rule sells at"
        in site.post("/settings/rule/sample", {**GOOD, "longest_wait": "2"}).text
    )
    assert "Order #1043" in text


def test_several_variants_get_a_limit_of_their_own_after_a_preview(site: Site) -> None:
    form: dict[str, object] = {"id": ["11", "12"], "limit_mode": "up_to", "limit_units": "3", "act": "preview"}
    shown = site.post("/products/set", form).text
    assert "2 variants: up to 3 each; all else stays as the rule says" in " ".join(shown.split())
    assert "Fellside Boot, 42 / Peat" in shown
    assert own(site) == {}
    assert site.post("/products/set", {**form, "act": "save"}).headers["Location"] == "/products?done=bulk"
    assert {n: (r.limit_units, r.wait_weeks_from) for n, r in own(site).items()} == {"11": (3, 3), "12": (3, 3)}
    back = site.post("/settings/rule/take-back", {"number": "1", "page": "/products"})
    assert back.headers["Location"] == "/products?done=taken-back"
    assert own(site) == {}


def test_all_that_match_a_filter_are_set_and_let_go_again(site: Site) -> None:
    form: dict[str, object] = {"all": "yes", "q": "fellside", "limit_mode": "never", "act": "preview"}
    shown = site.post("/products/set", form).text
    ids = re.findall(r'name="id" value="(\d+)"', shown)
    assert ids == ["11", "12"]
    assert site.post("/products/set", {"id": ids, "limit_mode": "never", "act": "save"}).status_code == 303
    assert {n: r.limit_mode for n, r in own(site).items()} == {"11": "never", "12": "never"}
    assert site.post("/products/set", {"id": ids, "limit_mode": "inherit", "act": "save"}).status_code == 303
    assert own(site) == {}


@pytest.mark.case("F03")
@pytest.mark.parametrize(
    ("field", "form"),
    [
        ("chosen", {"limit_mode": "never"}),
        ("chosen", {"limit_mode": "never", "id": ["x"]}),
        ("limit_units", {"limit_mode": "up_to", "limit_units": "", "id": ["11"]}),
        ("limit_mode", {"id": ["11"]}),
    ],
)
def test_a_set_of_several_with_a_hole_changes_nothing(site: Site, field: str, form: dict[str, object]) -> None:
    answer = site.post("/products/set", {**form, "act": "save"})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert own(site) == {}


def test_variants_of_another_shop_are_not_set(site: Site) -> None:
    site.post("/products/set", {"id": ["90", "91", "999"], "limit_mode": "never", "act": "save"})
    with site.parts.database.read() as tx:
        assert tx.rows(select(t.rules).where(t.rules.c.scope == "variant")) == []


def test_turning_on_shows_first_what_it_opens(site: Site) -> None:
    with site.parts.database.begin() as tx:
        tx.execute(update(t.shop_settings).values(backordering_on=False))
    assert "See what turning it on opens" in page(site)
    shown = site.post("/settings/switch", {"to": "on", "act": "preview"}).text
    assert "Turn backordering on</button>" in shown
    with site.parts.database.read() as tx:
        on = tx.rows(select(t.shop_settings.c.backordering_on).where(t.shop_settings.c.shop == seeding.SHOP))
    assert on == [(False,)]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w*)">', shown))
    assert site.post("/settings/switch", {**fields, "act": "save"}).headers["Location"] == "/settings?done=on"


def test_how_far_a_change_is_carried_out_can_be_watched(site: Site) -> None:
    add(site, "all:")
    for path in ("/settings", "/products"):
        assert "Carrying out your change" in page(site, path)
    box = page(site, "/settings/progress")
    assert 'data-poll="/settings/progress"' in box
    assert "Waiting for its turn. It goes on when you close this page." in box
    with site.parts.database.begin() as tx:
        half = Whole(1, total=200, done=50)
        whole_reviews.put(tx, seeding.SHOP, half)
    assert "Deciding how each variant sells" in page(site, "/settings/progress")
    assert "25 %" in page(site, "/settings/progress")
    with site.parts.database.begin() as tx:
        tx.execute(delete(t.due).where(t.due.c.shop == seeding.SHOP))
    box = page(site, "/settings/progress")
    assert "Your change is carried out." in box
    assert "data-poll" not in box
    assert "Carrying out your change" not in page(site)


def test_a_list_too_long_to_set_one_by_one_points_to_a_rule_before_it_is_chosen(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "that match, on every page" in page(site, "/products")
    monkeypatch.setattr(products, "MOST_AT_ONCE", 1)
    text = page(site, "/products")
    assert "that match, on every page" not in text
    assert "too many to have a setting each: at most 1 at once" in text
    answer = site.post("/products/set", {"all": "yes", **GOOD, "act": "preview"})
    assert answer.status_code == 422
    assert "At most 1 can have a setting each at once. Narrow the list, or make a rule in Settings." in answer.text
    assert own(site) == {}
