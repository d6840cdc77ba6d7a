"""Mutations of variants, metafields and tags."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo

from devstore.acts.goods import product_changed
from devstore.acts.tagging import touch_order
from devstore.admin_api.fields_goods import world_of
from devstore.admin_api.fields_shop import find_node
from devstore.admin_api.registry import (
    Asking,
    access_denied,
    answers,
    gid,
    not_played,
    number_of,
    type_name_of,
    user_error,
)
from devstore.world import Metafield, MetafieldDefinition, Order, Product, Variant, World

MOST_METAFIELDS = 25
MOST_ROWS = 250
MOST_BYTES = {"json": 131_072}
WRITE_SCOPES = {
    "Product": "write_products",
    "ProductVariant": "write_products",
    "Collection": "write_products",
    "Order": "write_orders",
    "Customer": "write_customers",
    "Location": "write_locations",
}
PLAYED_VARIANT_KEYS = {"id", "inventoryPolicy", "price", "compareAtPrice", "barcode", "taxable"}


def need_write(asking: Asking, record: Any, name: str) -> None:
    """
    Check the scope that writing to a record needs.

    Raises:
        GraphQLError: It is not granted.
    """
    scope = WRITE_SCOPES.get(type_name_of(record))
    if scope is not None and scope not in asking.scopes:
        raise access_denied(name, (scope,))


def check_rows(rows: list[Any], name: str) -> None:
    """
    Refuse an input list that is too long.

    Raises:
        GraphQLError: More than 250.
    """
    if len(rows) > MOST_ROWS:
        raise GraphQLError(
            f"The input array size of {len(rows)} is greater than the maximum allowed of {MOST_ROWS}.",
            extensions={"code": "MAX_INPUT_SIZE_EXCEEDED", "argument": name},
        )


# --- variants ---------------------------------------------------------------------------------------------------------


@answers("Mutation", "productVariantsBulkUpdate")
def variants_bulk_update(
    _: Any,
    info: GraphQLResolveInfo,
    productId: str,
    variants: list[dict[str, Any]],
    allowPartialUpdates: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """Change variants of one product; without partial updates one error stops all."""
    world = world_of(info)
    check_rows(variants, "variants")
    product = world.products.get(number_of(productId, "Product"))
    if product is None:
        gone = user_error("Product does not exist", "PRODUCT_DOES_NOT_EXIST", ["productId"])
        return {"product": None, "productVariants": None, "userErrors": [gone]}
    errors, ready = [], []
    for position, row in enumerate(variants):
        if strange := set(row) - PLAYED_VARIANT_KEYS:
            raise not_played(f"ProductVariantsBulkInput.{strange.pop()}")
        error = _variant_error(world, product, row, position)
        errors.append(error) if error else ready.append(row)
    if errors and not allowPartialUpdates:
        return {"product": product, "productVariants": None, "userErrors": errors}
    changed = [_change_variant(world, row) for row in ready]
    if changed:
        product_changed(world, product)
    return {"product": product, "productVariants": changed, "userErrors": errors}


def _variant_error(world: World, product: Product, row: dict[str, Any], position: int) -> dict[str, Any] | None:
    path = ["variants", str(position)]
    if row.get("id") is None:
        return user_error("Product variant is missing ID attribute", "PRODUCT_VARIANT_ID_MISSING", [*path, "id"])
    number = number_of(row["id"], "ProductVariant")
    if number not in product.variant_ids:
        known = number in world.variants
        code = "MUST_BE_FOR_THIS_PRODUCT" if known else "PRODUCT_VARIANT_DOES_NOT_EXIST"
        return user_error(
            "Product variant does not belong to the product" if known else "Product variant does not exist",
            code,
            [*path, "id"],
        )
    try:
        price = Decimal(str(row["price"])) if row.get("price") is not None else None
    except InvalidOperation:
        return user_error("Price is not a number", "INVALID_VALUE", [*path, "price"])
    if price is not None and price < 0:
        return user_error("Price must be greater than or equal to 0", "GREATER_THAN_OR_EQUAL_TO", [*path, "price"])
    return None


def _change_variant(world: World, row: dict[str, Any]) -> Variant:
    variant = world.variants[number_of(row["id"], "ProductVariant")]
    if row.get("inventoryPolicy") is not None:
        variant.policy = row["inventoryPolicy"]
    if row.get("price") is not None:
        variant.price = Decimal(str(row["price"]))
    if "compareAtPrice" in row:
        variant.compare_at_price = Decimal(str(row["compareAtPrice"])) if row["compareAtPrice"] is not None else None
    if row.get("barcode") is not None:
        variant.barcode = row["barcode"]
    if row.get("taxable") is not None:
        variant.taxable = row["taxable"]
    variant.updated_at = world.now()
    return variant


# --- metafields -------------------------------------------------------------------------------------------------------


@answers("Mutation", "metafieldsSet")
def metafields_set(_: Any, info: GraphQLResolveInfo, metafields: list[dict[str, Any]]) -> dict[str, Any]:
    """Write up to 25 metafields, all or none, each only over the value its compareDigest names."""
    if len(metafields) > MOST_METAFIELDS:
        path = ["metafields"]
        message = f"Exceeded the maximum metafields input limit of {MOST_METAFIELDS}."
        error = user_error(message, "LESS_THAN_OR_EQUAL_TO", path, elementIndex=None)
        return {"metafields": None, "userErrors": [error]}
    asking: Asking = info.context
    checked = [_check_metafield(asking, row, position) for position, row in enumerate(metafields)]
    errors = [one for one in checked if "message" in one]
    if errors:
        return {"metafields": None, "userErrors": errors}
    written = [_write_metafield(asking.world, row, plan) for row, plan in zip(metafields, checked, strict=True)]
    _announce_owners(asking, [one.owner for one in written])
    return {"metafields": written, "userErrors": []}


def _check_metafield(asking: Asking, row: dict[str, Any], position: int) -> dict[str, Any]:
    """Return where and as what a value is written, or a user error."""

    def wrong(message: str, code: str, name: str) -> dict[str, Any]:
        return user_error(message, code, ["metafields", str(position), name], elementIndex=position)

    world = asking.world
    owner = find_node(asking, row["ownerId"])
    if owner is None:
        return wrong("Owner does not exist.", "INVALID", "ownerId")
    need_write(asking, owner, "metafieldsSet")
    namespace = asking.app.namespace(row.get("namespace"))
    if namespace.startswith("app--") and not namespace.startswith(f"app--{asking.app.app_id}"):
        return wrong(
            "Access to this namespace and key on Metafields for this resource type is not allowed.",
            "APP_NOT_AUTHORIZED",
            "namespace",
        )
    key = (row["ownerId"], namespace, row["key"])
    kind = type_name_of(owner).upper()
    definition = world.definitions.get((kind if kind != "APPINSTALLATION" else "API_PERMISSION", namespace, row["key"]))
    known = world.metafields.get(key)
    value_type = row.get("type") or (definition.type if definition else known.type if known else None)
    if value_type is None:
        return wrong("Type can't be blank", "BLANK", "type")
    if definition is not None and definition.type != value_type:
        return wrong(
            f"Type '{value_type}' must be consistent with the definition's type: '{definition.type}'.",
            "INVALID_TYPE",
            "type",
        )
    if fault := _value_fault(value_type, row["value"]):
        return wrong(fault, "INVALID_VALUE", "value")
    if "compareDigest" in row and row["compareDigest"] != (known.compare_digest if known else None):
        return wrong(
            "The resource has been updated since it was loaded. Try again with an updated `compareDigest` value.",
            "STALE_OBJECT",
            "compareDigest",
        )
    return {"key": key, "type": value_type}


def _value_fault(value_type: str, value: str) -> str | None:
    if not value:
        return "Value can't be blank."
    if len(value.encode()) > MOST_BYTES.get(value_type, 65_536):
        return "Value is too long."
    if value_type == "json":
        try:
            json.loads(value)
        except ValueError:
            return "Value is invalid JSON."
    if value_type == "number_integer" and not value.lstrip("-").isdigit():
        return "Value must be an integer."
    if value_type == "boolean" and value not in {"true", "false"}:
        return "Value must be true or false."
    return None


def _write_metafield(world: World, row: dict[str, Any], plan: dict[str, Any]) -> Metafield:
    now = world.now()
    known = world.metafields.get(plan["key"])
    if known is None:
        owner, namespace, key = plan["key"]
        known = Metafield(world.id("Metafield"), owner, namespace, key, plan["type"], row["value"], now, now)
        world.metafields[plan["key"]] = known
    known.type, known.value, known.updated_at = plan["type"], row["value"], now
    return known


def _announce_owners(asking: Asking, owners: list[str]) -> None:
    """Say that the products and orders changed; Shopify may do so for metafields, so an app must bear it."""
    products: dict[int, Product] = {}
    for owner in dict.fromkeys(owners):
        record = find_node(asking, owner)
        if isinstance(record, Variant):
            products[record.product_id] = asking.world.products[record.product_id]
        elif isinstance(record, Product):
            products[record.id] = record
        elif isinstance(record, Order):
            touch_order(asking.world, record)
    for product in products.values():
        product_changed(asking.world, product)


@answers("Mutation", "metafieldsDelete")
def metafields_delete(_: Any, info: GraphQLResolveInfo, metafields: list[dict[str, Any]]) -> dict[str, Any]:
    """Delete metafields; what was not there stays null."""
    check_rows(metafields, "metafields")
    asking: Asking = info.context
    deleted: list[dict[str, Any] | None] = []
    for row in metafields:
        owner = find_node(asking, row["ownerId"])
        if owner is not None:
            need_write(asking, owner, "metafieldsDelete")
        namespace = asking.app.namespace(row["namespace"])
        gone = asking.world.metafields.pop((row["ownerId"], namespace, row["key"]), None)
        deleted.append({"ownerId": gone.owner, "namespace": gone.namespace, "key": gone.key} if gone else None)
    _announce_owners(asking, [one["ownerId"] for one in deleted if one])
    return {"deletedMetafields": deleted, "userErrors": []}


@answers("Mutation", "metafieldDefinitionCreate")
def definition_create(_: Any, info: GraphQLResolveInfo, definition: dict[str, Any]) -> dict[str, Any]:
    """Define a metafield."""
    world = world_of(info)
    namespace = info.context.app.namespace(definition.get("namespace"))
    key = (definition["ownerType"], namespace, definition["key"])
    if key in world.definitions:
        taken = user_error("Key is in use for this resource type and namespace.", "TAKEN", ["definition", "key"])
        return {"createdDefinition": None, "userErrors": [taken]}
    access = definition.get("access") or {}
    made = MetafieldDefinition(
        world.id("MetafieldDefinition"),
        *key,
        type=definition["type"],
        name=definition["name"],
        description=definition.get("description") or "",
        admin_access=access.get("admin") or "MERCHANT_READ",
        storefront_access=access.get("storefront") or "NONE",
    )
    world.definitions[key] = made
    return {"createdDefinition": made, "userErrors": []}


# --- tags -------------------------------------------------------------------------------------------------------------

MOST_TAGS = 250


@answers("Mutation", "tagsAdd", "tagsRemove")
def tags_change(_: Any, info: GraphQLResolveInfo, id: str, tags: list[str]) -> dict[str, Any]:
    """Add or remove tags of an order or a product."""
    asking: Asking = info.context
    record = find_node(asking, id)
    if record is None:
        return {"node": None, "userErrors": [user_error("Node does not exist", None, ["id"])]}
    if not isinstance(record, (Order, Product)):
        raise not_played(f"{info.field_name} of {gid(record)}")
    need_write(asking, record, info.field_name)
    wanted = [tag.strip() for one in tags for tag in one.split(",") if tag.strip()]
    before = list(record.tags)
    lowered = {tag.lower() for tag in wanted}
    if info.field_name == "tagsAdd":
        have = {tag.lower() for tag in before}
        after = before + [tag for tag in dict.fromkeys(wanted) if tag.lower() not in have]
    else:
        after = [tag for tag in before if tag.lower() not in lowered]
    if len(after) > MOST_TAGS:
        return {"node": None, "userErrors": [user_error("Tags cannot exceed 250", None, ["tags"])]}
    if after != before:
        record.tags = sorted(after)
        if isinstance(record, Order):
            touch_order(asking.world, record)
        else:
            product_changed(asking.world, record)
    return {"node": record, "userErrors": []}
