"""When mails may leave from a merchant's own address: both records answer as they should, and go on doing so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plugin.domain.mail_addresses import checked_address
from plugin.domain.sender import (
    Answers,
    Found,
    Standing,
    after_look,
    dkim_found,
    dmarc_found,
    domain_of,
    records,
    selector_of,
)

NOW = datetime(2027, 6, 1, 9, tzinfo=UTC)
GOOD = Answers(Found.FOUND, Found.FOUND)
KEY = "MIIBIjANBgkq"


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([], Found.MISSING),
        ([f"v=DKIM1; k=rsa; p={KEY}"], Found.FOUND),
        ([f"k=rsa;p= {KEY[:4]} {KEY[4:]} ;"], Found.FOUND),
        (["v=DKIM1; k=rsa; p=another"], Found.WRONG),
        (["v=DKIM1; p="], Found.WRONG),  # revoked
        (["google-site-verification=1"], Found.WRONG),
        ([f"v=DKIM1; p={KEY}", "v=DKIM1; p=another"], Found.WRONG),
    ],
)
def test_the_key_at_the_merchants_name_must_be_ours(texts: list[str], found: Found) -> None:
    assert dkim_found(texts, KEY) is found


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([], Found.MISSING),
        (["v=spf1 -all"], Found.MISSING),
        (["v=DMARC1; p=none"], Found.FOUND),
        (["v=DMARC1;p=Reject;rua=mailto:a@b.example", "v=spf1 -all"], Found.FOUND),
        (["v=DMARC1; p=perhaps"], Found.WRONG),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], Found.WRONG),
    ],
)
def test_any_policy_that_can_be_read_will_do(texts: list[str], found: Found) -> None:
    assert dmarc_found(texts) is found


def test_mails_leave_from_it_once_both_records_stand_and_until_one_is_lost() -> None:
    proven = after_look(None, GOOD, NOW)
    assert (proven.proven_at, proven.look_again_at) == (NOW, NOW + timedelta(days=1))
    next_day = NOW + timedelta(days=1)
    assert after_look(proven, GOOD, next_day).proven_at == NOW
    for lost in (Found.MISSING, Found.WRONG):
        assert after_look(proven, Answers(lost, Found.FOUND), next_day).proven_at is None
        assert after_look(proven, Answers(Found.FOUND, lost), next_day).proven_at is None
    assert after_look(None, Answers(Found.FOUND, Found.MISSING), NOW).proven_at is None


def test_silence_changes_nothing_for_two_days_and_is_asked_again_within_the_hour() -> None:
    quiet = Answers(Found.SILENT, Found.FOUND)
    proven = Standing(NOW, NOW, NOW)
    soon = NOW + timedelta(hours=47)
    assert after_look(proven, quiet, soon) == Standing(NOW, NOW, soon + timedelta(hours=1))
    assert after_look(proven, quiet, NOW + timedelta(hours=49)).proven_at is None
    assert after_look(None, quiet, NOW).proven_at is None
    assert after_look(proven, Answers(Found.SILENT, Found.WRONG), soon).proven_at is None


def test_a_record_speaks_for_one_shop_only() -> None:
    one, other = (records(shop, "larkspur.example", "k._domainkey.app.example")[0] for shop in ("a", "b"))
    assert one.name != other.name
    assert one.name == f"{selector_of('a')}._domainkey.larkspur.example"
    assert (one.type, one.value) == ("CNAME", "k._domainkey.app.example")


def test_a_domain_of_any_script_is_asked_for_in_ascii() -> None:
    assert domain_of("orders@Käufer.example") == "xn--kufer-gra.example"


@pytest.mark.parametrize("good", [" orders@larkspur-outdoor.example ", "a.b+c@x.co", "help@käufer.example"])
def test_an_address_that_every_server_writes_to_is_taken(good: str) -> None:
    assert checked_address(good) == good.strip()


@pytest.mark.parametrize(
    "bad",
    [
        "orders",
        "@larkspur.example",
        "orders@",
        "orders@larkspur",
        "orders@larkspur..example",
        "orders@-larkspur.example",
        "orders@larkspur.example.",
        "orders@10.0.0.1",
        ".orders@larkspur.example",
        "or..ders@larkspur.example",
        "or ders@larkspur.example",
        "käufer@larkspur.example",
        "Larkspur <orders@larkspur.example>",
        "a@b.example, c@d.example",
        "a@b.example\r\nBcc: x@y.example",
        "a" * 65 + "@larkspur.example",
        "a@" + "b" * 250 + ".example",
    ],
)
def test_what_some_server_would_refuse_is_refused_at_the_door(bad: str) -> None:
    with pytest.raises(ValueError, match=r"mail address|Before the @"):
        checked_address(bad)
