"""Changing deliveries, putting arrivals right, and taking in lists: through the pages, told by the database."""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from plugin.adapters.database import ledger
from plugin.adapters.database import tables as t
from tests.web import seeding
from tests.web.site import Site

BOOT, BOOT_43, TENT = (f"gid://shopify/InventoryItem/{n}" for n in (511, 512, 513))
HEAD = "supplier,reference,location,date,sku,units\n"


def rows_of(site: Site, delivery_id: int) -> dict[str, int]:
    with site.parts.database.read() as tx:
        found = tx.rows(select(t.delivery_rows).where(t.delivery_rows.c.delivery_id == delivery_id))
    return {row.item_id: row.units for row in found}


def delivery(site: Site, delivery_id: int) -> Any:
    with site.parts.database.read() as tx:
        return tx.execute(select(t.deliveries).where(t.deliveries.c.id == delivery_id)).one()


def received(site: Site, row_id: int) -> tuple[int, int]:
    with site.parts.database.read() as tx:
        return ledger.received_by_row(tx, seeding.SHOP, [row_id])[row_id]


def arrive(site: Site, row_id: int, item_id: str, units: int, cause: str = "matched") -> None:
    """Stock of a row was seen in Shopify and matched."""
    with site.parts.database.begin() as tx:
        step = 1 + tx.execute(select(func.count()).where(t.ledger.c.kind == "accept")).scalar_one()
        tx.execute(
            insert(t.ledger).values(
                shop=seeding.SHOP,
                entry_id=f"accept/{item_id}/{seeding.MAIN}/{step}",
                kind="accept",
                at=seeding.NOW,
                item_id=item_id,
                location_id=seeding.MAIN,
                delivery_row_id=row_id,
                units=units,
                data={"cause": cause},
            )
        )


def edit(site: Site, **changes: object) -> Any:
    form: dict[str, object] = {"version": "1", "act": "save", "supplier": "Acme Footwear", "reference": "PO-2041"}
    return site.post("/deliveries/1/edit", form | changes)


def test_units_are_changed_rows_come_and_go(site: Site) -> None:
    answer = edit(site, reference="PO-9", units_1="50", units_2="0", sku=["TARN-2P", ""], units=["7", ""])
    assert (answer.status_code, answer.headers["Location"]) == (303, "/deliveries/1?done=edited")
    assert rows_of(site, 1) == {BOOT: 50, TENT: 7}
    assert (delivery(site, 1).reference, delivery(site, 1).version) == ("PO-9", 2)
    with site.parts.database.read() as tx:
        due = {row.subject for row in tx.rows(select(t.due).where(t.due.c.shop == seeding.SHOP))}
    assert due == {BOOT, BOOT_43, TENT}


def test_no_row_can_hold_fewer_units_than_have_arrived(site: Site) -> None:
    arrive(site, 1, BOOT, 12)
    site.post("/deliveries/1/receive", {"row_1": "5", "left_1": "28"})
    answer = edit(site, units_1="16")
    assert answer.status_code == 422
    assert "17 units have arrived; fewer cannot have been coming." in answer.text
    assert edit(site, units_1="0").status_code == 422
    assert edit(site, units_1="17").status_code == 303


def test_a_row_lowered_to_what_has_come_closes_a_delivery_that_has_nothing_else(site: Site) -> None:
    arrive(site, 1, BOOT, 12)
    assert edit(site, units_1="12", units_2="0").status_code == 303
    assert delivery(site, 1).state == "closed"


def test_a_delivery_cannot_be_emptied_nor_hold_a_product_twice(site: Site) -> None:
    assert "Something must be left" in edit(site, units_1="0", units_2="0").text
    twice = edit(site, sku=["FS-BOOT-42"], units=["3"])
    assert "has a row already" in twice.text
    assert "“1.000” can be read in two ways" in edit(site, units_1="1.000").text
    assert rows_of(site, 1) == {BOOT: 40, BOOT_43: 24}


