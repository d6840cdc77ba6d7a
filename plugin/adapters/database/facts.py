"""Facts to rows and back. A fact is replaced by one that was read later, never by an older one.

Every `read_at` is the moment the read *began*: what changed while it was under way may or may not be in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, and_, case, delete, func, null, or_, select, update

from plugin.adapters.database import bundles
from plugin.adapters.database.tables import (
    collections,
    items,
    levels,
    line_states,
    locations,
    open_units,
    order_lines,
    orders,
    products,
    variant_states,
    variants,
)
from plugin.adapters.database.transaction import Transaction
from plugin.domain.facts import Item, Level, Location, LocationGid, Order, OrderGid, OrderLine, Product, Variant
from plugin.domain.listing import list_key, search_words
from plugin.domain.quantities import NOWHERE_YET, open_units_of_order, shipping_places

WHOLE_SECONDS = timedelta(seconds=1)  # the resolution of a webhook's `updated_at`


def put_locations(tx: Transaction, shop: str, found: Sequence[Location]) -> None:
    """Replace the shop's locations; one that is no longer told of is kept, inactive (old levels name it)."""
    tx.execute(update(locations).where(locations.c.shop == shop).values(is_active=False, sells_online=False))
    tx.upsert(
        locations,
        [
            {
                "shop": shop,
                "location_id": place.location_id,
                "name": place.name,
                "is_active": place.is_active,
                "sells_online": place.sells_online,
            }
            for place in found
        ],
    )


def online_locations(tx: Transaction, shop: str) -> frozenset[LocationGid]:
    rows = tx.execute(
        select(locations.c.location_id).where(locations.c.shop == shop, locations.c.sells_online.is_(True))
    )
    return frozenset(LocationGid(row.location_id) for row in rows)


def put_variants(tx: Transaction, shop: str, found: Sequence[Variant], read_at: datetime) -> set[str]:
    """Write variants with their products. Returns the ids of variants that are new or differ from what was stored."""
    newer = _not_read_later(tx, shop, variants, "variant_id", [v.variant_id for v in found], read_at)
    fresh = {v.variant_id: v for v in found if v.variant_id in newer}
    if not fresh:
        return set()
    changed: set[str] = {
        variant_id
        for variant_id, variant in fresh.items()
        if newer[variant_id] is None or _differs(newer[variant_id], variant)
    }
    known = {row.product_id: row for row in _product_rows(tx, shop, {v.product.product_id for v in found})}
    changed |= {v.variant_id for v in fresh.values() if _is_another(known.get(v.product.product_id), v.product)}
    put_products(tx, shop, {v.product.product_id: v.product for v in fresh.values()}.values(), read_at)
    tx.upsert(
        variants,
        [
            {
                "shop": shop,
                "variant_id": v.variant_id,
                "product_id": v.product.product_id,
                "item_id": v.item_id,
                "title": v.title,
                "sku": v.sku,
                "policy": v.policy,
                "price": v.price,
                "is_bundle": v.is_bundle,
                "read_at": read_at,
                "gone_at": None,
            }
            for v in fresh.values()
        ],
    )
    _put_listed(tx, shop, list(fresh.values()), read_at)
    return changed | bundles.put_parts(tx, shop, list(fresh.values()))


def _put_listed(tx: Transaction, shop: str, found: Sequence[Variant], read_at: datetime) -> None:
    """Keep what the list of products finds variants by; how they sell is decided elsewhere."""
    undecided = {"state": "unmanaged", "reason": "no_rule", "decided_at": read_at}
    tx.upsert(
        variant_states,
        [
            {
                "shop": shop,
                "variant_id": v.variant_id,
                "item_id": v.item_id,
                "listed": True,
                "list_key": list_key(v.product.title),
                "words": search_words(v.product.title, v.title, v.sku),
                **undecided,
            }
            for v in found
        ],
        keep=tuple(undecided),
    )


