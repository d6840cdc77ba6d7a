"""Whether things are still there."""

from __future__ import annotations

from collections.abc import Sequence

from plugin.adapters.shopify.batches import batches
from plugin.adapters.shopify.client import AdminClient

IDS_PER_CALL = 100


def which_exist(client: AdminClient, ids: Sequence[str]) -> set[str]:
    """Of these GIDs, those that Shopify shows us: what is deleted, or an order older than we may read, is absent."""
    found: set[str] = set()
    for batch in batches(ids, IDS_PER_CALL):
        found |= {node["id"] for node in client.run("which_exist", {"ids": batch})["nodes"] if node}
    return found
