"""The shop, the app's installation, its subscriptions and jobs, and `node` as the Admin API shows them."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo

from devstore.admin_api.fields_goods import world_of
from devstore.admin_api.fields_orders import is_visible
from devstore.admin_api.paging import Page, paginate
from devstore.admin_api.registry import Asking, answers, gid, number_of
from devstore.admin_api.schema import API_VERSION
from devstore.admin_api.search import matcher
from devstore.payloads.forms import zone
from devstore.world import BulkOperation, Installation, Job, Shop, WebhookSubscription, World


@answers("QueryRoot", "shop")
def shop(_: Any, info: GraphQLResolveInfo) -> Shop:
    """Return the shop."""
    return world_of(info).shop


@answers("Shop", "myshopifyDomain")
def domain(source: Shop, info: GraphQLResolveInfo) -> str:
    """Return the permanent domain."""
    return source.domain


@answers("Shop", "url")
def url(source: Shop, info: GraphQLResolveInfo) -> str:
    """Return where the storefront is."""
    return f"https://{source.domain}"


@answers("Shop", "primaryDomain")
def primary_domain(source: Shop, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return the domain shoppers see."""
    return {
        "id": f"gid://shopify/Domain/{source.id}",
        "host": source.domain,
        "url": f"https://{source.domain}",
        "sslEnabled": True,
    }


@answers("Shop", "shopOwnerName")
def owner(source: Shop, info: GraphQLResolveInfo) -> str:
    """Return who owns the shop."""
    return source.owner_name


@answers("Shop", "ianaTimezone")
def timezone(source: Shop, info: GraphQLResolveInfo) -> str:
    """Return the shop's time zone."""
    return source.timezone


