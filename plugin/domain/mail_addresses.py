"""Whether what somebody typed can be a mail address that every mail server writes to."""

from __future__ import annotations

import re

LONGEST_ADDRESS = 254
LONGEST_LOCAL_PART = 64
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
EXAMPLE = "Write one mail address, like help@example.com"


def checked_address(text: str) -> str:
    """
    Take one address as typed, blanks around it left out.

    Before the @ only what every server takes (no letters beyond ASCII, no quotes); a domain may have letters of any
    script.

    Raises:
        ValueError: What is wrong with it, for the person who typed it.
    Source:
        RFC 5321, 4.1.2 and 4.5.3.1 (form and lengths), RFC 5890 (domains beyond ASCII).
    """
    text = text.strip()
    local, at, domain = text.rpartition("@")
    if not at or not local or any(c in text for c in " \t\r\n<>,;") or not text.isprintable():
        raise ValueError(f"{EXAMPLE}.")
    if not local.isascii():
        raise ValueError("Before the @ only plain letters without accents reach every mail server.")
    if not _LOCAL.fullmatch(local) or len(local) > LONGEST_LOCAL_PART or len(text) > LONGEST_ADDRESS:
        raise ValueError(f"{EXAMPLE}: “{local[:80]}” cannot stand before the @.")
    if not _is_domain(domain):
        raise ValueError(f"{EXAMPLE}: “{domain[:80]}” is not a domain.")
    return text


def _is_domain(domain: str) -> bool:
    try:
        labels = domain.encode("idna").decode("ascii").split(".")
    except UnicodeError:
        return False
    return len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()
