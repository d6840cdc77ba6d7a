"""A shop's own sender address: entered, proven by its domain, used, lost and told, and never in the way of a mail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert

from plugin.adapters.database import tables as t
from plugin.adapters.database.reports import alert_facts
from plugin.adapters.dns_lookup import DnsLookup
from plugin.adapters.mail import Rendered, Smtp
from plugin.domain.letters import AlertKind
from plugin.domain.sender import records, selector_of
from plugin.services import check_sender, sealed_mail, send_mail
from plugin.wiring import Parts
from tests.adapters.test_own_sender import SIGNER
from tests.servers.name_server import NameServer
from tests.servers.smtp_sink import SmtpSink
from tests.web import seeding
from tests.web.site import Site
from tests.web.test_forms import GOOD

DOMAIN = "larkspur-outdoor.example"
OWN, OURS = f"orders@{DOMAIN}", "backorders@holdfast.test"
KEY, POLICY = records(seeding.SHOP, DOMAIN, SIGNER.key_name)


@pytest.fixture
def names() -> Iterator[NameServer]:
    server = NameServer()
    server.records[SIGNER.key_name] = [SIGNER.record]
    server.start()
    yield server
    server.stop()


@pytest.fixture
def parts(site: Site, names: NameServer, smtp_sink: SmtpSink) -> Parts:
    """A deployment that signs."""
    signing = replace(
        site.parts,
        signer=SIGNER,
        smtp=Smtp(smtp_sink.url, signer=SIGNER),
        dns=DnsLookup(["127.0.0.1"], port=names.port, timeout_s=1.5),
    )
    site.app.extensions["holdfast"] = signing
    return signing


def look(site: Site) -> str:
    answer = site.post("/settings/sender")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/settings?done=looked#own-sender")
    return site.get("/settings").text


def mail_from(parts: Parts, sink: SmtpSink, n: int) -> tuple[str, str]:
    """Let one mail leave. Returns its sender as read, and which domain signed it."""
    with parts.database.begin() as tx:
        tx.execute(delete(t.messages).where(t.messages.c.shop == seeding.SHOP, t.messages.c.state == "waiting"))
        tx.execute(
            insert(t.messages).values(
                shop=seeding.SHOP,
                message_key=f"filled/{n}",
                kind="filled",
                customer_key="anna",
                state="waiting",
                created_at=seeding.NOW,
                not_before=seeding.NOW,
                rfc_message_id=f"<{n}@holdfast.test>",
                to_encrypted=parts.vault.encrypt("anna@buyer.example"),
                letter_encrypted=sealed_mail.seal(parts.vault, Rendered("Here", "Here\n", "<p>Here</p>")),
            )
        )
    send_mail.run(parts, seeding.SHOP)
    mail = sink.mails[-1]
    signature = "".join(str(mail.message["DKIM-Signature"] or "").split())
    assert mail.message["Message-ID"] == f"<{n}@holdfast.test>"
    assert mail.sender == OURS
    return mail.message["From"].addresses[0].addr_spec, signature.partition("d=")[2].partition(";")[0]


def told(parts: Parts) -> list[AlertKind]:
    """What the morning's mail says about the sender."""
    with parts.database.read() as tx:
        found = alert_facts.all_open(tx, seeding.SHOP, "https://admin.example", seeding.NOW.date(), seeding.NOW, 8)
    return [a.kind for a in found if a.name == DOMAIN]


def test_mails_leave_from_the_merchants_address_while_its_domain_says_so(
    site: Site, parts: Parts, names: NameServer, smtp_sink: SmtpSink
) -> None:
    assert site.post("/settings", {**GOOD, "sender": OWN}).status_code == 303
    page = site.get("/settings").text
    assert f"Sending from {OWN}" in page
    assert (page.count("Not looked yet"), f'value="{KEY.name}"' in page, KEY.value in page) == (2, True, True)
    assert mail_from(parts, smtp_sink, 1) == (OURS, "app.example")

    assert look(site).count("Not found") == 2
    names.aliases[KEY.name], names.records[POLICY.name] = KEY.value, [POLICY.value]
    assert "Mails leave from it" in look(site)
    assert mail_from(parts, smtp_sink, 2) == (OWN, DOMAIN)
    assert f"s={selector_of(seeding.SHOP)}" in str(smtp_sink.mails[-1].message["DKIM-Signature"])

    names.silent.add(KEY.name)
    assert "No answer" in look(site)
    assert mail_from(parts, smtp_sink, 3) == (OWN, DOMAIN)

    names.silent.clear()
    names.aliases[KEY.name] = "somebody-elses.example"
    names.records["somebody-elses.example"] = ["v=DKIM1; p=theirs"]
    check_sender.look_if_due(parts, seeding.SHOP, seeding.NOW + timedelta(hours=2))
    assert "Says something else" in site.get("/settings").text
    assert mail_from(parts, smtp_sink, 4) == (OURS, "app.example")
    assert f"Mails no longer leave from {DOMAIN}." in site.get("/").text
    assert told(parts) == [AlertKind.SENDER_LOST]

    names.aliases[KEY.name] = KEY.value
    look(site)
    assert "no longer leave from" not in site.get("/").text
    site.post("/settings", {**GOOD, "version": "4", "sender": f"hello@{DOMAIN}"})
    assert site.get("/settings").text.count("Not looked yet") == 2


def test_a_merchant_is_told_when_the_key_that_signs_is_taken_away_and_looked_for_when_it_is_back(
    site: Site, parts: Parts, names: NameServer, smtp_sink: SmtpSink
) -> None:
    names.aliases[KEY.name], names.records[POLICY.name] = KEY.value, [POLICY.value]
    assert site.post("/settings", {**GOOD, "sender": OWN}).status_code == 303
    assert "Mails leave from it" in look(site)

    unsigned = replace(parts, signer=None, smtp=Smtp(smtp_sink.url))
    site.app.extensions["holdfast"] = unsigned
    assert mail_from(unsigned, smtp_sink, 5) == (OURS, "")
    home, settings = site.get("/").text, site.get("/settings").text
    assert f"Mails no longer leave from {DOMAIN}." in home
    assert ("is missing on our side" in home, "A record of your domain" in home) == (True, False)
    assert f"Sending from {OWN}" in settings
    assert ("is missing on our side" in settings, "Look now" in settings) == (True, False)
    assert told(unsigned) == [AlertKind.SENDER_UNSIGNED]

    site.app.extensions["holdfast"] = parts
    del names.records[POLICY.name]
    check_sender.look_if_due(parts, seeding.SHOP, seeding.NOW + timedelta(hours=2))
    assert told(parts) == [AlertKind.SENDER_LOST]
    names.records[POLICY.name] = [POLICY.value]
    check_sender.look_if_due(parts, seeding.SHOP, seeding.NOW + timedelta(hours=30))
    assert mail_from(parts, smtp_sink, 6) == (OWN, DOMAIN)
    assert told(parts) == []


def test_a_deployment_that_signs_nothing_offers_no_address_of_ones_own(site: Site) -> None:
    assert 'name="sender"' not in site.get("/settings").text
    assert site.post("/settings/sender").status_code == 404
