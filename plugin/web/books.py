"""The books: what Shopify says, what we say, what was mended and why."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from urllib.parse import urlencode

from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from plugin.adapters.database import syncs
from plugin.adapters.database.reports import book_rows, books, numbers, resting
from plugin.domain.typed_numbers import whole_number
from plugin.errors import NotFound
from plugin.services import check_books, close_unseen, correct_stock
from plugin.services.carry_out import TRIES_BEFORE_ALERT
from plugin.web import book_file
from plugin.web.histories import in_words
from plugin.web.numbers import LARGEST_ROW
from plugin.web.parts import parts
from plugin.web.session import admin_blueprint

MENDED_WITHIN = timedelta(days=14)

blueprint = admin_blueprint("books", __name__)


@blueprint.get("/books")
def show() -> str:
    show, words = _asked()
    after = request.args.getlist("after")
    with parts().database.read() as tx:
        aside = books.effects_put_aside(tx, g.shop, TRIES_BEFORE_ALERT)
        key = (after[0], after[1], after[2]) if len(after) == 3 else None
        page = book_rows.page(tx, g.shop, show=show, words=words, after=key, most=book_rows.PAGE)
        checks = books.checks(tx, g.shop)
        kept = [(name, value) for name, value in (("show", show), ("q", words)) if value]
        return render_template(
            "pages/books.html",
            resting=resting.resting(tx, g.shop),
            closed=resting.closed_since(tx, g.shop, g.now - MENDED_WITHIN),
            page=page,
            counts=book_rows.counts(tx, g.shop),
            show=show,
            words=words,
            first=_address(kept) if after else None,
            next=_address([*kept, *(("after", key) for key in page.after)]) if page.after else None,
            file=f"/books/file?{urlencode(kept)}" if kept else "/books/file",
            mended=[(m, in_words(m.happening, g.today)) for m in books.mended(tx, g.shop, g.now - MENDED_WITHIN)],
            checks=checks,
            names=books.names_of_repairs(tx, g.shop, checks),
            is_read=syncs.is_read(tx, g.shop),
            aside=[
                *aside,
                *books.marks_put_aside(tx, g.shop, TRIES_BEFORE_ALERT),
                *books.webhooks_put_aside(tx, g.shop),
            ],
            unreadable=numbers.unreadable_units(tx, g.shop),
            may_correct=correct_stock.is_allowed(tx, g.shop),
        )


def _asked() -> tuple[str, str]:
    """The filter and the words, as far as we know them."""
    show = request.args.get("show", "")
    is_known = show in book_rows.FILTERS or show == book_rows.ALL
    return (show if is_known else "", request.args.get("q", "").strip()[:100])


def _address(fields: list[tuple[str, str]]) -> str:
    return f"/books?{urlencode(fields)}#differ" if fields else "/books#differ"


@blueprint.get("/books/file")
def save_as_file() -> str:
    """What the filter shows, as a table for a spreadsheet. In the page itself, for a frame cannot fetch a file."""
    show, words = _asked()
    with parts().database.read() as tx:
        page = book_rows.page(tx, g.shop, show=show, words=words, after=None, most=book_rows.MOST_IN_A_FILE)
    text = book_file.write(page.rows)
    file = "data:text/csv;charset=utf-8;base64," + b64encode(text.encode("utf-8-sig")).decode("ascii")
    return render_template("pages/books_file.html", file=file, rows=len(page.rows), is_cut=page.after is not None)


@blueprint.get("/books/progress")
def show_progress() -> str:
    """The progress box alone; it stops asking for itself once no check is under way."""
    with parts().database.read() as tx:
        return render_template("pages/books_progress.html", check=books.checks(tx, g.shop)[0])


@blueprint.post("/books/rest/close")
def close_unseen_order() -> AnyResponse:
    """An order that Shopify no longer shows is done."""
    line_id, location_id = request.form["line_id"], request.form["location_id"]
    close_unseen.close(parts().database, parts().jobs, g.shop, line_id, location_id, g.now)
    return redirect("/books?done=closed", 303)


@blueprint.post("/books/rest/reopen")
def reopen_unseen_order() -> AnyResponse:
    """No, it is not."""
    number = whole_number(request.form.get("number", ""), LARGEST_ROW)
    if number is None:
        raise NotFound("there is nothing to take back any more")
    close_unseen.reopen(parts().database, parts().jobs, g.shop, request.form["line_id"], number, g.now)
    return redirect("/books?done=reopened", 303)


@blueprint.post("/books/rest/wait")
def let_rest() -> AnyResponse:
    """Nobody knows yet: let the units rest."""
    close_unseen.keep_waiting(parts().database, g.shop, request.form["item_id"], request.form["location_id"], g.now)
    return redirect("/books?done=waiting", 303)


@blueprint.post("/books/check")
def check() -> AnyResponse:
    check_books.check_now(parts().database, parts().jobs, g.shop, g.now)
    return redirect("/books", 303)


@blueprint.post("/books/again")
def try_again() -> AnyResponse:
    check_books.try_again(parts().database, parts().jobs, g.shop, g.now)
    return redirect("/books?done=retried", 303)
