"""Writing our JSON metafields."""

from __future__ import annotations

from collections.abc import Sequence

from plugin.adapters.shopify.batches import batches
from plugin.adapters.shopify.client import AdminClient

METAFIELDS_PER_CALL = 25  # Shopify takes no more at once, and takes them all or none

Entry = tuple[str, str, str]  # owner's GID, key, JSON text


def write_metafields(client: AdminClient, entries: Sequence[Entry]) -> dict[tuple[str, str], str | None]:
    """
    Write metafields in our own namespace.

    One refused entry makes Shopify refuse the other 24 of its call: the rest is then written without it.

    Args:
        entries: Owner, key and JSON text; the last one counts for an owner and key named twice.
    Returns:
        For every (owner, key) None when written, else Shopify's reason in its own words.
    """
    latest = {(owner, key): (owner, key, value) for owner, key, value in entries}
    results: dict[tuple[str, str], str | None] = {}
    for batch in batches(latest.values(), METAFIELDS_PER_CALL):
        results.update(_write(client, batch))
    return results


def _write(client: AdminClient, batch: list[Entry]) -> dict[tuple[str, str], str | None]:
    inputs = [{"ownerId": owner, "key": key, "type": "json", "value": value} for owner, key, value in batch]
    errors = client.attempt("set_metafields", {"metafields": inputs}).user_errors
    if not errors:
        return {(owner, key): None for owner, key, _ in batch}
    offenders = {int(e["elementIndex"]): str(e["message"]) for e in errors if e.get("elementIndex") is not None}
    if not offenders:
        return _one_by_one(client, batch, str(errors[0]["message"]))
    results: dict[tuple[str, str], str | None] = {batch[index][:2]: message for index, message in offenders.items()}
    rest = [entry for index, entry in enumerate(batch) if index not in offenders]
    return {**results, **_write(client, rest)} if rest else results


def _one_by_one(client: AdminClient, batch: list[Entry], message: str) -> dict[tuple[str, str], str | None]:
    if len(batch) == 1:
        return {batch[0][:2]: message}
    results: dict[tuple[str, str], str | None] = {}
    for entry in batch:
        results.update(_write(client, [entry]))
    return results
