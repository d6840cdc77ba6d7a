"""Orders by hand: ship, refund, cancel, take the money."""

from __future__ import annotations

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from devstore.acts.cancelling import cancel
from devstore.acts.errors import ActError
from devstore.acts.fulfilling import fulfill
from devstore.acts.paying import pay
from devstore.acts.refunding import RefundWish, refund
from devstore.admin.store import back, order_of, show, world_of
from devstore.status import financial_status, fulfillment_status, paid_amount, refunded_amount

blueprint = Blueprint("orders", __name__, url_prefix="/store/<handle>/orders")


@blueprint.get("")
def index(handle: str) -> str:
    """Every order, newest first; `?only=open` leaves out what is shipped or cancelled."""
    world = world_of(handle)
    with world.lock:
        found = sorted(world.orders.values(), key=lambda one: one.number, reverse=True)
        if request.args.get("only") == "open":
            found = [o for o in found if o.cancelled_at is None and any(line.unfulfilled_quantity for line in o.lines)]
        rows = [
            {
                "order": order,
                "customer": world.customers.get(order.customer_id or 0),
                "payment": financial_status(order),
                "fulfillment": fulfillment_status(world, order),
                "units": sum(line.current_quantity for line in order.lines),
            }
            for order in found
        ]
        return show("orders.html", world, rows=rows, only=request.args.get("only", ""))


@blueprint.get("/<int:number>")
def one(handle: str, number: int) -> str:
    """One order."""
    world = world_of(handle)
    with world.lock:
        order = order_of(world, number)
        return show(
            "order.html",
            world,
            order=order,
            customer=world.customers.get(order.customer_id or 0),
            payment=financial_status(order),
            fulfillment=fulfillment_status(world, order),
            work=world.fulfillment_orders_of(order),
            metafields=world.metafields_of(order.gid),
            paid=paid_amount(order),
            refunded=refunded_amount(order),
        )


@blueprint.post("/<int:number>/<act>")
def do(handle: str, number: int, act: str) -> ResponseReturnValue:
    """Do one staff act; what Shopify would refuse comes back in words."""
    g.handle = handle
    world = world_of(handle)
    order = order_of(world, number)
    units = {int(name[5:]): int(value or 0) for name, value in request.form.items() if name.startswith("line-")}
    units = {line: quantity for line, quantity in units.items() if quantity > 0}
    try:
        if act == "fulfill":
            fulfill(world, order, units)
        elif act == "refund":
            kind = request.form["restock"]
            refund(world, order, [RefundWish(line, quantity, kind) for line, quantity in units.items()])
        elif act == "cancel":
            cancel(world, order, restock="restock" in request.form)
        elif act == "pay":
            pay(world, order)
    except ActError as refused:
        return back(f"{refused}", problem=True)
    return back(f"{order.name}: done.")
