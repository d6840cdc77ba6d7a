"""Forms nobody of ours wrote, forms sent by a slip of a key, and lists too large or of the wrong kind."""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import func, select, update
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from plugin.adapters.database import tables as t
from tests.web import seeding
from tests.web.markup import enter_presses, form
from tests.web.page_list import PATHS, POSTED
from tests.web.site import Site
from tests.web.test_delivery_changes import HEAD, count_deliveries
from tests.web.test_forms import GOOD, stored

DIGITS = "9" * 5000  # more than Python makes a number of
RULE = {"limit_mode": "up_to", "limit_units": "2", "wait_from": "2", "wait_to": "3", "without_date": "stop"}
ALL = {**RULE, "which": "all:", "act": "preview"}
CAUSE = "delivery/1/date/2"


@pytest.fixture(params=["sqlite"])
def databases(request: pytest.FixtureRequest, sqlite_databases: object) -> object:
    """One database is enough: what is refused here never reaches it."""
    return sqlite_databases


REFUSED: list[tuple[str, dict[str, Any], int]] = [
    ("/settings/rule/take-back", {"number": "²"}, 400),
    ("/settings/rule/take-back", {"number": DIGITS}, 400),
    ("/settings/rule", {**ALL, "limit_units": DIGITS}, 422),
    ("/settings/rule", {**ALL, "kind": "preorder", "release_on": "9999-12-31"}, 422),
    ("/settings", {**GOOD, "holidays": "9999-12-30 to 9999-12-31"}, 422),
    ("/settings/sample", {**GOOD, "holidays": "9999-12-31"}, 200),
    ("/deliveries/1/receive", {"row_1": DIGITS, "left_1": "40"}, 422),
    ("/deliveries/1/cancel", {"version": DIGITS}, 400),
    ("/deliveries/1/unmatch/1", {"units": "1", "to": "9" * 30}, 422),
    ("/deliveries/new", {"supplier": "A", "sku": ["TARN-2P", "a\0"], "units": ["1", "1"]}, 400),
    ("/products/11/raise", {"units": DIGITS}, 400),
    ("/products/" + "9" * 30 + "/stop", {}, 404),
    ("/home/reapply/" + "9" * 400, {}, 404),
    ("/mail/decide", {"cause": "x" * 3000, "answer": "send", "mails": "1"}, 409),
    ("/mail/decide", {"cause": "x" * 3000, "answer": "drop"}, 409),
]


def test_what_no_page_of_ours_sends_is_refused_by_name(site: Site) -> None:
    site.app.config["PROPAGATE_EXCEPTIONS"] = False
    found = [(path, list(typed), site.post(path, typed).status_code) for path, typed, _ in REFUSED]
    assert found == [(path, list(typed), status) for path, typed, status in REFUSED]


def test_no_address_breaks_a_page(site: Site) -> None:
    for path, status in (("/mail?before=-" + "9" * 30, 200), ("/privacy/%00", 400), (f"/products/{DIGITS}", 404)):
        assert site.get(path).status_code == status, path


ANSWERS = [
    ("/settings/switch", "to"),
    ("/mail/switch", "to"),
    ("/settings/rule/move", "to"),
    ("/home/rise", "answer"),
    ("/home/brake", "answer"),
    ("/home/continue", "answer"),
    ("/home/left-behind", "answer"),
    ("/mail/decide", "answer"),
]


def test_an_answer_that_was_not_offered_is_none_of_those_that_were(site: Site) -> None:
    ids = {"item_id": "gid://shopify/InventoryItem/513", "location_id": seeding.MAIN, "cause": CAUSE, "rule_id": "1"}
    before = stored(site)
    for path, field in ANSWERS:
        for word in ("", "nonsense"):
            assert site.post(path, {**ids, field: word}).status_code == 400, path
    assert stored(site) == before