def _leave_out(tx: Transaction, shop: str, variant_ids: Sequence[str]) -> None:
    mine = (variant_states.c.shop == shop, variant_states.c.variant_id.in_(variant_ids))
    tx.execute(update(variant_states).where(*mine).values(listed=False))


def _product_rows(tx: Transaction, shop: str, product_ids: Iterable[str]) -> list[Any]:
    return list(
        tx.execute(
            select(
                products.c.product_id,
                products.c.status,
                products.c.in_online_store,
                products.c.vendor,
                products.c.product_type,
                products.c.tags,
                products.c.collections,
            ).where(products.c.shop == shop, products.c.product_id.in_(product_ids))
        )
    )


def _is_another(row: Any | None, product: Product) -> bool:
    """Whether anything differs that decides how its variants sell: the status, and what rules look at."""
    if row is None:
        return True
    if (row.status, row.in_online_store) != (product.status, product.in_online_store):
        return True
    words = (row.vendor, row.product_type) == (product.vendor, product.product_type)
    return not words or set(row.tags) != set(product.tags) or set(row.collections) != set(product.collections)


def _differs(row: Any, variant: Variant) -> bool:
    was = (row.policy, row.item_id, row.gone_at, row.is_bundle)
    return was != (variant.policy, variant.item_id, None, variant.is_bundle)


def put_products(tx: Transaction, shop: str, found: Iterable[Product], read_at: datetime) -> None:
    """Write products, and the names of the collections they are in."""
    found = list(found)
    titles = {c: title for p in found for c, title in zip(p.collections, p.collection_titles, strict=False)}
    rows = [
        {"shop": shop, "collection_id": c, "title": title, "read_at": read_at} for c, title in sorted(titles.items())
    ]
    tx.upsert(collections, rows)
    tx.upsert(
        products,
        [
            {
                "shop": shop,
                "product_id": p.product_id,
                "title": p.title,
                "handle": p.handle,
                "status": p.status,
                "vendor": p.vendor,
                "product_type": p.product_type,
                "tags": list(p.tags),
                "collections": list(p.collections),
                "image_url": p.image_url,
                "in_online_store": p.in_online_store,
                "read_at": read_at,
                "gone_at": None,
            }
            for p in found
        ],
    )


def product_is_gone(tx: Transaction, shop: str, product_id: str, now: datetime) -> list[str]:
    """Note that a product was deleted. Its variants and what is owed of them stay. Returns the variants."""
    tx.execute(update(products).where(products.c.shop == shop, products.c.product_id == product_id).values(gone_at=now))
    mine = (variants.c.shop == shop, variants.c.product_id == product_id)
    tx.execute(update(variants).where(*mine, variants.c.gone_at.is_(None)).values(gone_at=now))
    gone = [row.variant_id for row in tx.execute(select(variants.c.variant_id).where(*mine))]
    _leave_out(tx, shop, gone)
    return gone


def variants_left_out(tx: Transaction, shop: str, product_id: str, seen: Iterable[str], now: datetime) -> list[str]:
    """Note variants of a product that a full read of it no longer shows. Returns them."""
    where = (
        variants.c.shop == shop,
        variants.c.product_id == product_id,
        variants.c.gone_at.is_(None),
        variants.c.variant_id.not_in(list(seen)),
    )
    gone = [row.variant_id for row in tx.execute(select(variants.c.variant_id).where(*where))]
    if gone:
        tx.execute(update(variants).where(variants.c.shop == shop, variants.c.variant_id.in_(gone)).values(gone_at=now))
        _leave_out(tx, shop, gone)
    return gone


def is_tracked(tx: Transaction, shop: str, item_id: str) -> bool:
    """Whether Shopify counts the item's stock, as last read."""
    found = tx.execute(select(items.c.tracked).where(items.c.shop == shop, items.c.item_id == item_id)).scalar()
    return found is not False


