"""Writing and deleting our metafields.

Shopify takes at most 25 at once, and takes them all or none: one refused entry makes it refuse the other 24. The
rest is then sent again without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from plugin.adapters.shopify.batches import batches
from plugin.adapters.shopify.client import AdminClient

METAFIELDS_PER_CALL = 25

Subject = tuple[str, str]  # owner's GID, key
UserErrors = Sequence[Mapping[str, Any]]


def write_metafields(client: AdminClient, entries: Sequence[tuple[str, str, str, str]]) -> dict[Subject, str | None]:
    """
    Write metafields in our own namespace.

    Args:
        entries: Owner, key, type as defined, and text; the last one counts for an owner and key named twice.
    Returns:
        For every (owner, key) None when written, else Shopify's reason in its own words.
    """
    values = {(owner, key): (kind, value) for owner, key, kind, value in entries}

    def send(batch: Sequence[Subject]) -> UserErrors:
        inputs = [
            {"ownerId": owner, "key": key, "type": values[owner, key][0], "value": values[owner, key][1]}
            for owner, key in batch
        ]
        return client.attempt("set_metafields", {"metafields": inputs}).user_errors

    return _send_all(list(values), send)


def write_app_data(client: AdminClient, namespace: str, key: str, value: str) -> str | None:
    """
    Write a JSON metafield of our own installation: hidden from the admin, read by the theme block, no scope needed.

    Returns:
        None when written, else Shopify's reason in its own words.
    """
    owner = client.run("app_installation")["currentAppInstallation"]["id"]
    entry = {"ownerId": owner, "namespace": namespace, "key": key, "type": "json", "value": value}
    errors = client.attempt("set_metafields", {"metafields": [entry]}).user_errors
    return str(errors[0]["message"]) if errors else None


def delete_metafields(client: AdminClient, subjects: Sequence[Subject]) -> dict[Subject, str | None]:
    """
    Delete metafields in our own namespace; one that is not there counts as deleted.

    Returns:
        For every (owner, key) None when it is gone, else Shopify's reason in its own words.
    """

    def send(batch: Sequence[Subject]) -> UserErrors:
        inputs = [{"ownerId": owner, "namespace": "$app", "key": key} for owner, key in batch]
        return client.attempt("delete_metafields", {"metafields": inputs}).user_errors

    return _send_all(subjects, send)


def _send_all(
    subjects: Sequence[Subject], send: Callable[[Sequence[Subject]], UserErrors]
) -> dict[Subject, str | None]:
    results: dict[Subject, str | None] = {}
    for batch in batches(subjects, METAFIELDS_PER_CALL):
        results.update(_send(batch, send))
    return results


def _send(batch: list[Subject], send: Callable[[Sequence[Subject]], UserErrors]) -> dict[Subject, str | None]:
    errors = send(batch)
    if not errors:
        return dict.fromkeys(batch)
    if len(batch) == 1:
        return {batch[0]: str(errors[0]["message"])}
    offenders = {int(e["elementIndex"]): str(e["message"]) for e in errors if e.get("elementIndex") is not None}
    results: dict[Subject, str | None] = {batch[index]: message for index, message in offenders.items()}
    rest = [subject for index, subject in enumerate(batch) if index not in offenders]
    # An error that names no entry may be any of them.
    for part in [rest] if offenders else [[subject] for subject in rest]:
        if part:
            results.update(_send(part, send))
    return results
