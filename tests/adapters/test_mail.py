"""Mails on the wire: real SMTP conversations, each of their failures, and headers that nobody can break out of."""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from plugin.adapters.mail import OutgoingMail, Rendered, Smtp, render, to_message
from plugin.errors import ConfigError, MailRefused, MailUnknown, MailUnreachable
from tests.adapters.letters import line
from tests.adapters.scripted_smtp import HANG_UP, SILENCE, scripted_smtp
from tools.sample_letters import letter

MAIL = OutgoingMail(
    sender="backorders@holdfast.example",
    sender_name="Larkspur Outdoor",
    reply_to="help@larkspur.example",
    to="anna@buyer.example",
    rendered=Rendered("Order #1043", "Hello\n.\n..dots\n", "<p>Hello</p>"),
    message_id="<message-7@holdfast.example>",
    sent_at=datetime(2027, 6, 1, 9, 30, tzinfo=UTC),
    shop="larkspur.myshopify.com",
)


class Box:
    """Keeps what arrives."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        return "250 taken"


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def server(box: Box) -> Iterator[str]:
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


def free_port() -> int:
    """The controller greets itself on the port it was given, so that it must be a real one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def send(url: str, mail: OutgoingMail = MAIL, timeout_s: float = 10.0) -> None:
    Smtp(url, timeout_s).send(mail)


def test_a_mail_arrives_with_its_headers_and_both_parts(server: str, box: Box) -> None:
    send(server)
    [mail] = box.mails
    assert mail["From"] == "Larkspur Outdoor <backorders@holdfast.example>"
    assert mail["To"] == "anna@buyer.example"
    assert mail["Reply-To"] == "Larkspur Outdoor <help@larkspur.example>"
    assert mail["Message-ID"] == "<message-7@holdfast.example>"
    assert mail["Date"] == "Tue, 01 Jun 2027 09:30:00 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert box.envelopes == [("backorders@holdfast.example", ["anna@buyer.example"])]


def test_lines_of_dots_arrive_as_they_were(server: str, box: Box) -> None:
    send(server)
    text = box.mails[0].get_body(("plain",))
    assert text is not None
    assert text.get_content().splitlines() == ["Hello", ".", "..dots"]


def test_umlauts_and_dashes_survive_in_names_subject_and_bodies(server: str, box: Box) -> None:
    rendered = render(letter(locale="de", name="Jürgen", lines=(line(title="Größe–Ärmel 靴"),)))
    send(server, replace(MAIL, sender_name="Bücher & Söhne", rendered=rendered))
    [mail] = box.mails
    assert mail["From"].addresses[0].display_name == "Bücher & Söhne"
    assert mail["Subject"] == rendered.subject
    for kind, told in (("plain", rendered.text), ("html", rendered.html)):
        part = mail.get_body((kind,))
        assert part is not None
        assert part.get_content().splitlines() == told.splitlines()


def test_a_long_subject_is_folded_and_comes_out_whole(server: str, box: Box) -> None:
    subject = "Bestellung #1043: Überschuhe für lange Wege, Versand jetzt voraussichtlich 28. Juni–5. Juli " * 4
    mail = replace(MAIL, rendered=replace(MAIL.rendered, subject=subject))
    assert max(len(row) for row in to_message(mail).as_bytes().splitlines()) <= 998
    send(server, mail)
    assert box.mails[0]["Subject"] == subject.strip()


def test_the_same_message_has_the_same_id_on_every_attempt(server: str, box: Box) -> None:
    send(server)
    send(server)
    assert {mail["Message-ID"] for mail in box.mails} == {MAIL.message_id}


@pytest.mark.parametrize(
    "bad", ["Eve\r\nBcc: all@buyer.example", "Eve\nBcc: all@buyer.example", "Eve\x00\x85\u2028Bcc: x"]
)
def test_a_line_break_in_a_name_makes_no_header(bad: str, server: str, box: Box) -> None:
    rendered = replace(MAIL.rendered, subject=bad)
    send(server, replace(MAIL, sender_name=bad, rendered=rendered))
    [mail] = box.mails
    assert mail["Bcc"] is None
    assert mail["Subject"].startswith("Eve Bcc: ")
    assert box.envelopes[0][1] == ["anna@buyer.example"]


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "anna",
        "anna@",
        "@buyer.example",
        "anna@buyer.example\r\nBcc: b@x.example",
        "a\nb@x.example",
        "a@..",
        "a@x\x00y",
    ],
)
def test_what_is_no_address_is_refused_for_good(bad: str, server: str, box: Box) -> None:
    with pytest.raises(MailRefused):
        send(server, replace(MAIL, to=bad))
    assert box.mails == []


def test_a_refusal_does_not_repeat_the_address() -> None:
    with pytest.raises(MailRefused) as refused:
        to_message(replace(MAIL, to="anna secret@bad..example"))
    assert "secret" not in str(refused.value)


def test_a_message_id_of_another_shape_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError):
        to_message(replace(MAIL, message_id="<a@b>\r\nBcc: x@y.example"))