def is_gone(tx: Transaction, shop: str, item_id: str) -> bool:
    """Whether every variant of the item was deleted."""
    rows = tx.execute(select(variants.c.gone_at).where(variants.c.shop == shop, variants.c.item_id == item_id)).all()
    return bool(rows) and all(row.gone_at is not None for row in rows)


def put_items(tx: Transaction, shop: str, found: Sequence[Item], read_at: datetime) -> set[str]:
    """
    Write items with all their levels. Returns the ids of items whose figures are new or differ.

    A bundle owns no stock: what Shopify shows for it is made of its components' figures, and is never counted again.
    """
    made_up = bundles.items_of_bundles(tx, shop, [i.item_id for i in found])
    found = [i.as_of_a_bundle() if i.item_id in made_up else i for i in found]
    newer = _not_read_later(tx, shop, items, "item_id", [i.item_id for i in found], read_at)
    fresh = [i for i in found if i.item_id in newer]
    if not fresh:
        return set()
    before = _levels_of(tx, shop, [i.item_id for i in fresh])
    changed: set[str] = {
        i.item_id
        for i in fresh
        if newer[i.item_id] is None
        or newer[i.item_id].tracked != i.tracked
        or before.get(i.item_id, set()) != {_figures(level) for level in i.levels}
    }
    tx.upsert(items, [{"shop": shop, "item_id": i.item_id, "tracked": i.tracked, "read_at": read_at} for i in fresh])
    for item in fresh:
        tx.execute(
            delete(levels).where(
                levels.c.shop == shop,
                levels.c.item_id == item.item_id,
                levels.c.location_id.not_in([level.location_id for level in item.levels]),
            )
        )
    _put_levels(tx, [_level_row(shop, level, read_at) for item in fresh for level in item.levels], read_at)
    return changed


def _put_levels(tx: Transaction, rows: list[dict[str, object]], read_at: datetime) -> None:
    """
    Write levels. A message's figure that may be newer than the read stays beside it.

    Else a read begun before a sale would open again what the sale has just closed. As in `hint_available`, of figures
    from one second the lower stands.
    """
    if not rows:
        return
    statement = tx.insert(levels)
    new = statement.excluded
    is_newer = levels.c.hinted_at > read_at
    may_be_newer = levels.c.hinted_at > read_at - WHOLE_SECONDS
    stays = or_(is_newer, and_(may_be_newer, levels.c.hinted_available < new.available))
    figures = ("available", "committed", "on_hand", "incoming", "unavailable", "read_at")
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["shop", "item_id", "location_id"],
            set_={
                **{name: new[name] for name in figures},
                "hinted_available": case((stays, levels.c.hinted_available), else_=null()),
                "hinted_at": case((stays, levels.c.hinted_at), else_=null()),
            },
        ),
        rows,
    )


def is_hinted(tx: Transaction, shop: str, item_id: str) -> bool:
    """Whether the switch works on a message's figure of the item that no read has confirmed yet."""
    found = tx.execute(
        select(levels.c.item_id)
        .where(levels.c.shop == shop, levels.c.item_id == item_id, levels.c.hinted_at.is_not(None))
        .limit(1)
    ).first()
    return found is not None


def _level_row(shop: str, level: Level, read_at: datetime) -> dict[str, object]:
    return {
        "shop": shop,
        "item_id": level.item_id,
        "location_id": level.location_id,
        "available": level.available,
        "committed": level.committed,
        "on_hand": level.on_hand,
        "incoming": level.incoming,
        "unavailable": level.unavailable,
        "read_at": read_at,
        "hinted_available": None,
        "hinted_at": None,
    }


def _figures(level: Level) -> tuple[str, int, int, int, int]:
    return (level.location_id, level.available, level.committed, level.on_hand, level.unavailable)


def _levels_of(tx: Transaction, shop: str, item_ids: list[str]) -> dict[str, set[tuple[str, int, int, int, int]]]:
    found: dict[str, set[tuple[str, int, int, int, int]]] = {}
    for level in read_levels(tx, shop, item_ids):
        found.setdefault(level.item_id, set()).add(_figures(level))
    return found


