"""Puts the merchant's pages on an app: blueprints, what every template may use, and our own static files."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, g, request

from plugin.web import (
    badge_page,
    books,
    components,
    deliveries,
    delivery_changes,
    delivery_import,
    export,
    figures,
    first_run,
    home,
    install,
    labels,
    mail,
    numbers,
    preferences,
    privacy,
    products,
    promises_in_words,
    rules,
    session,
)
from plugin.web.parts import parts

PAGES = (
    home,
    first_run,
    products,
    deliveries,
    delivery_changes,
    delivery_import,
    mail,
    preferences,
    export,
    badge_page,
    books,
    rules,
    privacy,
    install,
)
LARGEST_REQUEST_BYTES = 2 * delivery_import.LONGEST_BYTES  # text takes up to twice the bytes of the file it came in
STATIC = Path(__file__).parent / "static"

# What an act says once it is done; the address names the sentence, so a reload says it again and nobody can write it.
DONE = {
    "saved": "Saved.",
    "put-away": "The first steps are put away. Settings leads to them again.",
    "on": "Backordering is on. What may be backordered opens within seconds of reaching zero.",
    "paused": "Everything is paused. Your own “Continue selling” settings are being put back.",
    "resumed": "Backordering runs again.",
    "restored": "Backordering is off, and your original settings are being put back.",
    "wording": "Saved. Product pages follow within seconds.",
    "rule": "The rule is saved. Shopify follows within seconds.",
    "cleared": "The setting is gone; the list of rules decides again.",
    "moved": "The rule has its new place.",
    "removed": "The rule is gone. Shopify follows within seconds.",
    "taken-back": "Taken back: the rules are as they were before. Shopify follows within seconds.",
    "raised": "Raised. It opens within seconds if that lets it, and stays at what you say until you change it.",
    "one-stopped": "Stopped: nothing more of it goes on backorder. What is owed stays owed.",
    "bulk": "Saved for all of them. Shopify follows within seconds.",
    "reapplied": "Our setting is being written again.",
    "put-back": "They are being put back to what they were before Holdfast, unless a rule of yours decides by now.",
    "stopped": "Those products stop selling at zero, unless a rule of yours says otherwise.",
    "handed-out": "Noted: the customer has their data.",
    "accepted": "Counted as arrived. Waiting orders get the units, oldest first.",
    "refused": "Noted. Those units are not given to anybody.",
    "told": "Noted. Their mails are being written and leave like any other.",
    "delivery": "The delivery is entered. Dates are being worked out again.",
    "date": "The new date is saved. Badges change first; mails wait half an hour, in case you change it again.",
    "received": "Booked. When Shopify shows the units, or if it already does, they count as this delivery.",
    "edited": "The delivery is changed. Dates are being worked out again.",
    "imported": "The deliveries are entered. Dates are being worked out again.",
    "unbooked": "Taken back: those units are still on their way.",
    "unmatched": "Put right. The units still count, and the delivery expects them again.",
    "cancelled": "The delivery is cancelled. Orders that waited on it look for other supply.",
    "brought-back": "The delivery is expected again. Dates are being worked out again.",
    "mail-paused": "Mail is paused. Nothing leaves until you resume.",
    "mail-resumed": "Mail runs again.",
    "looked": "We asked your domain. What it says stands beside each record.",
    "approved": "On their way.",
    "discarded": "Those mails will not be sent.",
    "taken-back-mails": "They wait for your OK again.",
    "replaced": "Nothing to bring back: newer mails have taken their place, or half an hour has passed.",
    "left": "Left as it is. It stands under “Not sent”.",
    "retried-all": "They will be tried again now.",
    "retried": "It will be tried again now.",
    "overage-kept": "Noted: these orders are kept, and wait their turn like the others.",
    "zeros-real": "Noted: those goods are gone. The rules decide again, within seconds.",
    "zeros-error": "Noted. Those variants stay shut until they have stock again; everything else goes on.",
    "corrected": "Shopify’s stock is corrected. The figures here follow within seconds.",
    "closed": "Noted: that order is done. Whatever is free of it goes to the next in line, within seconds.",
    "reopened": "Taken back: that order waits again, in its old place.",
    "waiting": "Noted. The units rest until you say more, or Shopify does.",
    "test-sent": "The test mail is on its way. When it has arrived, say so, and mail to customers is switched on.",
    "confirmed": "Mail is switched on.",
}

# Where on a long page the sentence stands, by the id of its part; at the top of the page for all others.
DONE_AT = {"test-sent": "test", "looked": "own-sender"}


def register_pages(app: Flask) -> None:
    """Add every page of the admin frame. The app carries its parts as `app.extensions["holdfast"]`."""
    app.url_map.converters["row"] = numbers.RowConverter
    for module in PAGES:
        app.register_blueprint(module.blueprint)
    if app.extensions["holdfast"].settings.dev_pages:
        app.register_blueprint(components.blueprint)
    # Fields of a form are read before the page they are meant for is asked, so no page can set this itself.
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_REQUEST_BYTES, MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST_BYTES)
    app.register_error_handler(404, session.page_not_found)
    app.register_error_handler(413, session.page_too_large)
    app.register_error_handler(500, session.page_failed)
    app.register_blueprint(_Assets("assets", __name__, static_folder=str(STATIC), static_url_path="/assets"))
    app.context_processor(_for_every_template)
    app.jinja_env.globals.update(
        asset=asset,
        promise_words=promises_in_words.say,
        count=figures.count,
        plain_number=numbers.of_gid,
        state_name=labels.state_name,
        why=labels.why,
        limit_words=labels.limit_words,
        wait_words=labels.wait_words,
        labels=labels,
        rule_words=_rule_words,
    )
    app.add_template_filter(figures.number, "number")
    app.add_template_filter(figures.sentence, "sentence")
    app.add_template_filter(_money, "money")
    app.add_template_filter(_day, "day")
    app.add_template_filter(_spoken_day, "spoken_day")
    app.add_template_filter(_when, "when")
    app.add_template_filter(_ago, "ago")


class _Assets(Blueprint):
    def get_send_file_max_age(self, filename: str | None) -> int:
        """Keep for a year, in seconds: an address carries a mark of its content."""
        return 31_536_000


@cache
def asset(name: str) -> str:
    """Name a static file with a mark of its content, so that a browser may keep it for ever."""
    mark = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/assets/{name}?v={mark}"


def _for_every_template() -> dict[str, Any]:
    settings = parts().settings
    return {
        "api_key": settings.shopify_api_key,
        "app_bridge_url": settings.app_bridge_url,
        "done": DONE.get(request.args.get("done", "")),
        "done_at": DONE_AT.get(request.args.get("done", "")),
        "today": g.get("today"),
        "now": g.get("now"),
        "shop": g.get("shop", ""),
    }


def _rule_words(rule: Any) -> str:
    return labels.rule_words(rule, g.today)


def _money(amount: Any, currency: str | None = None) -> str:
    return figures.money(amount, currency or g.shop_facts.currency)


def _day(value: date | None) -> str:
    return figures.day(value, g.today) if value else "no date"


def _spoken_day(value: date) -> str:
    return figures.weekday_or_day(value, g.today)


def _when(instant: datetime | None) -> str:
    if instant is None:
        return ""
    local = instant.astimezone(g.zone)
    clock = f"{local:%H:%M}"
    return f"today {clock}" if local.date() == g.today else f"{figures.day(local.date(), g.today)}, {clock}"


def _ago(instant: datetime) -> str:
    return figures.ago(instant, g.now)