def test_the_enter_key_presses_no_button_that_does_something_else(site: Site) -> None:
    site.post("/deliveries/1/receive", {"row_1": "5", "left_1": "40"})
    pages = [site.get(path).text for path in PATHS] + [site.post(path, typed).text for path, typed in POSTED]
    pressed = [button for page in pages for button in enter_presses(page)]
    assert pressed
    for button in pressed:
        assert "formaction" not in button, button
        assert button.get("name") != "answer", button


def asking(site: Site) -> int:
    with site.parts.database.read() as tx:
        return int(tx.execute(select(func.count()).where(t.notices.c.state == "asks")).scalar_one())


def test_more_mails_than_the_page_said_do_not_leave_on_its_word(site: Site) -> None:
    sent = form(site.get(f"/mail/waiting-for-you?cause={CAUSE}").text, "/mail/decide")
    assert sent["cause"] == CAUSE
    fewer = {"cause": CAUSE, "answer": "send", "mails": "11"}
    assert site.post("/mail/decide", fewer).status_code == 409
    assert asking(site) == 12
    assert site.post("/mail/decide", fewer | {"mails": "12"}).status_code == 303
    assert asking(site) == 0


def test_a_page_left_open_does_not_say_of_sent_mails_that_they_will_not_be(site: Site) -> None:
    assert site.post("/mail/decide", {"cause": CAUSE, "answer": "send", "mails": "12"}).status_code == 303
    answer = site.post("/mail/decide", {"cause": CAUSE, "answer": "drop"})
    assert answer.status_code == 409
    assert 'href=""' in answer.text  # the page it was asked on; the act's own address opens nothing
    with site.parts.database.begin() as tx:
        tx.execute(update(t.notices).values(state="asks"))
    assert site.post("/mail/decide", {"cause": CAUSE, "answer": "drop"}).status_code == 303
    assert site.post("/mail/decide", {"cause": CAUSE, "answer": "send", "mails": "12"}).status_code == 409


def send_as_the_page_does(site: Site, act: str, text: str = "", raw: bytes | None = None) -> TestResponse:
    data: dict[str, Any] = {"act": act, "list": text}
    if raw is not None:
        data["file"] = FileStorage(io.BytesIO(raw), "list.csv")
    boundary, body = encode_multipart(data)
    multipart = f'multipart/form-data; boundary="{boundary}"'
    return site.client.post("/deliveries/import", data=body, headers=site.headers, content_type=multipart)


def test_a_long_list_is_saved_as_the_page_sends_it(site: Site) -> None:
    note = "n" * 6000  # 100 lines as large as 10,000 are
    rows = (f"Acme,PO-{n},Kendal warehouse,,TARN-2P,{n + 1},{note}\n" for n in range(100))
    text = HEAD.strip() + ",note\n" + "".join(rows)
    before = count_deliveries(site)
    assert "100 deliveries" in send_as_the_page_does(site, "preview", raw=text.encode()).text
    assert send_as_the_page_does(site, "save", text).status_code == 303
    assert count_deliveries(site) == before + 100


UNREADABLE = [
    (HEAD.encode() + b"Acme,PO-1,Kendal warehouse,,TARN-2P,120\n" * 80_000, "larger than 3 MB"),
    (b"PK\x03\x04\x14\x00\x06\x00" + bytes(range(256)) * 9, "Save the sheet as CSV"),  # a workbook
    ((HEAD + "Acme,PO-1,Kendal warehouse,,TARN-2P,1\n").encode("utf-16-le"), "Save the sheet as CSV"),
]


def test_a_file_that_cannot_be_read_whole_is_refused_and_not_read_in_part(site: Site) -> None:
    for raw, says in UNREADABLE:
        answer = send_as_the_page_does(site, "preview", raw=raw)
        assert answer.status_code == 422
        assert says in answer.text
        assert "cell needs another look" not in answer.text
        assert "\0" not in answer.text


def test_more_than_a_request_may_hold_is_refused_in_words(site: Site) -> None:
    answer = site.post("/deliveries/import", {"act": "preview", "list": "x" * 7_000_000})
    assert answer.status_code == 413
    assert "more than we can take at once" in answer.text
    assert "frame-ancestors" in answer.headers["Content-Security-Policy"]
