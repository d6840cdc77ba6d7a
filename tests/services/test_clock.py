"""What the clock asks of all shops: it is found by an index, however much there was before."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event

from plugin import wiring
from plugin.adapters.database import shops, syncs
from plugin.adapters.database.tables import metadata
from plugin.services import keep_time, mail_alerts, run_lanes
from tests.web.site import settings

OF_OPEN_WORK = {
    i.name
    for table in metadata.tables.values()
    for i in table.indexes
    if i.dialect_options["sqlite"]["where"] is not None
}
# One row a shop: going through them is going through the shops.
ONE_ROW_A_SHOP = {"shops", "shop_settings", "tokens"}


def asked_by_the_clock(database_url: str) -> list[tuple[str, Any]]:
    """Every statement of one turn of the clock, with its values."""
    parts = wiring.build(settings(database_url, "redis://127.0.0.1:9/0"))
    now = datetime.now(UTC)
    with parts.database.begin() as tx:
        shops.install(tx, "a.myshopify.com", now)
        syncs.begin(tx, "a.myshopify.com", "first", now)
    asked: list[tuple[str, Any]] = []

    @event.listens_for(parts.database.engine, "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        if not many and statement.split()[0] in ("SELECT", "UPDATE", "DELETE"):
            asked.append((statement, parameters))

    run_lanes.sweep(parts)
    mail_alerts.queue_due(parts)
    keep_time._begin_nightly(parts)
    keep_time._tidy(parts)
    event.remove(parts.database.engine, "before_cursor_execute", note)
    parts.database.close()
    return asked


def _scanned(plan: str) -> list[str]:
    """Tables that a plan reads from end to end, be it by an index; one of open work alone is as long as the work."""
    found = [*re.findall(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", plan)]
    return [table for table, index in found if index not in OF_OPEN_WORK] + re.findall(r"Seq Scan on (\w+)", plan)


def test_the_clock_reads_no_table_from_end_to_end(database: Any, database_url: str):
    asked = asked_by_the_clock(database_url)
    assert len(asked) > 15
    is_sqlite = database.engine.dialect.name == "sqlite"
    scanned = []
    with database.engine.connect() as connection:
        if not is_sqlite:
            connection.exec_driver_sql("SET enable_seqscan = off")  # of an empty table it would be the cheapest
        for statement, values in asked:
            how = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
            plan = "\n".join(str(row[-1]) for row in connection.exec_driver_sql(how + statement, values))
            scanned += [(table, statement) for table in _scanned(plan) if table not in ONE_ROW_A_SHOP]
    assert scanned == []
