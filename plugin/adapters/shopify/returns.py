"""What came back of an order after it had shipped: by a refund, or by a return that nobody refunded (yet)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from plugin.adapters.shopify.client import AdminClient
from plugin.adapters.shopify.reading import instant, unchanged
from plugin.domain.facts import LineGid, LocationGid, Order, Restock
from plugin.errors import AccessDenied

_REFUNDS_AT_ONCE = 20
# Nothing of such a return can be on a shelf again; any other status, a new one too, is looked into.
_NOTHING_BACK = frozenset({"", "NO_RETURN", "RETURN_REQUESTED"})
# `Refund.return` needs a scope of its own: an install that has not granted it yet goes without.
_NEEDS_RETURNS = frozenset({"return"})


@dataclass(frozen=True, slots=True)
class _Back:
    """A restock, and the return it belongs to, if one is named."""

    restock: Restock
    return_id: str | None


def was_returned(order: Order) -> bool:
    """Whether anything of an order may have come back: it has fewer units than were bought, or a return."""
    return _has_returns(order) or any(line.current < line.quantity for line in order.lines)


def _has_returns(order: Order) -> bool:
    return order.return_status not in _NOTHING_BACK


def read_restocks(client: AdminClient, head: Mapping[str, Any], order: Order) -> tuple[Restock, ...]:
    """
    Read which shipped units went back on a shelf, of which line, where.

    A refund of returned goods may say of the same units what their return said already: they count once.

    Args:
        head: The order's own fields, as read before.
    Returns:
        Restocks of refunds, some of which may be left with no units, and of returns.
    Raises:
        ChangedWhileReading: The order is another by now.
    """
    refunded = list(_of_refunds(client, head))
    returned = list(_of_returns(client, order)) if _has_returns(order) else []
    return (*_beside(refunded, returned), *(back.restock for back in returned))


def _beside(refunded: list[_Back], returned: list[_Back]) -> Iterator[Restock]:
    """What refunds put back beyond what their own return did."""
    told: dict[tuple[str | None, LineGid], int] = defaultdict(int)
    for back in returned:
        told[back.return_id, back.restock.line_id] += back.restock.units
    for back in refunded:
        key = (back.return_id, back.restock.line_id)
        twice = min(back.restock.units, told[key]) if back.return_id else 0
        told[key] -= twice
        yield replace(back.restock, units=back.restock.units - twice)


def _of_refunds(client: AdminClient, head: Mapping[str, Any]) -> Iterator[_Back]:
    """`RETURN` alone says that units had shipped: `CANCEL` frees such as never left, `LEGACY_RESTOCK` may be either."""
    for refund in _refunds(client, head):
        for index, node in enumerate(_refund_lines(client, refund)):
            if node["restockType"] == "RETURN" and node["restocked"] and node["location"]:
                restock = Restock(
                    restock_id=node["id"] or f"{refund['id']}/{index}",
                    line_id=LineGid(node["lineItem"]["id"]),
                    location_id=LocationGid(node["location"]["id"]),
                    units=node["quantity"],
                    at=instant(refund["createdAt"] or str(head["updatedAt"])),
                )
                yield _Back(restock, refund["return"]["id"] if refund["return"] else None)


def _refunds(client: AdminClient, head: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """
    List refunds, the first with their first lines.

    A list of refunds has no further pages, and one of more than 200 costs more points than one query may.
    """
    variables = {"id": head["id"]}
    again = client.run("order_refunds", variables, may_be_denied=_NEEDS_RETURNS)["order"]
    first = unchanged(head, again)["refunds"]
    yield from first
    if len(first) == _REFUNDS_AT_ONCE:
        again = client.run("refund_ids", variables, may_be_denied=_NEEDS_RETURNS)["order"]
        yield from unchanged(head, again)["refunds"][_REFUNDS_AT_ONCE:]


def _refund_lines(client: AdminClient, refund: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    page = refund.get("refundLineItems") or {"nodes": (), "pageInfo": {"hasNextPage": True, "endCursor": None}}
    yield from page["nodes"]
    if page["pageInfo"]["hasNextPage"]:
        variables = {"id": refund["id"], "after": page["pageInfo"]["endCursor"]}
        yield from client.pages("refund_lines", variables, ("refund", "refundLineItems"))


def _of_returns(client: AdminClient, order: Order) -> Iterator[_Back]:
    try:
        found = [node["id"] for node in client.pages("order_returns", {"id": order.order_id}, ("order", "returns"))]
    except AccessDenied:
        return  # Home says which scope is missing and what that costs; the rest of the order is of use
    for return_id in found:
        for goods in client.pages("return_goods", {"id": return_id}, ("return", "reverseFulfillmentOrders")):
            for line in _goods_lines(client, goods):
                for restock in _restocked(line):
                    yield _Back(restock, return_id)


def _goods_lines(client: AdminClient, goods: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    page = goods["lineItems"]
    yield from page["nodes"]
    if page["pageInfo"]["hasNextPage"]:
        variables = {"id": goods["id"], "after": page["pageInfo"]["endCursor"]}
        yield from client.pages("return_goods_lines", variables, ("reverseFulfillmentOrder", "lineItems"))


def _restocked(line: Mapping[str, Any]) -> Iterator[Restock]:
    """What staff put back on a shelf; what is missing, broken or still looked at is not there."""
    if line["fulfillmentLineItem"] is None:
        return
    for disposition in line["dispositions"]:
        if disposition["type"] == "RESTOCKED" and disposition["location"]:
            yield Restock(
                restock_id=disposition["id"],
                line_id=LineGid(line["fulfillmentLineItem"]["lineItem"]["id"]),
                location_id=LocationGid(disposition["location"]["id"]),
                units=disposition["quantity"],
                at=instant(disposition["createdAt"]),
            )
