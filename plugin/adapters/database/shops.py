"""A shop's own row and its tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, exists, select, update

from plugin.adapters.database.tables import metadata, shop_settings, shops, tokens
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.shopify.tokens import TokenSet
from plugin.adapters.vault import Vault
from plugin.domain.facts import SOLD_STATUSES, Product, ShopFacts

INSTALLED = "installed"
UNINSTALLED = "uninstalled"
LOCKED_OUT = "locked_out"
"""Our token is dead for good: somebody must open the app."""
HELD_OFF = "held_off"
"""Shopify refuses us for a reason that may pass (docs/decisions/0012): the clock asks again."""


@dataclass(frozen=True, slots=True)
class HeldTokens:
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_expires_at: datetime


def find(tx: Transaction, shop: str) -> Any | None:
    """The shop's row, or None when we never met it."""
    return tx.execute(select(shops).where(shops.c.shop == shop)).first()


def zone(tx: Transaction, shop: str) -> ZoneInfo:
    """The shop's own time zone. The shop must be known."""
    return ZoneInfo(tx.execute(select(shops.c.timezone).where(shops.c.shop == shop)).scalar_one())


def is_installed(tx: Transaction, shop: str) -> bool:
    status = tx.execute(select(shops.c.status).where(shops.c.shop == shop)).scalar()
    return status == INSTALLED


def install(tx: Transaction, shop: str, now: datetime) -> None:
    """Note an install, or a reinstall: what was promised before still stands, so nothing of it is dropped."""
    statement = tx.insert(shops).values(
        shop=shop, status=INSTALLED, status_reason="", installed_at=now, uninstalled_at=None, scopes=[]
    )
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["shop"],
            set_={"status": INSTALLED, "status_reason": "", "installed_at": now, "uninstalled_at": None},
        )
    )
    tx.execute(tx.insert(shop_settings).values(shop=shop).on_conflict_do_nothing(index_elements=["shop"]))


def uninstall(tx: Transaction, shop: str, now: datetime) -> None:
    tx.execute(
        update(shops)
        .where(shops.c.shop == shop)
        .values(status=UNINSTALLED, status_reason="the merchant removed the app", uninstalled_at=now)
    )
    # After a reinstall the store is as Shopify left it: nothing may open, and nothing may leave, before the merchant
    # says so again.
    mine = update(shop_settings).where(shop_settings.c.shop == shop)
    tx.execute(mine.values(backordering_on=False, paused_at=None))
    tx.execute(mine.where(shop_settings.c.mail_paused_at.is_(None)).values(mail_paused_at=now))
    tx.execute(delete(tokens).where(tokens.c.shop == shop))


def lock_out(tx: Transaction, shop: str, reason: str) -> None:
    """Shopify no longer takes our token: somebody must open the app."""
    _shut(tx, shop, LOCKED_OUT, reason, (INSTALLED, HELD_OFF))


def hold_off(tx: Transaction, shop: str, reason: str) -> None:
    """Shopify refuses us for now: nothing is asked but, now and then, whether it still does."""
    _shut(tx, shop, HELD_OFF, reason, (INSTALLED, HELD_OFF))


def _shut(tx: Transaction, shop: str, status: str, reason: str, before: tuple[str, ...]) -> None:
    tx.execute(
        update(shops)
        .where(shops.c.shop == shop, shops.c.status.in_(before))
        .values(status=status, status_reason=reason[:500])
    )


def unlock(tx: Transaction, shop: str) -> None:
    tx.execute(
        update(shops)
        .where(shops.c.shop == shop, shops.c.status.in_((LOCKED_OUT, HELD_OFF)))
        .values(status=INSTALLED, status_reason="")
    )


def may_hold_tokens(tx: Transaction, shop: str) -> bool:
    """Whether tokens may be stored for the shop; its row is locked, so that an uninstall waits or was before."""
    status = tx.execute(select(shops.c.status).where(shops.c.shop == shop).with_for_update()).scalar()
    return status in (INSTALLED, LOCKED_OUT, HELD_OFF)


