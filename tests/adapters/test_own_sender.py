"""What the domain name system says of a merchant's domain, and signatures that whoever gets the mail can check."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from plugin.adapters.dkim_signer import DkimSigner, load_key
from plugin.adapters.dns_lookup import DnsLookup
from plugin.adapters.mail import OutgoingMail, Rendered, Smtp
from plugin.domain.sender import Found, dkim_found, records, selector_of
from plugin.errors import NameSilent
from tests.adapters.test_mail import MAIL
from tests.servers.name_server import NameServer
from tests.servers.smtp_sink import SmtpSink

SHOP, DOMAIN = "larkspur.myshopify.com", "larkspur-outdoor.example"
PEM = rsa.generate_private_key(65537, 1024).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
SIGNER = DkimSigner(PEM.replace("\n", "\\n"), "holdfast", "app.example")


@pytest.fixture(scope="module")
def names() -> Iterator[NameServer]:
    server = NameServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def lookup(names: NameServer) -> DnsLookup:
    return DnsLookup(["127.0.0.1"], port=names.port, timeout_s=10)


def test_a_name_is_followed_to_its_text_however_many_strings_it_has(names: NameServer, lookup: DnsLookup) -> None:
    record = records(SHOP, DOMAIN, SIGNER.key_name)[0]
    names.aliases[record.name] = record.value
    names.records[record.value] = [SIGNER.record]
    assert dkim_found(lookup.texts(record.name), SIGNER.public_key) is Found.FOUND


def test_a_name_that_does_not_exist_or_has_no_text_says_nothing(names: NameServer, lookup: DnsLookup) -> None:
    names.records["bare.example"] = []
    assert (lookup.texts("nowhere.example"), lookup.texts("bare.example")) == ((), ())


@pytest.mark.parametrize("how", ["silent", "failing"])
def test_no_answer_is_no_word_about_the_name_and_comes_in_time(how: str, names: NameServer) -> None:
    getattr(names, how).add("down.example")
    hurried = DnsLookup(["127.0.0.1"], port=names.port, timeout_s=0.4)
    began = time.monotonic()
    with pytest.raises(NameSilent, match=r"down\.example"):
        hurried.texts("down.example")
    assert time.monotonic() - began < 4  # left to itself a resolver tries for five seconds and more


def test_who_gets_a_mail_can_check_that_the_merchants_domain_signed_it(
    names: NameServer, lookup: DnsLookup, smtp_sink: SmtpSink
) -> None:
    record = records(SHOP, DOMAIN, SIGNER.key_name)[0]
    names.aliases[record.name] = record.value
    names.records[record.value] = [SIGNER.record]
    own = replace(
        MAIL,
        rendered=Rendered("Commande n° 1043 : 山のブーツ", "Hej Åsa\n.\n..dots\n", "<p>Привет</p>"),
        sender_name="Lärkspur 山",
        own_address=f"orders@{DOMAIN}",
        signed_as=(DOMAIN, selector_of(SHOP)),
    )
    Smtp(smtp_sink.url, signer=SIGNER).send(own)
    received = smtp_sink.mails[-1]
    assert received.sender == MAIL.sender  # what bounces returns to us
    assert str(received.message["From"]) == f"Lärkspur 山 <orders@{DOMAIN}>"
    assert passes(received.raw, lookup)
    assert not passes(received.raw.replace(b"Hej", b"Nej"), lookup)


def test_a_mail_of_ours_is_signed_by_our_own_domain(names: NameServer, lookup: DnsLookup, smtp_sink: SmtpSink) -> None:
    names.records[SIGNER.key_name] = [SIGNER.record]
    Smtp(smtp_sink.url, signer=SIGNER).send(MAIL)
    raw = smtp_sink.mails[-1].raw
    assert "d=app.example" in str(message_from_bytes(raw)["DKIM-Signature"])
    assert passes(raw, lookup)


def passes(raw: bytes, lookup: DnsLookup) -> bool:
    """What a receiving mail server would say."""

    def ask(name: bytes, timeout: int = 5) -> bytes | None:
        texts = lookup.texts(name.decode().rstrip("."))
        return texts[0].encode() if texts else None

    return bool(dkim.verify(raw, dnsfunc=ask))


@pytest.mark.parametrize("bad", ["", "nonsense", PEM[:100]], ids=["empty", "nonsense", "cut off"])
def test_a_key_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(ValueError):
        load_key(bad)


def test_every_mail_says_that_a_machine_wrote_it_and_for_which_shop(smtp_sink: SmtpSink) -> None:
    mail: OutgoingMail = MAIL
    Smtp(smtp_sink.url).send(mail)
    message = smtp_sink.mails[-1].message
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Id"] == f"<backorders.{mail.shop}>"
