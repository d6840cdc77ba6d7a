"""Inventory by hand: count a shelf, or book goods in."""

from __future__ import annotations

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from devstore.acts.errors import ActError
from devstore.acts.stock import adjust_stock, set_stock
from devstore.admin.store import back, show, world_of

blueprint = Blueprint("inventory", __name__, url_prefix="/store/<handle>/inventory")


@blueprint.get("")
def index(handle: str) -> str:
    """Every tracked variant with its levels; `?q=` searches, `?only=out` shows what is at or below zero."""
    world = world_of(handle)
    asked, only = request.args.get("q", "").strip().lower(), request.args.get("only", "")
    with world.lock:
        rows = []
        for variant in world.variants.values():
            item, product = world.items[variant.inventory_item_id], world.products[variant.product_id]
            is_asked = asked in f"{product.title} {variant.title} {variant.sku}".lower()
            is_out = world.online_available(item.id) <= 0
            if item.tracked and is_asked and (only != "out" or is_out):
                levels = {level.location_id: level for level in world.levels_of(item.id)}
                rows.append({"variant": variant, "product": product, "item": item, "levels": levels})
        places = sorted(world.locations.values(), key=lambda location: (location.priority, location.id))
        return show("inventory.html", world, rows=rows, places=places, q=request.args.get("q", ""), only=only)


@blueprint.post("/<int:item>")
def change(handle: str, item: int) -> ResponseReturnValue:
    """Book `units` in at a location, or set what a count found there."""
    g.handle = handle
    world = world_of(handle)
    location, units = request.form.get("location", 0, type=int), request.form.get("units", type=int)
    if units is None:
        return back("How many? Type a number first.", problem=True)
    try:
        if request.form["act"] == "receive":
            level = adjust_stock(world, item, location, units)
        else:
            level = set_stock(world, item, location, units)
    except ActError as refused:
        return back(f"{refused}", problem=True)
    return back(f"{world.locations[location].name}: {level.available} available now.")
