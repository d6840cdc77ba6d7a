"""The way in, the home page, and the store's clock."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, current_app, g, redirect, request
from flask.typing import ResponseReturnValue

from devstore.admin.store import back, handle_of, show, world_of
from devstore.status import financial_status, fulfillment_status
from devstore.world import Stores

blueprint = Blueprint("home", __name__)
STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}


@blueprint.get("/")
def enter() -> ResponseReturnValue:
    """Go to the first shop."""
    stores: Stores = current_app.config["STORES"]
    return redirect(f"/store/{handle_of(stores.first)}")


@blueprint.get("/admin/<path:rest>")
def old_address(rest: str) -> ResponseReturnValue:
    """Follow a `{shop}/admin/…` address into the first shop."""
    stores: Stores = current_app.config["STORES"]
    query = f"?{request.query_string.decode()}" if request.query_string else ""
    return redirect(f"/store/{handle_of(stores.first)}/{rest}{query}")


@blueprint.get("/store/<handle>")
def home(handle: str) -> str:
    """What waits to be done."""
    world = world_of(handle)
    with world.lock:
        open_orders = [one for one in world.orders.values() if one.cancelled_at is None]
        to_ship = [one for one in open_orders if any(line.unfulfilled_quantity for line in one.lines)]
        unpaid = [one for one in open_orders if financial_status(one) == "PENDING"]
        tracked = [v for v in world.variants.values() if world.items[v.inventory_item_id].tracked]
        stock = [world.online_available(v.inventory_item_id) for v in tracked]
        partly = [one for one in to_ship if fulfillment_status(world, one) == "PARTIALLY_FULFILLED"]
        return show(
            "home.html",
            world,
            to_ship=len(to_ship),
            partly=len(partly),
            unpaid=len(unpaid),
            empty=sum(1 for units in stock if units == 0),
            oversold=sum(1 for units in stock if units < 0),
        )


@blueprint.post("/store/<handle>/clock")
def move_clock(handle: str) -> ResponseReturnValue:
    """Move the store's clock ahead by an hour, a day or a week."""
    world = world_of(handle)
    g.handle = handle
    world.clock.advance(STEPS[request.form["by"]])
    return back(f"It is now {world.now():%-d %B %Y} in the store.")