def test_a_domain_with_umlauts_is_written_in_ascii(server: str, box: Box) -> None:
    send(server, replace(MAIL, to="anna@käufer.example"))
    assert box.envelopes[0][1] == ["anna@xn--kufer-gra.example"]


def test_an_address_beyond_ascii_needs_a_server_that_takes_it(box: Box) -> None:
    mail = replace(MAIL, to="jürgen@buyer.example")
    with scripted_smtp({}) as (url, _), pytest.raises(MailRefused):
        send(url, mail)
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=True)
    controller.start()
    try:
        send(f"smtp://127.0.0.1:{controller.port}", mail)
    finally:
        controller.stop()
    assert box.envelopes[0][1] == ["jürgen@buyer.example"]


def test_an_address_setting_with_a_name_gives_way_to_the_shops_name(server: str, box: Box) -> None:
    named = "Holdfast <backorders@holdfast.example>"
    send(server, replace(MAIL, sender=named, reply_to=named))
    assert box.mails[0]["From"] == "Larkspur Outdoor <backorders@holdfast.example>"
    assert box.mails[0]["Reply-To"] == "Larkspur Outdoor <backorders@holdfast.example>"


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "body"])
def test_a_final_no_is_final(step: str) -> None:
    with scripted_smtp({step: "550 no such person"}) as (url, _), pytest.raises(MailRefused, match="550"):
        send(url)


@pytest.mark.parametrize("step", ["greeting", "MAIL", "RCPT", "DATA", "body"])
def test_a_not_now_may_be_tried_again(step: str) -> None:
    with scripted_smtp({step: "451 later"}) as (url, _), pytest.raises(MailUnreachable):
        send(url)


@pytest.mark.parametrize("how", [HANG_UP, SILENCE])
@pytest.mark.parametrize("step", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
def test_a_break_before_the_data_may_be_tried_again(step: str, how: str) -> None:
    changes = {step: how} | ({"HELO": how} if step == "EHLO" else {})
    with scripted_smtp(changes) as (url, bodies):
        with pytest.raises(MailUnreachable):
            send(url, timeout_s=0.3)
        assert bodies == []


@pytest.mark.parametrize("how", [HANG_UP, SILENCE])
def test_a_break_after_the_data_is_unknown(how: str) -> None:
    with scripted_smtp({"body": how}) as (url, bodies):
        with pytest.raises(MailUnknown):
            send(url, timeout_s=1.5)
        assert len(bodies) == 1


@pytest.mark.parametrize("how", [HANG_UP, "500 what?"])
def test_a_rude_goodbye_does_not_unsend_a_mail(how: str) -> None:
    with scripted_smtp({"QUIT": how}) as (url, bodies):
        send(url)
        assert len(bodies) == 1


def test_a_port_where_nobody_listens_may_be_tried_again() -> None:
    with scripted_smtp({}) as (url, _):
        pass
    with pytest.raises(MailUnreachable):
        send(url)


@pytest.mark.parametrize("url", ["", "http://mail.example", "smtp://", "smtp+tls://mail.example", "mail.example:25"])
def test_a_url_that_is_none_stops_the_start(url: str) -> None:
    with pytest.raises(ConfigError):
        Smtp(url)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of localhost, signed by itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def only_anna(server: Any, session: Any, envelope: Any, mechanism: str, auth: Any) -> AuthResult:
    assert isinstance(auth, LoginPassword)
    return AuthResult(success=(auth.login, auth.password) == (b"anna@holdfast", b"p@ss:w/rd"))


@pytest.fixture
def guarded(box: Box, certificate: Path) -> Iterator[int]:
    """A server that wants TLS by STARTTLS and a password."""
    controller = Controller(
        box,
        hostname="localhost",
        port=free_port(),
        tls_context=tls(certificate),
        require_starttls=True,
        auth_required=True,
        authenticator=only_anna,
    )
    controller.start()
    yield controller.port
    controller.stop()


@pytest.mark.parametrize("scheme", ["smtp", "smtp+starttls"])
def test_a_password_goes_over_tls(
    scheme: str, guarded: int, box: Box, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    send(f"{scheme}://anna%40holdfast:p%40ss%3Aw%2Frd@localhost:{guarded}")
    assert len(box.mails) == 1


def test_a_wrong_password_is_not_the_mails_fault(
    guarded: int, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(MailUnreachable) as unreachable:
        send(f"smtp+starttls://anna%40holdfast:wrong-word@localhost:{guarded}")
    assert "wrong-word" not in str(unreachable.value)


def test_a_certificate_nobody_vouches_for_is_not_talked_to(guarded: int, box: Box) -> None:
    with pytest.raises(MailUnreachable):
        send(f"smtp+starttls://localhost:{guarded}")
    assert box.mails == []


def test_where_tls_is_demanded_a_server_without_it_gets_nothing(server: str, box: Box) -> None:
    with pytest.raises(MailUnreachable):
        send(server.replace("smtp://", "smtp+starttls://"))
    assert box.mails == []


def test_tls_from_the_start(box: Box, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    controller = Controller(box, hostname="localhost", port=free_port(), ssl_context=tls(certificate))
    controller.start()
    try:
        send(f"smtps://localhost:{controller.port}")
    finally:
        controller.stop()
    assert len(box.mails) == 1
