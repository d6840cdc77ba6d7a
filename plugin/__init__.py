"""Holdfast: backorders that keep their promise. The Flask app is a function's result; nothing connects at import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from plugin.settings import Settings
    from plugin.wiring import Parts

TOP = Path(__file__).resolve().parent.parent


def create_app(settings: Settings, parts: Parts | None = None) -> Flask:
    """
    Build the web process.

    Args:
        parts: Adapters to use instead of freshly wired ones (tests).
    """
    # Imported here so that the domain can be used without Flask or a database driver being loaded.
    from flask import Flask

    from plugin import logs, wiring
    from plugin.web.health import health_pages
    from plugin.web.pages import register_pages
    from webhooks.receive import blueprint as webhooks

    logs.configure("web")
    app = Flask("holdfast", root_path=str(TOP), template_folder="templates", static_folder=None)
    wired = parts or wiring.build(settings)
    app.extensions["holdfast"] = wired
    app.register_blueprint(webhooks)
    app.register_blueprint(health_pages(wired.database, wired.jobs))
    register_pages(app)
    return app