def test_an_edit_of_an_old_version_keeps_what_was_typed_and_saves_nothing(site: Site) -> None:
    assert edit(site, units_1="50").status_code == 303
    stale = edit(site, units_1="60")
    assert stale.status_code == 409
    assert "Somebody changed this delivery" in stale.text
    assert 'value="60"' in stale.text
    assert rows_of(site, 1)[BOOT] == 50


def test_another_shops_delivery_cannot_be_changed(site: Site) -> None:
    assert site.post("/deliveries/90/edit", {"version": "1", "supplier": "x"}).status_code == 404
    assert site.post("/deliveries/90/unbook/1", {}).status_code == 404
    assert site.post("/deliveries/2/unmatch/1", {"units": "1"}).status_code == 404


def test_a_booking_is_taken_back(site: Site) -> None:
    site.post("/deliveries/1/receive", {"row_1": "30", "left_1": "40"})
    assert received(site, 1) == (0, 30)
    answer = site.post("/deliveries/1/unbook/1", {})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/deliveries/1?done=unbooked")
    assert received(site, 1) == (0, 0)
    assert site.post("/deliveries/1/unbook/1", {}).status_code == 404
    site.post("/deliveries/1/receive", {"row_1": "8", "left_1": "40"})
    assert received(site, 1) == (0, 8)


def test_units_matched_to_the_wrong_delivery_stay_counted_and_are_expected_again(site: Site) -> None:
    arrive(site, 1, BOOT, 40)
    arrive(site, 2, BOOT_43, 24)
    with site.parts.database.begin() as tx:
        tx.execute(update(t.deliveries).where(t.deliveries.c.id == 1).values(state="closed", closed_at=seeding.NOW))
    text = site.get("/deliveries/1").text
    assert "Not this delivery?" in text
    assert "Stock rose in Shopify" in text
    answer = site.post("/deliveries/1/unmatch/1", {"units": "15", "to": ""})
    assert answer.headers["Location"] == "/deliveries/1?done=unmatched"
    assert received(site, 1) == (25, 0)
    assert delivery(site, 1).state == "open"
    with site.parts.database.read() as tx:
        counted = tx.execute(
            select(func.sum(t.ledger.c.units)).where(t.ledger.c.item_id == BOOT, t.ledger.c.kind == "accept")
        ).scalar_one()
    assert counted == 40
    assert "You put it right" in site.get("/deliveries/1").text


def test_units_that_came_with_another_delivery_are_given_to_that_one(site: Site) -> None:
    with site.parts.database.begin() as tx:
        tx.execute(insert(t.delivery_rows).values(id=50, shop=seeding.SHOP, delivery_id=2, item_id=BOOT, units=10))
    arrive(site, 1, BOOT, 12)
    assert "With Tarn Textiles PO-2044" in site.get("/deliveries/1/unmatch/1").text
    assert site.post("/deliveries/1/unmatch/1", {"units": "12", "to": "50"}).status_code == 303
    assert (received(site, 1), received(site, 50)) == ((0, 0), (10, 0))


def test_a_booked_receipt_that_was_matched_does_not_come_back_by_itself(site: Site) -> None:
    site.post("/deliveries/1/receive", {"row_1": "12", "left_1": "40"})
    arrive(site, 1, BOOT, 12, "booked")
    assert received(site, 1) == (12, 0)
    site.post("/deliveries/1/unmatch/1", {"units": "12", "to": ""})
    assert received(site, 1) == (0, 0)


@pytest.mark.parametrize("units", ["0", "13", "x", ""])
def test_no_more_can_be_put_right_than_has_come(site: Site, units: str) -> None:
    arrive(site, 1, BOOT, 12)
    assert site.post("/deliveries/1/unmatch/1", {"units": units}).status_code == 422
    assert received(site, 1) == (12, 0)