def last_let_in(tx: Transaction, shop: str) -> datetime | None:
    """The last moment of which we know that the app was installed: the install itself, or the newest token."""
    row = tx.execute(
        select(shops.c.installed_at, tokens.c.stored_at)
        .select_from(shops.outerjoin(tokens, tokens.c.shop == shops.c.shop))
        .where(shops.c.shop == shop)
    ).first()
    return max(moment for moment in row if moment is not None) if row is not None else None


def put_facts(tx: Transaction, facts: ShopFacts, vault: Vault) -> bool:
    """Write what a shop is. Returns whether its days begin at another time than when it was read before."""
    before = tx.execute(select(shops.c.name, shops.c.timezone).where(shops.c.shop == facts.shop)).first()
    tx.execute(
        update(shops)
        .where(shops.c.shop == facts.shop)
        .values(
            name=facts.name,
            timezone=facts.timezone,
            currency=facts.currency,
            locale=facts.locale,
            scopes=sorted(facts.scopes),
            contact_email_encrypted=vault.encrypt(facts.email) if facts.email else "",
        )
    )
    return before is not None and bool(before.name) and before.timezone != facts.timezone


def note_shown(tx: Transaction, shop: str, found: Iterable[Product]) -> bool:
    """Note that the shop shows products in the online store, should one of these be there. Returns if that is news."""
    if not any(product.in_online_store and product.status in SOLD_STATUSES for product in found):
        return False
    is_news = (shops.c.shop == shop, shops.c.has_shown_products.is_(False))
    return bool(tx.execute(update(shops).where(*is_news).values(has_shown_products=True)).rowcount)


def has_shown(shop: str) -> ColumnElement[bool]:
    """Whether the shop ever showed a product in the online store."""
    return exists().where(shops.c.shop == shop, shops.c.has_shown_products.is_(True))


def put_tokens(tx: Transaction, shop: str, found: TokenSet, vault: Vault, now: datetime) -> None:
    """Store both tokens and both expiries together."""
    tx.upsert(
        tokens,
        [
            {
                "shop": shop,
                "access_token_encrypted": vault.encrypt(found.access_token),
                "refresh_token_encrypted": vault.encrypt(found.refresh_token),
                "access_expires_at": now + timedelta(seconds=found.access_expires_in_s),
                "refresh_expires_at": now + timedelta(seconds=found.refresh_expires_in_s),
                "stored_at": now,
            }
        ],
    )


def held_tokens(tx: Transaction, shop: str, vault: Vault) -> HeldTokens | None:
    row = tx.execute(select(tokens).where(tokens.c.shop == shop)).first()
    if row is None:
        return None
    return HeldTokens(
        vault.decrypt(row.access_token_encrypted),
        vault.decrypt(row.refresh_token_encrypted),
        row.access_expires_at,
        row.refresh_expires_at,
    )


def refresh_due(tx: Transaction, before: datetime) -> list[str]:
    """Installed shops whose refresh token ends before an instant."""
    rows = tx.execute(
        select(tokens.c.shop)
        .join(shops, shops.c.shop == tokens.c.shop)
        .where(shops.c.status == INSTALLED, tokens.c.refresh_expires_at < before)
    )
    return [row.shop for row in rows]


def installed_shops(tx: Transaction) -> list[str]:
    return [row.shop for row in tx.execute(select(shops.c.shop).where(shops.c.status == INSTALLED))]


def held_off_shops(tx: Transaction) -> list[str]:
    return [row.shop for row in tx.execute(select(shops.c.shop).where(shops.c.status == HELD_OFF))]


def erase(tx: Transaction, shop: str) -> None:
    """Forget a shop: every row of every table that carries its name (`shop/redact`)."""
    for table in reversed(metadata.sorted_tables):
        tx.execute(delete(table).where(table.c.shop == shop))
