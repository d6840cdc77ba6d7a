"""How a written mail is kept until it leaves: encrypted, under a Message-ID that is the same every time."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from plugin.adapters.mail import Rendered
from plugin.adapters.vault import Vault

if TYPE_CHECKING:
    from plugin.wiring import Parts


def rfc_message_id(parts: Parts, shop: str, key: str) -> str:
    """The same for the same message, so that a mail server or a reader can tell a repetition."""
    digest = hashlib.sha256(f"{shop}/{key}".encode()).hexdigest()[:32]
    domain = parts.settings.mail_domain or urlsplit(parts.settings.app_url).hostname
    return f"<{digest}@{domain}>"


def seal(vault: Vault, rendered: Rendered) -> bytes:
    text = json.dumps({"subject": rendered.subject, "text": rendered.text, "html": rendered.html})
    return vault.encrypt(text).encode()


def unseal(vault: Vault, sealed: bytes) -> Rendered:
    raw = json.loads(vault.decrypt(sealed.decode()))
    return Rendered(raw["subject"], raw["text"], raw["html"])
