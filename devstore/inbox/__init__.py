"""The mail inbox: takes every mail over SMTP, keeps it, and shows it to people and programs."""

from __future__ import annotations

from devstore.inbox.box import Inbox, Mail
from devstore.inbox.pages import create_inbox_app

__all__ = ["Inbox", "Mail", "create_inbox_app"]
