"""What the storefront's CDN serves: the theme's assets, the extension's, and the product pictures."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, send_from_directory

from devstore import theme
from devstore.pictures import draw
from devstore.theme.extension import find_extension

blueprint = Blueprint("files", __name__, url_prefix="/cdn")


@blueprint.get("/theme/<name>")
def theme_asset(name: str) -> Response:
    """A stylesheet, script or mark of the theme."""
    return send_from_directory(theme.FOLDER / "assets", name)


@blueprint.get("/extensions/<handle>/<name>")
def extension_asset(handle: str, name: str) -> Response:
    """An asset of the app's theme extension."""
    folder = current_app.config["APP_FOLDER"]
    extension = find_extension(folder) if folder else None
    if extension is None or extension.handle != handle:
        abort(404)
    return send_from_directory(extension.folder / "assets", name)


@blueprint.get("/<image_key>.svg")
def picture(image_key: str) -> Response:
    """A product picture."""
    try:
        svg = draw(image_key)
    except KeyError:
        abort(404)
    return Response(svg, mimetype="image/svg+xml", headers={"Cache-Control": "public, max-age=3600"})
