"""Random lives of a shop on either database, held against an oracle that knows nothing of the app."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.bench import Bench
from tests.model.life import Life
from tests.servers.databases import PostgresDatabases, SqliteDatabases
from tools.valkey import Valkey

STEPS_OF_A_LIFE = 50
# Steps on each database: 500 together in `make test`, 10,000 on each in `make prove`.
STEPS = {"ci": 250, "prove": 10_000}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    opened = Bench()
    yield opened
    opened.close()


@pytest.mark.hypothesis
@pytest.mark.timeout(3 * 3600)
@pytest.mark.case("F07", "F14", "F28", "F39", "F40", "F41", "F68")
def test_whatever_happens_to_a_shop_its_books_are_right(
    bench: Bench, databases: SqliteDatabases | PostgresDatabases, session_valkey: Valkey
):
    steps = STEPS[os.environ.get("HYPOTHESIS_PROFILE", "ci")]
    parts = {"bench": bench, "databases": databases, "redis_url": session_valkey.url, "steps": 0}
    machine = type("Life", (Life,), parts)
    while machine.steps < steps:  # Hypothesis may end lives early
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=(steps - machine.steps) // STEPS_OF_A_LIFE + 1,
                stateful_step_count=STEPS_OF_A_LIFE,
                suppress_health_check=list(HealthCheck),
                deadline=None,
            ),
        )
