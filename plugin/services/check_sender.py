"""Look whether a shop's own sender address is proven by its domain: mails leave from it only while it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from plugin.adapters.database import alerts, senders, shops
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.dns_lookup import DnsLookup
from plugin.domain.preferences import ShopSettings
from plugin.domain.sender import (
    ASK_AGAIN_AFTER,
    Answers,
    Found,
    Record,
    after_look,
    dkim_found,
    dmarc_found,
    domain_of,
    records,
    selector_of,
)
from plugin.errors import NameSilent, NotFound
from plugin.services import save_settings

if TYPE_CHECKING:
    from plugin.wiring import Parts


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """A record to publish, and what was found at its name; empty before the first look."""

    record: Record
    found: str


@dataclass(frozen=True, slots=True)
class OwnSender:
    """A shop's own address as its Settings show it. `ours`: the app's; `from_address`: what mails leave from now."""

    address: str
    ours: str
    from_address: str
    proven_at: datetime | None
    looked_at: datetime | None
    records: tuple[SeenRecord, ...]


def shown(parts: Parts, tx: Transaction, shop: str) -> OwnSender:
    """Say where mails leave from, and what is still to be published."""
    settings = save_settings.read(tx, shop)
    ours = parts.settings.mail_from.rpartition("<")[2].rstrip(">")
    row = senders.find(tx, shop)
    if row is None or not settings.sender_encrypted:
        return OwnSender("", ours, ours, None, None, ())
    address = parts.vault.decrypt(settings.sender_encrypted)
    if parts.signer is None:
        return OwnSender(address, ours, ours, None, row["looked_at"], ())
    wanted = records(shop, domain_of(address), parts.signer.key_name)
    seen = tuple(SeenRecord(record, row[name]) for record, name in zip(wanted, ("dkim", "dmarc"), strict=True))
    from_address = address if row["proven_at"] else ours
    return OwnSender(address, ours, from_address, row["proven_at"], row["looked_at"], seen)


def proven(parts: Parts, tx: Transaction, shop: str, settings: ShopSettings) -> dict[str, Any]:
    """The merchant's address and its signature, as `OutgoingMail` takes them; nothing while it is not proven."""
    row = senders.find(tx, shop) if settings.sender_encrypted and parts.signer is not None else None
    if row is None or row["proven_at"] is None:
        return {}
    address = parts.vault.decrypt(settings.sender_encrypted)
    return {"own_address": address, "signed_as": (domain_of(address), selector_of(shop))}


def look_if_due(parts: Parts, shop: str, now: datetime) -> None:
    """Look again, should it be time: daily, or an hour after the domain was silent."""
    with parts.database.read() as tx:
        row = senders.find(tx, shop) if shops.is_installed(tx, shop) else None
    if row is None:
        return
    is_due = row["look_again_at"] <= now
    if parts.signer is None and (is_due or row["proven_at"] is not None):
        parts.database.write(lambda tx: _note_no_key(parts, tx, shop, now))
    elif is_due:
        look(parts, shop, now)


def _note_no_key(parts: Parts, tx: Transaction, shop: str, now: datetime) -> None:
    """Our key was taken from this deployment, which no record shows: tell the merchant, and see whether it is back."""
    row, sealed = senders.find(tx, shop), save_settings.read(tx, shop).sender_encrypted
    if row is None or not sealed:
        return  # the address was taken away meanwhile
    if row["proven_at"] is None:
        senders.put_off(tx, shop, now + ASK_AGAIN_AFTER)
        return
    senders.lose_proof(tx, shop, now + ASK_AGAIN_AFTER)
    lost = {"domain": domain_of(parts.vault.decrypt(sealed)), "key_missing": True}
    alerts.raise_once(tx, shop, alerts.SENDER_LOST, "own", now, data=lost)


def look(parts: Parts, shop: str, now: datetime) -> None:
    """
    Ask the domain for its records and keep what it says. A merchant whose mails leave from the app's address again is
    told: on Home and in the morning's mail.

    Raises:
        NotFound: The shop has no address of its own, or this deployment signs nothing.
    """
    with parts.database.read() as tx:
        sealed = save_settings.read(tx, shop).sender_encrypted
    if not sealed or parts.signer is None:
        raise NotFound("no sender address of the shop's own")
    domain = domain_of(parts.vault.decrypt(sealed))
    key, policy = records(shop, domain, parts.signer.key_name)
    answers = Answers(
        _ask_key(parts.dns, key.name, parts.signer.public_key),
        _ask_policy(parts.dns, policy.name),
    )
    with parts.database.begin() as tx:
        row = senders.find(tx, shop)
        if row is None or save_settings.read(tx, shop).sender_encrypted != sealed:
            return  # another address was entered meanwhile
        after = after_look(senders.standing(row), answers, now)
        senders.note(tx, shop, after, answers, now)
        if after.proven_at is not None:
            alerts.resolve(tx, shop, alerts.SENDER_LOST, "", now)
        elif row["proven_at"] is not None or _was_for_want_of_our_key(tx, shop, answers):
            alerts.resolve(tx, shop, alerts.SENDER_LOST, "", now)
            alerts.raise_once(tx, shop, alerts.SENDER_LOST, "own", now, data={"domain": domain})


def _was_for_want_of_our_key(tx: Transaction, shop: str, answers: Answers) -> bool:
    """Our key is back, and now it is the domain that does not let us: the merchant was told otherwise."""
    lost = alerts.open_data(tx, shop, alerts.SENDER_LOST)
    return answers.prove is False and lost is not None and bool(lost.get("key_missing"))


def _ask_key(dns: DnsLookup, name: str, public_key: str) -> Found:
    try:
        return dkim_found(dns.texts(name), public_key)
    except NameSilent:
        return Found.SILENT


def _ask_policy(dns: DnsLookup, name: str) -> Found:
    """A subdomain without a policy of its own follows that of a domain above it (RFC 7489, 6.6.3)."""
    labels = name.split(".")[1:]
    try:
        for cut in range(len(labels) - 1):
            found = dmarc_found(dns.texts(f"_dmarc.{'.'.join(labels[cut:])}"))
            if found is not Found.MISSING:
                return found
    except NameSilent:
        return Found.SILENT
    return Found.MISSING
