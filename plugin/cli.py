"""Commands: `python -m plugin.cli migrate | worker | clock | sync SHOP | rebuild SHOP | replay ID | dkim-record`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from alembic import command
from alembic.config import Config
from sqlalchemy import update

from plugin import TOP, logs, wiring
from plugin.adapters.database import syncs
from plugin.adapters.database.tables import inbox
from plugin.adapters.worker import run_workers
from plugin.errors import ConfigError, Conflict, InputError
from plugin.metrics import serve_metrics
from plugin.services import keep_time, rebuild_figures
from plugin.settings import Settings


def migrate(settings: Settings) -> None:
    """Bring the database to the newest schema."""
    config = Config()
    config.set_main_option("script_location", str(TOP / "migrations"))
    config.attributes["database_url"] = settings.database_url
    command.upgrade(config, "head")


def clock(settings: Settings) -> None:
    """Run the clock until told to stop."""
    stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: stop.append(received))
    keep_time.run(wiring.build(settings), lambda: bool(stop))


def sync(settings: Settings, shop: str) -> None:
    """Ask for a reconciliation of a shop; the worker does it."""
    parts = wiring.build(settings)
    with parts.database.begin() as tx:
        syncs.begin(tx, shop, "asked", parts.clock.now())
    parts.jobs.wake(shop, "sync")


def rebuild(settings: Settings, shop: str) -> None:
    """Make a shop's stored figures anew from its facts and its ledger."""
    try:
        count = rebuild_figures.rebuild(wiring.build(settings), shop)
    except (Conflict, InputError) as exc:
        sys.exit(str(exc))
    print(f"{count} products rebuilt")


def replay(settings: Settings, row_id: int) -> None:
    """Handle a webhook of the inbox once more, a parked one too."""
    parts = wiring.build(settings)
    with parts.database.begin() as tx:
        shop = tx.execute(
            update(inbox)
            .where(inbox.c.id == row_id)
            .values(handled_at=None, parked_at=None, attempts=0, error=None)
            .returning(inbox.c.shop)
        ).scalar()
    if shop is None:
        sys.exit(f"the inbox has no webhook {row_id}")
    parts.jobs.wake(shop, "queue")


def dkim_record(settings: Settings) -> None:
    """Print what the operator publishes, so that our signatures can be checked."""
    signer = wiring.build(settings).signer
    if signer is None:
        sys.exit("DKIM_KEY is not set: mails are not signed")
    print(f'{signer.key_name}. TXT "{signer.record}"')


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m plugin.cli", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("migrate", "worker", "clock", "dkim-record"):
        commands.add_parser(name)
    commands.add_parser("sync").add_argument("shop")
    commands.add_parser("rebuild").add_argument("shop")
    commands.add_parser("replay").add_argument("id", type=int)
    chosen = parser.parse_args(arguments)
    logs.configure(chosen.command)
    try:
        settings = Settings.from_environment(os.environ)
    except ConfigError as exc:
        sys.exit(str(exc))
    if chosen.command == "migrate":
        migrate(settings)
    elif chosen.command == "dkim-record":
        dkim_record(settings)
    elif chosen.command == "worker":
        run_workers(settings.redis_url, metrics_port=settings.metrics_port)
    elif chosen.command == "clock":
        serve_metrics(settings.metrics_port)
        clock(settings)
    elif chosen.command == "sync":
        sync(settings, chosen.shop)
    elif chosen.command == "rebuild":
        rebuild(settings, chosen.shop)
    else:
        replay(settings, chosen.id)


if __name__ == "__main__":
    main()
