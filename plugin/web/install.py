"""Ways in: the page that fetches a fresh ID token, and the code grant of custom apps."""

from __future__ import annotations

from flask import Blueprint, render_template

from plugin.adapters.shopify.tokens import PATCH_ID_TOKEN_PATH
from plugin.web.session import protect

blueprint = Blueprint("install", __name__)
blueprint.after_request(protect)


@blueprint.get(PATCH_ID_TOKEN_PATH)
def patch_id_token() -> str:
    """Nothing but App Bridge: it reads `shopify-reload` and opens that address with a fresh ID token."""
    return render_template("pages/patch_id_token.html")
