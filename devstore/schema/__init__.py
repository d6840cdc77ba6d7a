"""Shopify's published schemas, packed; `NOTICE.md` says where they come from, `refresh.py` brings newer ones."""
