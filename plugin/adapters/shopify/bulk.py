"""Bulk operations: start one, watch it, and read its result line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from plugin.adapters.shopify.client import AdminClient
from plugin.adapters.shopify.operations import operation
from plugin.adapters.shopify.reading import instant
from plugin.adapters.shopify.transport import Transport
from plugin.errors import Rejected, Unreachable

VARIANTS_QUERY = "bulk_variants"
ORDERS_QUERY = "bulk_orders"
_TRIES_WITHOUT_A_LINE = 3


@dataclass(frozen=True, slots=True)
class BulkStatus:
    """
    How far a bulk operation is.

    status: CREATED, RUNNING, COMPLETED, FAILED, CANCELING, CANCELED, EXPIRED.
    created_at: Its rows count as of this instant, and never replace a later read.
    url: The result, for 7 days; None while it runs, and when it found nothing.
    error: ACCESS_DENIED, INTERNAL_SERVER_ERROR, TIMEOUT; None while all is well.
    """

    operation_id: str
    status: str
    created_at: datetime
    object_count: int
    url: str | None
    error: str | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in ("COMPLETED", "FAILED", "CANCELED", "EXPIRED")


def start(client: AdminClient, query_name: str) -> str:
    """
    Start a bulk query: `VARIANTS_QUERY` or `ORDERS_QUERY`.

    Returns:
        The operation's id.
    Raises:
        Rejected: Too many run already (code LIMIT_REACHED or OPERATION_IN_PROGRESS), or the text is no bulk
        query.
    """
    data = client.run("bulk_start", {"query": operation(query_name).text})
    started: str = data["bulkOperationRunQuery"]["bulkOperation"]["id"]
    return started


def status(client: AdminClient, operation_id: str) -> BulkStatus | None:
    """Ask how far an operation is; None when Shopify no longer knows it."""
    node = client.run("bulk_status", {"id": operation_id})["bulkOperation"]
    if node is None:
        return None
    return BulkStatus(
        operation_id=node["id"],
        status=node["status"],
        created_at=instant(str(node["createdAt"])),
        object_count=int(node["objectCount"]),
        url=node["url"],
        error=node["errorCode"],
    )


def stream(transport: Transport, url: str) -> Iterator[dict[str, Any]]:
    """
    Read a result line by line as it arrives. A broken connection is opened again and goes on after the last
    line.

    Raises:
        Unreachable: Three connections in a row brought nothing new.
        Rejected: The address is refused, most likely older than 7 days.
    """
    seen = fruitless = 0
    while True:
        before = seen
        try:
            for line in _lines_after(transport, url, seen):
                seen += 1
                yield json.loads(line)
            return
        except (requests.RequestException, Unreachable, json.JSONDecodeError) as exc:
            # A line cut off in the middle does not parse: it is asked for again.
            if isinstance(exc, json.JSONDecodeError):
                seen -= 1
            fruitless = 0 if seen > before else fruitless + 1
            if fruitless == _TRIES_WITHOUT_A_LINE:
                raise Unreachable(f"bulk result breaks off after {seen} lines") from exc


def _lines_after(transport: Transport, url: str, count: int) -> Iterator[bytes]:
    with closing(transport.get(url)) as response:
        if response.status_code >= 500:
            raise Unreachable(f"bulk result: HTTP {response.status_code}")
        if response.status_code != 200:
            raise Rejected("bulk_result", [{"message": f"HTTP {response.status_code}"}])
        for number, line in enumerate(line for line in response.iter_lines(chunk_size=65536) if line):
            if number >= count:
                yield line
