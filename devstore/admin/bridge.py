"""The App Bridge stand-in's script, and who may post to the admin."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, request, send_from_directory

blueprint = Blueprint("bridge", __name__)
STATIC = Path(__file__).parent / "static"


@blueprint.get("/app-bridge.js")
def script() -> Response:
    """The stand-in for cdn.shopify.com/shopifycloud/app-bridge.js; useless without this admin around it."""
    answer = send_from_directory(STATIC, "app-bridge.js")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def refuse_foreign_posts() -> None:
    """Refuse a form or fetch sent by a page of another origin: the embedded app must not act as staff."""
    origin = request.headers.get("Origin")
    if request.method == "POST" and origin is not None and urlsplit(origin).netloc != request.host:
        abort(403)
