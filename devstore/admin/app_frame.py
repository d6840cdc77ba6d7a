"""The app in the admin: install, open in a frame, remove; and what the frame answers App Bridge."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, g, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from devstore import installing
from devstore.acts.errors import ActError
from devstore.admin.launch import launch_host, launch_url
from devstore.admin.store import back, show, theme_extension, world_of
from devstore.app_config import AppConfig
from devstore.id_tokens import mint_id_token
from devstore.storefront.visit import BLOCK_HANDLE
from devstore.world import World

blueprint = Blueprint("app_frame", __name__, url_prefix="/store/<handle>/apps")


@blueprint.get("")
def index(handle: str) -> str:
    """The installed apps: one, or none."""
    world = world_of(handle)
    return show("apps.html", world, config=_config())


@blueprint.post("/install")
def install(handle: str) -> ResponseReturnValue:
    """Grant the scopes and open the app."""
    installing.install(world_of(handle), _config())
    return redirect(f"/store/{handle}/apps/{_config().handle}")


@blueprint.post("/uninstall")
def uninstall(handle: str) -> ResponseReturnValue:
    """Remove the app; its block leaves the theme with it."""
    g.handle = handle
    world = world_of(handle)
    if world.installation is None:
        abort(404)
    installing.uninstall(world)
    return back("The app is removed.")


@blueprint.get("/<app>/", defaults={"path": ""})
@blueprint.get("/<app>", defaults={"path": ""})
@blueprint.get("/<app>/<path:path>")
def frame(handle: str, app: str, path: str) -> str:
    """Open the app at a path; before it is installed, ask for its scopes."""
    world, config = _app_of(handle, app), _config()
    if world.installation is None:
        return show("install.html", world, config=config)
    query = f"?{request.query_string.decode()}" if request.query_string else ""
    return show("frame.html", world, config=config, src=_launch(world, f"/{path}{query}"), own=_about(world))


@blueprint.post("/<app>/-/id-token")
def id_token(handle: str, app: str) -> ResponseReturnValue:
    """Mint an ID token for the frame."""
    world = _app_of(handle, app)
    if world.installation is None:
        abort(404)
    return jsonify(token=mint_id_token(_config(), world))


@blueprint.post("/<app>/-/launch")
def launch(handle: str, app: str) -> ResponseReturnValue:
    """Sign an address of the app for the frame."""
    world = _app_of(handle, app)
    return jsonify(url=_launch(world, request.get_json()["path"]))


@blueprint.post("/<app>/-/grant")
def grant(handle: str, app: str) -> ResponseReturnValue:
    """Grant optional scopes that the app asked for and the merchant allowed."""
    world = _app_of(handle, app)
    if world.installation is None:
        abort(404)
    try:
        installing.change_scopes(world, _config(), grant=set(request.get_json()["scopes"]), revoke=set())
    except ActError as exc:
        abort(422, str(exc))
    with world.lock:
        return jsonify(_scopes(world))


@blueprint.post("/<app>/-/<question>")
def ask(handle: str, app: str, question: str) -> ResponseReturnValue:
    """Answer App Bridge about scopes or theme extensions."""
    world = _app_of(handle, app)
    answers = {"scopes": _scopes, "extensions": _extensions}
    if question not in answers or world.installation is None:
        abort(404)
    with world.lock:
        return jsonify(answers[question](world))


def _scopes(world: World) -> dict[str, list[str]]:
    config, granted = _config(), world.installation.scopes if world.installation else set()
    return {"granted": sorted(granted), "required": list(config.scopes), "optional": list(config.optional_scopes)}


def _extensions(world: World) -> list[dict[str, Any]]:
    """Describe the app's theme extension as `shopify.app.extensions()` does, for the published theme."""
    extension = theme_extension()
    if extension is None:
        return []
    where = [{"target": "template--product/main/app", "themeId": f"gid://shopify/OnlineStoreTheme/{world.theme.id}"}]
    activations = []
    for block in extension.blocks.values():
        is_active = world.theme.has_block and block.handle == BLOCK_HANDLE
        activations.append(
            {
                "handle": block.handle,
                "name": extension.label(block.schema["name"]),
                "target": block.schema["target"],
                "status": "active" if is_active else "available",
                "activations": where if is_active else [],
            }
        )
    return [{"handle": extension.handle, "type": "theme_app_extension", "activations": activations}]


def _about(world: World) -> dict[str, Any]:
    return {
        "shop": world.shop.domain,
        "host": launch_host(request.host, world),
        "locale": "en",
        "apiKey": _config().api_key,
        "user": {"id": 1, "name": world.shop.owner_name, "email": world.shop.email},
    }


def _launch(world: World, path: str) -> str:
    return launch_url(_config(), world, path, mint_id_token(_config(), world), request.host)


def _app_of(handle: str, app: str) -> World:
    if app != _config().handle:
        abort(404)
    return world_of(handle)


def _config() -> AppConfig:
    config: AppConfig = current_app.config["APP_CONFIG"]
    return config
