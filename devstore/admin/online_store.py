"""The online store: the theme, and a stand-in for the theme editor where the app's block is added and taken away."""

from __future__ import annotations

from flask import Blueprint, current_app, g, redirect, request
from flask.typing import ResponseReturnValue

from devstore.admin.store import back, show, theme_extension, world_of
from devstore.app_config import AppConfig
from devstore.storefront.visit import BLOCK_HANDLE, THEME_CHOICES

blueprint = Blueprint("online_store", __name__, url_prefix="/store/<handle>/themes")


@blueprint.get("")
def index(handle: str) -> str:
    """The published theme."""
    world = world_of(handle)
    with world.lock:
        return show("themes.html", world, choices=THEME_CHOICES)


@blueprint.post("/looks")
def choose_looks(handle: str) -> ResponseReturnValue:
    """Choose how the theme is built and coloured, and its generation: how it tells a change of variant."""
    g.handle = handle
    world = world_of(handle)
    if any(request.form[name] not in known for name, known in THEME_CHOICES.items()):
        return back("No such theme.", problem=True)
    with world.lock:
        for name in THEME_CHOICES:
            setattr(world.theme, name, request.form[name])
    return back("Theme saved.")


@blueprint.get("/current/editor")
def editor(handle: str) -> str:
    """
    The theme editor on the product page.

    Source:
        Deep link `?template=product&addAppBlockId={client_id}/{block}&target=mainSection`: the block is put into the
        section, and nothing is kept until the merchant saves.
    """
    world = world_of(handle)
    config: AppConfig = current_app.config["APP_CONFIG"]
    wanted = request.args.get("addAppBlockId", "")
    with world.lock:
        product = next(iter(world.products.values()))
        is_new = wanted.startswith(f"{config.api_key}/") and not world.theme.has_block
        return show(
            "editor.html",
            world,
            product=product,
            block_name=_block_name() if world.installation else None,
            is_new=is_new and world.installation is not None,
        )


def _block_name() -> str | None:
    extension = theme_extension()
    return extension.label(extension.blocks[BLOCK_HANDLE].schema["name"]) if extension else None


@blueprint.post("/current/block")
def set_block(handle: str) -> ResponseReturnValue:
    """Save the theme with or without the app's block."""
    g.handle = handle
    world = world_of(handle)
    with world.lock:
        world.theme.has_block = request.form["block"] == "add" and world.installation is not None
    return redirect(f"/store/{handle}/themes/current/editor")
