"""The inbox over real SMTP."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from devstore.inbox import Inbox, create_inbox_app

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    inbox = Inbox(lambda: NOON)
    port = inbox.start("127.0.0.1", 0)
    yield inbox, port
    inbox.stop()


def send(port: int, subject: str, html: str | None = None) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "Larkspur <hello@larkspur.example>", "Ada <ada@example.com>"
    mail["Reply-To"] = "help@larkspur.example"
    mail.set_content("Größe 42 kommt später.")
    if html:
        mail.add_alternative(html, subtype="html")
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.send_message(mail)


def test_a_mail_is_kept_with_all_its_parts(inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    send(port, "Order #1043: boots now ship around 24 June", "<p>Größe 42</p>")
    (mail,) = box.as_json()
    assert mail["subject"] == "Order #1043: boots now ship around 24 June"
    assert mail["from"] == "Larkspur <hello@larkspur.example>"
    assert (mail["to"], mail["recipients"]) == ("Ada <ada@example.com>", ["ada@example.com"])
    assert mail["reply_to"] == "help@larkspur.example"
    assert mail["text"].strip() == "Größe 42 kommt später."
    assert mail["html"].strip() == "<p>Größe 42</p>"
    assert mail["at"] == "2026-11-21T12:00:00Z"
    assert ["Reply-To", "help@larkspur.example"] in mail["headers"]


def test_since_gives_only_what_is_newer_even_after_emptying(inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    send(port, "one")
    send(port, "two")
    assert [mail["subject"] for mail in box.as_json(since=1)] == ["two"]
    box.clear()
    send(port, "three")
    assert [(mail["number"], mail["subject"]) for mail in box.as_json()] == [(3, "three")]


def test_a_mails_script_is_shut_in(inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    send(port, "danger", '<script>alert("x")</script>')
    reader = create_inbox_app(box).test_client()
    assert "danger" in reader.get("/mail").text
    page = reader.get("/mail/1").text
    assert "<script>" not in page
    assert "allow-scripts" not in page
    for view in ("text", "headers", "source"):
        assert reader.get(f"/mail/1?view={view}").status_code == 200
    assert reader.get("/mail/2").status_code == 404
