"""Forms: errors stand beside their fields, nothing typed is lost, nothing is saved by halves."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from plugin.adapters.database import tables as t
from plugin.services import save_settings
from plugin.web import settings_form
from tests.web import seeding
from tests.web.markup import form
from tests.web.site import Site

GOOD: dict[str, Any] = {
    "version": "3",
    "date_words": "back",
    "date_shape": "range",
    "date_range_days": "5",
    "handling_days": "2",
    "review_days": "10",
    "working_day_1": "yes",
    "working_day_6": "yes",
    "holidays": "2026-12-24 to 2027-01-01\n2027-05-03",
    "reply_to": "hilfe@söhne.example",
    "mail_on_confirmed": "yes",
    "tell_after_days": "4",
    "ask_above_mails": "25",
    "on_track_days": "30",
    "alerts_to": "owner@example.com",
    "may_cancel": "yes",
    "accept_rises_after_minutes": "30",
    "unpaid_mode": "for",
    "unpaid_number": "36",
    "unpaid_unit": "hours",
    "rises": "ask",
}


NAMED = {"unpaid_keeps_hours": "unpaid_number"}  # fields whose value takes more than one control


def stored(site: Site, shop: str = seeding.SHOP) -> save_settings.ShopSettings:
    with site.parts.database.read() as tx:
        return save_settings.read(tx, shop)


def due_kinds(site: Site) -> list[tuple[str, str, str]]:
    with site.parts.database.read() as tx:
        return [tuple(row) for row in tx.rows(select(t.due.c.shop, t.due.c.lane, t.due.c.kind))]


def test_settings_come_back_as_they_were_saved(site: Site) -> None:
    answer = site.post("/settings", GOOD)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/settings?done=saved"
    found = stored(site)
    assert (found.version, found.date_words, found.date_range_days, found.handling_days) == (4, "back", 5, 2)
    assert found.working_days == {1, 6}
    assert len(found.holidays) == 10
    assert (found.mail_on_confirmed, found.mail_on_filled, found.ask_above_mails) == (True, False, 25)
    assert (found.mail_pos, found.unpaid_keeps_hours) == (False, 36)
    assert (found.asks_about_rises, found.brake_on) == (True, False)
    assert site.parts.vault.decrypt(found.reply_to_encrypted) == "hilfe@söhne.example"
    text = site.get("/settings?done=saved").text
    assert "2026-12-24 to 2027-01-01\n2027-05-03" in text
    assert "hilfe@söhne.example" in text
    assert 'name="unpaid_number" min="1" max="90" inputmode="numeric"' in text
    assert "<option selected>hours</option>" in text
    assert "Saved." in text
    assert stored(site, seeding.OTHER_SHOP).version == 3


def test_a_change_of_dates_makes_everything_due_and_a_change_of_mail_does_not(site: Site) -> None:
    same = {**GOOD, "holidays": "2026-12-24\n2026-12-25", "date_words": "ships", "date_range_days": "7"}
    same |= {"handling_days": "1", "review_days": "14", "on_track_days": "21", "accept_rises_after_minutes": "15"}
    same |= {"rises": "count"}
    same |= {"unpaid_number": "7", "unpaid_unit": "days"}
    same |= {f"working_day_{n}": "yes" for n in range(1, 6)}
    del same["working_day_6"]
    assert site.post("/settings", same).status_code == 303
    assert due_kinds(site) == []
    assert site.post("/settings", {**same, "version": "4", "handling_days": "3"}).status_code == 303
    assert due_kinds(site) == [(seeding.SHOP, "queue", "all")]


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("handling_days", "", "Write a whole number of working days"),
        ("handling_days", "-1", "Write a whole number of working days"),
        ("handling_days", "٣", "Write a whole number of working days"),
        ("date_range_days", "99", "Write a whole number of days from 0 to 60."),
        ("review_days", "0", "Write a whole number of days from 1 to 90."),
        ("unpaid_keeps_hours", "", "Write a whole number of hours from 1 to 90."),
        ("holidays", "Christmas", "“Christmas” is not a day."),
        ("holidays", "2027-01-01 to 2026-12-24", "must end after it begins"),
        ("reply_to", "help@", "Write one mail address"),
        ("reply_to", "a@b.example, c@d.example", "Write one mail address"),
        ("reply_to", "a@b.example\r\nBcc: x@y.example", "Write one mail address"),
    ],
)
def test_an_error_stands_beside_its_field_and_nothing_is_saved(site: Site, field: str, typed: str, says: str) -> None:
    answer = site.post("/settings", {**GOOD, NAMED.get(field, field): typed})
    assert answer.status_code == 422
    control = next(part for part in answer.text.split("<") if f'id="{field}"' in part)
    assert 'aria-invalid="true"' in control
    assert f"{field}-error" in control
    beside = answer.text.split(f'id="{field}-error">')[1].split("<")[0]
    assert says in beside
    assert "25" in answer.text
    assert stored(site).version == 3


def test_unpaid_orders_may_keep_their_units_for_good(site: Site) -> None:
    assert site.post("/settings", {**GOOD, "unpaid_mode": "until_paid", "unpaid_number": ""}).status_code == 303
    assert stored(site).unpaid_keeps_hours is None
    assert 'value="until_paid" checked' in site.get("/settings").text
    for broken in ({"unpaid_mode": ""}, {"unpaid_unit": "weeks"}, {"unpaid_number": "91", "unpaid_unit": "days"}):
        assert site.post("/settings", {**GOOD, "version": "4", **broken}).status_code == 422
    assert stored(site).version == 4


def test_no_working_day_at_all_is_refused(site: Site) -> None:
    form = {name: value for name, value in GOOD.items() if not name.startswith("working_day")}
    assert "Tick at least one working day." in site.post("/settings", form).text
    mondays = "\n".join(f"2026-11-{n:02} to 2026-12-31" for n in (23,))
    year = "\n".join(f"2027-{m:02}-01 to 2027-{m:02}-28\n2027-{m:02}-28 to 2027-{m + 1:02}-01" for m in range(1, 12))
    closed = {**form, "working_day_1": "yes", "holidays": f"{mondays}\n{year}\n2027-12-01 to 2028-01-15"}
    answer = site.post("/settings", closed)
    assert answer.status_code == 422
    assert "no working day for a whole year" in answer.text or "At most" in answer.text


def as_opened(site: Site) -> dict[str, str]:
    return form(site.get("/settings").text, "/settings")


def test_two_who_save_the_same_form_choose_field_by_field(site: Site) -> None:
    mine = as_opened(site) | {"handling_days": "17", "unpaid_mode": "until_paid"}
    assert site.post("/settings", as_opened(site) | {"handling_days": "2", "date_words": "back"}).status_code == 303
    answer = site.post("/settings", mine)
    assert answer.status_code == 409
    assert "3 differences: which shall stand?" in answer.text
    says = " ".join(re.sub("<[^>]*>", " ", answer.text).split())
    assert "Handling Saved now: 2 working days Yours: 17 working days You both changed this. It was: 1 work" in says
    assert "The date means Saved now: back in stock around Yours: ships around You did not change this." in says
    assert "Unpaid orders keep their units Saved now: for 7 days Yours: until they are paid Only you" in says
    assert stored(site).handling_days == 2
    again = form(answer.text, "/settings")
    assert {name: value for name, value in again.items() if name.startswith("keep_")} == {
        "keep_date_words": "theirs",
        "keep_handling_days": "mine",
        "keep_unpaid_keeps_hours": "mine",
    }
    assert site.post("/settings", again | {"keep_handling_days": "theirs"}).status_code == 303
    found = stored(site)
    assert (found.handling_days, found.date_words, found.unpaid_keeps_hours) == (2, "back", None)


def test_a_form_opened_before_everything_was_paused_is_saved(site: Site) -> None:
    mine = as_opened(site) | {"handling_days": "17"}
    assert site.post("/settings/switch", {"to": "paused"}).status_code == 303
    assert site.post("/settings", mine).status_code == 303
    assert (stored(site).handling_days, stored(site).is_paused) == (17, True)


@pytest.mark.parametrize("page", ["/settings", "/first-run"])
def test_what_a_test_mail_came_to_stands_where_it_was_asked_for(site: Site, page: str) -> None:
    shown = site.get(f"{page}?done=test-sent").text
    assert shown.count("The test mail is on its way") == 1
    assert shown.index('id="test"') < shown.index("The test mail is on its way") < shown.index('form="test-mail"')


def test_every_field_that_may_differ_has_a_name(site: Site) -> None:
    assert set(settings_form.NAMES) == set(save_settings.check_form(GOOD))


def test_the_sample_follows_what_is_typed_before_it_is_saved(site: Site) -> None:
    before = site.post("/settings/sample", {**GOOD, "date_words": "ships", "date_shape": "day"}).text
    after = site.post("/settings/sample", {**GOOD, "date_words": "back", "handling_days": "x"}).text
    assert "On backorder: ships around" in before
    assert "back in stock around" in after
    assert stored(site).date_words == "ships"


@pytest.mark.case("F03", "G8")
def test_up_to_without_a_number_is_an_error_and_zero_is_a_number(site: Site) -> None:
    rule = {"limit_mode": "up_to", "limit_units": "", "wait_from": "3", "wait_to": "4", "without_date": "stop"}
    answer = site.post("/settings/rule", {**rule, "act": "preview"})
    assert answer.status_code == 422
    assert "limit_units-error" in answer.text
    assert site.post("/settings/rule", {**rule, "limit_units": "0", "act": "preview"}).status_code == 200


@pytest.mark.parametrize(
    ("field", "form"),
    [
        ("supplier", {"supplier": " ", "sku": ["TARN-2P"], "units": ["5"]}),
        ("sku_1", {"supplier": "Acme", "sku": ["NO-SUCH"], "units": ["5"]}),
        ("sku_1", {"supplier": "Acme", "sku": ["KETTLE-11"], "units": ["5"]}),
        ("sku_1", {"supplier": "Acme", "sku": ["", ""], "units": ["", ""]}),
        ("sku_2", {"supplier": "Acme", "sku": ["TARN-2P", "TARN-2P"], "units": ["5", "6"]}),
        ("units_1", {"supplier": "Acme", "sku": ["TARN-2P"], "units": ["0"]}),
        ("units_1", {"supplier": "Acme", "sku": ["TARN-2P"], "units": ["½"]}),
        ("expected_on", {"supplier": "Acme", "sku": ["TARN-2P"], "units": ["5"], "expected_on": "soon"}),
        ("location_id", {"supplier": "Acme", "sku": ["TARN-2P"], "units": ["5"], "location_id": "elsewhere"}),
    ],
)
def test_a_delivery_with_a_hole_is_not_entered(site: Site, field: str, form: dict[str, object]) -> None:
    answer = site.post("/deliveries/new", {"location_id": seeding.MAIN, "expected_on": "2027-01-04", **form})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    with site.parts.database.read() as tx:
        assert len(tx.rows(select(t.deliveries.c.id).where(t.deliveries.c.shop == seeding.SHOP))) == 4


def test_more_units_than_are_on_their_way_cannot_arrive(site: Site) -> None:
    answer = site.post("/deliveries/1/receive", {"row_1": "41", "left_1": "40"})
    assert answer.status_code == 422
    assert "write a whole number from 0 to 40" in answer.text


@pytest.mark.parametrize("act", ["date", "cancel", "receive"])
def test_another_shops_delivery_cannot_be_touched(site: Site, act: str) -> None:
    answer = site.post(f"/deliveries/90/{act}", {"version": "1", "expected_on": "2027-01-01", "act": "save"})
    assert answer.status_code == 404
    with site.parts.database.read() as tx:
        row = tx.execute(select(t.deliveries).where(t.deliveries.c.id == 90)).one()
    assert (row.version, row.state) == (1, "open")


def test_an_address_that_is_none_gets_no_test_mail(site: Site) -> None:
    answer = site.post("/settings/test-mail", {"to": "me", "page": "first-run"})
    assert answer.status_code == 422
    assert 'id="to-error"' in answer.text
    assert "First steps" in answer.text


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 40])
def test_a_form_that_is_not_ours_is_refused_and_changes_nothing(site: Site, version: str) -> None:
    assert site.post("/settings", {**GOOD, "version": version}).status_code == 400
    assert site.post("/deliveries/1/cancel", {"version": version}).status_code == 400
    assert stored(site).version == 3


def test_no_number_and_no_text_in_an_address_breaks_a_page(site: Site) -> None:
    huge = "9" * 40
    for path in (f"/deliveries/{huge}", f"/mail/{huge}", f"/products/{huge}"):
        assert site.get(path).status_code == 404
    assert site.get(f"/mail?before={huge}&tab=sent").status_code == 200
    assert site.get("/products?q=%00").status_code == 400
    assert site.get("/products?after=x&show=nonsense&q=%F0%9F%91%A2").status_code == 200
    assert site.post("/deliveries/new", {"supplier": "a\0b"}).status_code == 400
