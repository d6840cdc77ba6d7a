"""Webhook bodies as Shopify shapes them, in full; a subscription's include_fields is applied by the sender."""