def read_levels(tx: Transaction, shop: str, item_ids: Sequence[str]) -> list[Level]:
    rows = tx.execute(select(levels).where(levels.c.shop == shop, levels.c.item_id.in_(item_ids)))
    return [
        Level(
            row.item_id,
            row.location_id,
            row.available,
            row.committed,
            row.on_hand,
            row.incoming,
            row.unavailable,
            row.read_at,
        )
        for row in rows
    ]


def hint_available(
    tx: Transaction, shop: str, item_id: str, location_id: str, available: int, updated_at: datetime
) -> bool:
    """
    Keep a webhook's figure for the switch until the next read. False when something newer is known.

    Messages carry whole seconds, so what is known may be from the same second as the message and still be older than
    it: then the lower figure stands, since closing must not wait for the read that settles it.
    """
    known = func.coalesce(levels.c.hinted_available, levels.c.available)
    known_at = func.coalesce(levels.c.hinted_at, levels.c.read_at)
    end_of_second = updated_at + WHOLE_SECONDS
    is_newer = and_(known_at < updated_at, levels.c.read_at < updated_at)
    may_be_newer = and_(known_at < end_of_second, levels.c.read_at < end_of_second)
    result = tx.execute(
        update(levels)
        .where(
            levels.c.shop == shop,
            levels.c.item_id == item_id,
            levels.c.location_id == location_id,
            or_(is_newer, and_(may_be_newer, available < known)),
        )
        .values(hinted_available=available, hinted_at=updated_at)
    )
    return bool(result.rowcount)


def _not_read_later(
    tx: Transaction, shop: str, table: Table, key: str, ids: Sequence[str], read_at: datetime
) -> dict[str, Any]:
    """Ids whose stored row, if any, was not read after `read_at`; with that row."""
    columns = table.c
    # Locked: whoever writes a newer read of the same at this moment is waited for, and then stands.
    rows = tx.execute(
        select(table).where(columns.shop == shop, columns[key].in_(list(ids))).order_by(columns[key]).with_for_update()
    )
    stored = {getattr(row, key): row for row in rows}
    return {i: stored.get(i) for i in ids if i not in stored or stored[i].read_at <= read_at}


def put_order(
    tx: Transaction, shop: str, order: Order, customer_key: str, read_at: datetime, now: datetime
) -> set[str] | None:
    """
    Write an order with its lines and open units.

    Returns:
        The inventory items whose open units, payment or place may have changed; None when a later read is stored.
    """
    stored = select(orders.c.read_at).where(orders.c.shop == shop, orders.c.order_id == order.order_id)
    row = tx.execute(stored.with_for_update()).first()
    if row is not None and row.read_at > read_at:
        return None
    tx.upsert(
        orders,
        [
            {
                "shop": shop,
                "order_id": order.order_id,
                "name": order.name,
                "number": order.number,
                "created_at": order.created_at,
                "updated_at": order.updated_at,
                "paid_at": order.paid_at,
                "cancelled_at": order.cancelled_at,
                "closed": order.closed,
                "test": order.test,
                "currency": order.currency,
                "financial_status": order.financial_status,
                "source": order.source,
                "return_status": order.return_status[:32],
                "customer_key": customer_key,
                "first_seen_at": now,
                "read_at": read_at,
                "not_visible_since": None,
            }
        ],
        keep=("first_seen_at",),
    )
    touched = items_of_order(tx, shop, order.order_id)
    order = replace(order, lines=_remembered(tx, shop, order.lines))
    added_at = None if row is None else order.updated_at
    places = shipping_places(order)
    lines = [
        _line_row(shop, order, line) | {"added_at": added_at, "ships_from": places.get(line.line_id)}
        for line in order.lines
    ]
    tx.upsert(order_lines, lines, keep=("added_at",))
    _put_open_units(tx, shop, order)
    return touched | {line.item_id for line in order.lines if line.item_id}


