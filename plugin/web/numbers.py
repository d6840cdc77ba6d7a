"""The short numbers in our addresses, and the GIDs they stand for."""

from __future__ import annotations

from collections.abc import Mapping

from flask import abort
from werkzeug.routing import IntegerConverter, Map

LARGEST_ROW = 2**63 - 1
LARGEST_VERSION = 2**31 - 1


class RowConverter(IntegerConverter):
    """`<row:name>` in an address: a number our tables can hold. Any other leads nowhere."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, max=LARGEST_ROW)


def form_version(form: Mapping[str, str]) -> int:
    """The version a form was opened with. Only a form that is not ours lacks it: 400."""
    text = form.get("version", "")
    if not (text.isascii() and text.isdigit()) or int(text) > LARGEST_VERSION:
        abort(400)
    return int(text)


def of_gid(gid: str) -> str:
    """`gid://shopify/ProductVariant/11` is 11 in an address."""
    return gid.rsplit("/", 1)[-1]


def variant_gid(number: int) -> str:
    return f"gid://shopify/ProductVariant/{number}"


def product_gid(number: int) -> str:
    return f"gid://shopify/Product/{number}"
