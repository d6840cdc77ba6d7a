"""Taking in a list of deliveries: pasted or uploaded, shown line by line, saved whole."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from contextlib import closing

from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from plugin.adapters.database.reports import places
from plugin.domain.delivery_list import LineError
from plugin.errors import FieldErrors
from plugin.services import import_deliveries, save_settings
from plugin.services.import_deliveries import Reading
from plugin.web.parts import parts
from plugin.web.session import admin_blueprint

# A line has some 60 characters; 20,000 of them are read at most.
LONGEST_BYTES = 3_000_000

blueprint = admin_blueprint("delivery_import", __name__)


@blueprint.get("/deliveries/import")
def show_form() -> str:
    return _page("")


@blueprint.post("/deliveries/import")
def take_in() -> AnyResponse | str | tuple[str, int]:
    """Show what the list would become (`act` preview), then write it down (`act` save)."""
    text = request.form.get("list", "")
    if request.form.get("act") == "save":
        try:
            import_deliveries.save(parts().database, parts().jobs, g.shop, text, g.now)
        except FieldErrors:
            return _page(text, read=True), 422
        return redirect("/deliveries?done=imported", 303)
    uploaded = request.files.get("file")
    if uploaded is not None and uploaded.filename:
        with closing(uploaded):
            raw = uploaded.read(LONGEST_BYTES + 1)
        text = _decoded(raw)
        if len(raw) > LONGEST_BYTES:
            return _refused(f"The file is larger than {LONGEST_BYTES // 1_000_000} MB. Split the list.")
        if "\0" in text:
            return _refused("This is a workbook, or no text at all. Save the sheet as CSV, and choose that file.")
    return _page(text, read=True)


def _refused(why: str) -> tuple[str, int]:
    return _page("", reading=Reading((), (LineError(1, "file", why),), ())), 422


def _decoded(raw: bytes) -> str:
    """Spreadsheets write UTF-8 with or without a mark, UTF-16 with one, or the Windows code page of western Europe."""
    if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _page(text: str, *, read: bool = False, reading: Reading | None = None) -> str:
    if read:
        reading = import_deliveries.read(parts().database, g.shop, text)
    with parts().database.read() as tx:
        names = [place.name for place in places.active(tx, g.shop)]
        settings = save_settings.read(tx, g.shop)
    return render_template("pages/delivery_import.html", text=text, reading=reading, places=names, settings=settings)
