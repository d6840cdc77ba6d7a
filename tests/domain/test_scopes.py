"""Access scopes: what is missing."""

from __future__ import annotations

from plugin.domain import scopes


def test_a_write_scope_covers_its_read_scope_and_not_the_other_way() -> None:
    assert scopes.missing({"write_orders", "read_products"}, ["read_orders", "read_products"]) == ()
    assert scopes.missing({"read_orders"}, ["write_orders", "read_orders"]) == ("write_orders",)
