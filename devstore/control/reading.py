"""Reading the JSON of control calls: ids as numbers, GIDs or SKUs; errors that say what is missing."""

from __future__ import annotations

from typing import Any

from devstore.acts import ActError, find_variant
from devstore.world import Location, Order, Product, Variant, World


class NotFound(ActError):
    """What a call names does not exist."""


def number(value: Any) -> int:
    """
    Return the number of an id, given as a number, as digits or as a GID.

    Raises:
        ActError: It is none of these.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    tail = str(value).split("?")[0].rsplit("/", 1)[-1]
    if not tail.isdigit():
        raise ActError(f"{value!r} is no id")
    return int(tail)


def units(given: dict[str, Any], name: str = "quantity") -> int:
    """
    Return a whole number of a call.

    Raises:
        ActError: It is missing or no whole number.
    """
    value = given.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ActError(f"{name} must be a whole number")
    return value


def order_of(world: World, given: dict[str, Any]) -> Order:
    """
    Return the order a call names, by id or by name such as "#1001".

    Raises:
        NotFound: There is none.
    """
    wanted = given.get("order_id")
    if isinstance(wanted, str) and wanted.startswith("#"):
        found = next((one for one in world.orders.values() if one.name == wanted), None)
    else:
        found = world.orders.get(number(wanted))
    if found is None:
        raise NotFound(f"no order {wanted!r}")
    return found


def variant_of(world: World, given: dict[str, Any]) -> Variant:
    """
    Return the variant a call names by `variant_id` or `sku`.

    Raises:
        NotFound: There is none.
    """
    wanted = given.get("variant_id", given.get("sku"))
    found = find_variant(world, wanted) if wanted is not None else None
    if found is None:
        raise NotFound(f"no variant {wanted!r}")
    return found


def product_of(world: World, given: dict[str, Any]) -> Product:
    """
    Return the product a call names by `product_id` or `handle`.

    Raises:
        NotFound: There is none.
    """
    if "handle" in given:
        found = next((one for one in world.products.values() if one.handle == given["handle"]), None)
    else:
        found = world.products.get(number(given.get("product_id")))
    if found is None:
        raise NotFound("no such product")
    return found


def location_of(world: World, wanted: Any) -> Location:
    """
    Return a location by name or id; the first one when none is named.

    Raises:
        NotFound: There is none.
    """
    if wanted is None:
        return min(world.locations.values(), key=lambda one: (one.priority, one.id))
    for one in world.locations.values():
        if one.name == wanted or str(one.id) == str(wanted).rsplit("/", 1)[-1]:
            return one
    raise NotFound(f"no location {wanted!r}")


def line_units(given: dict[str, Any]) -> dict[int, int] | None:
    """Return units by line id, or None when the call names no lines."""
    rows = given.get("lines")
    if rows is None:
        return None
    return {number(row.get("line_id")): units(row) for row in rows}
