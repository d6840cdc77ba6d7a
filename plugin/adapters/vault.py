"""Encrypts what must not lie open in the database, and gives customers names that say nothing."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from plugin.errors import HoldfastError


class VaultError(HoldfastError):
    """A stored secret opens with none of our keys: it was made with a key that is gone, or it was tampered
    with."""


class Vault:
    """
    Opens and closes with several keys at once, so that a key can be replaced while the app runs.

    Args:
        keys: Fernet keys, newest first. The newest closes, all open. The oldest also names customers:
        dropping it
            renames them all, so it stays last in the list for as long as the ledger matters.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"holdfast customer key v1")
        self._naming_key = derive.derive(keys[-1].encode())

    def encrypt(self, text: str) -> str:
        """Close a text with the newest key."""
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, sealed: str) -> str:
        """
        Open what `encrypt` closed, now or under an older key.

        Raises:
            VaultError: No key opens it.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as exc:
            raise VaultError("a sealed value opens with none of the keys in ENCRYPTION_KEY") from exc

    def customer_key(self, shop: str, customer: str) -> str:
        """
        Name a customer in the ledger without saying who it is.

        Args:
            customer: Customer id, or the mail address of a guest; letter case and outer blanks do not count.

        Returns:
            32 hexadecimal digits: the same for the same customer of the same shop, unrelated across shops.
        """
        who = f"{shop}\n{customer.strip().casefold()}".encode()
        return hmac.new(self._naming_key, who, hashlib.sha256).hexdigest()[:32]
