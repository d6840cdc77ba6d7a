"""Control calls that stand for a shopper or a member of staff."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from devstore import acts
from devstore.acts import ActError, Buyer, RefundWish, Refused, Wanted
from devstore.control.reading import line_units, location_of, number, order_of, product_of, units, variant_of
from devstore.control.requests import body, world
from devstore.control.telling import order_json, written
from devstore.world import Level, Order, World

blueprint = Blueprint("staff", __name__)


def _order_answer(here: World, order: Order) -> ResponseReturnValue:
    return jsonify(order=order_json(here, order))


@blueprint.post("/checkout")
def checkout() -> ResponseReturnValue:
    """A shopper buys."""
    here, given = world(), body()
    rows = given.get("lines") or []
    with here.lock:
        lines = []
        for row in rows:
            wanted = row.get("variant_id", row.get("sku"))
            variant = acts.find_variant(here, wanted) if wanted is not None else None
            if variant is None:
                return jsonify(refused="no such variant", variant_id=wanted), 422
            properties = tuple((str(key), str(value)) for key, value in (row.get("properties") or {}).items())
            lines.append(Wanted(variant.id, units(row) if "quantity" in row else 1, properties))
        done = acts.checkout(
            here,
            lines,
            _buyer(given.get("customer") or {}),
            paid=given.get("paid", True),
            source=given.get("source", "web"),
            attributes=[(str(key), str(value)) for key, value in (given.get("attributes") or {}).items()],
            note=given.get("note"),
            processed_at=datetime.fromisoformat(given["processed_at"]) if given.get("processed_at") else None,
            test=given.get("test", False),
        )
        if isinstance(done, Refused):
            return jsonify(refused=done.reason, variant_id=done.variant_id), 422
        return _order_answer(here, done)


def _buyer(given: dict[str, Any]) -> Buyer:
    unknown = set(given) - {"email", "first_name", "last_name", "locale", "phone"}
    if unknown:
        raise ActError(f"a customer has no {unknown.pop()}")
    return Buyer(**given)


@blueprint.post("/fulfill")
def fulfill() -> ResponseReturnValue:
    """A parcel leaves."""
    here, given = world(), body()
    order = order_of(here, given)
    acts.fulfill(here, order, line_units(given))
    return _order_answer(here, order)


@blueprint.post("/cancel-parcel")
def cancel_parcel() -> ResponseReturnValue:
    """The newest parcel is called back."""
    here = world()
    order = order_of(here, body())
    acts.cancel_parcel(here, order)
    return _order_answer(here, order)


@blueprint.post("/refund")
def refund() -> ResponseReturnValue:
    """Units and money go back."""
    here, given = world(), body()
    order = order_of(here, given)
    wishes = [
        RefundWish(
            number(row.get("line_id")),
            units(row),
            str(row.get("restock_type", "cancel")).upper(),
            location_of(here, row["location"]).id if row.get("location") else None,
        )
        for row in given.get("lines") or []
    ]
    acts.refund(here, order, wishes, note=given.get("note"))
    return _order_answer(here, order)


@blueprint.post("/cancel")
def cancel() -> ResponseReturnValue:
    """An order is called off."""
    here, given = world(), body()
    order = order_of(here, given)
    acts.cancel(here, order, restock=given.get("restock", True))
    return _order_answer(here, order)


@blueprint.post("/edit")
def edit() -> ResponseReturnValue:
    """Staff change an order's lines."""
    here, given = world(), body()
    order = order_of(here, given)
    quantities = {number(row.get("line_id")): units(row) for row in given.get("set") or []}
    added = [(variant_of(here, row).id, units(row)) for row in given.get("add") or []]
    acts.edit(here, order, quantities, added)
    return _order_answer(here, order)


@blueprint.post("/pay")
def pay() -> ResponseReturnValue:
    """An order is paid, or its authorized payment lapses."""
    here, given = world(), body()
    order = order_of(here, given)
    if given.get("expire"):
        acts.expire(here, order)
    else:
        acts.pay(here, order)
    return _order_answer(here, order)


