"""Read things from Shopify again and write down what they are now. A read counts as of when it began."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from plugin.adapters.database import due, facts, order_figures, restocks, shops
from plugin.adapters.database.tables import people
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.shopify import inventory, products
from plugin.adapters.shopify import orders as shopify_orders
from plugin.adapters.shopify.batches import batches
from plugin.adapters.shopify.client import AdminClient
from plugin.adapters.vault import Vault
from plugin.domain.facts import Buyer, ItemGid, Order, OrderGid, ProductGid, Variant
from plugin.domain.letter_words import greeted_as

if TYPE_CHECKING:
    from plugin.wiring import Parts

# Fulfillment orders appear a moment after their order: look again until its units have a place.
ROUTING_WAIT = timedelta(seconds=2)
ROUTING_PATIENCE = timedelta(minutes=2)
# Shopify tells times to the second: what was read in the second of a change may be from before it.
STAMPS_ARE_WHOLE = timedelta(seconds=1)


def put_order(
    tx: Transaction, shop: str, order: Order, vault: Vault, read_at: datetime, now: datetime
) -> set[str] | None:
    """Write an order, its buyer apart from it. Returns the items to review; None when a later read is stored."""
    buyer = order.buyer
    # A guest is known by the address alone, and without one by the order.
    name = buyer.customer_id or buyer.email or order.order_id
    key = vault.customer_key(shop, name)
    touched = facts.put_order(tx, shop, order, key, read_at, now)
    if touched is None:
        return None
    restocks.put(tx, shop, order)
    _put_buyer(tx, shop, key, buyer, vault, read_at, now)
    return touched


def _put_buyer(
    tx: Transaction, shop: str, key: str, buyer: Buyer, vault: Vault, read_at: datetime, now: datetime
) -> None:
    """Write who bought. What was forgotten after this read began stays forgotten."""
    name = greeted_as(buyer.first_name, buyer.last_name, buyer.locale)
    known = {
        "customer_id": buyer.customer_id,
        "email_encrypted": vault.encrypt(buyer.email) if buyer.email else "",
        "email_key": vault.customer_key(shop, buyer.email) if buyer.email else "",
        "first_name_encrypted": vault.encrypt(name) if name else "",
        "locale": buyer.locale or "",
        "changed_at": now,
    }
    statement = tx.insert(people).values(shop=shop, customer_key=key, **known)
    is_known = people.c.email_encrypted != ""
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["shop", "customer_key"], set_=known, where=is_known | (people.c.changed_at <= read_at)
        )
    )


def read_orders(
    parts: Parts, shop: str, client: AdminClient, order_ids: Sequence[str], *, news_only: bool = False
) -> dict[str, datetime]:
    """
    Read orders again, and mark their items due. Returns which to read once more, and when: those not routed yet.

    Args:
        news_only: Mark the items of those orders only that are not as we knew them: for a review that looks before it
            decides, and whose own mark would else come back for ever.
    """
    read_at = parts.clock.now()
    found = shopify_orders.read_orders(client, [OrderGid(order_id) for order_id in order_ids])
    now = parts.clock.now()

    def put(tx: Transaction) -> dict[str, datetime]:
        again = {}
        before = order_figures.of_orders(tx, shop, list(found)) if news_only else {}
        touched: dict[str, set[str]] = {}
        told_more = set()
        for order_id, order in sorted(found.items()):
            if order is None:
                facts.order_is_invisible(tx, shop, order_id, now)
                # Something happened to it all the same, and only the stock will tell.
                touched[order_id] = facts.items_of_order(tx, shop, order_id)
                continue
            if news_only and restocks.tells_more(tx, shop, order):
                told_more.add(order_id)
            touched[order_id] = put_order(tx, shop, order, parts.vault, read_at, now) or set()
            if now - order.created_at < ROUTING_PATIENCE and not facts.order_is_routed(tx, shop, order_id):
                again[str(order_id)] = now + ROUTING_WAIT
        news = set(touched)
        if news_only:
            after = order_figures.of_orders(tx, shop, list(found))
            news = told_more | {order_id for order_id in touched if before.get(order_id) != after.get(order_id)}
        due.mark(tx, shop, due.QUEUE, "item", {item for order_id in news for item in touched[order_id]}, now)
        return again

    return parts.database.write(put)


def read_changed_orders(
    parts: Parts, shop: str, client: AdminClient, since: datetime, *, news_only: bool = False
) -> int:
    """
    Read every order changed since an instant: what lost webhooks would have told us. Returns how many.

    Args:
        news_only: As of `read_orders`.
    """
    changed = dict(shopify_orders.orders_updated_since(client, since))
    with parts.database.read() as tx:
        known = facts.orders_read_at(tx, shop, list(changed))
    wanted = [
        order_id
        for order_id, updated_at in changed.items()
        if order_id not in known or known[order_id] < updated_at + STAMPS_ARE_WHOLE
    ]
    for batch in batches(wanted, shopify_orders.ORDERS_PER_READ):
        for order_id, at in read_orders(parts, shop, client, batch, news_only=news_only).items():
            parts.database.write(partial(_mark_order, shop=shop, order_id=order_id, now=parts.clock.now(), at=at))
    return len(wanted)


def _mark_order(tx: Transaction, *, shop: str, order_id: str, now: datetime, at: datetime) -> None:
    due.mark(tx, shop, due.QUEUE, "order", [order_id], now, not_before=at)


def read_items(parts: Parts, shop: str, client: AdminClient, item_ids: Sequence[str]) -> set[str]:
    """Read all quantities of items again. Returns the ids that Shopify still knows."""
    read_at = parts.clock.now()
    found = inventory.read_items(client, [ItemGid(i) for i in item_ids])
    parts.database.write(lambda tx: facts.put_items(tx, shop, found, read_at))
    return {item.item_id for item in found}


def read_products(parts: Parts, shop: str, client: AdminClient, product_ids: Sequence[str]) -> None:
    """Read products with their variants again; one that is gone keeps its variants and what is owed of them."""
    read_at = parts.clock.now()
    found = products.read_products(client, [ProductGid(product_id) for product_id in product_ids])
    now = parts.clock.now()

    def put(tx: Transaction) -> None:
        for product_id, its_variants in sorted(found.items()):
            _put_product(tx, shop, product_id, its_variants, read_at, now)

    parts.database.write(put)


def _put_product(
    tx: Transaction, shop: str, product_id: str, found: Sequence[Variant] | None, read_at: datetime, now: datetime
) -> None:
    if found is None:
        gone = facts.product_is_gone(tx, shop, product_id, now)
        _decide_again(tx, shop, gone, now)
        due.mark(tx, shop, due.QUEUE, "item", facts.items_of_variants(tx, shop, gone), now)
        return
    known = set(facts.known_items(tx, shop, [v.item_id for v in found]))
    changed = facts.put_variants(tx, shop, found, read_at)
    gone = facts.variants_left_out(tx, shop, product_id, [v.variant_id for v in found], now)
    _decide_again(tx, shop, [*changed, *gone], now)
    # Another vendor or tag may mean another rule, and so another wait for those who wait.
    again: set[str] = {v.item_id for v in found if v.item_id not in known or v.variant_id in changed}
    again |= facts.items_of_variants(tx, shop, gone)
    due.mark(tx, shop, due.QUEUE, "item", again, now)
    if shops.note_shown(tx, shop, [v.product for v in found]):
        due.mark(tx, shop, due.QUEUE, "all", [""], now)  # what is not shown is off sale from now on


def _decide_again(tx: Transaction, shop: str, variant_ids: Iterable[str], now: datetime) -> None:
    due.mark(tx, shop, due.SWITCH, "variant", variant_ids, now)
