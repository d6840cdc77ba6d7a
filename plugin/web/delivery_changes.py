"""Changing a delivery's rows, and putting right what was said to have come with it."""

from __future__ import annotations

from collections.abc import Mapping

from flask import g, redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from plugin.adapters.database.reports import supply
from plugin.domain.delivery_list import read_units
from plugin.domain.typed_numbers import whole_number
from plugin.errors import Conflict, FieldErrors, NotFound
from plugin.services import change_delivery
from plugin.web.deliveries import FIRST_ROWS, SHOWN_ROWS, typed_rows, typed_skus
from plugin.web.numbers import LARGEST_ROW, form_version
from plugin.web.parts import parts
from plugin.web.session import admin_blueprint

blueprint = admin_blueprint("delivery_changes", __name__)


@blueprint.get("/deliveries/<row:delivery_id>/edit")
def show_form(delivery_id: int) -> str:
    return _form_page(delivery_id, MultiDict())


@blueprint.post("/deliveries/<row:delivery_id>/edit")
def edit(delivery_id: int) -> AnyResponse | str | tuple[str, int]:
    form = request.form
    if form.get("act") == "more":
        return _form_page(delivery_id, form, more=True)
    try:
        wanted = _wanted(delivery_id, form)
        change_delivery.edit(parts().database, parts().jobs, g.shop, delivery_id, form_version(form), wanted, g.now)
    except FieldErrors as exc:
        return _form_page(delivery_id, form, errors=_by_field(exc.errors)), 422
    except Conflict:
        return _form_page(delivery_id, form, stale=True), 409
    return redirect(f"/deliveries/{delivery_id}?done=edited", 303)


@blueprint.post("/deliveries/<row:delivery_id>/unbook/<row:row_id>")
def take_back_booking(delivery_id: int, row_id: int) -> AnyResponse:
    _row_of(delivery_id, row_id)
    change_delivery.take_back_booking(parts().database, parts().jobs, g.shop, row_id, g.now)
    return redirect(f"/deliveries/{delivery_id}?done=unbooked", 303)


@blueprint.get("/deliveries/<row:delivery_id>/unmatch/<row:row_id>")
def show_unmatch(delivery_id: int, row_id: int) -> str:
    return _unmatch_page(delivery_id, row_id)


@blueprint.post("/deliveries/<row:delivery_id>/unmatch/<row:row_id>")
def unmatch(delivery_id: int, row_id: int) -> AnyResponse | tuple[str, int]:
    """These units were not this delivery. `to`: the row they came by, empty for none that we know."""
    _row_of(delivery_id, row_id)
    to_row_id = whole_number(request.form.get("to", ""), LARGEST_ROW)
    try:
        units = _units(request.form.get("units", ""))
        change_delivery.unmatch(parts().database, parts().jobs, g.shop, row_id, units, to_row_id, g.now)
    except FieldErrors as exc:
        return _unmatch_page(delivery_id, row_id, typed=request.form, errors=exc.errors), 422
    return redirect(f"/deliveries/{delivery_id}?done=unmatched", 303)


def _units(text: str) -> int:
    try:
        return read_units(text.strip())
    except ValueError as exc:
        raise FieldErrors({"units": str(exc)}) from None


def _row_of(delivery_id: int, row_id: int) -> supply.Row:
    with parts().database.read() as tx:
        rows = supply.rows_of(tx, g.shop, delivery_id)
    for row in rows:
        if row.row_id == row_id:
            return row
    raise NotFound(f"row {row_id} of delivery {delivery_id}")


def _unmatch_page(
    delivery_id: int,
    row_id: int,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> str:
    row = _row_of(delivery_id, row_id)
    with parts().database.read() as tx:
        delivery = supply.delivery(tx, g.shop, delivery_id)
        others = supply.could_be(tx, g.shop, row_id)
    return render_template(
        "pages/unmatch.html", delivery=delivery, row=row, others=others, typed=typed or {}, errors=errors
    )


def _wanted(delivery_id: int, form: MultiDict[str, str]) -> change_delivery.DeliveryEdit:
    """
    Turn the form into the delivery as it should be. An empty number or 0 takes a row out.

    Raises:
        FieldErrors: By field.
    """
    errors: dict[str, str] = {}
    units: dict[int, int] = {}
    with parts().database.read() as tx:
        rows = supply.rows_of(tx, g.shop, delivery_id)
        added = typed_rows(form, supply.by_sku(tx, g.shop, typed_skus(form)), errors)
    for row in rows:
        text = form.get(f"units_{row.row_id}")
        if text is None:
            continue
        try:
            units[row.row_id] = read_units(text.strip()) if text.strip() not in ("", "0") else 0
        except ValueError as exc:
            errors[f"units_{row.row_id}"] = f"{row.title}: {exc}"
    if errors:
        raise FieldErrors(errors)
    return change_delivery.DeliveryEdit(
        form.get("supplier", "").strip(), form.get("reference", "").strip(), units, tuple(added.items())
    )


def _by_field(errors: Mapping[str, str]) -> dict[str, str]:
    """Added rows are counted from 0 by the use case and from 1 on the page."""
    return {
        f"sku_{int(name.removeprefix('added_')) + 1}" if name.startswith("added_") else name: text
        for name, text in errors.items()
    }


def _form_page(
    delivery_id: int,
    form: MultiDict[str, str],
    *,
    errors: Mapping[str, str] | None = None,
    more: bool = False,
    stale: bool = False,
) -> str:
    skus, units = form.getlist("sku"), form.getlist("units")
    typed = [(sku, units[n] if n < len(units) else "") for n, sku in enumerate(skus)]
    blank = FIRST_ROWS if more else max(0, 2 - len(typed))
    with parts().database.read() as tx:
        delivery = supply.delivery(tx, g.shop, delivery_id)
        rows = supply.rows_of(tx, g.shop, delivery_id)
        known = supply.wanted_first(tx, g.shop)
    wanted = request.args.get("find", "").strip()
    found = [row for row in rows if wanted.casefold() in f"{row.title} {row.sku}".casefold()]
    return render_template(
        "pages/delivery_edit.html",
        delivery=delivery,
        rows=found[:SHOWN_ROWS],
        found=len(found),
        all_rows=len(rows),
        wanted=wanted,
        added=typed + [("", "")] * blank,
        known=known,
        form=form,
        errors=errors,
        stale=stale,
    )
