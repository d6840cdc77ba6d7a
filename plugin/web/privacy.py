"""What we hold about a customer who asked for it: to look at, to hand out as a file, and done."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from flask import Response, abort, g, redirect, render_template
from werkzeug.wrappers import Response as AnyResponse

from plugin.services import erase_customer
from plugin.web.parts import parts
from plugin.web.session import admin_blueprint

blueprint = admin_blueprint("privacy", __name__)


@blueprint.get("/privacy/<request_id>")
def show(request_id: str) -> str:
    found = _export(request_id)
    # In the page itself, so that the file needs no second request, which a frame could not authenticate.
    file = "data:application/json;base64," + b64encode(_as_file(found)).decode("ascii")
    return render_template("pages/data_request.html", found=found, file=file, request_id=request_id)


@blueprint.get("/privacy/<request_id>.json")
def download(request_id: str) -> Response:
    """The same as a file, for whoever asks with a token in the header."""
    answer = Response(_as_file(_export(request_id)), mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{_file_name(request_id)}"'
    return answer


@blueprint.post("/privacy/<request_id>/done")
def note_handed_out(request_id: str) -> AnyResponse:
    erase_customer.note_handed_out(parts().database, g.shop, request_id, g.now)
    return redirect("/?done=handed-out", 303)


def _export(request_id: str) -> dict[str, Any]:
    found = erase_customer.export(parts().database, parts().vault, g.shop, request_id)
    if found is None:
        abort(404)
    return found


def _as_file(found: dict[str, Any]) -> bytes:
    return json.dumps(found, ensure_ascii=False, indent=2).encode()


def _file_name(request_id: str) -> str:
    return f"customer-data-{''.join(c for c in request_id if c.isalnum())}.json"
