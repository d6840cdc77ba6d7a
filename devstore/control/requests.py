"""What a control call is about: its JSON, its shop, and the devstore behind it."""

from __future__ import annotations

from typing import Any

from flask import current_app, request

from devstore.acts import ActError
from devstore.control.reading import NotFound
from devstore.host import Devstore
from devstore.world import World


def devstore() -> Devstore:
    """Return the devstore of this app."""
    store: Devstore = current_app.config["DEVSTORE"]
    return store


def world() -> World:
    """
    Return the shop of a call: the one of `?shop=`, or the first.

    Raises:
        NotFound: There is no such shop.
    """
    wanted = request.args.get("shop")
    found = devstore().stores.get(wanted) if wanted else devstore().stores.first
    if found is None:
        raise NotFound(f"no shop {wanted}")
    return found


def body() -> dict[str, Any]:
    """
    Return a call's JSON; an empty body is an empty object.

    Raises:
        ActError: It is no JSON object.
    """
    if not request.get_data():
        return {}
    given = request.get_json(force=True, silent=True)
    if not isinstance(given, dict):
        raise ActError("the body must be a JSON object")
    return given
