"""Renders letters into mails and hands mails to an SMTP server, at most once."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from plugin.adapters.dkim_signer import DkimSigner
from plugin.domain.letter_words import alert_subject, alert_words, head, line_words, subject
from plugin.domain.letters import Letter, MerchantLetter
from plugin.domain.locales import WORD_JOINER, Words, words
from plugin.domain.wording import shown_date
from plugin.errors import ConfigError, MailRefused, MailUnknown, MailUnreachable

TEMPLATES = Path(__file__).parents[2] / "templates" / "emails"
DEFAULT_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
# What a mark joins: words, or where none are parted by spaces the characters beside it.
_SPACED, _UNSPACED = rf"[^ \n<>{WORD_JOINER}\u3000-\u9fff\uff00-\uffef]+", r"[\u3000-\u9fff\uff00-\uffef]"
_JOINED = re.compile(
    rf"(?:{_SPACED}|{_UNSPACED})(?:{WORD_JOINER}(?:{_SPACED}|{_UNSPACED}{{1,2}}?(?={WORD_JOINER})|{_UNSPACED}))+"
)
_MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]+@[\x21-\x3b\x3d\x3f-\x7e]+>")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail in its reader's language, twice the same: as plain text and as HTML."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """
    One mail on its way out.

    sender: our own address, MAIL_FROM, of which a name is left out: what cannot be delivered returns there.
    sender_name: the shop's name. message_id: with its angle brackets; made by the caller from the message's row, so
    that it is the same on every attempt. sent_at: aware. shop: by which a reader's rules can tell our mail of it.
    own_address: the merchant's, whose domain lets us sign under signed_as (domain, selector); empty: `sender`.
    """

    sender: str
    sender_name: str
    reply_to: str
    to: str
    rendered: Rendered
    message_id: str
    sent_at: datetime
    shop: str
    own_address: str = ""
    signed_as: tuple[str, str] | None = None


def render(letter: Letter | MerchantLetter) -> Rendered:
    """Put a letter into its three files, templates/emails/<kind>/."""
    if isinstance(letter, MerchantLetter):
        return _fill("merchant_alert", words(letter.locale), lambda language: _alert_context(letter, language))
    return _fill(letter.kind.value, letter.words, lambda language: _letter_context(letter, language))


def _letter_context(letter: Letter, language: Words) -> dict[str, Any]:
    lines = [line_words(letter, line, language) for line in letter.lines]
    opening = " · ".join(filter(None, (lines[0].units, lines[0].now, lines[0].before)))
    return {"subject": subject(letter), "head": head(letter), "letter": letter, "lines": lines, "preheader": opening}


def _alert_context(letter: MerchantLetter, language: Words) -> dict[str, Any]:
    alerts = [alert_words(alert, letter.locale) for alert in letter.alerts]
    return {
        "subject": alert_subject(letter),
        "head": language.count("mail.alert.head", len(alerts)),
        "letter": letter,
        "alerts": alerts,
        "today": shown_date(letter.today, None, language, letter.today),
        "preheader": alerts[0]["detail"],
    }


def _fill(kind: str, plain: Words, facts: Callable[[Words], dict[str, Any]]) -> Rendered:
    """Fill a letter's three files; only its page holds dates together at a line's end."""

    def filled(name: str, *, bound: bool = False) -> str:
        language = words(plain, bound=bound)
        context = facts(language) | {"say": language.say, "lang": language.language}
        return _templates().get_template(f"{kind}/{name}").render(context)

    text = re.sub(r"\n{3,}", "\n\n", filled("body.txt")).strip() + "\n"
    return Rendered(_one_line(filled("subject.txt")), text, _unbroken(filled("body.html", bound=True)))


def _unbroken(page: str) -> str:
    """Keep joined words in one box while it fits the line: Word, which shows Outlook's mail, draws the mark itself."""
    boxed = _JOINED.sub(lambda found: f'<span style="display:inline-block">{found[0]}</span>', page)
    return boxed.replace(WORD_JOINER, "")


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=lambda name: bool(name and name.endswith(".html")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _one_line(text: str) -> str:
    """Line breaks and other control characters become a space: a name cannot end a header and begin another."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def to_message(mail: OutgoingMail) -> EmailMessage:
    """
    Build the MIME message.

    Raises:
        MailRefused: An address is not one.
        ValueError: The message id is not one; the caller made it.
    """
    if not _MESSAGE_ID.fullmatch(mail.message_id):
        raise ValueError(f"not a message id: {mail.message_id!r}")
    message = EmailMessage(policy=SMTP)
    name = _one_line(mail.sender_name)
    message["From"] = _address(mail.own_address or parseaddr(mail.sender)[1], name)
    message["To"] = _address(mail.to)
    message["Reply-To"] = _address(parseaddr(mail.reply_to)[1], name)
    message["Subject"] = _one_line(mail.rendered.subject)
    message["Date"] = format_datetime(mail.sent_at)
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"
    message["List-Id"] = f"<backorders.{mail.shop}>"
    message.set_content(mail.rendered.text, cte="quoted-printable")
    message.add_alternative(mail.rendered.html, subtype="html", cte="quoted-printable")
    return message


def _address(text: str, name: str = "") -> Address:
    local, at, domain = text.strip().rpartition("@")
    if not (local and at and domain) or not text.isprintable():
        raise MailRefused(f"not an address: {_masked(text)}")
    try:
        return Address(name, username=local, domain=domain.encode("idna").decode("ascii"))
    except (UnicodeError, ValueError) as exc:
        raise MailRefused(f"not an address: {_masked(text)}") from exc


def _masked(address: str) -> str:
    return f"…@{_one_line(address.rpartition('@')[2])}"


class Smtp:
    """
    A way to one SMTP server; each mail is a conversation of its own.

    Args:
        smtp_url: `smtp://` (TLS where offered), `smtp+starttls://` (TLS or nothing) or `smtps://` (TLS from the
            start), with `user:password@` where needed.
        signer: Signs every mail; None: nobody does, unless the server.
        timeout_s: Seconds that any one answer of the server may take.
    Raises:
        ConfigError: The URL cannot be used.
    """

    def __init__(self, smtp_url: str, timeout_s: float = 10.0, *, signer: DkimSigner | None = None) -> None:
        url = urlsplit(smtp_url)
        if url.scheme not in DEFAULT_PORTS or not url.hostname:
            raise ConfigError("SMTP_URL must be smtp://, smtps:// or smtp+starttls:// with a host")
        self._scheme = url.scheme
        self._host = url.hostname
        self._port = url.port or DEFAULT_PORTS[url.scheme]
        self._login = (unquote(url.username), unquote(url.password or "")) if url.username else None
        self._timeout_s = timeout_s
        self._signer = signer

    def send(self, mail: OutgoingMail) -> None:
        """
        Send one mail; returning means that the server took it.

        Raises:
            MailRefused: Final: this mail, or its recipient, was refused for good.
            MailUnreachable: The server was not reached, or put us off: the mail was not taken and may be tried again.
            MailUnknown: The connection broke after the data was sent: nobody knows whether it was taken.
        """
        message = to_message(mail)
        sender, recipient = _address(parseaddr(mail.sender)[1]).addr_spec, message["To"].addresses[0].addr_spec
        is_ascii = (sender + recipient + message["From"].addresses[0].addr_spec).isascii()
        raw = _as_bytes(message, utf8=not is_ascii)
        if self._signer is not None:
            raw = self._signer.sign(raw, mail.signed_as)
        with self._conversation() as server:
            _envelope(server, sender, recipient, utf8=not is_ascii)
            _data(server, raw)

    @contextmanager
    def _conversation(self) -> Iterator[smtplib.SMTP]:
        # A refusal up to here (greeting, TLS, password) is about us and not about the mail, hence never final.
        try:
            server = self._connect()
        except (OSError, smtplib.SMTPException) as exc:
            raise MailUnreachable(f"{self._host}:{self._port}: {type(exc).__name__}: {exc}") from exc
        try:
            yield server
            # The mail is taken; how the server takes its leave changes nothing.
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
        finally:
            server.close()

    def _connect(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, _own_name(), timeout=self._timeout_s, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(self._host, self._port, _own_name(), timeout=self._timeout_s)
        try:
            server.ehlo_or_helo_if_needed()
            is_offered = self._scheme == "smtp" and server.has_extn("starttls")
            if is_offered or self._scheme == "smtp+starttls":
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            if self._login:
                server.login(*self._login)
        except BaseException:
            server.close()
            raise
        return server


@cache
def _own_name() -> str:
    """What we greet with. smtplib would look it up for every mail, seconds each where there is no name server."""
    name = socket.getfqdn()
    return name if "." in name else "[127.0.0.1]"


def _as_bytes(message: EmailMessage, *, utf8: bool) -> bytes:
    raw = message.as_bytes(policy=SMTP.clone(utf8=utf8))
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"


def _envelope(server: smtplib.SMTP, sender: str, recipient: str, *, utf8: bool) -> None:
    options = []
    if utf8:
        if not server.has_extn("smtputf8"):
            raise MailRefused("the mail server cannot write to an address with letters beyond ASCII")
        options = ["SMTPUTF8"]
        server.command_encoding = "utf-8"
    try:
        _expect(server.mail(sender, options), 250)
        _expect(server.rcpt(recipient), 250, 251)
        _expect(server.docmd("DATA"), 354)
    except (OSError, smtplib.SMTPException) as exc:
        raise MailUnreachable(f"{type(exc).__name__}: {exc}") from exc


def _data(server: smtplib.SMTP, raw: bytes) -> None:
    # A line of one dot ends the data, so a dot at a line's start is doubled (RFC 5321, 4.5.2).
    raw = re.sub(rb"(?m)^\.", b"..", raw)
    try:
        server.send(raw + b".\r\n")
        answer = server.getreply()
    except (OSError, smtplib.SMTPException) as exc:
        raise MailUnknown(f"after the data: {type(exc).__name__}: {exc}") from exc
    _expect(answer, 250)


def _expect(answer: tuple[int, bytes], *good: int) -> None:
    code, said = answer
    if code in good:
        return
    words_of_server = f"{code} {said.decode('utf-8', 'replace')}"
    raise MailRefused(words_of_server) if 500 <= code < 600 else MailUnreachable(words_of_server)
