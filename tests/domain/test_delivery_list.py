"""Lists of deliveries: what is read, and what is sent back with what to write."""

from __future__ import annotations

import re
from datetime import date

import pytest

from plugin.domain.delivery_list import LineError, ListedRow, read_day, read_list, read_units

HEAD = "supplier,reference,location,date,sku,units\n"


def errors(text: str) -> list[tuple[int, str]]:
    return [(e.line, e.column) for e in read_list(text).errors]


def test_a_list_becomes_rows_with_their_line_numbers() -> None:
    found = read_list(HEAD + "Acme,PO-1,Berlin,2027-06-12,BOOT-42,24\n\nAcme,PO-1,Berlin,2027-06-12,TENT,3\n")
    assert found.errors == ()
    assert found.rows == (
        ListedRow(2, "Acme", "PO-1", "Berlin", date(2027, 6, 12), "BOOT-42", 24),
        ListedRow(4, "Acme", "PO-1", "Berlin", date(2027, 6, 12), "TENT", 3),
    )


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_the_separator_and_the_order_of_columns_are_found_in_the_heading(mark: str) -> None:
    text = "\ufeffMenge,SKU,Farbe,Lieferant,Datum\n5,BOOT,rot,Söhne,2027-06-12\n".replace(",", mark)
    found = read_list(text)
    assert found.rows == (ListedRow(2, "Söhne", "", "", date(2027, 6, 12), "BOOT", 5),)
    assert found.ignored == ("Farbe",)


def test_a_cell_in_quotes_may_hold_the_separator_and_a_line_break() -> None:
    found = read_list(HEAD + '"Acme, Inc.","PO\n1",,,BOOT,1\nAcme,,,,TENT,x\n')
    assert found.rows[0].supplier == "Acme, Inc."
    assert [(e.line, e.column) for e in found.errors] == [(4, "units")]


def test_a_missing_column_is_named() -> None:
    assert read_list("supplier,sku\nAcme,BOOT\n").errors == (
        LineError(1, "heading", "The first line must name the columns. Missing: units."),
    )


def test_every_wrong_cell_is_named_by_line_and_column() -> None:
    text = HEAD + "Acme,PO,Berlin,06/12/2027,BOOT,1.000\n,,,,,\nAcme,,,,,2\n,PO,,2027-02-30,TENT,0\n"
    assert errors(text) == [(2, "date"), (2, "units"), (4, "sku"), (5, "supplier"), (5, "date"), (5, "units")]


def test_an_empty_text_and_a_heading_alone_say_so() -> None:
    assert errors("  \n") == [(1, "heading")]
    assert errors(HEAD) == [(1, "heading")]


@pytest.mark.parametrize(
    ("text", "say"),
    [
        ("1.000", "Write 1000, or 1."),
        ("1,000", "Write 1000, or 1."),
        ("12.000.000", "Write 12000000, or 12."),
        ("1 000", "Write 1000."),
        ("1'000", "Write 1000."),
        ("12,5", "Write 12, or 13."),
        ("24.0", "Write 24."),
        ("24 pcs", "Write 24."),
        ("x24", "Write 24."),
        ("", "Write how many units are coming."),
        ("0", "from 1 to 1000000"),
        ("-3", "Write digits alone"),
        ("9999999", "from 1 to 1000000"),
        ("²", "Write digits alone"),
        ("two", "Write digits alone"),
    ],
)
def test_a_quantity_that_is_not_plain_is_refused_with_what_to_write(text: str, say: str) -> None:
    with pytest.raises(ValueError, match=re.escape(say)):
        read_units(text)


@pytest.mark.parametrize(
    ("text", "say"),
    [
        ("06/12/2027", "Write 2027-12-06, or 2027-06-12."),
        ("46550", "Write 2027-06-12."),
        ("2027-02-30", "no day of the calendar"),
        ("June", "Write it like 2027-06-12"),
        ("31.02.2027", "Write it like 2027-06-12"),
    ],
)
def test_a_day_that_may_be_another_is_refused_with_what_to_write(text: str, say: str) -> None:
    with pytest.raises(ValueError, match=re.escape(say)):
        read_day(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("12.06.2027", "2027-06-12"),
        ("1.6.27", "2027-06-01"),
        ("06/24/2027", "2027-06-24"),
        ("24/06/2027", "2027-06-24"),
        ("07/07/2027", "2027-07-07"),
        ("2027/6/12", "2027-06-12"),
    ],
)
def test_a_day_that_can_be_no_other_is_read_as_it_is_written(text: str, meant: str) -> None:
    assert read_day(text) == date.fromisoformat(meant)


def test_no_day_means_that_the_supplier_has_not_said() -> None:
    assert read_day("") is None


def test_five_thousand_lines_are_read() -> None:
    text = HEAD + "".join(f"Acme,PO-{n // 50},Berlin,2027-06-12,SKU-{n},{n % 90 + 1}\n" for n in range(5000))
    assert len(read_list(text).rows) == 5000
