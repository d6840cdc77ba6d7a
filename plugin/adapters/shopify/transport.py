"""The way out to Shopify: one pooled session per process, through a gateway when one is set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import httpx
import requests
from requests.adapters import HTTPAdapter

from plugin.domain.facts import Shop

TIMEOUT_S = (3, 10)  # to connect; between two bytes of the answer
_POOL_SIZE = 32
_SHOP_DOMAIN = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]*\.myshopify\.com")


def shop_domain(text: str) -> Shop:
    """
    Take a `.myshopify.com` domain, and nothing else, for a shop.

    Raises:
        ValueError: It is not one; nothing may be sent to that host.
    """
    if not _SHOP_DOMAIN.fullmatch(text):
        raise ValueError("not a .myshopify.com domain")
    return Shop(text.lower())


class Transport:
    """
    Sends Shopify-bound requests over kept-open connections. Share one in a process.

    Args:
        gateway: Base URL that gets every request instead of `https://{host}`, the host being named in `Host`.

    Nothing is retried, redirected or remembered (cookies of one shop must not reach another): the caller
    decides.
    """

    def __init__(self, gateway: str | None = None) -> None:
        self.gateway = gateway.rstrip("/") if gateway else None
        self._session = requests.Session()
        adapter = HTTPAdapter(pool_connections=_POOL_SIZE, pool_maxsize=_POOL_SIZE, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.trust_env = self.gateway is None
        self.oauth = httpx.Client(
            transport=_GatewayTransport(self.gateway) if self.gateway else None,
            timeout=httpx.Timeout(TIMEOUT_S[1], connect=TIMEOUT_S[0]),
            follow_redirects=False,
            trust_env=self.gateway is None,
        )

    def post(self, shop: Shop, path: str, body: Any, headers: Mapping[str, str]) -> requests.Response:
        """
        Post JSON to a shop.

        Raises:
            requests.RequestException: No answer.
        """
        url, host = self._route(f"https://{shop}{path}")
        return self._session.post(url, json=body, headers={**headers, **host}, timeout=TIMEOUT_S, allow_redirects=False)

    def get(self, url: str) -> requests.Response:
        """
        Get a result file as a stream; the caller closes it.

        Raises:
            requests.RequestException: No answer.
        """
        routed, host = self._route(url)
        return self._session.get(routed, headers=host, timeout=TIMEOUT_S, stream=True, allow_redirects=False)

    def close(self) -> None:
        """Close every kept connection."""
        self._session.close()
        self.oauth.close()

    def _route(self, url: str) -> tuple[str, dict[str, str]]:
        if self.gateway is None:
            return url, {}
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        return f"{self.gateway}{parts.path}{query}", {"Host": parts.netloc}


class _GatewayTransport(httpx.BaseTransport):
    """Sends what `shopifyapp` addresses to a shop to the gateway; its `Host` header is already the shop's."""

    def __init__(self, gateway: str) -> None:
        self._gateway = httpx.URL(gateway)
        self._inner = httpx.HTTPTransport(trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = self._gateway.raw_path.rstrip(b"/") + request.url.raw_path
        request.url = self._gateway.copy_with(raw_path=path)
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()