def _remembered(tx: Transaction, shop: str, lines: Sequence[OrderLine]) -> tuple[OrderLine, ...]:
    """Shopify's lines forget a variant that was deleted; what was sold stays what it was."""
    forgotten = [line.line_id for line in lines if line.item_id is None]
    if not forgotten:
        return tuple(lines)
    rows = tx.execute(
        select(order_lines.c.line_id, order_lines.c.variant_id, order_lines.c.product_id, order_lines.c.item_id).where(
            order_lines.c.shop == shop, order_lines.c.line_id.in_(forgotten), order_lines.c.item_id.is_not(None)
        )
    )
    known = {row.line_id: row for row in rows}
    return tuple(
        replace(line, variant_id=row.variant_id, product_id=line.product_id or row.product_id, item_id=row.item_id)
        if (row := known.get(line.line_id))
        else line
        for line in lines
    )


def _line_row(shop: str, order: Order, line: OrderLine) -> dict[str, object]:
    names = (
        "line_id",
        "variant_id",
        "product_id",
        "item_id",
        "title",
        "variant_title",
        "sku",
        "quantity",
        "current",
        "unfulfilled",
        "unit_price",
        "requires_shipping",
    )
    return {"shop": shop, "order_id": order.order_id, **{name: getattr(line, name) for name in names}}


def _put_open_units(tx: Transaction, shop: str, order: Order) -> None:
    # A deleted variant leaves its line without an item; the fulfillment order still names it.
    named = {part.line_id: part.item_id for part in order.fulfillment_lines if part.item_id}
    line_items = {line.line_id: line.item_id or named.get(line.line_id) for line in order.lines}
    tx.execute(
        delete(open_units).where(
            open_units.c.shop == shop,
            open_units.c.line_id.in_(
                select(order_lines.c.line_id).where(
                    order_lines.c.shop == shop, order_lines.c.order_id == order.order_id
                )
            ),
        )
    )
    rows = [
        {
            "shop": shop,
            "line_id": line_id,
            "location_id": location or NOWHERE_YET,
            "item_id": line_items[line_id],
            "units": units,
        }
        for line_id, by_location in open_units_of_order(order).items()
        for location, units in by_location.items()
        if line_items[line_id]
    ]
    tx.upsert(open_units, rows)


def order_is_invisible(tx: Transaction, shop: str, order_id: str, now: datetime) -> None:
    """Shopify answers null: older than we may read, or deleted. The last known lines stay owed."""
    tx.execute(
        update(orders)
        .where(orders.c.shop == shop, orders.c.order_id == order_id, orders.c.not_visible_since.is_(None))
        .values(not_visible_since=now)
    )


def open_at(tx: Transaction, shop: str, line_id: str, location_id: str) -> tuple[str, int]:
    """The item of a line, and its open units at a location; no item where it has none."""
    row = tx.execute(
        select(open_units.c.item_id, open_units.c.units)
        .where(open_units.c.shop == shop, open_units.c.line_id == line_id, open_units.c.location_id == location_id)
        .with_for_update()
    ).first()
    return (row.item_id, row.units) if row else ("", 0)


def open_of_line(tx: Transaction, shop: str, line_id: str) -> int:
    """Open units of a line, wherever they are."""
    total = select(func.coalesce(func.sum(open_units.c.units), 0))
    return int(tx.execute(total.where(open_units.c.shop == shop, open_units.c.line_id == line_id)).scalar_one())


def add_open_units(tx: Transaction, shop: str, item_id: str, line_id: str, location_id: str, change: int) -> None:
    """Change what we take for open of an order that Shopify does not show us; the next answer it gives stands again."""
    _, units = open_at(tx, shop, line_id, location_id)
    key = {"shop": shop, "line_id": line_id, "location_id": location_id}
    tx.execute(delete(open_units).where(*(open_units.c[name] == value for name, value in key.items())))
    if units + change > 0:
        tx.upsert(open_units, [{**key, "item_id": item_id, "units": units + change}])


