"""Hands for a story played without a browser: merchant, staff, shoppers, and the store's own records."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import requests

from tools.demo_urls import DemoUrls

TIMEOUT_S = 30
_VERSION = re.compile(r'name="version" value="(\d+)"')
_T = TypeVar("_T")


class ClaimFailed(AssertionError):
    """Something the story says is not so."""


class Hands:
    """Everything a person could do by hand, over the same HTTP."""

    def __init__(self, urls: DemoUrls) -> None:
        self.urls = urls
        self._http = requests.Session()
        self._http.trust_env = False
        self._token = ""
        self._token_until = 0.0

    # The simulated store's control ----------------------------------------------------------------------------

    def control(self, path: str, **given: Any) -> dict[str, Any]:
        """Do something in the store. Raises ClaimFailed with the store's reason when it refuses."""
        response = self._http.post(f"{self.urls.control}/_devstore/{path}", json=given, timeout=TIMEOUT_S)
        if not response.ok:
            raise ClaimFailed(f"the store refused {path}: {response.text}")
        answer: dict[str, Any] = response.json()
        return answer

    def ask(self, path: str) -> dict[str, Any]:
        response = self._http.get(f"{self.urls.control}/_devstore/{path}", timeout=TIMEOUT_S)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer

    def variant(self, sku: str) -> dict[str, Any]:
        """A variant as the store itself knows it."""
        return next(v for v in self.ask("truth")["variants"] if v["sku"] == sku)

    def order(self, name: str) -> dict[str, Any]:
        return next(o for o in self.ask("truth")["orders"] if o["name"] == name)

    def mails(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("mail")["mail"]
        return found

    def buy(self, sku: str, quantity: int, first_name: str, locale: str = "en") -> dict[str, Any] | str:
        """A shopper checks out. Returns the order, or the reason it was refused."""
        response = self._http.post(
            f"{self.urls.control}/_devstore/checkout",
            json={
                "lines": [{"sku": sku, "quantity": quantity}],
                "customer": {
                    "email": f"{first_name.lower()}@example.com",
                    "first_name": first_name,
                    "last_name": "Example",
                    "locale": locale,
                },
            },
            timeout=TIMEOUT_S,
        )
        if response.status_code == 422:
            return str(response.json()["refused"])
        response.raise_for_status()
        order: dict[str, Any] = response.json()["order"]
        return order

    # The merchant in the admin --------------------------------------------------------------------------------

    def page(self, path: str) -> str:
        """Open a page of the app as the admin frame does."""
        response = self._http.get(f"{self.urls.app}{path}", headers=self._bearer(), timeout=TIMEOUT_S)
        if response.status_code != 200:
            raise ClaimFailed(f"page {path} answered {response.status_code}")
        return response.text

    def submit(self, path: str, form: Mapping[str, Any]) -> requests.Response:
        """Send a form as our script does; the answer is a redirect, or the page again."""
        return self._http.post(
            f"{self.urls.app}{path}",
            data=form,
            headers=self._bearer(),
            allow_redirects=False,
            timeout=TIMEOUT_S,
        )

    def done(self, path: str, form: Mapping[str, Any]) -> str:
        """Send a form that must be taken. Returns where it leads."""
        response = self.submit(path, form)
        if response.status_code != 303:
            raise ClaimFailed(f"form {path} answered {response.status_code}: {_errors(response.text)}")
        return str(response.headers["Location"])

    def version_on(self, page: str) -> str:
        found = _VERSION.search(page)
        if found is None:
            raise ClaimFailed("the page has no form version")
        return found.group(1)

    def launch(self) -> requests.Response:
        """Open the app from the admin for the first time after installing it."""
        launched = self.control("install")
        return self._http.get(launched["launch_url"], timeout=TIMEOUT_S)

    def _bearer(self) -> dict[str, str]:
        if time.monotonic() > self._token_until:
            self._token = self.control("id-token")["id_token"]
            self._token_until = time.monotonic() + 40  # it lives a minute
        return {"Authorization": f"Bearer {self._token}"}

    # The shopper in the storefront ----------------------------------------------------------------------------

    def product_page(self, handle: str, variant_id: int, locale: str = "") -> str:
        prefix = f"/{locale}" if locale else ""
        address = f"{self.urls.storefront}{prefix}/products/{handle}?variant={variant_id}"
        response = self._http.get(address, timeout=TIMEOUT_S)
        response.raise_for_status()
        return response.text


def _errors(page: str) -> str:
    found = re.findall(r'class="error"[^>]*>([^<]+)<', page)
    return "; ".join(found) or page[:300]


def soon(claim: str, look: Callable[[], _T | None], patience_s: float = 60.0) -> _T:
    """
    Wait until something holds.

    Raises:
        ClaimFailed: It did not come true in time; the message is the claim.
    """
    deadline = time.monotonic() + patience_s
    last: object = None
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        last = found
        time.sleep(0.15)
    raise ClaimFailed(f"{claim} (after {patience_s:.0f} s it was still {last!r})")