def test_the_rest_of_a_partly_arrived_delivery_is_asked_for_instead_of_called_late(site: Site) -> None:
    arrive(site, 1, BOOT, 12)
    assert "52 still to come: when?" in site.get("/deliveries/1").text
    home = site.get("/").text
    assert "52 still to come from" in home
    assert "is 3 days late" not in home


def test_late_deliveries_stand_first_with_their_days(site: Site) -> None:
    text = site.get("/deliveries").text
    assert text.index("Acme Footwear") < text.index("Brathay Supplies") < text.index("Tarn Textiles")
    assert "3 days late" in text


# --- lists ---------------------------------------------------------------------------------------------------------


def count_deliveries(site: Site) -> int:
    with site.parts.database.read() as tx:
        return int(tx.execute(select(func.count()).where(t.deliveries.c.shop == seeding.SHOP)).scalar_one())


def test_a_list_is_shown_before_it_is_saved_and_saved_whole(site: Site) -> None:
    text = HEAD + (
        "Acme,PO-1,Kendal warehouse,2027-06-12,TARN-2P,12\nAcme,PO-1,kendal WAREHOUSE,2027-06-12,HARM-1,3\n"
        "Fell,,Kendal warehouse,,TARN-2P,5\n"
    )
    before = count_deliveries(site)
    shown = site.post("/deliveries/import", {"act": "preview", "list": text})
    assert "2 deliveries, 20 units" in shown.text
    assert count_deliveries(site) == before
    assert site.post("/deliveries/import", {"act": "save", "list": text}).status_code == 303
    assert count_deliveries(site) == before + 2
    again = site.post("/deliveries/import", {"act": "save", "list": text})
    assert again.status_code == 422
    assert "Acme PO-1 is entered already" in again.text
    assert count_deliveries(site) == before + 2


def test_wrong_cells_are_named_and_nothing_is_saved(site: Site) -> None:
    text = HEAD + (
        "Acme,PO-1,Kendal warehouse,06/12/2027,TARN-2P,1.000\nAcme,PO-2,Nowhere,,TARN-2P,two\n"
        "Acme,PO-3,Kendal warehouse,,NO-SUCH,1\nAcme,PO-4,Kendal warehouse,,TARN-2P,1\n"
        "Acme,PO-4,Kendal warehouse,,TARN-2P,2\n"
    )
    before = count_deliveries(site)
    for act in ("preview", "save"):
        said = site.post("/deliveries/import", {"act": act, "list": text}).text
        for words in (
            "Write 2027-12-06, or 2027-06-12.",
            "Write 1000, or 1.",
            "“Nowhere” is none of your locations. Write one of: Kendal warehouse, Outlet, Ambleside.",
            "“NO-SUCH” is not a SKU in your shop. Capitals and small letters count.",
            "“TARN-2P” stands on line 5 of the same delivery.",
        ):
            assert words in said
    assert count_deliveries(site) == before


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_file_is_read_whatever_wrote_it(site: Site, encoding: str) -> None:
    raw = (HEAD + "Söhne,PO-1,Kendal warehouse,2027-06-12,TARN-2P,12\n").encode(encoding)
    answer = site.client.post(
        "/deliveries/import",
        data={"act": "preview", "list": "", "file": (io.BytesIO(raw), "list.csv")},
        headers=site.headers,
        content_type="multipart/form-data",
    )
    assert "Söhne PO-1" in answer.text
    assert "1 delivery, 12 units" in answer.text


def test_five_thousand_lines_are_taken_in_at_once(site: Site) -> None:
    lines = "".join(f"Acme,PO-{n},Kendal warehouse,2027-06-12,TARN-2P,{n % 90 + 1}\n" for n in range(5000))
    before = count_deliveries(site)
    answer = site.post("/deliveries/import", {"act": "preview", "list": HEAD + lines})
    assert "5,000 deliveries" in answer.text
    assert "and 4,900 more" in answer.text
    assert count_deliveries(site) == before
