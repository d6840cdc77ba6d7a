"""A merchant's own sender address: which records of its domain prove it, and what their answers mean."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LOOK_EVERY = timedelta(days=1)
ASK_AGAIN_AFTER = timedelta(hours=1)
# A domain that answers nobody for so long answers those neither who get our mail.
SILENCE_PROVES_NOTHING_AFTER = timedelta(days=2)
_TAG = re.compile(r"\s*([a-z]+)\s*=\s*(.*?)\s*", re.IGNORECASE | re.DOTALL)


class Found(StrEnum):
    """What the domain name system answered about one record."""

    FOUND = "found"
    MISSING = "missing"
    WRONG = "wrong"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Record:
    """A record the merchant publishes: full name, type, value."""

    name: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What was found at the names of `records`."""

    dkim: Found
    dmarc: Found

    @property
    def prove(self) -> bool | None:
        """Whether mail from the domain will pass; None while not everything answered and nothing speaks against it."""
        answers = {self.dkim, self.dmarc}
        if answers & {Found.MISSING, Found.WRONG}:
            return False
        return None if Found.SILENT in answers else True


@dataclass(frozen=True, slots=True)
class Standing:
    """
    What is known of a shop's own address.

    proven_at: since when mails leave from it; None: they leave from ours. answered_at: when the records last answered.
    """

    proven_at: datetime | None
    answered_at: datetime | None
    look_again_at: datetime


def after_look(before: Standing | None, answers: Answers, now: datetime) -> Standing:
    """Draw the conclusion of a look. Silence changes nothing for two days; then it counts as a loss."""
    proves = answers.prove
    was_proven_at = before.proven_at if before else None
    if proves is None:
        heard_at = before.answered_at if before else None
        is_long = heard_at is not None and now - heard_at > SILENCE_PROVES_NOTHING_AFTER
        return Standing(None if is_long else was_proven_at, heard_at, now + ASK_AGAIN_AFTER)
    return Standing((was_proven_at or now) if proves else None, now, now + LOOK_EVERY)


def domain_of(address: str) -> str:
    """The domain of an address as DNS knows it: lower case, in ASCII. The address has passed `save_settings`."""
    return address.rpartition("@")[2].strip().rstrip(">").lower().encode("idna").decode("ascii")


def selector_of(shop: str) -> str:
    """
    Name a shop's key at its domain.

    Every shop has a name of its own for the one key, so that a record speaks for the shop whose owner published it and
    for no other shop that types the same domain.
    """
    return f"hf-{hashlib.sha256(shop.encode()).hexdigest()[:16]}"


def records(shop: str, domain: str, key_name: str) -> tuple[Record, Record]:
    """
    What the owner of a domain publishes: who signs for it, and what receivers do with mail that nobody signed.

    Args:
        key_name: Where our public key is published; the owner's record only points there.
    """
    return (
        Record(f"{selector_of(shop)}._domainkey.{domain}", "CNAME", key_name),
        Record(f"_dmarc.{domain}", "TXT", "v=DMARC1; p=none"),
    )


def dkim_found(texts: Sequence[str], public_key: str) -> Found:
    """
    Whether the key published at the merchant's name is ours.

    Source:
        RFC 6376, 3.6.1 (tags of a key record) and 3.6.2.2 (several records at a name: undefined).
    """
    if not texts:
        return Found.MISSING
    if len(texts) > 1:
        return Found.WRONG
    tags = _tags(texts[0])
    is_ours = "".join(tags.get("p", "").split()) == public_key
    return Found.FOUND if is_ours and tags.get("v", "DKIM1") == "DKIM1" else Found.WRONG


def dmarc_found(texts: Sequence[str]) -> Found:
    """
    Whether the domain has a policy.

    Source:
        RFC 7489, 6.6.3 (records that begin otherwise are left out; several mean none).
    """
    policies = [_tags(text) for text in texts if text.startswith("v=DMARC1")]
    if not policies:
        return Found.MISSING
    is_good = len(policies) == 1 and policies[0].get("p", "").lower() in {"none", "quarantine", "reject"}
    return Found.FOUND if is_good else Found.WRONG


def _tags(text: str) -> dict[str, str]:
    found = (_TAG.fullmatch(part) for part in text.split(";"))
    return {match[1].lower(): match[2] for match in found if match}
