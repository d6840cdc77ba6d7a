"""What a click does: the real use cases behind the pages, told by what the pages and the database say afterwards."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from plugin.adapters.database import tables as t
from tests.web import markup, seeding
from tests.web.site import Site

RULE = {"limit_mode": "up_to", "limit_units": "4", "wait_from": "3", "wait_to": "4", "without_date": "stop"}
TENT_ITEM = "gid://shopify/InventoryItem/513"


def row(site: Site, table: Any, *where: Any) -> Any:
    with site.parts.database.read() as tx:
        return tx.execute(select(table).where(*where)).mappings().first()


def my_settings(site: Site) -> Any:
    return row(site, t.shop_settings, t.shop_settings.c.shop == seeding.SHOP)


def follow(site: Site, path: str, form: dict[str, object], leads_to: str) -> str:
    answer = site.post(path, form)
    assert (answer.status_code, answer.headers.get("Location")) == (303, leads_to)
    return site.get(leads_to).text


def test_a_rule_is_previewed_with_names_before_it_is_saved(site: Site) -> None:
    preview = site.post("/settings/rule", {**RULE, "act": "preview"})
    assert preview.status_code == 200
    assert "will close" in preview.text
    assert "Fellside Boot, 42 / Peat" in preview.text
    assert "Already owed: 9; a limit above that keeps it open." in preview.text
    mine = (t.rules.c.shop == seeding.SHOP, t.rules.c.scope == "all")
    assert row(site, t.rules, *mine)["limit_units"] == 10
    text = follow(site, "/settings/rule", {**RULE, "act": "save"}, "/settings?done=rule")
    assert "up to 4 each, usual wait 3 to 4 weeks, don’t sell without a date" in text
    assert row(site, t.rules, *mine)["limit_units"] == 4
    assert row(site, t.rules, t.rules.c.shop == seeding.OTHER_SHOP)["limit_units"] == 10


def test_saving_the_first_rule_can_turn_backordering_on(site: Site) -> None:
    with site.parts.database.begin() as tx:
        tx.execute(update(t.shop_settings).values(backordering_on=False))
        tx.execute(delete(t.rules).where(t.rules.c.shop == seeding.SHOP))
    preview = site.post("/settings/rule", {**RULE, "act": "preview"}).text
    assert "Backordering is still off" in preview
    assert "Save and turn backordering on" in preview
    assert "Backordering is on" in follow(site, "/settings/rule", {**RULE, "act": "save_on"}, "/settings?done=on")
    assert my_settings(site)["backordering_on"] is True


def test_a_rule_asked_about_in_the_first_steps_leads_back_to_them(site: Site) -> None:
    asked = {**RULE, "page": "/first-run"}
    wrong = site.post("/settings/rule", {**asked, "limit_units": "", "act": "preview"})
    assert wrong.status_code == 422
    assert "1. What you already owe" in wrong.text
    assert 'href="/first-run#rule"' in site.post("/settings/rule", {**asked, "act": "preview"}).text
    assert "First steps" in follow(site, "/settings/rule", {**asked, "act": "save"}, "/first-run?done=rule")


def test_the_first_steps_are_put_away_and_brought_back(site: Site) -> None:
    assert "3 of 4 done" in site.get("/").text
    follow(site, "/home/dismiss", {}, "/?done=put-away")
    assert "of 4 done" not in site.get("/").text
    follow(site, "/first-run/seen", {}, "/first-run")
    assert "All four steps are done." in site.get("/first-run").text
    assert "4 of 4 done" in follow(site, "/first-run/back", {}, "/")


def test_a_variant_gets_a_setting_of_its_own_and_loses_it(site: Site) -> None:
    form = {**RULE, "scope": "variant", "limit_units": "0"}
    assert "Fellside Boot, 42 / Peat" in site.post("/products/11/limit", {**form, "act": "preview"}).text
    follow(site, "/products/11/limit", {**form, "act": "save"}, "/products/11?done=rule")
    own = (t.rules.c.shop == seeding.SHOP, t.rules.c.scope == "variant")
    found = row(site, t.rules, *own)
    assert (found["subject"], found["limit_mode"], found["limit_units"]) == (
        "gid://shopify/ProductVariant/11",
        "up_to",
        0,
    )
    clear = {**form, "limit_mode": "inherit"}
    assert (
        "no setting of its own; the list of rules decides"
        in site.post("/products/11/limit", {**clear, "act": "preview"}).text
    )
    follow(site, "/products/11/limit", {**clear, "act": "save"}, "/products/11?done=cleared")
    assert row(site, t.rules, *own) is None


@pytest.mark.case("F03")
def test_a_blank_number_on_a_product_is_an_error_beside_the_field(site: Site) -> None:
    answer = site.post("/products/11/limit", {**RULE, "limit_units": " ", "scope": "product", "act": "preview"})
    assert answer.status_code == 422
    assert 'id="limit_units-error"' in answer.text
    assert row(site, t.rules, t.rules.c.scope == "product") is None


def test_everything_is_paused_resumed_and_put_back(site: Site) -> None:
    first = site.post("/settings/switch", {"to": "paused", "act": "preview"}).text
    assert "What will happen" in first
    assert "14 orders that wait keep their place" in first
    assert "Everything is paused since" not in site.get("/").text
    assert "is paused" in follow(site, "/settings/switch", {"to": "paused"}, "/settings?done=paused")
    home = site.get("/").text
    assert "Everything is paused since" in home
    assert re.search(r"Everything is paused\. \w+ things? needs? you\.", home)
    assert "Backordering is on" in follow(site, "/settings/switch", {"to": "running"}, "/settings?done=resumed")
    asked = site.post("/settings/switch", {"to": "restored", "act": "preview"})
    assert "go back" in asked.text
    assert my_settings(site)["backordering_on"] is True
    assert "Backordering is off" in follow(site, "/settings/switch", {"to": "restored"}, "/settings?done=restored")
    assert my_settings(site)["backordering_on"] is False


def test_a_delivery_is_entered_with_its_rows(site: Site) -> None:
    form = {
        "supplier": "Überquell & Söhne",
        "reference": "PO-7",
        "location_id": seeding.MAIN,
        "expected_on": "2027-01-04",
        "sku": ["TARN-2P", "", "HARM-1"],
        "units": ["12", "", "3"],
    }
    answer = site.post("/deliveries/new", form)
    assert answer.status_code == 303
    text = site.get(answer.headers["Location"]).text
    assert "Überquell &amp; Söhne PO-7" in text
    assert "Tarn Two-Person Tent" in text
    found = row(site, t.deliveries, t.deliveries.c.reference == "PO-7")
    assert (found["shop"], found["expected_on"]) == (seeding.SHOP, date(2027, 1, 4))
    rows = row(site, t.delivery_rows, t.delivery_rows.c.delivery_id == found["id"])
    assert (rows["item_id"], rows["units"]) == (TENT_ITEM, 12)


def test_more_rows_keep_what_was_typed(site: Site) -> None:
    answer = site.post("/deliveries/new", {"act": "more", "supplier": "Acme", "sku": ["TARN-2P"], "units": ["4"]})
    assert answer.status_code == 200
    assert 'value="TARN-2P"' in answer.text
    assert 'value="Acme"' in answer.text
    assert answer.text.count('name="sku"') == 6


def test_a_new_date_is_shown_with_its_consequences_before_it_is_saved(site: Site) -> None:
    form = {"version": "1", "expected_on": "2026-12-14", "reason": "Stuck in customs"}
    preview = " ".join(site.post("/deliveries/1/date", {**form, "act": "preview"}).text.split())
    assert '<dt>Orders that wait on it</dt><dd class="num">7</dd>' in preview
    assert "15–22 December" in preview
    assert row(site, t.deliveries, t.deliveries.c.id == 1)["version"] == 1
    text = follow(site, "/deliveries/1/date", {**form, "act": "save"}, "/deliveries/1?done=date")
    assert "Expected 14 December" in text
    assert "Stuck in customs" in text
    assert "late" not in text.split("</h1>")[0]
    again = site.post("/deliveries/1/date", {**form, "expected_on": "2027-02-01", "act": "save"})
    assert again.status_code == 409
    assert "Somebody changed this delivery" in again.text
    assert 'value="2027-02-01"' in again.text
    assert row(site, t.deliveries, t.deliveries.c.id == 1)["expected_on"] == date(2026, 12, 14)


def test_goods_are_booked_in_and_never_more_than_are_coming(site: Site) -> None:
    text = follow(
        site, "/deliveries/1/receive", {"row_1": "30", "left_1": "40", "row_2": ""}, "/deliveries/1?done=received"
    )
    assert "+30 booked" in text
    answer = site.post("/deliveries/1/receive", {"row_1": "11", "left_1": "10"})
    assert answer.status_code == 422
    assert "from 0 to 10" in answer.text
    filled = markup.form(site.post("/deliveries/1/receive", {"act": "all"}).text, "/deliveries/1/receive")
    assert (filled["row_1"], filled["row_2"]) == ("10", "24")
    assert "+30 booked" in site.get("/deliveries/1").text


def test_a_cancelled_delivery_is_closed_and_can_be_brought_back(site: Site) -> None:
    text = follow(site, "/deliveries/2/cancel", {"version": "1"}, "/deliveries/2?done=cancelled")
    assert "Tarn Textiles" not in site.get("/deliveries").text
    assert "Tarn Textiles" in site.get("/deliveries?show=closed").text
    back = markup.form(text, "/deliveries/2/bring-back")
    assert site.of(seeding.OTHER_SHOP).post("/deliveries/2/bring-back", back).status_code in (404, 409)
    follow(site, "/deliveries/2/bring-back", back, "/deliveries/2?done=brought-back")
    assert "Tarn Textiles" in site.get("/deliveries").text
    assert site.post("/deliveries/2/bring-back", back).status_code == 409


@pytest.mark.parametrize(("answer", "done", "kind"), [("yes", "accepted", "accept"), ("no", "refused", "refuse")])
def test_did_it_arrive_is_answered_in_the_ledger(site: Site, answer: str, done: str, kind: str) -> None:
    form: dict[str, object] = {"item_id": TENT_ITEM, "location_id": seeding.MAIN, "units": "10", "answer": answer}
    follow(site, "/home/rise", form, f"/?done={done}")
    found = row(site, t.ledger, t.ledger.c.shop == seeding.SHOP, t.ledger.c.kind == kind)
    assert (found["item_id"], found["units"]) == (TENT_ITEM, 10)


def test_a_rise_that_is_gone_meanwhile_is_said_and_changes_nothing(site: Site) -> None:
    form: dict[str, object] = {
        "item_id": "gid://shopify/InventoryItem/511",
        "location_id": seeding.MAIN,
        "units": "10",
        "answer": "yes",
    }
    answer = site.post("/home/rise", form)
    assert answer.status_code == 404
    assert "settled or changed meanwhile" in answer.text


def test_our_setting_is_applied_again_over_a_foreign_hand(site: Site) -> None:
    follow(site, "/home/reapply/14", {}, "/?done=reapplied")
    found = row(site, t.due, t.due.c.shop == seeding.SHOP, t.due.c.lane == "switch")
    assert found["subject"] == "gid://shopify/ProductVariant/14"


def test_orders_past_the_limit_are_named_and_kept_on_word(site: Site) -> None:
    line = row(site, t.line_states, t.line_states.c.overage_units > 0)
    order = row(site, t.orders, t.orders.c.order_id == line["order_id"])
    said = {"line": line["line_id"], "units": 2}
    with site.parts.database.begin() as tx:
        for shop in (seeding.SHOP, seeding.OTHER_SHOP):
            tx.execute(
                insert(t.alerts).values(
                    shop=shop,
                    alert_key=f"overage/{line['line_id']}",
                    kind="overage",
                    subject="gid://shopify/ProductVariant/14",
                    data=said,
                    raised_at=seeding.NOW,
                )
            )
    card = " ".join(site.get("/").text.split())
    assert "2 units of" in card
    assert "were sold past the limit" in card
    assert f"{order['name']}</a> (2)" in card
    assert site.post("/home/overage/14", {"units": "1"}).status_code == 409  # more was sold since the page was opened
    assert "sold past the limit" not in follow(site, "/home/overage/14", {"units": "2"}, "/?done=overage-kept")
    kept = row(site, t.ledger, t.ledger.c.shop == seeding.SHOP, t.ledger.c.kind == "override")
    assert (kept["variant_id"], kept["data"]) == ("gid://shopify/ProductVariant/14", {"keep": "overage", **said})
    assert row(site, t.alerts, t.alerts.c.shop == seeding.OTHER_SHOP)["resolved_at"] is None
    assert "You keep 2 units sold past the limit" in site.get("/products/14").text
    again = site.post("/home/overage/14", {"units": "2"})
    assert again.status_code == 404
    assert "settled or changed meanwhile" in again.text


def test_mails_of_a_cause_leave_or_are_dropped_only_on_word(site: Site) -> None:
    review = site.get("/mail/waiting-for-you?cause=delivery/1/date/2").text
    assert "Send 12" in review
    assert "#1041" in review
    follow(site, "/mail/decide", {"cause": "delivery/1/date/2", "answer": "send", "mails": "12"}, "/mail?done=approved")
    assert row(site, t.notices, t.notices.c.state == "asks") is None
    assert "Nothing waits here any more" in site.get("/mail/waiting-for-you?cause=delivery/1/date/2").text


def test_mails_of_a_cause_can_be_dropped_with_a_reason_and_had_back_for_half_an_hour(site: Site) -> None:
    cause = {"cause": "delivery/1/date/2"}
    page = follow(site, "/mail/decide", {**cause, "answer": "drop", "reason": "I rang them"}, "/mail?done=discarded")
    assert "You chose not to send 12 mails" in page
    assert "You chose not to send it: I rang them" in site.get("/mail?tab=stopped").text
    with site.parts.database.begin() as tx:
        said = {(n.state, n.why) for n in tx.rows(select(t.notices).where(t.notices.c.shop == seeding.SHOP))}
        tx.execute(delete(t.notices).where(t.notices.c.line_id == "gid://shopify/LineItem/1042"))
        first = dict(tx.rows(select(t.notices).where(t.notices.c.line_id == "gid://shopify/LineItem/1041"))[0]._mapping)
        newer = {
            "id": 900,
            "promise_version": 3,
            "occasion": "promise/1041/3",
            "state": "waiting",
            "why": "moved",
            "data": {},
        }
        tx.execute(insert(t.notices).values(**first | newer))
    assert said == {("dropped", "you chose not to send it: I rang them")}
    back = "/mail/waiting-for-you?cause=delivery%2F1%2Fdate%2F2&done=taken-back-mails"
    assert "Send 10 mails" in follow(site, "/mail/take-back", cause, back)
    assert row(site, t.notices, t.notices.c.state == "asks")["why"] == "the promised date moved"
    follow(site, "/mail/decide", {**cause, "answer": "drop"}, "/mail?done=discarded")
    with site.parts.database.begin() as tx:
        late = {"discarded_at": (seeding.NOW - timedelta(minutes=31)).isoformat(), "was": "x"}
        tx.execute(update(t.notices).where(t.notices.c.state == "dropped").values(data=late))
    assert "You chose not to send" not in site.get("/mail").text
    assert "half an hour has passed" in follow(site, "/mail/take-back", cause, "/mail?done=replaced")


def test_mails_are_found_by_order_and_by_the_whole_address(site: Site) -> None:
    with site.parts.database.begin() as tx:
        key = site.parts.vault.customer_key(seeding.SHOP, "anna@buyer.example")
        tx.execute(
            insert(t.people).values(
                shop=seeding.SHOP, customer_key="customer-1043", email_key=key, changed_at=seeding.NOW
            )
        )
    for asked in ("1043", "%231043", "Anna@Buyer.example"):
        page = site.get(f"/mail?q={asked}").text
        assert ('href="/mail/3"' in page, 'href="/mail/4"' in page, "Waits for your OK" in page) == (True, False, True)
    for asked in ("anna", "%239", "%25", "x" * 300):
        assert "No mail about" in site.get(f"/mail?q={asked}").text
    assert "No mail about" in site.of(seeding.OTHER_SHOP).get("/mail?q=1043").text


def test_one_mail_says_to_whom_why_it_failed_and_what_else_was_said_about_its_order(site: Site) -> None:
    with site.parts.database.begin() as tx:
        to = site.parts.vault.encrypt("anna@buyer.example")
        tx.execute(update(t.messages).where(t.messages.c.id == 3).values(to_encrypted=to))
    page = site.get("/mail/3").text
    assert "to anna@buyer.example" in page
    assert "Their mail server does not take mail for this address." in page
    assert "What was noted: 550 no such mailbox" in page
    assert "All mails about order #1043" in page
    with site.parts.database.begin() as tx:
        unwritten = "we could not write it, which is a mistake of ours: KeyError: &#39;x&#39;"
        tx.execute(update(t.messages).where(t.messages.c.id == 3).values(to_encrypted="", error=unwritten))
    page = site.get("/mail/3").text
    assert "We could not write this mail. The mistake is ours." in page
    assert "Try again" in page
    follow(site, "/mail/3/retry", {}, "/mail/3?done=retried")
    assert row(site, t.messages, t.messages.c.id == 3)["state"] == "stopped"


def test_all_mail_is_paused_and_resumed(site: Site) -> None:
    assert "All mail to customers is paused since" in follow(
        site, "/mail/switch", {"to": "paused"}, "/mail?done=mail-paused"
    )
    assert "All mail to customers is paused" in site.get("/").text
    follow(site, "/mail/switch", {"to": "running"}, "/mail?done=mail-resumed")
    assert my_settings(site)["mail_paused_at"] is None


def test_a_failed_mail_is_tried_again_and_a_foreign_one_is_not(site: Site) -> None:
    with site.parts.database.begin() as tx:
        tx.execute(update(t.messages).values(to_encrypted="sealed", letter_encrypted=b"sealed"))
    assert site.post("/mail/3/retry").headers["Location"] == "/mail/3?done=retried"
    assert row(site, t.messages, t.messages.c.id == 3)["state"] == "waiting"
    assert site.post("/mail/90/retry").status_code == 404
    assert row(site, t.messages, t.messages.c.id == 90)["state"] == "failed"


def test_mail_is_switched_on_only_after_a_test_mail(site: Site) -> None:
    with site.parts.database.begin() as tx:
        tx.execute(update(t.shop_settings).values(mail_confirmed_at=None, mail_test_sent_at=None))
    early = site.post("/settings/test-arrived", {"page": "settings"})
    assert early.status_code == 422
    assert my_settings(site)["mail_confirmed_at"] is None
    with site.parts.database.begin() as tx:
        tx.execute(update(t.shop_settings).values(mail_test_sent_at=seeding.NOW - timedelta(minutes=2)))
    assert "It arrived: switch mail on" in site.get("/first-run").text
    assert "It arrived: switch mail on" in site.get("/mail").text
    follow(site, "/settings/test-arrived", {"page": "first-run"}, "/first-run?done=confirmed")
    assert my_settings(site)["mail_confirmed_at"] is not None
    assert site.post("/settings/test-arrived", {"page": "mail"}).headers["Location"] == "/mail?done=confirmed"


def test_a_mail_server_that_is_down_is_said_beside_the_field(site: Site) -> None:
    answer = site.post("/settings/test-mail", {"to": "me@larkspur.example", "page": "settings"})
    assert answer.status_code == 422
    assert 'id="to-error"' in answer.text
    assert 'value="me@larkspur.example"' in answer.text


def test_what_was_owed_before_us_is_seen_once(site: Site) -> None:
    assert "#1041" in site.get("/first-run").text
    follow(site, "/first-run/seen", {}, "/first-run")
    assert my_settings(site)["inherited_seen_at"] is not None


def test_a_mail_of_which_nobody_knows_is_left_alone_on_word_and_no_longer_asked_about(site: Site) -> None:
    assert "may or may not have left" in site.get("/").text
    assert "given up" not in follow(site, "/mail/4/leave", {}, "/mail?done=left")
    assert row(site, t.messages, t.messages.c.id == 4)["state"] == "stopped"
    assert "may or may not have left" not in site.get("/").text
    assert site.post("/mail/4/leave").status_code == 404
    assert site.post("/mail/90/leave").status_code == 404


def test_all_failed_mails_are_tried_again_but_for_those_without_an_address(site: Site) -> None:
    with site.parts.database.begin() as tx:
        tx.execute(update(t.messages).where(t.messages.c.id == 3).values(to_encrypted="s", letter_encrypted=b"s"))
        tx.execute(update(t.messages).where(t.messages.c.id == 4).values(state="failed", to_encrypted=""))
    assert "Try all 2 again" in site.get("/mail?tab=failed").text
    follow(site, "/mail/retry-failed", {}, "/mail?done=retried-all")
    with site.parts.database.read() as tx:
        found = dict(tx.rows(select(t.messages.c.id, t.messages.c.state).where(t.messages.c.id.in_((3, 4, 90)))))
    assert found == {3: "waiting", 4: "failed", 90: "failed"}


def test_a_mail_says_what_set_it_off_and_leads_there(site: Site) -> None:
    with site.parts.database.begin() as tx:
        tx.execute(update(t.messages).where(t.messages.c.id == 3).values(cause="delivery/1/2"))
        tx.execute(update(t.messages).where(t.messages.c.id == 4).values(cause=f"on_track/{TENT_ITEM}/day/2026-11-21"))
    assert '<a href="/deliveries/1">Acme Footwear PO-2041 was changed</a>' in site.get("/mail?tab=failed").text
    assert '<a href="/products/13">Nothing changed for Tarn Two-Person Tent' in site.get("/mail/4").text
    asks = site.get("/mail/waiting-for-you?cause=delivery/1/date/2").text
    assert "Acme Footwear PO-2041 was changed" in asks


def test_mails_that_wait_for_a_word_come_with_one_of_them_to_read(site: Site) -> None:
    text = site.get("/mail/waiting-for-you?cause=delivery/1/date/2").text
    assert "One of them: order #1041" in text
    assert "Order #1041: Fellside Boot" in text


def test_orders_from_before_are_told_after_a_look_at_one_mail(site: Site) -> None:
    with site.parts.database.begin() as tx:
        for number in (1041, 1042):
            sealed = site.parts.vault.encrypt(f"c{number}@example.com")
            tx.execute(
                insert(t.people).values(
                    shop=seeding.SHOP,
                    customer_key=f"customer-{number}",
                    email_encrypted=sealed,
                    first_name_encrypted="",
                    changed_at=seeding.NOW,
                )
            )
    assert "Tell these 2 customers" in site.get("/first-run").text
    preview = site.get("/first-run/tell").text
    assert "Send 2 mails" in preview
    assert "One of them: order #1041" in preview
    assert site.post("/first-run/tell", {"orders": "3"}).status_code == 409
    follow(site, "/first-run/tell", {"orders": "2"}, "/first-run?done=told")
    with site.parts.database.read() as tx:
        said = tx.rows(select(t.ledger).where(t.ledger.c.kind == "override", t.ledger.c.line_id.is_not(None)))
    assert [entry.order_id[-4:] for entry in said] == ["1041", "1042"]
    assert "mail waits" in site.get("/first-run").text
    assert "Nobody is left to tell" in site.get("/first-run/tell").text
