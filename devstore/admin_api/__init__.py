"""Shopify's Admin GraphQL API on its real schema: what is played is played exactly, the rest refused by name."""
