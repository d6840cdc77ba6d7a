"""The parts of this process, as pages reach them. `plugin.wiring` builds them; `create_app` lays them here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app

if TYPE_CHECKING:
    from plugin.wiring import Parts


def parts() -> Parts:
    """The database, clock, job queue, vault and settings of this process."""
    found: Parts = current_app.extensions["holdfast"]
    return found
