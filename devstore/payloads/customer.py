"""Bodies of customers/create and update, and the customer inside an order."""

from __future__ import annotations

from typing import Any

from devstore.payloads.forms import instant
from devstore.world import Customer, World


def customer_body(world: World, customer: Customer) -> dict[str, Any]:
    """Write a customer as an order carries it."""
    place = customer.address
    return {
        "id": customer.id,
        "admin_graphql_api_id": f"gid://shopify/Customer/{customer.id}",
        "created_at": instant(world, customer.created_at),
        "updated_at": instant(world, customer.updated_at),
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "state": "disabled",
        "note": "",
        "verified_email": True,
        "multipass_identifier": None,
        "tax_exempt": False,
        "email": customer.email,
        "phone": customer.phone or None,
        "currency": world.shop.currency,
        "tax_exemptions": [],
        "default_address": {
            "id": customer.id + 1,
            "customer_id": customer.id,
            "first_name": customer.first_name,
            "last_name": customer.last_name,
            "company": None,
            "address1": place.address1,
            "address2": place.address2 or None,
            "city": place.city,
            "province": place.province,
            "country": place.country,
            "zip": place.zip,
            "phone": place.phone,
            "name": f"{customer.first_name} {customer.last_name}".strip(),
            "province_code": place.province_code,
            "country_code": place.country_code,
            "country_name": place.country,
            "default": True,
        },
    }


def full_customer_body(world: World, customer: Customer) -> dict[str, Any]:
    """Write a customer as customers/create and customers/update carry it."""
    return {**customer_body(world, customer), "addresses": []}
