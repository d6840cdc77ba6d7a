"""Deliveries: what is on its way, entering one, moving its date with its consequences shown first, booking it in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

from flask import g, redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from plugin.adapters.database.reports import places, supply
from plugin.domain.delivery_list import MOST_UNITS
from plugin.domain.typed_numbers import whole_number
from plugin.errors import Conflict, FieldErrors
from plugin.services import edit_delivery, save_settings
from plugin.web.numbers import form_version, sent_number
from plugin.web.parts import parts
from plugin.web.session import admin_blueprint

FIRST_ROWS = 5
MOST_ROWS = 100
SHOWN_ROWS = 200
MOST_PAGES = 10_000

blueprint = admin_blueprint("deliveries", __name__)


@blueprint.get("/deliveries")
def show_list() -> str:
    shows_closed = request.args.get("show") == "closed"
    words = request.args.get("q", "").strip()[:100]
    number = min(max(1, request.args.get("page", 1, type=int)), MOST_PAGES)
    with parts().database.read() as tx:
        page = supply.page(tx, g.shop, closed=shows_closed, words=words, today=g.today, number=number)
        uncovered = supply.uncovered_units(tx, g.shop)
    kept = [(name, value) for name, value in (("show", "closed" if shows_closed else ""), ("q", words)) if value]
    return render_template(
        "pages/deliveries.html",
        page=page,
        words=words,
        shows_closed=shows_closed,
        uncovered=uncovered,
        first=_address(kept) if number > 1 else None,
        next=_address([*kept, ("page", str(number + 1))]) if page.has_more else None,
    )


def _address(fields: list[tuple[str, str]]) -> str:
    return f"/deliveries?{urlencode(fields)}" if fields else "/deliveries"


@blueprint.get("/deliveries/new")
def show_form() -> str:
    return _form_page(MultiDict({"sku": request.args.get("sku", "")}))


@blueprint.post("/deliveries/new")
def create() -> AnyResponse | str | tuple[str, int]:
    if request.form.get("act") == "more":
        return _form_page(request.form, more=True)
    try:
        draft = _draft(request.form)
        delivery_id = edit_delivery.create(parts().database, parts().jobs, g.shop, draft, g.now, once=True)
    except FieldErrors as exc:
        return _form_page(request.form, errors=exc.errors), 422
    return redirect(f"/deliveries/{delivery_id}?done=delivery", 303)


@blueprint.get("/deliveries/<row:delivery_id>")
def show_one(delivery_id: int) -> str:
    return _page(delivery_id)


@blueprint.post("/deliveries/<row:delivery_id>/date")
def change_date(delivery_id: int) -> AnyResponse | str | tuple[str, int]:
    """Show what a new date would do (`act` preview), then do it (`act` save). An empty date: not known yet."""
    form = request.form
    try:
        expected_on = _expected_on(form)
    except FieldErrors as exc:
        return _page(delivery_id, typed=form, errors=exc.errors), 422
    reason = form.get("reason", "").strip()[:200]
    version = form_version(form)
    if form.get("act") == "save":
        try:
            edit_delivery.change_date(
                parts().database, parts().jobs, g.shop, delivery_id, version, expected_on, reason, g.now
            )
        except Conflict:
            return _page(delivery_id, typed=form, stale=True), 409
        return redirect(f"/deliveries/{delivery_id}?done=date", 303)
    slip = edit_delivery.preview_date(parts().database, g.shop, delivery_id, expected_on, g.now)
    with parts().database.read() as tx:
        delivery = supply.delivery(tx, g.shop, delivery_id)
        settings = save_settings.read(tx, g.shop)
    return render_template(
        "pages/date_preview.html",
        settings=settings,
        delivery=delivery,
        slip=slip,
        expected_on=expected_on,
        reason=reason,
        version=version,
    )


@blueprint.post("/deliveries/<row:delivery_id>/receive")
def receive(delivery_id: int) -> AnyResponse | str | tuple[str, int]:
    """Book units as arrived, by row; `act` all only fills in all that is still to come."""
    with parts().database.read() as tx:
        rows = supply.rows_of(tx, g.shop, delivery_id)
    if request.form.get("act") == "all":
        return _page(delivery_id, typed={f"row_{row.row_id}": str(row.may_arrive) for row in rows if row.may_arrive})
    errors: dict[str, str] = {}
    units: dict[int, int] = {}
    left: dict[int, int] = {}
    for row in rows:
        text = request.form.get(f"row_{row.row_id}", "").strip()
        if not text:
            continue
        left[row.row_id] = sent_number(request.form, f"left_{row.row_id}", MOST_UNITS)
        arrived = whole_number(text, left[row.row_id])
        if arrived is None:
            errors[f"row_{row.row_id}"] = f"{row.title}: write a whole number from 0 to {left[row.row_id]}."
        elif arrived:
            units[row.row_id] = arrived
    if not units and not errors and rows:
        errors[f"row_{rows[0].row_id}"] = "Write how many units arrived in at least one row."
    if errors:
        return _page(delivery_id, typed=request.form, errors=errors), 422
    try:
        edit_delivery.book_receipt(parts().database, parts().jobs, g.shop, delivery_id, units, g.now, left=left)
    except FieldErrors as exc:  # somebody booked the same goods since
        return _page(delivery_id, typed=request.form, errors=exc.errors), 422
    return redirect(f"/deliveries/{delivery_id}?done=received", 303)


@blueprint.post("/deliveries/<row:delivery_id>/cancel")
def cancel(delivery_id: int) -> AnyResponse | tuple[str, int]:
    version = form_version(request.form)
    try:
        edit_delivery.cancel(parts().database, parts().jobs, g.shop, delivery_id, version, g.now)
    except Conflict:
        return _page(delivery_id, stale=True), 409
    return redirect(f"/deliveries/{delivery_id}?done=cancelled", 303)


@blueprint.post("/deliveries/<row:delivery_id>/bring-back")
def bring_back(delivery_id: int) -> AnyResponse | tuple[str, int]:
    """Undo a cancellation."""
    version = form_version(request.form)
    try:
        edit_delivery.bring_back(parts().database, parts().jobs, g.shop, delivery_id, version, g.now)
    except Conflict:
        return _page(delivery_id, stale=True), 409
    return redirect(f"/deliveries/{delivery_id}?done=brought-back", 303)


def _page(
    delivery_id: int,
    *,
    typed: Mapping[str, str] | None = None,
    errors: dict[str, str] | None = None,
    stale: bool = False,
) -> str:
    with parts().database.read() as tx:
        delivery = supply.delivery(tx, g.shop, delivery_id)
        rows = supply.rows_of(tx, g.shop, delivery_id)
        arrivals = supply.arrivals(tx, g.shop, delivery_id)
        settings = save_settings.read(tx, g.shop)
    wanted = request.args.get("find", "").strip()
    found = [row for row in rows if wanted.casefold() in f"{row.title} {row.sku}".casefold()]
    return render_template(
        "pages/delivery.html",
        delivery=delivery,
        rows=found[:SHOWN_ROWS],
        found=len(found),
        all_rows=len(rows),
        wanted=wanted,
        arrivals=arrivals,
        settings=settings,
        typed=typed or {},
        errors=errors,
        stale=stale,
    )


def _form_page(form: MultiDict[str, str], *, errors: dict[str, str] | None = None, more: bool = False) -> str:
    skus, units = form.getlist("sku"), form.getlist("units")
    typed = [(sku, units[n] if n < len(units) else "") for n, sku in enumerate(skus)]
    blank = FIRST_ROWS if more else max(0, FIRST_ROWS - len(typed))
    with parts().database.read() as tx:
        known = supply.wanted_first(tx, g.shop)
        destinations = places.active(tx, g.shop)
    return render_template(
        "pages/delivery_form.html",
        form=form,
        rows=(typed + [("", "")] * blank)[:MOST_ROWS],
        known=known,
        places=destinations,
        errors=errors,
    )


def _expected_on(form: Mapping[str, str]) -> date | None:
    text = form.get("expected_on", "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise FieldErrors({"expected_on": "Write a day, like 2027-06-12."}) from None
    if not 2000 <= day.year <= 2100:
        raise FieldErrors({"expected_on": "That year cannot be right."})
    return day


def _draft(form: MultiDict[str, str]) -> edit_delivery.DeliveryDraft:
    """
    Turn the form into a draft: SKUs become items, empty rows are left out.

    Raises:
        FieldErrors: By field; a row's fields are `sku_1`, `units_1` and so on.
    """
    errors: dict[str, str] = {}
    supplier = form.get("supplier", "").strip()
    if not supplier:
        errors["supplier"] = "Write who sends it."
    expected_on = None
    try:
        expected_on = _expected_on(form)
    except FieldErrors as exc:
        errors |= exc.errors
    with parts().database.read() as tx:
        destinations = {place.location_id for place in places.active(tx, g.shop)}
        rows = typed_rows(form, supply.by_sku(tx, g.shop, typed_skus(form)), errors)
    if not rows and not errors:
        errors["sku_1"] = "Enter at least one row: what arrives, and how many units."
    location_id = form.get("location_id", "")
    if location_id not in destinations:
        errors["location_id"] = "Choose where it arrives."
    if errors:
        raise FieldErrors(errors)
    return edit_delivery.DeliveryDraft(
        supplier[:120], form.get("reference", "").strip()[:120], location_id, expected_on, tuple(rows.items())
    )


def typed_skus(form: MultiDict[str, str]) -> list[str]:
    return [sku.strip() for sku in form.getlist("sku") if sku.strip()]


def typed_rows(
    form: MultiDict[str, str], found: Mapping[str, list[supply.Sellable]], errors: dict[str, str]
) -> dict[str, int]:
    """Units by item from the lists `sku` and `units`; what is wrong goes to `errors`. Empty rows are left out."""
    rows: dict[str, int] = {}
    skus, units = form.getlist("sku"), form.getlist("units")
    for n, (sku, text) in enumerate(zip((s.strip() for s in skus), (u.strip() for u in units), strict=False), 1):
        if not sku and not text:
            continue
        match = found.get(sku, [])
        if len(match) != 1:
            problem = (
                "stands on several items; give them SKUs of their own"
                if match
                else "is not a SKU in your shop. Capitals and small letters count"
            )
            errors[f"sku_{n}"] = f"“{sku}” {problem}." if sku else "Choose what arrives in this row."
        elif match[0].is_bundle:
            errors[f"sku_{n}"] = f"“{sku}” is a bundle, which never arrives as such. Enter its components."
        elif match[0].item_id in rows:
            errors[f"sku_{n}"] = f"“{sku}” stands in two rows. Put its units together."
        elif not (coming := whole_number(text, MOST_UNITS)):
            errors[f"units_{n}"] = f"Write how many units of {sku} are coming, from 1 to {MOST_UNITS:,}."
        else:
            rows[match[0].item_id] = coming
    return rows
