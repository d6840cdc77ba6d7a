"""The short numbers in our addresses and the GIDs they stand for, and what our own pages write into forms."""

from __future__ import annotations

from collections.abc import Mapping

from flask import abort
from werkzeug.routing import IntegerConverter, Map

from plugin.domain.typed_numbers import whole_number

LARGEST_ROW = 2**63 - 1
LARGEST_VERSION = 2**31 - 1


class RowConverter(IntegerConverter):
    """`<row:name>` in an address: a number our tables can hold. Any other leads nowhere."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, max=LARGEST_ROW)


def form_version(form: Mapping[str, str]) -> int:
    """The version a form was opened with. Only a form that is not ours lacks it: 400."""
    return sent_number(form, "version", LARGEST_VERSION)


def sent_number(form: Mapping[str, str], name: str, most: int) -> int:
    """A number that our own page wrote into a form, 0 to `most`. Only a form that is not ours lacks it: 400."""
    number = whole_number(form.get(name, ""), most)
    if number is None:
        abort(400)
    return number


def sent_word(form: Mapping[str, str], name: str, *known: str) -> str:
    """Which of the words a form was sent with. What is none of them must not pass for one of them: 400."""
    word = form.get(name, "")
    if word not in known:
        abort(400)
    return word


def of_gid(gid: str) -> str:
    """`gid://shopify/ProductVariant/11` is 11 in an address."""
    return gid.rsplit("/", 1)[-1]


def variant_gid(number: int) -> str:
    return f"gid://shopify/ProductVariant/{number}"


def product_gid(number: int) -> str:
    return f"gid://shopify/Product/{number}"
