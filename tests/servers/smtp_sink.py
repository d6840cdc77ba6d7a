"""A mail server that keeps what it is sent, and can refuse or hang up at a stage of the conversation."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tools.processes import free_port

Stage = Literal["connect", "mail", "rcpt", "data", "after_data"]


@dataclass(frozen=True)
class Received:
    """One mail: the envelope as spoken, the message, and its bytes as they came."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    raw: bytes


class SmtpSink:
    """
    Listens on a free loopback port while started.

    `refuse("rcpt", "550 no such user")` answers that stage with a code; `hang_up("data")` closes the
    connection there; `hang_up("after_data")` keeps the mail and closes before it is acknowledged, so that
    the sender cannot know. Both hold for the next `times` conversations.
    """

    def __init__(self) -> None:
        self.mails: list[Received] = []
        self._trouble: dict[str, list[str | None]] = {}
        self._port = free_port()
        self._controller: Controller | None = None

    def start(self) -> None:
        """Listen."""
        self._controller = _Controller(self, hostname="127.0.0.1", port=self._port)
        self._controller.start()

    def stop(self) -> None:
        """Stop listening."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._port}"

    def refuse(self, stage: Stage, answer: str, *, times: int = 1) -> None:
        """Answer `stage` with a code and text such as `450 try later`."""
        self._trouble.setdefault(stage, []).extend([answer] * times)

    def hang_up(self, stage: Stage, *, times: int = 1) -> None:
        """Close the connection at `stage` without a word."""
        self._trouble.setdefault(stage, []).extend([None] * times)

    def trouble_at(self, stage: Stage, server: SMTP) -> str | None:
        """What to answer at this stage, if not the usual; hangs up itself."""
        planned = self._trouble.get(stage)
        if not planned:
            return None
        answer = planned.pop(0)
        if answer is None:
            server.transport.abort()
            return "421 gone"
        return answer

    def keep(self, envelope: Envelope) -> None:
        """Put a mail on the pile."""
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        message = email.message_from_bytes(content, policy=email.policy.default)
        recipients = tuple(str(r) for r in envelope.rcpt_tos)
        self.mails.append(Received(str(envelope.mail_from), recipients, message, content))


class _Handler:
    """aiosmtpd calls these; the names are its own."""

    def __init__(self, sink: SmtpSink) -> None:
        self._sink = sink

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        trouble = self._sink.trouble_at("mail", server)
        if trouble is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return trouble or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        trouble = self._sink.trouble_at("rcpt", server)
        if trouble is None:
            envelope.rcpt_tos.append(address)
        return trouble or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        trouble = self._sink.trouble_at("data", server)
        if trouble is not None:
            return trouble
        self._sink.keep(envelope)
        return self._sink.trouble_at("after_data", server) or "250 OK"


class _Protocol(SMTP):
    def __init__(self, sink: SmtpSink, **options: Any) -> None:
        super().__init__(_Handler(sink), **options)
        self._sink = sink

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        answer = self._sink.trouble_at("connect", self)
        if answer is not None and not transport.is_closing():
            transport.write(f"{answer}\r\n".encode())
            transport.close()


class _Controller(Controller):
    def __init__(self, sink: SmtpSink, **options: Any) -> None:
        super().__init__(_Handler(sink), **options)
        self._sink = sink

    def factory(self) -> SMTP:
        return _Protocol(self._sink, **self.SMTP_kwargs)
