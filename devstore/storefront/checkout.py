"""Checkout and the thank-you page: the cart becomes an order."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request
from flask.typing import ResponseReturnValue

from devstore.acts.checkout import Buyer, Refused
from devstore.acts.checkout import checkout as buy
from devstore.storefront.basket import wanted, words
from devstore.storefront.visit import Visit, visit
from devstore.theme.objects import order_object
from devstore.world import Address, Order

blueprint = Blueprint("checkout", __name__)
# The form does not ask where the parcel goes: everybody lives here.
HOME = Address(
    address1="Lindenallee 3",
    city="Bremen",
    zip="28195",
    province="",
    province_code="",
    country="Germany",
    country_code="DE",
)


@blueprint.get("/checkout")
def ask() -> ResponseReturnValue:
    """The checkout form."""
    here = visit()
    with here.world.lock:
        cart = here.cart()
        if cart is None or not cart.lines:
            return redirect(f"{here.root}/cart")
        return _form(here, {"locale": here.locale, "payment": "now"})


@blueprint.post("/checkout")
def place() -> ResponseReturnValue:
    """Place the order; a refusal comes back in words above the form."""
    here = visit()
    cart = here.cart()
    if cart is None:
        return redirect(f"{here.root}/cart")
    form = request.form
    buyer = Buyer(
        email=form["email"].strip(),
        first_name=form["first_name"].strip(),
        last_name=form["last_name"].strip(),
        locale=form.get("locale", here.locale),
        address=HOME,
    )
    order = buy(here.world, wanted(cart), buyer, paid=form.get("payment") != "later", note=cart.note or None)
    with here.world.lock:
        if isinstance(order, Refused):
            return _form(here, dict(form), words(here, order)), 422
        del here.world.carts[cart.token]
        return redirect(f"{here.root}/thank-you/{order.token}")


@blueprint.get("/thank-you/<token>")
def thanks(token: str) -> str:
    """The order just placed."""
    here = visit()
    with here.world.lock:
        order = _order(here, token)
        objects = here.objects("thank-you", f"{here.text('thanks.order')} {order.name}")
        objects["order"] = order_object(here.world, order)
        objects["first_name"] = order.shipping_address.first_name
        return here.render("thank-you", objects, layout="checkout")


def _form(here: Visit, given: dict[str, str], error: str | None = None) -> str:
    objects = here.objects("checkout", here.text("checkout.title"))
    return here.render("checkout", {**objects, "form": given, "error": error}, layout="checkout")


def _order(here: Visit, token: str) -> Order:
    found = next((one for one in here.world.orders.values() if one.token == token), None)
    if found is None:
        abort(404)
    return found