@blueprint.post("/return")
def take_back() -> ResponseReturnValue:
    """Shipped goods come back, all at once or step by step."""
    here, given = world(), body()
    order = order_of(here, given)
    place = location_of(here, given["location"]).id if given.get("location") else None
    step = given.get("step")
    if step == "open":
        acts.open_return(here, order, line_units(given) or {})
    elif step in ("dispose", "close"):
        opened = next((one for one in order.returns if one.status == "OPEN"), None)
        if opened is None:
            raise ActError("no open return on this order")
        if step == "dispose":
            acts.dispose(here, opened, restock=given.get("restock", True), location_id=place)
        else:
            acts.close_return(here, opened)
    else:
        acts.take_back(here, order, line_units(given) or {}, restock=given.get("restock", True), location_id=place)
    return _order_answer(here, order)


@blueprint.post("/move")
def move() -> ResponseReturnValue:
    """Staff let another location ship a fulfillment order."""
    here, given = world(), body()
    work = here.fulfillment_orders.get(number(given.get("fulfillment_order_id")))
    if work is None:
        raise ActError("no such fulfillment order")
    acts.move(here, work, location_of(here, given.get("location")).id)
    return _order_answer(here, here.orders[work.order_id])


def _level_json(here: World, level: Level) -> dict[str, Any]:
    return {
        "inventory_item_id": level.item_id,
        "location_id": level.location_id,
        "location": here.locations[level.location_id].name,
        "available": level.available,
        "committed": level.quantity("committed"),
        "on_hand": level.quantity("on_hand"),
        "updated_at": written(level.updated_at),
    }


@blueprint.post("/stock")
def stock() -> ResponseReturnValue:
    """Staff count goods (`available`), or book them in or out (`delta`)."""
    here, given = world(), body()
    if "inventory_item_id" in given:
        item_id = number(given["inventory_item_id"])
    else:
        item_id = variant_of(here, given).inventory_item_id
    place = location_of(here, given.get("location"))
    if ("available" in given) == ("delta" in given):
        raise ActError("give either available or delta")
    if "available" in given:
        level = acts.set_stock(here, item_id, place.id, units(given, "available"))
    else:
        level = acts.adjust_stock(here, item_id, place.id, units(given, "delta"))
    return jsonify(level=_level_json(here, level))


@blueprint.post("/policy")
def policy() -> ResponseReturnValue:
    """A foreign hand turns a variant's policy."""
    here, given = world(), body()
    variant = acts.set_policy(here, variant_of(here, given), str(given.get("inventory_policy", "")).upper())
    return jsonify(variant_id=variant.id, inventory_policy=variant.policy)


@blueprint.post("/bundle")
def bundle() -> ResponseReturnValue:
    """An app for bundles makes a variant of others, or, without parts, a plain one again."""
    here, given = world(), body()
    parts = [(variant_of(here, row), units(row)) for row in given.get("parts") or []]
    parent = acts.make_bundle(here, variant_of(here, given), parts)
    return jsonify(variant_id=parent.id, parts=[[part.variant_id, part.quantity] for part in parent.parts])


@blueprint.post("/product")
def product() -> ResponseReturnValue:
    """Staff archive, publish or delete a product."""
    here, given = world(), body()
    found = product_of(here, given)
    if given.get("delete"):
        acts.delete_product(here, found)
        return jsonify(product_id=found.id, deleted=True)
    if "published" in given:
        acts.publish_product(here, found, given["published"] is True)
    if "status" in given:
        acts.set_product_status(here, found, str(given["status"]).upper())
    return jsonify(product_id=found.id, status=found.status, published=found.published_at is not None)


@blueprint.post("/variant")
def variant() -> ResponseReturnValue:
    """Staff give a variant another SKU, let its stock be counted or not, or delete it alone."""
    here, given = world(), body()
    found = variant_of(here, given)
    if given.get("delete"):
        acts.delete_variant(here, found)
        return jsonify(variant_id=found.id, deleted=True)
    if "new_sku" in given:
        acts.set_sku(here, found, str(given["new_sku"]))
    if "tracked" in given:
        acts.set_tracked(here, found, given["tracked"] is True)
    return jsonify(variant_id=found.id, sku=found.sku)


@blueprint.post("/archive")
def archive() -> ResponseReturnValue:
    """Staff archive an order, or open it again."""
    here, given = world(), body()
    order = order_of(here, given)
    acts.archive(here, order, given.get("archived", True) is True)
    return _order_answer(here, order)
