"""Home, collections and products."""

from __future__ import annotations

from flask import Blueprint, abort, request

from devstore import theme
from devstore.storefront.visit import Visit, visit
from devstore.theme.objects import collection_object, product_object
from devstore.world import Collection, Product

blueprint = Blueprint("pages", __name__)
MAIN_SECTION = "template--product__main"
FEATURED_SECTION = "template--index__featured"
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
        featured = next((one for one in shown if len(one.options) > 1), shown[0] if shown else None)
        objects["featured"] = _product_section(here, featured, None, FEATURED_SECTION) if featured else ""
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
        if request.args.get("section_id", MAIN_SECTION) not in (MAIN_SECTION, FEATURED_SECTION):
            abort(404)
        return product_page(here, found, request.args.get("variant", type=int))


def product_page(here: Visit, found: Product, variant_id: int | None, error: str | None = None) -> str:
    """Render a product's page, or its main section when that is what was asked for."""
    section = request.args.get("section_id")
    if section is not None:
        return _product_section(here, found, variant_id, section)
    objects = here.objects("product", found.title)
    objects["product_section"] = _product_section(here, found, variant_id, MAIN_SECTION, error)
    return here.render("product", objects)


def _product_section(
    here: Visit, found: Product, variant_id: int | None, section: str, error: str | None = None
) -> str:
    """A section with one product, as the family of the theme builds it, our block in it."""
    objects = here.objects("product", found.title)
    objects["product"] = product_object(here.world, found, here.root, variant_id)
    objects["section"] = {"id": section}
    objects["error"] = error
    objects["section"] = {"id": section, "blocks": here.app_blocks(objects), "is_main": section == MAIN_SECTION}
    html = theme.render(f"sections/product-{here.theme.family}.liquid", here.page(), objects)
    return f'<div id="shopify-section-{section}" class="shopify-section">{html}</div>'


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
