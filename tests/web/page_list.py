"""Every page of the app, each opened at least once in a browser. A page that is missing here fails a test."""

from __future__ import annotations

from flask import Flask

PATHS = [
    "/",
    "/first-run",
    "/first-run/tell",
    "/settings",
    "/settings/badge",
    "/settings/rules/new",
    "/settings/rules/new?product=111",
    "/settings/rules/1",
    "/products",
    "/products?show=owed",
    "/products?q=nothing-of-that-name",
    "/products/11",
    "/products/13",
    "/products/99",
    "/deliveries",
    "/deliveries?show=closed",
    "/deliveries/new",
    "/deliveries/1",
    "/deliveries/1/edit",
    "/deliveries/1/unmatch/1",
    "/deliveries/import",
    "/mail",
    "/mail?tab=sent",
    "/mail/3",
    "/mail/waiting-for-you?cause=delivery/1/date/2",
    "/books",
    "/books/file",
    "/privacy/request-1",
    "/dev/components",
]

# Pages that only a form leads to.
RULE = {"limit_mode": "up_to", "limit_units": "2", "wait_from": "2", "wait_to": "3", "without_date": "stop"}
POSTED = [
    ("/settings/switch", {"to": "paused", "act": "preview"}),
    ("/settings/switch", {"to": "restored", "act": "preview"}),
    ("/settings/rule", {**RULE, "which": "all:", "act": "preview"}),
    ("/settings/rule", {**RULE, "which": "all:", "limit_units": "", "act": "preview"}),
    ("/settings/rule", {**RULE, "page": "/first-run", "limit_units": "", "act": "preview"}),
    ("/deliveries/1/date", {"version": "1", "expected_on": "2026-12-12", "reason": "", "act": "preview"}),
    ("/settings/rule/remove", {"rule_id": "1", "act": "preview"}),
]

# Answers that are no page of their own, by endpoint: files, parts of pages, and machines' questions.
NOT_PAGES = {
    "assets.static",
    "books.show_progress",
    "export.download",
    "health.alive",
    "health.metrics",
    "health.ready",
    "home.show_progress",
    "preferences.show_progress",
    "install.begin_code_grant",
    "install.end_code_grant",
    "install.patch_id_token",
    "privacy.download",
}


def endpoints(app: Flask) -> set[str]:
    """Everything of the app that a GET is answered by, but for what tests add."""
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.rule.startswith("/_test/")
    }


def covered(app: Flask) -> set[str]:
    """What the list of paths opens."""
    adapter = app.url_map.bind("holdfast.test")
    return {adapter.match(path.partition("?")[0])[0] for path in PATHS}
