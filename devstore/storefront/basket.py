"""The cart: add, change, look. Properties of the form travel with the line."""

from __future__ import annotations

import re
import secrets
from typing import Any

from flask import Blueprint, abort, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from devstore.acts.checkout import Refused, Wanted, refusal_of
from devstore.storefront.pages import product_page
from devstore.storefront.visit import CART_COOKIE, Visit, visit
from devstore.theme.objects import cart_object
from devstore.world import Cart, CartLine

blueprint = Blueprint("basket", __name__)
PROPERTY = re.compile(r"properties\[(.+)\]")


@blueprint.get("/cart")
def show() -> str:
    """The cart's page."""
    here = visit()
    with here.world.lock:
        return here.render("main-cart", here.objects("cart", here.text("cart.title")))


@blueprint.get("/cart.js")
def show_json() -> ResponseReturnValue:
    """The cart for scripts."""
    here = visit()
    with here.world.lock:
        return jsonify(cart_object(here.world, here.cart(), here.root))


@blueprint.post("/cart/add")
def add() -> ResponseReturnValue:
    """A product form was sent: put its units into the cart, or show why not on the product's page."""
    here = visit()
    with here.world.lock:
        line = _posted_line(here)
        cart = here.cart() or Cart(secrets.token_hex(12))
        refused = _refusal(here, cart, line)
        if refused is not None:
            variant = here.world.variants[line.variant_id]
            product = here.world.products[variant.product_id]
            return product_page(here, product, variant.id, words(here, refused)), 422
        _put(here, cart, line)
        answer = redirect(f"{here.root}/cart")
        answer.set_cookie(CART_COOKIE, cart.token, samesite="Lax")
        return answer


@blueprint.post("/cart/add.js")
def add_json() -> ResponseReturnValue:
    """The same for scripts: the line, or 422 with `description`."""
    here = visit()
    with here.world.lock:
        line = _posted_line(here)
        cart = here.cart() or Cart(secrets.token_hex(12))
        refused = _refusal(here, cart, line)
        if refused is not None:
            return jsonify(status=422, message="Cart Error", description=words(here, refused)), 422
        _put(here, cart, line)
        answer = jsonify(cart_object(here.world, cart, here.root)["items"][-1])
        answer.set_cookie(CART_COOKIE, cart.token, samesite="Lax")
        return answer


@blueprint.post("/cart/change")
def change() -> ResponseReturnValue:
    """Change the units of one line, counted from 1; zero removes it."""
    here = visit()
    with here.world.lock:
        cart = here.cart()
        place = request.form.get("line", 0, type=int)
        if cart is None or not 1 <= place <= len(cart.lines):
            abort(404)
        quantity = 0 if "remove" in request.form else request.form.get("quantity", 1, type=int)
        line = cart.lines[place - 1]
        if quantity < 1:
            cart.lines.remove(line)
        else:
            more = CartLine(line.variant_id, quantity - line.quantity, line.properties)
            refused = _refusal(here, cart, more) if quantity > line.quantity else None
            if refused is not None:
                objects = here.objects("cart", here.text("cart.title"))
                return here.render("main-cart", {**objects, "error": words(here, refused)}), 422
            line.quantity = quantity
        return redirect(f"{here.root}/cart")


def wanted(cart: Cart) -> list[Wanted]:
    """A cart's lines as the checkout takes them."""
    return [Wanted(line.variant_id, line.quantity, line.properties) for line in cart.lines]


def words(here: Visit, refused: Refused) -> str:
    """Why a sale is refused, in the shopper's language where it is for want of stock."""
    variant = here.world.variants.get(refused.variant_id or 0)
    if variant is None or not here.sells(here.world.products[variant.product_id]):
        return f"{refused.reason[:1].upper()}{refused.reason[1:]}."
    product = here.world.products[variant.product_id]
    title = product.title if variant.title == "Default Title" else f"{product.title} ({variant.title})"
    left = here.world.online_available(variant.inventory_item_id)
    if left <= 0:
        return here.text("product.none_left", title=title)
    return here.text("product.not_enough", title=title, count=left)


def _posted_line(here: Visit) -> CartLine:
    given: dict[str, Any] = request.get_json(silent=True) or {}
    for name, value in request.form.items():
        given.setdefault(name, value)
    variant_id = int(given.get("id") or 0)
    if variant_id not in here.world.variants:
        abort(404)
    properties = {found[1]: value for name, value in given.items() if (found := PROPERTY.fullmatch(name)) and value}
    properties.update(given.get("properties") or {})
    pairs = tuple((str(name), str(value)) for name, value in properties.items())
    return CartLine(variant_id, max(1, int(given.get("quantity") or 1)), pairs)


def _refusal(here: Visit, cart: Cart, more: CartLine) -> Refused | None:
    units = more.quantity + sum(line.quantity for line in cart.lines if line.variant_id == more.variant_id)
    return refusal_of(here.world, [Wanted(more.variant_id, units)])


def _put(here: Visit, cart: Cart, line: CartLine) -> None:
    here.world.carts[cart.token] = cart
    for known in cart.lines:
        if (known.variant_id, known.properties) == (line.variant_id, line.properties):
            known.quantity += line.quantity
            return
    cart.lines.append(line)
