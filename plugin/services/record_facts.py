"""Read things from Shopify again and write down what they are now. A read counts as of when it began."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from plugin.adapters.database import due, facts, restocks
from plugin.adapters.database.tables import people
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.shopify import inventory, products
from plugin.adapters.shopify import orders as shopify_orders
from plugin.adapters.shopify.client import AdminClient
from plugin.adapters.vault import Vault
from plugin.domain.facts import Buyer, ItemGid, Order, OrderGid, ProductGid

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
    known = {
        "customer_id": buyer.customer_id,
        "email_encrypted": vault.encrypt(buyer.email) if buyer.email else "",
        "first_name_encrypted": vault.encrypt(buyer.first_name) if buyer.first_name else "",
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


def read_order(parts: Parts, shop: str, client: AdminClient, order_id: str) -> datetime | None:
    """Read one order again, and mark its items due. Returns when to read it once more, if it is not routed yet."""
    read_at = parts.clock.now()
    order = shopify_orders.read_order(client, OrderGid(order_id))
    now = parts.clock.now()
    with parts.database.begin() as tx:
        if order is None:
            facts.order_is_invisible(tx, shop, order_id, now)
            # Something happened to it all the same, and only the stock will tell.
            due.mark(tx, shop, due.QUEUE, "item", facts.items_of_order(tx, shop, order_id), now)
            return None
        touched = put_order(tx, shop, order, parts.vault, read_at, now) or set()
        due.mark(tx, shop, due.QUEUE, "item", touched, now)
        fresh = now - order.created_at < ROUTING_PATIENCE
        return now + ROUTING_WAIT if fresh and not facts.order_is_routed(tx, shop, order_id) else None


def read_changed_orders(parts: Parts, shop: str, client: AdminClient, since: datetime) -> int:
    """Read every order changed since an instant: what lost webhooks would have told us. Returns how many."""
    changed = dict(shopify_orders.orders_updated_since(client, since))
    with parts.database.read() as tx:
        known = facts.orders_read_at(tx, shop, list(changed))
    count = 0
    for order_id, updated_at in changed.items():
        if order_id not in known or known[order_id] < updated_at + STAMPS_ARE_WHOLE:
            again_at = read_order(parts, shop, client, order_id)
            count += 1
            if again_at is not None:
                with parts.database.begin() as tx:
                    due.mark(tx, shop, due.QUEUE, "order", [order_id], parts.clock.now(), not_before=again_at)
    return count


def read_items(parts: Parts, shop: str, client: AdminClient, item_ids: Sequence[str]) -> set[str]:
    """Read all quantities of items again. Returns the ids that Shopify still knows."""
    read_at = parts.clock.now()
    found = inventory.read_items(client, [ItemGid(i) for i in item_ids])
    with parts.database.begin() as tx:
        facts.put_items(tx, shop, found, read_at)
    return {item.item_id for item in found}


def read_product(parts: Parts, shop: str, client: AdminClient, product_id: str) -> None:
    """Read a product with its variants again; one that is gone keeps its variants and what is owed of them."""
    read_at = parts.clock.now()
    found = products.read_product(client, ProductGid(product_id))
    now = parts.clock.now()
    with parts.database.begin() as tx:
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


def _decide_again(tx: Transaction, shop: str, variant_ids: Iterable[str], now: datetime) -> None:
    due.mark(tx, shop, due.SWITCH, "variant", variant_ids, now)
