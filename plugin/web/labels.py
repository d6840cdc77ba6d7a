"""The merchant's names for states, reasons and kinds, each with the tone of its pill."""

from __future__ import annotations

from datetime import date
from typing import Any

from plugin.services.explain_bundle import Allowed
from plugin.web import figures

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
    "not_for_sale": "The product is archived, a draft, deleted, or not in your online store.",
    "no_date": "No delivery covers the next unit, no usual wait is set, and the rule does not sell without a date.",
    "late": "The delivery that would cover the next unit is late and has no new date.",
    "discontinued": "Discontinued, by a setting or the product’s tag: nothing new is sold, what is owed stays owed.",
    "too_long": "The next unit would wait longer than the rule sells at.",
    "no_rule": "No rule covers it, so your own setting stands.",
    "by_hand": "Somebody changed “Continue selling when out of stock” in Shopify. We left it as it is.",
    "brake": "Many variants went to zero at once. Nothing opens until you say whether that is real.",
    "component_limit": "As much of a component is owed as its limit allows, or too little is left for one more bundle.",
    "component_stopped": "A component has run out and is not sold on backorder.",
    "component_later": "The last unit needed of a component has no date, or comes later than its rule sells at.",
    "component_short": "Fewer units of a component are left than one bundle needs. It opens when those are sold.",
    "bundle_unknown": "Shopify does not tell us what it is made of, so your own setting stands.",
    "bundle_nested": "A component is a bundle itself, so your own setting stands.",
}

EXPLAINED = {
    "untracked": "Shopify does not count its stock, so it is none of our business.",
    "in_stock": "It has stock. The last units sell cleanly; then it goes on backorder if the rule allows.",
    "backorderable": "It has no stock left and may still be ordered.",
    "in_stock_bundle": "All its components have stock. When one runs out, it goes on backorder if that one may.",
    "backorderable_bundle": "A component has no stock left, and all of them may still be ordered.",
    "limit_reached": "As much is owed as the limit allows. It opens again as units arrive or orders fall away.",
}

NOTICES = {
    "confirmed": "Confirmation",
    "date_changed": "Date change",
    "filled": "Stock arrived",
    "on_track": "Nothing changed",
    "test": "Test mail",
    "alert": "Alert to you",
}

ARRIVED_BY = {
    "booked": "You booked it",
    "matched": "Stock rose in Shopify",
    "merchant": "You said they arrived",
    "unmatched": "You put it right",
}

MESSAGES = {
    "waiting": ("Waiting", "note"),
    "sending": ("Sending", "note"),
    "sent": ("Sent", "good"),
    "failed": ("Failed", "bad"),
    "unknown": ("Unknown", "wait"),
    "stopped": ("Not sent again", ""),
    "asks": ("Waits for your OK", "wait"),
    "dropped": ("Not sent", ""),
}

EFFECTS = {
    "policy": "“Continue selling”",
    "badge": "Badge",
    "words": "Words on the badge",
    "order_tag": "Tag of the order",
    "order_date": "Date on the order",
    "webhook": "Message from Shopify",
    "order": "Reading an order",
    "fulfillment_order": "Finding an order",
    "changed_orders": "Looking for changed orders",
    "product": "Reading a product",
    "item": "Reviewing stock and queue",
    "variant": "Deciding how it sells",
    "shop": "Reading your shop’s settings",
    "all": "Deciding everything again",
}

# What a reading of the whole shop found, by kind and reason.
REPAIRS = {
    "stock": "stock had changed since we last read it",
    "order": "was not as we knew it",
    "order/unheard": "an order we had never heard of",
    "order/changed": "had changed without our hearing of it",
    "policy": "somebody else turned “Continue selling”",
}

CHECKS = {"first": "First reading", "nightly": "Every night", "asked": "Asked for"}

WITHOUT_DATE = {"stop": "don’t sell without a date", "sell": "sell even without a date"}


