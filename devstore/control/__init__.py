"""The control API: what tests, demos and people ask of devstore beyond what Shopify offers."""

from devstore.control.pages import create_control

__all__ = ["create_control"]
