"""Bodies of app/*, shop/update, bulk_operations/finish and the compliance topics."""

from __future__ import annotations

from typing import Any

from devstore.payloads.forms import instant, maybe_instant
from devstore.world import BulkOperation, Customer, World


def shop_body(world: World) -> dict[str, Any]:
    """Write the shop as app/uninstalled and shop/update carry it."""
    shop = world.shop
    primary = min(world.locations.values(), key=lambda location: location.priority)
    return {
        "id": shop.id,
        "name": shop.name,
        "email": shop.email,
        "customer_email": shop.contact_email,
        "domain": shop.domain,
        "myshopify_domain": shop.domain,
        "shop_owner": shop.owner_name,
        "plan_name": shop.plan_name,
        "plan_display_name": shop.plan_display_name,
        "currency": shop.currency,
        "enabled_presentment_currencies": [shop.currency],
        "timezone": f"(GMT-05:00) {shop.timezone}",
        "iana_timezone": shop.timezone,
        "primary_locale": shop.primary_locale,
        "primary_location_id": primary.id,
        "address1": shop.address1,
        "address2": None,
        "city": shop.city,
        "zip": shop.zip,
        "province": primary.province,
        "province_code": shop.province_code,
        "country": shop.country,
        "country_code": shop.country,
        "country_name": shop.country_name,
        "phone": shop.phone,
        "latitude": None,
        "longitude": None,
        "created_at": instant(world, shop.created_at),
        "updated_at": instant(world, shop.created_at),
        "source": None,
        "money_format": "${{amount}}",
        "money_with_currency_format": "${{amount}} USD",
        "money_in_emails_format": "${{amount}}",
        "money_with_currency_in_emails_format": "${{amount}} USD",
        "weight_unit": "kg",
        "auto_configure_tax_inclusivity": None,
        "checkout_api_supported": True,
        "county_taxes": True,
        "eligible_for_payments": True,
        "finances": True,
        "google_apps_domain": None,
        "google_apps_login_enabled": None,
        "has_discounts": False,
        "has_gift_cards": False,
        "has_storefront": True,
        "marketing_sms_consent_enabled_at_checkout": False,
        "multi_location_enabled": len(world.locations) > 1,
        "password_enabled": False,
        "pre_launch_enabled": False,
        "requires_extra_payments_agreement": False,
        "setup_required": False,
        "tax_shipping": None,
        "taxes_included": False,
        "transactional_sms_disabled": False,
    }


def scopes_body(world: World, app_id: int, previous: list[str], current: list[str]) -> dict[str, Any]:
    """Write app/scopes_update."""
    return {
        "id": app_id,
        "shop_id": f"gid://shopify/Shop/{world.shop.id}",
        "previous": previous,
        "current": current,
        "updated_at": world.now().isoformat(timespec="milliseconds")[:-6] + "Z",
    }


def bulk_body(world: World, operation: BulkOperation) -> dict[str, Any]:
    """Write bulk_operations/finish."""
    return {
        "admin_graphql_api_id": f"gid://shopify/BulkOperation/{operation.id}",
        "completed_at": maybe_instant(world, operation.completed_at),
        "created_at": instant(world, operation.created_at),
        "error_code": operation.error_code.lower() if operation.error_code else None,
        "status": operation.status.lower(),
        "type": "query",
    }


def shop_redact_body(world: World) -> dict[str, Any]:
    """Write shop/redact."""
    return {"shop_id": world.shop.id, "shop_domain": world.shop.domain}


def customer_redact_body(world: World, customer: Customer) -> dict[str, Any]:
    """Write customers/redact."""
    return {**_person(world, customer), "orders_to_redact": list(customer.order_ids)}


def data_request_body(world: World, customer: Customer, request_id: int) -> dict[str, Any]:
    """Write customers/data_request."""
    return {
        **_person(world, customer),
        "orders_requested": list(customer.order_ids),
        "data_request": {"id": request_id},
    }


def _person(world: World, customer: Customer) -> dict[str, Any]:
    return {
        **shop_redact_body(world),
        "customer": {"id": customer.id, "email": customer.email, "phone": customer.phone},
    }
