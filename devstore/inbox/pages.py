"""The inbox for people: a list, and one mail as its reader sees it."""

from __future__ import annotations

from flask import Blueprint, Flask, abort, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue

from devstore.inbox.box import Inbox, Mail

blueprint = Blueprint("inbox", __name__, url_prefix="/mail")


def create_inbox_app(inbox: Inbox) -> Flask:
    """Make the inbox's pages, under `/mail`."""
    app = Flask("devstore.inbox.pages")
    app.config["INBOX"] = inbox
    app.register_blueprint(blueprint)
    return app


@blueprint.get("")
def index() -> str:
    """Every mail, newest first; `?q=` searches subject and recipient."""
    asked = request.args.get("q", "").strip().lower()
    found = [
        one for one in reversed(_inbox().mails()) if asked in f"{one.header('Subject')} {one.header('To')}".lower()
    ]
    return render_template("index.html", mails=found, q=request.args.get("q", ""))


@blueprint.get("/<int:number>")
def one(number: int) -> str:
    """One mail: as it looks, its text, its headers, its source."""
    mail = _mail(number)
    views = ("html", "text", "headers", "source")
    view = request.args.get("view", "html" if mail.part("html") else "text")
    if view not in views:
        abort(404)
    return render_template("one.html", mail=mail, view=view, views=views)


@blueprint.post("/clear")
def clear() -> ResponseReturnValue:
    """Forget every mail."""
    _inbox().clear()
    return redirect("/mail")


def _mail(number: int) -> Mail:
    return next((mail for mail in _inbox().mails() if mail.number == number), None) or abort(404)


def _inbox() -> Inbox:
    inbox: Inbox = current_app.config["INBOX"]
    return inbox
