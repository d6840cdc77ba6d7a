"""Mutations of orders: notes, parcels, refunds, cancellation, edits, consent."""

from __future__ import annotations

import secrets
from decimal import Decimal
from typing import Any

from graphql import GraphQLResolveInfo

from devstore.acts.cancelling import cancel
from devstore.acts.editing import edit
from devstore.acts.errors import ActError
from devstore.acts.fulfilling import Picked, Tracking, fulfill_lines
from devstore.acts.refunding import RefundWish, refund
from devstore.acts.tagging import touch_order
from devstore.admin_api.fields_goods import world_of
from devstore.admin_api.fields_orders import is_visible
from devstore.admin_api.idempotency import once
from devstore.admin_api.paging import Page, paginate
from devstore.admin_api.registry import Asking, answers, not_played, number_of, user_error
from devstore.payloads.customer import full_customer_body
from devstore.world import Job, LineItem, Order, OrderEdit, World

CANCEL_DELAY_S = 0.2
MOST_STAFF_NOTE = 255


def visible_order(info: GraphQLResolveInfo, written: str) -> Order | None:
    """Return an order the app may touch, or None."""
    found = world_of(info).orders.get(number_of(written, "Order"))
    return found if found is not None and is_visible(info.context, found) else None


def from_act(error: ActError, fallback: list[str] | None = None) -> dict[str, Any]:
    """Write a refused act as a user error."""
    return user_error(str(error), error.code, error.field or fallback)


@answers("Mutation", "orderUpdate")
def order_update(_: Any, info: GraphQLResolveInfo, input: dict[str, Any]) -> dict[str, Any]:
    """Change an order's note, tags or attributes; lists are replaced as a whole."""
    if strange := set(input) - {"id", "note", "tags", "customAttributes", "email"}:
        raise not_played(f"OrderInput.{strange.pop()}")
    order = visible_order(info, input["id"])
    if order is None:
        return {"order": None, "userErrors": [user_error("Order does not exist", None, ["id"])]}
    if "note" in input:
        order.note = input["note"]
    if "email" in input:
        order.email = input["email"] or ""
    if input.get("tags") is not None:
        order.tags = sorted(set(input["tags"]))
    if input.get("customAttributes") is not None:
        order.attributes = [(row["key"], row["value"]) for row in input["customAttributes"]]
    touch_order(world_of(info), order)
    return {"order": order, "userErrors": []}


