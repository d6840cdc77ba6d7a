"""What a load balancer and Prometheus are told, when all is well and when parts are gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from plugin.adapters.database.transaction import Database
from plugin.adapters.job_queue import JobQueue
from plugin.metrics import WEBHOOKS, count_webhook
from plugin.web.health import health_pages
from tools.processes import free_port

SHOP = "larkspur-outdoor.myshopify.com"


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """One migration, called 0001."""
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "0001_first.py").write_text("revision = '0001'\ndown_revision = None\n")
    return versions.parent


def client(database: Database, queue_url: str, migrations: Path) -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(health_pages(database, JobQueue(queue_url), migrations))
    return app.test_client()


def note_migration(database: Database, revision: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})


def test_ready_when_database_migrations_and_queue_are(database: Database, valkey_url: str, migrations: Path):
    note_migration(database, "0001")
    answer = client(database, valkey_url, migrations).get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"ready": True, "failed": {}})


@pytest.mark.parametrize("revision", ["", "0000"])
def test_not_ready_before_the_release_command_ran(database: Database, valkey_url: str, migrations: Path, revision: str):
    if revision:
        note_migration(database, revision)
    answer = client(database, valkey_url, migrations).get("/readyz")
    assert answer.status_code == 503
    assert list(answer.json["failed"]) == ["migrations"]
    assert "wanted 0001" in answer.json["failed"]["migrations"]


def test_not_ready_without_a_queue_but_alive(database: Database, migrations: Path):
    note_migration(database, "0001")
    asked = client(database, f"redis://:pass-word@127.0.0.1:{free_port()}/0", migrations)
    answer = asked.get("/readyz")
    assert (answer.status_code, list(answer.json["failed"])) == (503, ["queue"])
    assert "pass-word" not in answer.text
    assert asked.get("/healthz").json == {"alive": True}


def test_not_ready_without_a_database_and_no_password_said(valkey_url: str, migrations: Path):
    gone = Database(f"postgresql://holdfast:pass-word@127.0.0.1:{free_port()}/holdfast")
    answer = client(gone, valkey_url, migrations).get("/readyz")
    assert (answer.status_code, set(answer.json["failed"])) == (503, {"database", "migrations"})
    assert "pass-word" not in answer.text


def read_metrics(asked: FlaskClient) -> dict[str, float]:
    answer = asked.get("/metrics")
    assert answer.status_code == 200
    return {
        sample.name + "".join(f"|{value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_metrics_tell_what_was_counted_and_what_waits(database: Database, valkey_url: str, migrations: Path):
    asked = client(database, valkey_url, migrations)
    before = read_metrics(asked).get("holdfast_webhooks_total|accepted|orders/create", 0)
    count_webhook("orders/create", "accepted", {"orders/create"})
    JobQueue(valkey_url).wake(SHOP, "mail")
    found = read_metrics(asked)
    assert found["holdfast_webhooks_total|accepted|orders/create"] == before + 1
    assert (found["holdfast_queue_up"], found["holdfast_queue_waiting|mail"]) == (1, 1)
    assert SHOP not in asked.get("/metrics").text


def test_metrics_are_told_even_when_the_queue_is_gone(database: Database, migrations: Path):
    found = read_metrics(client(database, f"redis://127.0.0.1:{free_port()}/0", migrations))
    assert found["holdfast_queue_up"] == 0


def test_a_topic_nobody_knows_makes_no_label_of_its_own():
    count_webhook("made/up", "bad_signature", {"orders/create"})
    labels = {tuple(sample.labels.values()) for family in WEBHOOKS.collect() for sample in family.samples}
    assert ("other", "bad_signature") in labels
    assert not any("made/up" in label for label in labels)
