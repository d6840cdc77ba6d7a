"""Bulk results as facts.

Each line is one object; the members of a connection are lines of their own that name their parent. Since
2026-01 they need not follow it, so nothing is whole before the last line. The lines are laid down in a
private temporary SQLite file (deleted as it is opened), where they are found by parent: memory stays at one
parent and its children, disk holds about the size of the result once more.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

from plugin.adapters.shopify.inventory import level_of
from plugin.adapters.shopify.orders import fulfillment_line_of, order_of
from plugin.adapters.shopify.products import product_of, variant_of
from plugin.domain.facts import Item, ItemGid, Order, Product, Variant

Line = Mapping[str, Any]


def assemble_variants(lines: Iterable[Line]) -> Iterator[tuple[Variant, Item]]:
    """Put variants, their products and their items' levels together. An item shared by variants comes with each."""
    with closing(_Shelf()) as shelf:
        shelf.lay_down(lines)
        product: Product | None = None
        for node in shelf.tops("ProductVariant"):
            if product is None or product.product_id != node["product"]["id"]:
                product = product_of(node["product"], _collections(shelf, node))
            parts = shelf.children(node["id"], "ProductVariantComponent")
            yield variant_of(node, product, parts), _item(shelf, node)


def assemble_orders(lines: Iterable[Line]) -> Iterator[Order]:
    """Put orders, their lines and what their fulfillment orders still have to ship together."""
    with closing(_Shelf()) as shelf:
        shelf.lay_down(lines)
        for node in shelf.tops("Order"):
            fulfillment_lines = [
                fulfillment_line_of(order, line)
                for order in shelf.children(node["id"], "FulfillmentOrder")
                for line in shelf.children(order["id"], "FulfillmentOrderLineItem")
            ]
            yield order_of(node, node["transactions"], list(shelf.children(node["id"], "LineItem")), fulfillment_lines)


class _Shelf:
    """Lines by kind and parent. The kind is the type in the GID, the parent what the line says, or empty."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("")
        self._db.execute("PRAGMA journal_mode = OFF")  # nothing here outlives the process
        self._db.execute("CREATE TABLE line (kind TEXT, parent TEXT, body TEXT)")

    def lay_down(self, lines: Iterable[Line]) -> None:
        """Take all lines, then order them by parent."""
        rows = ((_kind(line["id"]), line.get("__parentId") or "", json.dumps(line)) for line in lines)
        self._db.executemany("INSERT INTO line VALUES (?, ?, ?)", rows)
        self._db.execute("CREATE INDEX line_by_parent ON line (parent, kind)")

    def tops(self, kind: str) -> Iterator[dict[str, Any]]:
        """Lines without a parent, in their own order."""
        return self.children("", kind)

    def children(self, parent: str, kind: str) -> Iterator[dict[str, Any]]:
        """Lines of one parent, in their own order."""
        rows = self._db.execute("SELECT body FROM line WHERE parent = ? AND kind = ? ORDER BY rowid", (parent, kind))
        return (json.loads(body) for (body,) in rows)

    def close(self) -> None:
        self._db.close()


def _item(shelf: _Shelf, node: Line) -> Item:
    """
    Collect the levels of a variant's item.

    Which ancestor they name, the variant (it has a line) or the item (it has an id), is not written down, so
    both are asked. A level names its item itself.
    """
    item_id = ItemGid(node["inventoryItem"]["id"])
    levels = {
        line["id"]: level_of(item_id, line)
        for parent in (node["id"], item_id)
        for line in shelf.children(parent, "InventoryLevel")
        if line["isActive"] and line["item"]["id"] == item_id
    }
    return Item(item_id, node["inventoryItem"]["tracked"], tuple(levels.values()))


def _collections(shelf: _Shelf, node: Line) -> list[Line]:
    parents = (node["id"], node["product"]["id"])
    found = (line for parent in parents for line in shelf.children(parent, "Collection"))
    return list({line["id"]: line for line in found}.values())


def _kind(gid: str) -> str:
    return gid.removeprefix("gid://shopify/").partition("/")[0]
