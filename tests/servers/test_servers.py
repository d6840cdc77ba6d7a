"""The servers that other tests stand on do what those tests believe."""

from __future__ import annotations

import signal
import smtplib
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from sqlalchemy import inspect, text

from plugin.adapters.database.tables import metadata, syncs
from plugin.adapters.database.transaction import Database, make_engine
from tests.servers.smtp_sink import SmtpSink
from tools.valkey import Valkey


def test_a_database_has_every_table_and_is_of_the_kind_asked_for(database: Database, request):
    assert set(inspect(database.engine).get_table_names()) == set(metadata.tables)
    assert database.engine.dialect.name in request.node.name


def test_an_empty_database_has_no_table(empty_database_url: str):
    engine = make_engine(empty_database_url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


@pytest.mark.parametrize("turn", [1, 2])
def test_what_one_test_wrote_the_next_does_not_see(database: Database, turn: int):
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE left_behind (n INTEGER)"))
        now = datetime.now(UTC)
        read = {"reason": "asked", "state": "done", "started_at": now, "touched_at": now}
        assert connection.execute(syncs.insert().values(shop="a.myshopify.com", **read)).inserted_primary_key == (1,)


def test_valkey_keeps_its_data_when_it_is_killed_and_started_again(valkey_server: Valkey):
    with redis.Redis.from_url(valkey_server.url) as client:
        client.set("kept", "yes")
        client.execute_command("WAITAOF", "1", "0", "3000")
        valkey_server.stop(how=signal.SIGKILL)
        valkey_server.start()
        assert client.get("kept") == b"yes"


def test_each_test_gets_an_empty_valkey(valkey_url: str):
    with redis.Redis.from_url(valkey_url) as client:
        assert client.dbsize() == 0


def send(sink: SmtpSink) -> None:
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=5) as client:
        client.sendmail("shop@example.com", ["ann@example.com"], "Subject: Good news\r\n\r\nIt ships.\r\n")


def test_the_sink_keeps_a_mail(smtp_sink: SmtpSink):
    send(smtp_sink)
    (mail,) = smtp_sink.mails
    assert (mail.sender, mail.recipients) == ("shop@example.com", ("ann@example.com",))
    assert mail.message["Subject"] == "Good news"


def test_the_sink_refuses_once_where_it_is_told_to(smtp_sink: SmtpSink):
    smtp_sink.refuse("rcpt", "550 5.1.1 no such user")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(smtp_sink)
    assert smtp_sink.mails == []
    send(smtp_sink)
    assert len(smtp_sink.mails) == 1


def test_the_sink_turns_a_caller_away_at_the_door(smtp_sink: SmtpSink):
    smtp_sink.refuse("connect", "421 busy")
    with pytest.raises(smtplib.SMTPException):
        send(smtp_sink)


@pytest.mark.parametrize(("stage", "kept"), [("mail", 0), ("data", 0), ("after_data", 1)])
def test_the_sink_hangs_up_where_it_is_told_to(smtp_sink: SmtpSink, stage, kept: int):
    smtp_sink.hang_up(stage)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(smtp_sink)
    assert len(smtp_sink.mails) == kept


def test_a_browser_shows_a_page(page):
    page.set_content("<h1>On backorder</h1>")
    assert page.inner_text("h1") == "On backorder"


def test_nothing_outlives_a_parent_that_is_killed(tmp_path: Path):
    script = (
        "import sys, time; from pathlib import Path; from tools.valkey import Valkey\n"
        "server = Valkey(Path(sys.argv[1])); server.start(); print(server.port, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert parent.stdout is not None
    port = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            redis.Redis(port=port, socket_timeout=1, retry=None).ping()
        except redis.ConnectionError:
            return
        time.sleep(0.05)
    pytest.fail("Valkey still answers")
