"""Every table, read by Alembic. Import tables from here; each family has a file.

Four families, told apart by what may happen to a row:

- *facts* are replaced by newer ones (`read_at` says as of when);
- *commitments* (`ledger`) are appended and never changed; they hold no personal data;
- *effects* (`desired`, `messages`) say what must still be done, and what came of it;
- *projections* (`line_states`, `variant_states`, `pegs`, `stock_balances`) are copies that spare adding up; they can
  be rebuilt from the others.

Personal data lives in `people` and in the encrypted columns of `messages`, nowhere else.
"""

from __future__ import annotations

from plugin.adapters.database.tables.base import metadata
from plugin.adapters.database.tables.commitments import ledger
from plugin.adapters.database.tables.effects import alerts, desired, messages, notices, senders
from plugin.adapters.database.tables.facts import (
    baselines,
    bundle_parts,
    collections,
    items,
    levels,
    locations,
    open_units,
    order_lines,
    orders,
    people,
    products,
    restocks,
    variants,
)
from plugin.adapters.database.tables.projections import (
    IS_ODD,
    IS_OWED,
    item_states,
    line_states,
    pegs,
    stock_balances,
    variant_states,
    zeroings,
)
from plugin.adapters.database.tables.shop import (
    badge_wording,
    leases,
    rule_changes,
    rules,
    shop_settings,
    shops,
    tokens,
)
from plugin.adapters.database.tables.supply import deliveries, delivery_rows
from plugin.adapters.database.tables.work import due, inbox, syncs, whole_reviews

__all__ = [
    "IS_ODD",
    "IS_OWED",
    "alerts",
    "badge_wording",
    "baselines",
    "bundle_parts",
    "collections",
    "deliveries",
    "delivery_rows",
    "desired",
    "due",
    "inbox",
    "item_states",
    "items",
    "leases",
    "ledger",
    "levels",
    "line_states",
    "locations",
    "messages",
    "metadata",
    "notices",
    "open_units",
    "order_lines",
    "orders",
    "pegs",
    "people",
    "products",
    "restocks",
    "rule_changes",
    "rules",
    "senders",
    "shop_settings",
    "shops",
    "stock_balances",
    "syncs",
    "tokens",
    "variant_states",
    "variants",
    "whole_reviews",
    "zeroings",
]
