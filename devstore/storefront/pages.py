"""Home, collections and products."""

from __future__ import annotations

from flask import Blueprint, abort, request

from devstore import theme
from devstore.storefront.visit import Visit, visit
from devstore.theme.objects import collection_object, product_object
from devstore.world import Collection, Product

blueprint = Blueprint("pages", __name__)
MAIN_SECTION = "template--product__main"
FEATURED = 8


@blueprint.get("/")
def home() -> str:
    """The front page."""
    here = visit()
    with here.world.lock:
        shown = [one for one in here.world.products.values() if here.sells(one)]
        step = max(1, len(shown) // FEATURED)
        objects = here.objects("index", here.world.shop.name)
        objects["featured_products"] = [product_object(here.world, p, here.root) for p in shown[::step][:FEATURED]]
        return here.render("home", objects)


@blueprint.get("/collections/<handle>")
def collection(handle: str) -> str:
    """The products of one collection; `all` lists every product."""
    here = visit()
    with here.world.lock:
        found = _collection(here, handle)
        objects = here.objects("collection", found.title)
        objects["collection"] = collection_object(here.world, found, here.root)
        objects["current_collection"] = handle
        return here.render("main-collection", objects)


@blueprint.get("/products/<handle>")
def product(handle: str) -> str:
    """One product; with `?section_id=` only the main section, as themes fetch it after a change of variant."""
    here = visit()
    with here.world.lock:
        found = find_product(here, handle)
        if request.args.get("section_id", MAIN_SECTION) != MAIN_SECTION:
            abort(404)
        return product_page(here, found, request.args.get("variant", type=int))


def product_page(here: Visit, found: Product, variant_id: int | None, error: str | None = None) -> str:
    """Render a product's page, or its main section when that is what was asked for."""
    objects = here.objects("product", found.title)
    objects["product"] = product_object(here.world, found, here.root, variant_id)
    objects["section"] = {"id": MAIN_SECTION}
    objects["error"] = error
    blocks, head = here.app_blocks(objects)
    objects["section"] = {"id": MAIN_SECTION, "blocks": blocks}
    if "section_id" in request.args:
        html = theme.render("sections/main-product.liquid", here.page(), objects)
        return f'<div id="shopify-section-{MAIN_SECTION}" class="shopify-section">{html}</div>'
    return here.render("main-product", objects, head=head)


def find_product(here: Visit, handle: str) -> Product:
    """A product a shopper may see; anything else is not found."""
    found = next((one for one in here.world.products.values() if one.handle == handle), None)
    if found is None or not here.sells(found):
        abort(404)
    return found


def not_found(_error: Exception) -> tuple[str, int]:
    """The page for what is not here."""
    here = visit()
    with here.world.lock:
        return here.render("not-found", here.objects("404", "404")), 404


def _collection(here: Visit, handle: str) -> Collection:
    world = here.world
    if handle == "all":
        return Collection(0, "All products", "all", world.now(), world.now(), list(world.products))
    found = next((one for one in world.collections.values() if one.handle == handle), None)
    if found is None:
        abort(404)
    return found
