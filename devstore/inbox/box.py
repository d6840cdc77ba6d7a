"""Mails as they came in, and the SMTP server they come in through."""

from __future__ import annotations

import email
import email.policy
from asyncio.base_events import Server
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cached_property
from threading import Lock
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True)
class Mail:
    """One mail. `number` counts from 1, `at` is when it arrived by the inbox's clock, `source` the raw bytes."""

    number: int
    at: datetime
    sender: str
    recipients: tuple[str, ...]
    source: bytes

    @cached_property
    def message(self) -> EmailMessage:
        """The parsed mail."""
        return email.message_from_bytes(self.source, policy=email.policy.default)

    def part(self, kind: str) -> str:
        """The `plain` or `html` body, empty when the mail has none."""
        found = self.message.get_body(preferencelist=(kind,))
        return str(found.get_content()) if found is not None else ""

    def header(self, name: str) -> str:
        """A header's text, empty when it is not there."""
        return str(self.message.get(name, ""))

    def as_json(self) -> dict[str, Any]:
        """The mail for `GET /_devstore/mail`."""
        return {
            "number": self.number,
            "at": self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "subject": self.header("Subject"),
            "from": self.header("From"),
            "to": self.header("To"),
            "recipients": list(self.recipients),
            "reply_to": self.header("Reply-To"),
            "headers": [[name, str(value)] for name, value in self.message.items()],
            "text": self.part("plain"),
            "html": self.part("html"),
        }


class Inbox:
    """Every mail taken since the start or the last `clear`. Safe to use from several threads."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._mails: list[Mail] = []
        self._last = 0
        self._lock = Lock()
        self._server: _Listener | None = None

    def start(self, host: str, port: int) -> int:
        """
        Take mails on a port; 0 means any free one.

        Returns:
            The port it listens on.
        Raises:
            OSError: The port is taken.
        """
        self._server = _Listener(_Handler(self), hostname=host, port=port)
        self._server.start()
        return self._server.bound_port()

    def stop(self) -> None:
        """Stop taking mails."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def take(self, sender: str, recipients: list[str], source: bytes) -> Mail:
        """Keep a mail."""
        with self._lock:
            self._last += 1
            mail = Mail(self._last, self._now(), sender, tuple(recipients), source)
            self._mails.append(mail)
            return mail

    def mails(self, since: int = 0) -> list[Mail]:
        """The mails after number `since`, oldest first."""
        with self._lock:
            return [mail for mail in self._mails if mail.number > since]

    def as_json(self, since: int = 0) -> list[dict[str, Any]]:
        """The same for programs."""
        return [mail.as_json() for mail in self.mails(since)]

    def clear(self) -> None:
        """Forget every mail; numbers go on."""
        with self._lock:
            self._mails.clear()


class _Handler:
    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        source = envelope.original_content or b""
        self._inbox.take(envelope.mail_from or "", list(envelope.rcpt_tos), source)
        return "250 OK"


class _Listener(Controller):
    def bound_port(self) -> int:
        assert isinstance(self.server, Server)
        return int(self.server.sockets[0].getsockname()[1])

    def _trigger_server(self) -> None:
        # aiosmtpd proves that the server answers by connecting to the port it was given, which cannot be 0.
        self.port = self.bound_port()
        super()._trigger_server()
