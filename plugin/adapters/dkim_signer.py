"""Signs mails with the key of this deployment, so that receivers can tell that a domain's owner let us send for it."""

from __future__ import annotations

import base64

import dkim
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

# What a receiver shows or answers to, and what tells the mail apart; a relay may add others. RFC 6376, 5.4.1.
SIGNED = tuple(b"from to reply-to subject date message-id mime-version content-type auto-submitted list-id".split())


def load_key(pem: str) -> RSAPrivateKey:
    """
    Read a private key; in an environment variable its lines may be joined by `\\n`.

    Raises:
        ValueError: It is no RSA key in PEM, or shorter than the 1,024 bits that receivers ask for.
    """
    try:
        key = load_pem_private_key(pem.replace("\\n", "\n").encode(), password=None)
    except TypeError as exc:
        raise ValueError("the key has a password") from exc
    if not isinstance(key, RSAPrivateKey) or key.key_size < 1024:
        raise ValueError("not an RSA key of 1,024 bits or more")
    return key


class DkimSigner:
    """
    Args:
        pem: The private key, RSA, in PEM.
        selector: Under which name the public key is published at `domain`.
        domain: Our own domain, that of MAIL_FROM.
    Raises:
        ValueError: The key cannot be used.
    """

    def __init__(self, pem: str, selector: str, domain: str) -> None:
        key = load_key(pem)
        self._pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.public_key = base64.b64encode(public).decode()
        self._own = (domain, selector)

    @property
    def key_name(self) -> str:
        """Where our public key is published, and a merchant's record points."""
        domain, selector = self._own
        return f"{selector}._domainkey.{domain}"

    @property
    def record(self) -> str:
        """The text to publish there."""
        return f"v=DKIM1; k=rsa; p={self.public_key}"

    def sign(self, message: bytes, signed_as: tuple[str, str] | None) -> bytes:
        """
        Put a signature before a message (lines end with CRLF), which must then be sent as it is.

        Args:
            signed_as: Domain and selector of a merchant; None: our own.
        """
        domain, selector = signed_as or self._own
        header: bytes = dkim.sign(
            message,
            selector.encode(),
            domain.encode(),
            self._pem,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=list(SIGNED),
        )
        return header + message