def order_is_deleted(tx: Transaction, shop: str, order_id: str) -> set[str]:
    """Shopify said the order was deleted: nothing of it is open any more. Returns the items concerned."""
    touched = items_of_order(tx, shop, order_id)
    lines = select(order_lines.c.line_id).where(order_lines.c.shop == shop, order_lines.c.order_id == order_id)
    tx.execute(delete(open_units).where(open_units.c.shop == shop, open_units.c.line_id.in_(lines)))
    return touched


def items_of_order(tx: Transaction, shop: str, order_id: str) -> set[str]:
    lined = tx.execute(
        select(order_lines.c.item_id).where(
            order_lines.c.shop == shop, order_lines.c.order_id == order_id, order_lines.c.item_id.is_not(None)
        )
    )
    stated = tx.execute(
        select(line_states.c.item_id).where(line_states.c.shop == shop, line_states.c.order_id == order_id)
    )
    return {row.item_id for row in lined} | {row.item_id for row in stated}


def order_is_routed(tx: Transaction, shop: str, order_id: str) -> bool:
    """Whether every open unit of the order has a location by now."""
    lines = select(order_lines.c.line_id).where(order_lines.c.shop == shop, order_lines.c.order_id == order_id)
    found = tx.execute(
        select(open_units.c.line_id)
        .where(open_units.c.shop == shop, open_units.c.location_id == NOWHERE_YET, open_units.c.line_id.in_(lines))
        .limit(1)
    ).first()
    return found is None


def open_orders(tx: Transaction, shop: str) -> set[OrderGid]:
    """Orders we believe have something left to ship."""
    rows = tx.execute(
        select(order_lines.c.order_id)
        .join(
            open_units,
            (open_units.c.shop == order_lines.c.shop) & (open_units.c.line_id == order_lines.c.line_id),
        )
        .where(order_lines.c.shop == shop)
        .distinct()
    )
    return {OrderGid(row.order_id) for row in rows}


def variants_of_items(tx: Transaction, shop: str, item_ids: Iterable[str]) -> dict[str, list[str]]:
    rows = tx.execute(
        select(variants.c.item_id, variants.c.variant_id).where(
            variants.c.shop == shop, variants.c.item_id.in_(list(item_ids))
        )
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.item_id, []).append(row.variant_id)
    return found


def items_of_variants(tx: Transaction, shop: str, variant_ids: Iterable[str]) -> set[str]:
    rows = tx.execute(
        select(variants.c.item_id).where(variants.c.shop == shop, variants.c.variant_id.in_(list(variant_ids)))
    )
    return {row.item_id for row in rows}


def all_item_ids(tx: Transaction, shop: str) -> list[str]:
    return [
        row.item_id for row in tx.execute(select(items.c.item_id).where(items.c.shop == shop).order_by(items.c.item_id))
    ]


def known_items(tx: Transaction, shop: str, item_ids: Sequence[str]) -> list[str]:
    rows = tx.execute(select(items.c.item_id).where(items.c.shop == shop, items.c.item_id.in_(list(item_ids))))
    return [row.item_id for row in rows]


def orders_read_at(tx: Transaction, shop: str, order_ids: Sequence[str]) -> dict[str, datetime]:
    rows = tx.execute(
        select(orders.c.order_id, orders.c.read_at).where(orders.c.shop == shop, orders.c.order_id.in_(list(order_ids)))
    )
    return {row.order_id: row.read_at for row in rows}


def variants_of_shop(tx: Transaction, shop: str) -> dict[str, list[str]]:
    """Every variant that exists, by inventory item."""
    rows = tx.execute(
        select(variants.c.item_id, variants.c.variant_id).where(variants.c.shop == shop, variants.c.gone_at.is_(None))
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.item_id, []).append(row.variant_id)
    return found
