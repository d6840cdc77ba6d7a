"""What the worker runs, one function a lane. Arguments are shop names; everything else is in the database."""

from __future__ import annotations

import os
from functools import cache

from plugin import wiring
from plugin.services import carry_out, run_lanes, send_mail, sync_shop
from plugin.settings import Settings
from plugin.wiring import Parts
from webhooks.open_inbox import open_inbox


@cache
def _parts() -> Parts:
    """This worker process's parts, built when the first job runs."""
    return wiring.build(Settings.from_environment(os.environ))


def run_switch(shop: str) -> None:
    run_lanes.run_switch(_parts(), shop, open_inbox)


def run_queue(shop: str) -> None:
    run_lanes.run_queue(_parts(), shop, open_inbox)


def run_effects(shop: str) -> None:
    carry_out.write_others(_parts(), shop)


def run_mail(shop: str) -> None:
    send_mail.run(_parts(), shop)


def run_sync(shop: str) -> None:
    sync_shop.run(_parts(), shop)