WHEN_LATE = {"sell": "keep selling, “delayed, new date to come”", "stop": "stop while its delivery is late"}

WHO = {
    "all": "All products",
    "collection": "Collection {}",
    "vendor": "Vendor {}",
    "type": "Type {}",
    "tag": "Tag {}",
    "products": "Products {}",
    "product": "Product {}",
    "variant": "Variant {}",
}


def who(scope: str, name: str) -> str:
    """Say whom a rule speaks of: `Vendor Acme`."""
    return WHO[scope].format(name)


def rule_words(rule: Any, today: date) -> str:
    """Say a rule as a sentence: `up to 20 each, usual wait 3 to 4 weeks, don’t sell without a date`."""
    if rule.kind == "discontinued":
        return "discontinued: what is in stock sells, nothing new goes on backorder"
    limit = limit_words(rule.limit_mode, rule.limit_units)
    if rule.limit_mode == "never":
        return limit
    said = [limit]
    if rule.kind == "preorder" and rule.release_on:
        said = [f"pre-order, releases {figures.day(rule.release_on, today)}", limit]
    else:
        said += [wait_words(rule.wait_from, rule.wait_to)]
        if rule.longest_wait:
            said.append(f"no wait over {figures.count(rule.longest_wait, 'week')}")
        said.append(WITHOUT_DATE[rule.without_date])
    if rule.when_late == "stop":
        said.append(WHEN_LATE["stop"])
    return ", ".join(said)


def decided_by(rule: Any) -> str:
    """Name the rule that decided: `rule 2: vendor Acme`."""
    if rule.scope in ("variant", "product"):
        return f"this {rule.scope}’s own setting"
    words = who(rule.scope, rule.name)
    return f"rule {rule.number}: {words[0].lower()}{words[1:]}"


FILTERS = {
    "": "All",
    "owed": "With units owed",
    "paid": "Owed and paid for",
    "late": "Past a promised date",
    "near": "Limit nearly used",
    "own": "With a setting of its own",
    "aside": "Put aside",
}


def filter_name(show: str) -> str:
    """Name a filter of the products list."""
    return FILTERS.get(show) or state_name(show)


def state_name(state: str) -> str:
    return STATES[state][0]


def why(state: str, reason: str, *, is_bundle: bool = False) -> str:
    """Say in a sentence why a variant, or a bundle, is in its state."""
    of_bundle = EXPLAINED.get(f"{state}_bundle", "") if is_bundle else ""
    return REASONS[reason] or of_bundle or EXPLAINED.get(state, "")


def allows(part: Allowed, ships: str | None) -> str:
    """Say what a component allows its bundle, and why: `On backorder: enough for 1 bundle, ships around 12 June.`"""
    if not part.is_tracked:
        return "Shopify does not count it, so it sets no bound."
    needs = f"one bundle needs {part.needed}"
    if part.blocks == "component_limit":
        return f"At its limit: {figures.count(part.units_left or 0, 'unit')} may still be sold, {needs}."
    if part.blocks == "component_later":
        return f"Shuts the bundle: {needs}, and the last of them has no date, or comes later than the rule sells at."
    if part.blocks == "component_short":
        return f"{figures.count(part.available, 'unit')} left, {needs}. Those sell one by one first."
    if part.blocks:
        return f"Shuts the bundle. {why(part.state, part.reason) or 'It has run out.'}"
    if not part.is_covered:
        left = "no limit" if part.bundles_left is None else f"enough for {figures.count(part.bundles_left, 'bundle')}"
        return f"On backorder: {left}, {ships}." if ships else f"On backorder: {left}."
    made = part.available // part.needed
    said = f"In stock: enough for {figures.count(made, 'bundle')}"
    if part.bundles_left is None:
        return f"{said}, and no limit after that."
    return f"{said}." if part.bundles_left == made else f"{said}, {part.bundles_left} with its limit."


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