@answers("Shop", "timezoneOffsetMinutes")
def offset_minutes(source: Shop, info: GraphQLResolveInfo) -> int:
    """Return how far the shop's clock is from UTC."""
    offset = world_of(info).now().astimezone(zone(source.timezone)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds() // 60)


@answers("Shop", "timezoneOffset")
def offset(source: Shop, info: GraphQLResolveInfo) -> str:
    """Return how far the shop's clock is from UTC, as +hhmm."""
    return world_of(info).now().astimezone(zone(source.timezone)).strftime("%z")


@answers("Shop", "currencyCode")
def currency(source: Shop, info: GraphQLResolveInfo) -> str:
    """Return the shop's currency."""
    return source.currency


@answers("Shop", "plan")
def plan(source: Shop, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return what the merchant pays for."""
    plus = source.plan_name == "shopify_plus"
    return {"publicDisplayName": source.plan_display_name, "partnerDevelopment": False, "shopifyPlus": plus}


@answers("Shop", "features")
def features(source: Shop, info: GraphQLResolveInfo) -> dict[str, bool]:
    """Return what the shop can do."""
    return {"sellsSubscriptions": False, "eligibleForSubscriptions": True, "storefront": True, "giftCards": False}


@answers("Shop", "shopAddress")
def address(source: Shop, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return where the business is."""
    return {
        "id": f"gid://shopify/ShopAddress/{source.id}",
        "address1": source.address1,
        "city": source.city,
        "zip": source.zip,
        "country": source.country_name,
        "countryCodeV2": source.country,
        "provinceCode": source.province_code,
        "company": source.name,
        "phone": source.phone or None,
    }


@answers("QueryRoot", "shopLocales")
def shop_locales(_: Any, info: GraphQLResolveInfo, **__: Any) -> list[dict[str, Any]]:
    """Return the shop's languages."""
    mine = world_of(info).shop
    return [
        {"locale": one, "name": one, "primary": one == mine.primary_locale, "published": True} for one in mine.locales
    ]


# --- the app ----------------------------------------------------------------------------------------------------------


def _scope_rows(scopes: Any) -> list[dict[str, str]]:
    return [{"handle": one, "description": one.replace("_", " ")} for one in sorted(scopes)]


@answers("QueryRoot", "currentAppInstallation")
def installation(_: Any, info: GraphQLResolveInfo) -> Installation | None:
    """Return the asking app's installation."""
    return world_of(info).installation


@answers("AppInstallation", "accessScopes")
def access_scopes(source: Installation, info: GraphQLResolveInfo) -> list[dict[str, str]]:
    """Return what the merchant granted."""
    return _scope_rows(source.scopes)


@answers("AppInstallation", "launchUrl")
def launch_url(source: Installation, info: GraphQLResolveInfo) -> str:
    """Return where the admin opens the app."""
    store = world_of(info).shop.domain.removesuffix(".myshopify.com")
    return f"https://admin.shopify.com/store/{store}/apps/{info.context.app.handle}"


@answers("AppInstallation", "activeSubscriptions")
def active_subscriptions(source: Installation, info: GraphQLResolveInfo) -> list[Any]:
    """Return nothing: the app charges nothing through the Billing API."""
    return []


@answers("AppInstallation", "app")
def app(source: Installation, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return the app as it is registered."""
    config = info.context.app
    return {
        "__typename": "App",
        "id": f"gid://shopify/App/{config.app_id}",
        "apiKey": config.api_key,
        "handle": config.handle,
        "title": config.name,
        "embedded": True,
        "requestedAccessScopes": _scope_rows(config.scopes),
        "optionalAccessScopes": _scope_rows(config.optional_scopes),
        "webhookApiVersion": config.api_version,
    }


@answers("FulfillmentHold", "heldByApp")
def held_by_app(source: Any, info: GraphQLResolveInfo) -> dict[str, Any] | None:
    """Return the app that placed a hold."""
    return {"__typename": "App", "id": f"gid://shopify/App/{source.app_id}"} if source.app_id else None


# --- subscriptions, bulk operations, jobs -----------------------------------------------------------------------------


def topic_enum(topic: str) -> str:
    """Write `orders/create` as ORDERS_CREATE."""
    return topic.replace("/", "_").upper()


@answers("QueryRoot", "webhookSubscriptions")
def subscriptions(_: Any, info: GraphQLResolveInfo, topics: list[str] | None = None, **args: Any) -> Page:
    """List the subscriptions made through the API; those of the toml are not listed."""
    found = [
        one
        for one in world_of(info).subscriptions.values()
        if not one.from_config and (topics is None or topic_enum(one.topic) in topics)
    ]
    return paginate(found, info, key=lambda one: one.id, **args)


@answers("WebhookSubscription", "topic")
def topic(source: WebhookSubscription, info: GraphQLResolveInfo) -> str:
    """Return the topic."""
    return topic_enum(source.topic)


@answers("WebhookSubscription", "format")
def form(source: WebhookSubscription, info: GraphQLResolveInfo) -> str:
    """Return the body's form."""
    return "JSON"


@answers("WebhookSubscription", "includeFields", "metafieldNamespaces", "metafields")
def lists(source: WebhookSubscription, info: GraphQLResolveInfo) -> list[str]:
    """Return the fields kept; metafields are not sent."""
    return list(source.include_fields) if info.field_name == "includeFields" else []


@answers("WebhookSubscription", "apiVersion")
def version(source: WebhookSubscription, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return the version of the bodies."""
    return {"handle": info.context.app.api_version, "displayName": API_VERSION, "supported": True}


@answers("WebhookSubscription", "updatedAt")
def updated_at(source: WebhookSubscription, info: GraphQLResolveInfo) -> Any:
    """Return when it was made; nothing changes it."""
    return source.created_at


@answers("QueryRoot", "bulkOperation")
def bulk_operation(_: Any, info: GraphQLResolveInfo, id: str) -> BulkOperation | None:
    """Return one bulk operation."""
    return world_of(info).bulk_operations.get(number_of(id, "BulkOperation"))


@answers("QueryRoot", "bulkOperations")
def bulk_operations(_: Any, info: GraphQLResolveInfo, query: str | None = None, **args: Any) -> Page:
    """List bulk operations."""
    readers = {"status": lambda one: one.status, "created_at": lambda one: one.created_at, "id": lambda one: one.id}
    wanted = matcher(query, readers)
    found = [one for one in world_of(info).bulk_operations.values() if wanted(one)]
    return paginate(found, info, key=lambda one: (one.created_at.isoformat(), one.id), **args)


@answers("BulkOperation", "type")
def bulk_type(source: BulkOperation, info: GraphQLResolveInfo) -> str:
    """Return that it reads."""
    return "QUERY"


@answers("BulkOperation", "objectCount", "rootObjectCount")
def counts(source: BulkOperation, info: GraphQLResolveInfo) -> str:
    """Return how many objects it found."""
    return str(source.object_count if info.field_name == "objectCount" else source.root_object_count)


@answers("BulkOperation", "fileSize")
def file_size(source: BulkOperation, info: GraphQLResolveInfo) -> str | None:
    """Return the result's size in bytes."""
    return str(len(source.result)) if source.status == "COMPLETED" else None


@answers("BulkOperation", "url")
def result_url(source: BulkOperation, info: GraphQLResolveInfo) -> str | None:
    """Return where the result lies; nowhere when nothing was found."""
    if source.status != "COMPLETED" or not source.result:
        return None
    asking: Asking = info.context
    return f"{asking.base_url}/bulk-results/{asking.world.shop.domain}/{source.id}.jsonl"


@answers("BulkOperation", "partialDataUrl")
def partial(source: BulkOperation, info: GraphQLResolveInfo) -> None:
    """Return nothing: a failed run leaves no part."""


@answers("QueryRoot", "job")
def job(_: Any, info: GraphQLResolveInfo, id: str) -> Job | None:
    """Return one job."""
    return world_of(info).jobs.get(id)


@answers("Job", "id")
def job_id(source: Job, info: GraphQLResolveInfo) -> str:
    """Return the job's id."""
    return source.id


# --- node -------------------------------------------------------------------------------------------------------------


def find_node(asking: Asking, written: str) -> Any:
    """
    Return whatever a global id names, or None.

    Raises:
        GraphQLError: It is no global id, or of a type devstore does not look up.
    """
    parts = written.split("?")[0].split("/")
    if len(parts) != 5 or parts[0] != "gid:":
        raise GraphQLError(f"Invalid global id '{written}'", extensions={"code": "INVALID_ID"})
    world, kind = asking.world, parts[3]
    tables = _tables(world)
    if kind == "InventoryLevel":
        return next((one for one in world.levels.values() if one.gid == written), None)
    if kind == "AppInstallation":
        mine = world.installation
        return mine if mine is not None and gid(mine) == written else None
    if kind == "Shop":
        return world.shop if gid(world.shop) == written else None
    if kind not in tables or not parts[4].isdigit():
        raise GraphQLError(f"devstore does not play `node` of {kind} yet", extensions={"code": "NOT_PLAYED"})
    found = tables[kind].get(int(parts[4]))
    order = (
        found if kind == "Order" else world.orders.get(found.order_id) if kind == "FulfillmentOrder" and found else None
    )
    return None if order is not None and not is_visible(asking, order) else found


def _tables(world: World) -> dict[str, dict[int, Any]]:
    return {
        "Product": world.products,
        "ProductVariant": world.variants,
        "InventoryItem": world.items,
        "Location": world.locations,
        "Collection": world.collections,
        "Customer": world.customers,
        "Order": world.orders,
        "FulfillmentOrder": world.fulfillment_orders,
        "BulkOperation": world.bulk_operations,
        "WebhookSubscription": world.subscriptions,
    }


@answers("QueryRoot", "node")
def node(_: Any, info: GraphQLResolveInfo, id: str) -> Any:
    """Return whatever an id names."""
    return find_node(info.context, id)


@answers("QueryRoot", "nodes")
def nodes(_: Any, info: GraphQLResolveInfo, ids: list[str]) -> list[Any]:
    """Return whatever the ids name, in their order, nothing for what is gone."""
    return [find_node(info.context, one) for one in ids]
