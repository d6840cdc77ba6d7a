"""The merchant's names for states, reasons and kinds, each with the tone of its pill."""

from __future__ import annotations

STATES = {
    "untracked": ("Not tracked", ""),
    "in_stock": ("In stock", "good"),
    "backorderable": ("On backorder", "note"),
    "limit_reached": ("Limit reached", "wait"),
    "paused": ("Not sold", "wait"),
    "changed_outside": ("Changed outside", "bad"),
    "unmanaged": ("Not managed", ""),
}

REASONS = {
    "": "",
    "switched_off": "Backordering is switched off for the shop, so your own setting stands.",
    "shop_paused": "You paused everything, so your own setting stands.",
    "never": "The rule says never.",
    "not_for_sale": "The product is archived, a draft or deleted.",
    "no_date": "No delivery covers the next unit, no usual wait is set, and the rule does not sell without a date.",
    "late": "The delivery that would cover the next unit is late and has no new date.",
    "no_rule": "No rule covers it, so your own setting stands.",
    "by_hand": "Somebody changed “Continue selling when out of stock” in Shopify. We left it as it is.",
    "brake": "Many variants went to zero at once. Nothing opens until you say whether that is real.",
}

EXPLAINED = {
    "untracked": "Shopify does not count its stock, so it is none of our business.",
    "in_stock": "It has stock. The last units sell cleanly; then it goes on backorder if the rule allows.",
    "backorderable": "It has no stock left and may still be ordered.",
    "limit_reached": "As much is owed as the limit allows. It opens again as units arrive or orders fall away.",
}

NOTICES = {
    "confirmed": "Confirmation",
    "date_changed": "Date change",
    "filled": "Stock arrived",
    "test": "Test mail",
    "alert": "Alert to you",
}

MESSAGES = {
    "waiting": ("Waiting", "note"),
    "sending": ("Sending", "note"),
    "sent": ("Sent", "good"),
    "failed": ("Failed", "bad"),
    "unknown": ("Unknown", "wait"),
    "stopped": ("Not sent", ""),
    "asks": ("Waits for your OK", "wait"),
}

WITHOUT_DATE = {"stop": "don’t sell without a date", "sell": "sell even without a date"}


def state_name(state: str) -> str:
    return STATES[state][0]


def why(state: str, reason: str) -> str:
    """Say in a sentence why a variant is in its state."""
    return REASONS[reason] or EXPLAINED.get(state, "")


def limit_words(mode: str, units: int | None) -> str:
    """Say a limit: `never`, `up to 10 each`, `no limit`."""
    return {"never": "never", "no_limit": "no limit"}.get(mode) or f"up to {units} each"


def wait_words(wait_from: int | None, wait_to: int | None) -> str:
    """Say a usual wait: `usual wait 3 to 4 weeks`."""
    if wait_from is None or wait_to is None:
        return "no usual wait"
    if wait_from == wait_to:
        return f"usual wait {wait_from} week{'' if wait_from == 1 else 's'}"
    return f"usual wait {wait_from} to {wait_to} weeks"
