"""What a merchant takes along when leaving."""

from __future__ import annotations

import csv
import io
from zipfile import ZipFile

from sqlalchemy import update

from plugin.adapters.database import tables as t
from plugin.domain.delivery_list import read_list
from tests.web import seeding
from tests.web.site import Site


def tables(site: Site) -> dict[str, list[dict[str, str]]]:
    answer = site.get("/settings/export.zip")
    assert answer.status_code == 200
    assert "holdfast-larkspur-outdoor-2026-11-21.zip" in answer.headers["Content-Disposition"]
    with ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        return {
            name: list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"))))
            for name in archive.namelist()
        }


def test_an_export_holds_backorders_promises_and_deliveries_of_this_shop_alone(site: Site) -> None:
    with site.parts.database.begin() as tx:
        tx.execute(update(t.deliveries).where(t.deliveries.c.id == 2).values(supplier="=cmd|' /C calc'!A0"))
    found = tables(site)
    assert list(found) == ["backorders.csv", "promises.csv", "deliveries.csv"]
    owed = found["backorders.csv"]
    assert sum(int(row["units owed"]) for row in owed) == 39
    assert {row["order"] for row in owed if row["sku"] == "TARN-2P"} == {"#1048", "#1049"}
    assert any(row["promise"] == "date" and row["from"] for row in found["promises.csv"])
    with ZipFile(io.BytesIO(site.get("/settings/export.zip").data)) as archive:
        again = read_list(archive.read("deliveries.csv").decode())
    assert (again.errors, len(again.rows)) == ((), 6), "our own list of deliveries reads it"
    delivered = found["deliveries.csv"]
    assert [row["units"] for row in delivered if row["supplier"] == "Acme Footwear"] == ["40", "24"]
    assert [row["supplier"] for row in delivered if row["sku"] == "TARN-2P"] == ["'=cmd|' /C calc'!A0"]
    assert seeding.SECRET not in str(found)
    assert "customer" not in str(found), "nobody is named"
