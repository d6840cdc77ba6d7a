"""A plain HTTP client of devstore: what an app, a merchant and a shopper would send, nothing clever."""

from __future__ import annotations

from typing import Any

import requests

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
KEY, SECRET = "test-key", "test-secret-of-thirty-two-bytes!"
SHOP = "larkspur-outdoor.myshopify.com"


class ShopClient:
    """Talks to one shop of a devstore."""

    def __init__(self, api: str, control: str, shop: str = SHOP) -> None:
        self.api = api
        self.control_url = f"{control}/_devstore"
        self.shop = shop
        self.token = ""
        self.version = "2026-10"

    def token_request(self, **given: str) -> requests.Response:
        """POST /admin/oauth/access_token with the app's credentials."""
        form = {"client_id": KEY, "client_secret": SECRET, **given}
        headers = {"Host": self.shop}
        return requests.post(f"{self.api}/admin/oauth/access_token", json=form, headers=headers, timeout=30)

    def exchange(self, id_token: str, **more: str) -> requests.Response:
        """Exchange an ID token for an expiring offline token."""
        given = {
            "grant_type": EXCHANGE,
            "subject_token": id_token,
            "subject_token_type": ID_TOKEN,
            "requested_token_type": OFFLINE,
            "expiring": "1",
        }
        return self.token_request(**{**given, **more})

    def install(self) -> dict[str, Any]:
        """Install the app and take a token."""
        launched = self.control("install")
        issued: dict[str, Any] = self.exchange(launched["id_token"]).json()
        self.token = issued["access_token"]
        return issued

    def post_graphql(self, query: str, variables: dict[str, Any] | None = None, **more: Any) -> requests.Response:
        """POST one GraphQL request."""
        return requests.post(
            f"{self.api}/admin/api/{self.version}/graphql.json",
            json={"query": query, "variables": variables or {}, **more},
            headers={"Host": self.shop, "X-Shopify-Access-Token": self.token},
            timeout=30,
        )

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask, and return the body."""
        body: dict[str, Any] = self.post_graphql(query, variables).json()
        return body

    def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask, and return the data; an error fails the test."""
        body = self.graphql(query, **variables)
        assert "errors" not in body, body["errors"]
        found: dict[str, Any] = body["data"]
        return found

    def control(self, call: str, given: dict[str, Any] | None = None, *, method: str = "POST") -> dict[str, Any]:
        """Make a control call that must succeed."""
        answer = self.control_response(call, given, method=method)
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def control_response(
        self, call: str, given: dict[str, Any] | None = None, *, method: str = "POST"
    ) -> requests.Response:
        """Make a control call."""
        return requests.request(
            method, f"{self.control_url}/{call}", json=given, params={"shop": self.shop}, timeout=60
        )

    def truth(self) -> dict[str, Any]:
        """Return everything about the shop."""
        return self.control("truth", method="GET")

    def variant(self, sku: str) -> dict[str, Any]:
        """Return what is true of one variant."""
        return next(one for one in self.truth()["variants"] if one["sku"] == sku)

    def order(self, number: int) -> dict[str, Any]:
        """Return what is true of one order."""
        return next(one for one in self.truth()["orders"] if one["id"] == number)

    def buy(self, sku: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
        """Buy units of one variant and wait until the order is routed."""
        bought = self.control("checkout", {"lines": [{"sku": sku, "quantity": quantity}], **more})["order"]
        self.control("webhooks/flush")
        return self.order(bought["id"])

    def webhooks(self, topic: str | None = None) -> list[dict[str, Any]]:
        """Return what was sent, once nothing is pending."""
        self.control("webhooks/flush")
        sent = self.control("webhooks", method="GET")["webhooks"]
        return [one for one in sent if topic in (None, one["topic"])]
