"""Webhooks on their way: who wants what, signed bodies, retries, and the faults on request."""
