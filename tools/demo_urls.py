"""Where everything of a running demo is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DemoUrls:
    """Base addresses without a slash at the end."""

    shop: str
    """The store's `.myshopify.com` domain."""
    app: str
    """The app itself; people see it inside the admin."""
    api: str
    """Shopify for programs; takes the shop from the `Host` header."""
    storefront: str
    """The shop as its customers see it."""
    admin: str
    """The merchant's admin, which frames the app."""
    control: str
    """The simulated store's JSON control is below `/_devstore/` there."""

    @property
    def mail(self) -> str:
        """The inbox that takes every mail."""
        return f"{self.control}/mail"

    @property
    def clock(self) -> str:
        """The store's clock."""
        return f"{self.control}/_devstore/clock"