@answers("Mutation", "fulfillmentCreate")
def fulfillment_create(_: Any, info: GraphQLResolveInfo, fulfillment: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Ship units of fulfillment orders of one order and location; whole ones when no lines are named."""
    world = world_of(info)
    try:
        picked = _picked(world, fulfillment["lineItemsByFulfillmentOrder"])
        if len({(work.order_id, work.location_id) for work, _, _ in picked}) > 1:
            raise ActError("All fulfillment orders must belong to the same order and location.")
        given = fulfillment.get("trackingInfo") or {}
        numbers, urls = given.get("numbers") or [], given.get("urls") or []
        tracking = Tracking(
            given.get("company"),
            given.get("number") or next(iter(numbers), None),
            given.get("url") or next(iter(urls), None),
        )
        parcels = fulfill_lines(world, picked, tracking)
    except ActError as error:
        return {"fulfillment": None, "userErrors": [from_act(error, ["fulfillment"])]}
    return {"fulfillment": parcels[0], "userErrors": []}


def _picked(world: World, rows: list[dict[str, Any]]) -> list[Picked]:
    picked: list[Picked] = []
    for row in rows:
        work = world.fulfillment_orders.get(number_of(row["fulfillmentOrderId"], "FulfillmentOrder"))
        if work is None:
            raise ActError("Fulfillment order does not exist.")
        wanted = row.get("fulfillmentOrderLineItems")
        if not wanted:
            picked.extend((work, line, line.remaining) for line in work.lines if line.remaining)
            continue
        for one in wanted:
            number = number_of(one["id"], "FulfillmentOrderLineItem")
            line = next((line for line in work.lines if line.id == number), None)
            if line is None:
                raise ActError("Fulfillment order line item does not exist.")
            picked.append((work, line, one["quantity"]))
    return picked


# --- refunds and cancellation -----------------------------------------------------------------------------------------


@answers("Mutation", "refundCreate")
def refund_create(_: Any, info: GraphQLResolveInfo, input: dict[str, Any]) -> dict[str, Any]:
    """Give units and money back."""
    return once(info, input, lambda: _refund(info, input))


def _refund(info: GraphQLResolveInfo, given: dict[str, Any]) -> dict[str, Any]:
    order = visible_order(info, given["orderId"])
    if order is None:
        return {"refund": None, "order": None, "userErrors": [user_error("Order does not exist", None, ["orderId"])]}
    wishes = [
        RefundWish(
            number_of(row["lineItemId"], "LineItem"),
            row["quantity"],
            row.get("restockType") or "NO_RESTOCK",
            number_of(row["locationId"], "Location") if row.get("locationId") else None,
        )
        for row in given.get("refundLineItems") or []
    ]
    amount = sum((Decimal(str(row["amount"])) for row in given.get("transactions") or []), Decimal("0.00"))
    try:
        done = refund(world_of(info), order, wishes, amount=amount, note=given.get("note"))
    except ActError as error:
        return {"refund": None, "order": order, "userErrors": [from_act(error, ["refundLineItems"])]}
    return {"refund": done, "order": order, "userErrors": []}


@answers("Mutation", "orderCancel")
def order_cancel(
    _: Any,
    info: GraphQLResolveInfo,
    orderId: str,
    reason: str,
    restock: bool,
    refundMethod: dict[str, Any] | None = None,
    refund: bool | None = None,
    staffNote: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Cancel an order a moment later, as a job."""
    asking: Asking = info.context
    world = asking.world
    order = visible_order(info, orderId)
    refusal = None
    if order is None:
        refusal = user_error("Order does not exist", "NOT_FOUND", ["orderId"])
    elif staffNote is not None and len(staffNote) > MOST_STAFF_NOTE:
        refusal = user_error("Staff note is too long", "INVALID", ["staffNote"])
    elif order.cancelled_at is not None:
        refusal = user_error("Order has already been cancelled", "INVALID", ["orderId"])
    elif any(line.fulfilled > line.returned for line in order.lines):
        refusal = user_error("Cannot cancel an order with outstanding fulfillments", "INVALID", ["orderId"])
    if order is None or refusal is not None:
        return {"job": None, "orderCancelUserErrors": [refusal], "userErrors": [refusal]}
    job = Job(f"gid://shopify/Job/{secrets.token_hex(16)}")
    world.jobs[job.id] = job
    give_back = bool(refund or (refundMethod or {}).get("originalPaymentMethodsRefund"))

    def run() -> None:
        with world.lock:
            try:
                cancel(world, order, restock=restock, reason=reason, give_back=give_back, note=staffNote)
            except ActError:
                # What happened in the meantime made it impossible; the job ends without effect, as Shopify's does.
                pass
            job.done = True

    if asking.later is None:
        run()
    else:
        asking.later(CANCEL_DELAY_S, run)
    return {"job": job, "orderCancelUserErrors": [], "userErrors": []}


# --- edits ------------------------------------------------------------------------------------------------------------


def _calculated_line(session: OrderEdit, line: LineItem) -> dict[str, Any]:
    return {
        "__typename": "CalculatedLineItem",
        "id": f"gid://shopify/CalculatedLineItem/{line.id}",
        "title": line.title,
        "sku": line.sku,
        "quantity": session.quantities.get(line.id, line.current_quantity),
        "editableQuantity": session.quantities.get(line.id, line.current_quantity) - line.fulfilled,
        "line": line,
    }


def _calculated_order(session: OrderEdit) -> dict[str, Any]:
    return {
        "__typename": "CalculatedOrder",
        "id": f"gid://shopify/CalculatedOrder/{session.id}",
        "originalOrder": session.order,
        "lines": [_calculated_line(session, line) for line in session.order.lines],
    }


@answers("CalculatedOrder", "lineItems")
def calculated_lines(source: dict[str, Any], info: GraphQLResolveInfo, **args: Any) -> Page:
    """List the lines as they would be."""
    args.pop("query", None)
    return paginate(source["lines"], info, **args)


@answers("CalculatedLineItem", "variant")
def calculated_variant(source: dict[str, Any], info: GraphQLResolveInfo) -> Any:
    """Return the variant of a line under edit."""
    return world_of(info).variants.get(source["line"].variant_id or 0)


@answers("Mutation", "orderEditBegin")
def edit_begin(_: Any, info: GraphQLResolveInfo, id: str) -> dict[str, Any]:
    """Open an order for editing."""
    order = visible_order(info, id)
    if order is None or order.cancelled_at is not None:
        refusal = user_error("The order cannot be edited", None, ["id"])
        return {"calculatedOrder": None, "orderOrderEdit": None, "userErrors": [refusal]}
    world = world_of(info)
    session = OrderEdit(world.id("CalculatedOrder"), order)
    world.order_edits[session.id] = session
    return {
        "calculatedOrder": _calculated_order(session),
        "orderOrderEdit": {"id": f"gid://shopify/OrderOrderEdit/{session.id}"},
        "userErrors": [],
    }


def _session(info: GraphQLResolveInfo, written: str) -> OrderEdit | None:
    """Return the edit an id of its session or of its calculated order names."""
    number = written.rsplit("/", 1)[-1]
    return world_of(info).order_edits.get(int(number)) if number.isdigit() else None


def _line(session: OrderEdit, written: str) -> LineItem | None:
    """Return the line an id of it or of its calculated line names."""
    number = written.rsplit("/", 1)[-1]
    return session.order.line(int(number)) if number.isdigit() else None


@answers("Mutation", "orderEditSetQuantity")
def edit_quantity(
    _: Any, info: GraphQLResolveInfo, id: str, lineItemId: str, quantity: int, restock: bool = False, **more: Any
) -> dict[str, Any]:
    """Plan another quantity for a line; takes the line's id or the calculated line's."""
    session = _session(info, id)
    line = _line(session, lineItemId) if session else None
    if session is None or line is None or quantity < line.fulfilled:
        refusal = user_error("The line item cannot be set to this quantity", None, ["quantity"])
        return {"calculatedLineItem": None, "calculatedOrder": None, "userErrors": [refusal]}
    session.quantities[line.id] = quantity
    session.restock = restock
    return {
        "calculatedLineItem": _calculated_line(session, line),
        "calculatedOrder": _calculated_order(session),
        "userErrors": [],
    }


@answers("Mutation", "orderEditCommit")
def edit_commit(_: Any, info: GraphQLResolveInfo, id: str, **more: Any) -> dict[str, Any]:
    """Carry an edit out."""
    session = _session(info, id)
    if session is None:
        return {"order": None, "userErrors": [user_error("The edit does not exist", None, ["id"])]}
    try:
        edit(world_of(info), session.order, session.quantities, restock=session.restock)
    except ActError as error:
        return {"order": None, "userErrors": [from_act(error, ["id"])]}
    del world_of(info).order_edits[session.id]
    return {"order": session.order, "successMessages": [], "userErrors": []}


# --- consent ----------------------------------------------------------------------------------------------------------


@answers("Mutation", "customerEmailMarketingConsentUpdate")
def consent(_: Any, info: GraphQLResolveInfo, input: dict[str, Any]) -> dict[str, Any]:
    """Write down what a customer said about marketing mail."""
    world = world_of(info)
    customer = world.customers.get(number_of(input["customerId"], "Customer"))
    given = input["emailMarketingConsent"]
    if customer is None:
        return {"customer": None, "userErrors": [user_error("Customer not found", "INVALID", ["input", "customerId"])]}
    if given["marketingState"] not in {"SUBSCRIBED", "UNSUBSCRIBED", "PENDING"}:
        path = ["input", "emailMarketingConsent", "marketingState"]
        return {
            "customer": customer,
            "userErrors": [user_error("Cannot specify this marketing state", "INVALID", path)],
        }
    customer.marketing_state = given["marketingState"]
    customer.marketing_opt_in = given.get("marketingOptInLevel") or customer.marketing_opt_in
    customer.updated_at = world.now()
    world.happened("customers/update", lambda: full_customer_body(world, customer))
    return {"customer": customer, "userErrors": []}
