"""The switch on Shopify's side: whether a variant may be sold past its stock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plugin.adapters.shopify.answers import Outcome
from plugin.adapters.shopify.batches import batches
from plugin.adapters.shopify.client import AdminClient
from plugin.domain.facts import ProductGid, VariantGid

POLICIES_PER_CALL = 250  # Shopify takes no longer input array
_UNCONFIRMED = "Shopify did not confirm the change"


def read_policies(client: AdminClient, variant_ids: Sequence[VariantGid]) -> dict[VariantGid, str]:
    """Read CONTINUE or DENY of each variant; deleted ones are absent."""
    found: dict[VariantGid, str] = {}
    for batch in batches(variant_ids, POLICIES_PER_CALL):
        for node in client.run("policies", {"ids": batch})["nodes"]:
            if node:
                found[VariantGid(node["id"])] = node["inventoryPolicy"]
    return found


def write_policies(
    client: AdminClient, product_id: ProductGid, policies: Mapping[VariantGid, str]
) -> dict[VariantGid, str | None]:
    """
    Set policies of one product's variants. Nothing but the id and the policy is sent, so nothing else can
    change.

    Returns:
        For every variant None when it now has the policy, else Shopify's reason in its own words.
    """
    results: dict[VariantGid, str | None] = {}
    for batch in batches(policies, POLICIES_PER_CALL):
        wanted = [{"id": variant_id, "inventoryPolicy": policies[variant_id]} for variant_id in batch]
        outcome = client.attempt("set_policies", {"productId": product_id, "variants": wanted})
        results.update(_results(batch, policies, outcome))
    return results


def _results(
    batch: Sequence[VariantGid], policies: Mapping[VariantGid, str], outcome: Outcome
) -> dict[VariantGid, str | None]:
    written = (outcome.data["productVariantsBulkUpdate"] or {}).get("productVariants") or ()
    now = {node["id"]: node["inventoryPolicy"] for node in written}
    refused: dict[int | None, str] = {}
    for error in outcome.user_errors:
        refused.setdefault(_index(error), str(error["message"]))
    return {
        variant_id: refused.get(index)
        or (None if now.get(variant_id) == policies[variant_id] else refused.get(None, _UNCONFIRMED))
        for index, variant_id in enumerate(batch)
    }


def _index(error: Mapping[str, Any]) -> int | None:
    """Which variant of the input an error is about (`["variants", "0", "inventoryPolicy"]`); None: the whole call."""
    path = error.get("field") or ()
    match list(path):
        case ["variants", index, *_] if str(index).isdigit():
            return int(index)
    return None
