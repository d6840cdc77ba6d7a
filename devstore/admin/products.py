"""Products by hand: status, and whether a variant sells past zero."""

from __future__ import annotations

from flask import Blueprint, abort, g, request
from flask.typing import ResponseReturnValue

from devstore.acts.goods import set_policy, set_product_status
from devstore.admin.store import back, product_of, show, world_of

blueprint = Blueprint("products", __name__, url_prefix="/store/<handle>/products")


@blueprint.get("")
def index(handle: str) -> str:
    """Every product, by name; `?q=` searches title, vendor, type."""
    world = world_of(handle)
    asked = request.args.get("q", "").strip().lower()
    with world.lock:
        rows = []
        for product in sorted(world.products.values(), key=lambda one: one.title):
            if asked not in f"{product.title} {product.vendor} {product.product_type}".lower():
                continue
            items = [world.items[v.inventory_item_id] for v in world.variants_of(product)]
            tracked = [item for item in items if item.tracked]
            stock = sum(world.online_available(item.id) for item in tracked) if tracked else None
            rows.append({"product": product, "stock": stock, "variants": len(items)})
        return show("products.html", world, rows=rows, q=request.args.get("q", ""))


@blueprint.get("/<int:number>")
def one(handle: str, number: int) -> str:
    """One product and its variants."""
    world = world_of(handle)
    with world.lock:
        product = product_of(world, number)
        variants = world.variants_of(product)
        return show(
            "product.html",
            world,
            product=product,
            variants=variants,
            stock={variant.id: world.online_available(variant.inventory_item_id) for variant in variants},
            tracked={variant.id: world.items[variant.inventory_item_id].tracked for variant in variants},
            metafields={variant.id: world.metafields_of(variant.gid) for variant in variants},
        )


@blueprint.post("/<int:number>/status")
def status(handle: str, number: int) -> ResponseReturnValue:
    """Publish, draft or archive."""
    g.handle = handle
    world = world_of(handle)
    set_product_status(world, product_of(world, number), request.form["status"])
    return back("Status saved.")


@blueprint.post("/<int:number>/policy")
def policy(handle: str, number: int) -> ResponseReturnValue:
    """Continue selling when out of stock, or not; for one variant."""
    g.handle = handle
    world = world_of(handle)
    variant = world.variants.get(request.form.get("variant", 0, type=int)) or abort(404)
    set_policy(world, variant, request.form["policy"])
    return back(f"{variant.sku or variant.title}: saved.")
