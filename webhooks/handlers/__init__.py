"""What a webhook changes: almost always only a mark that something must be looked at again.

A handler may be run twice for one webhook, and webhooks come in any order; nothing here may mind.
"""
