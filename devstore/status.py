"""What an order's money and parcels add up to."""

from __future__ import annotations

from decimal import Decimal

from devstore.world import Order, World

NOTHING = Decimal("0.00")
_CARD = ("AUTHORIZATION", "CAPTURE")


def paid_amount(order: Order) -> Decimal:
    """Return the money taken, before refunds."""
    taken = (one for one in order.transactions if one.kind in {"SALE", "CAPTURE"} and one.status == "SUCCESS")
    return sum((one.amount for one in taken), NOTHING)


def refunded_amount(order: Order) -> Decimal:
    """Return the money given back."""
    return sum((one.amount for one in order.transactions if one.kind == "REFUND" and one.status == "SUCCESS"), NOTHING)


def capturable_amount(order: Order) -> Decimal:
    """Return the money that is authorized and not captured yet."""
    if order.authorization_expired or order.cancelled_at:
        return NOTHING
    sums = {kind: sum((one.amount for one in order.transactions if one.kind == kind), NOTHING) for kind in _CARD}
    return max(NOTHING, sums["AUTHORIZATION"] - sums["CAPTURE"])


def financial_status(order: Order) -> str:
    """Return OrderDisplayFinancialStatus."""
    paid, back = paid_amount(order), refunded_amount(order)
    if not paid:
        if order.cancelled_at:
            return "VOIDED"
        if any(one.kind == "AUTHORIZATION" for one in order.transactions):
            return "EXPIRED" if order.authorization_expired else "AUTHORIZED"
        return "PENDING"
    if back >= paid:
        return "REFUNDED"
    if back:
        return "PARTIALLY_REFUNDED"
    return "PAID" if paid >= order.current_total else "PARTIALLY_PAID"


def fulfillment_status(world: World, order: Order) -> str:
    """Return OrderDisplayFulfillmentStatus."""
    shipped = sum(line.fulfilled for line in order.lines)
    open_units = sum(line.unfulfilled_quantity for line in order.lines)
    if not open_units:
        return "FULFILLED" if shipped else "FULFILLMENT_NOT_REQUIRED"
    if shipped:
        return "PARTIALLY_FULFILLED"
    waiting = [work for work in world.fulfillment_orders_of(order) if work.status not in {"CLOSED", "CANCELLED"}]
    for status in ("ON_HOLD", "SCHEDULED", "IN_PROGRESS"):
        if waiting and all(work.status == status for work in waiting):
            return status
    return "UNFULFILLED"


def rest_fulfillment_status(order: Order) -> str | None:
    """Return the old-style word webhooks carry: nothing, partial or fulfilled."""
    shipped = sum(line.fulfilled for line in order.lines)
    if not shipped:
        return None
    return "partial" if any(line.unfulfilled_quantity for line in order.lines) else "fulfilled"
