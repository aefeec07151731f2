"""Files of panels: what a spreadsheet reads is what the screen shows, with units, offsets, filters and types."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from openpyxl import load_workbook

from components import export
from components.export import Column, Made, Sheet
from engine.time import DAY_US, HOUR_US, us_of
from tests.components.test_machine import words

NOW = us_of(datetime(2026, 7, 6, 12, 0, tzinfo=UTC))
SHEET = Sheet(
    "Losses",
    (Column("Machine"), Column("From", "time"), Column("Lost", "number", "min", 1), Column("OEE", "share")),
    [["Press 1", NOW - HOUR_US, 12.25, 0.784], ["=1+1", None, None, None]],
    (("Reason", "jams"),),
    ("press-1.state",),
)
MADE = Made("acme/dublin", NOW - 8 * HOUR_US, NOW, "Europe/Dublin", "Ines Brandt (ines)", NOW, "1.2.3")


def test_csv_has_bom_comment_units_and_iso_times_with_offset() -> None:
    text = export.csv_of(SHEET, MADE)
    assert text.startswith("\ufeff# Shows: Losses; Place: acme/dublin; From: 2026-07-06T05:00:00.000+01:00; To: ")
    assert "Reason: jams; Signals: press-1.state; Rows: 2; Made by: Ines Brandt (ines)" in text
    _, head, first, second = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert head == ["Machine", "From", "Lost (min)", "OEE (%)"]
    assert first == ["Press 1", "2026-07-06T12:00:00.000+01:00", "12.25", "78.4"]
    assert second == ["'=1+1", "", "", ""]


def test_xlsx_cells_are_typed_the_header_stays_and_about_tells_what_it_is() -> None:
    book = load_workbook(io.BytesIO(export.xlsx_of(SHEET, MADE)))
    rows = book["Losses"]
    assert rows.freeze_panes == "A2"
    assert [cell.value for cell in rows[1]] == ["Machine", "From (Europe/Dublin)", "Lost (min)", "OEE (%)"]
    assert [cell.value for cell in rows[2]] == ["Press 1", datetime(2026, 7, 6, 12, 0), 12.25, 0.784]
    assert [cell.data_type for cell in rows[2]] == ["s", "d", "n", "n"]
    assert rows["D2"].number_format == "0.0%"
    assert (rows["A3"].value, rows["A3"].data_type) == ("=1+1", "s")
    about = {row[0].value: row[1].value for row in book["About"].iter_rows()}
    assert about["Reason"] == "jams"
    assert about["Made by"] == "Ines Brandt (ines)"
    assert about["Version"] == "Plantglass 1.2.3"
    assert about["Rows"] == "2"


def test_over_a_change_of_the_clock_cells_are_in_utc() -> None:
    """Europe/Dublin falls back on 25 October 2026: 01:30 is there twice."""
    autumn = us_of(datetime(2026, 10, 25, 12, 0, tzinfo=UTC))
    made = replace(MADE, from_us=autumn - DAY_US, to_us=autumn, at_us=autumn)
    sheet = replace(SHEET, rows=[["a", us_of(datetime(2026, 10, 25, h, 30, tzinfo=UTC)), 1.0, 1.0] for h in (0, 1)])
    rows = load_workbook(io.BytesIO(export.xlsx_of(sheet, made)))["Losses"]
    assert rows["B1"].value == "From (UTC)"
    assert [rows["B2"].value, rows["B3"].value] == [datetime(2026, 10, 25, 0, 30), datetime(2026, 10, 25, 1, 30)]


def test_what_no_cell_can_hold_is_left_out() -> None:
    sheet = Sheet("A/B: [x]", (Column("Text"), Column("Number", "number")), [["a\x00b", float("nan")], ["c", float("inf")]])
    rows = load_workbook(io.BytesIO(export.xlsx_of(sheet, MADE))).worksheets[0]
    assert [[c.value for c in row] for row in rows.iter_rows(min_row=2)] == [["ab", None], ["c", None]]


def test_too_many_rows_are_cut_and_told() -> None:
    cut = export.cut(replace(SHEET, rows=[["a", None, 1.0, None]] * (export.MOST_ROWS + 5)))
    assert len(cut.rows) == export.MOST_ROWS
    assert ("Left out", "5 rows: choose a shorter range") in cut.filters


def test_the_table_view_shows_the_same_as_people_read_it() -> None:
    shown = words(export.table(SHEET, "Europe/Dublin"))
    assert "Mon 6 Jul 12:00" in shown
    assert "78.4" in shown
    assert "—" in shown
    many = words(export.table(replace(SHEET, rows=list(SHEET.rows) * 400), "UTC"))
    assert "500 of 800 rows" in many


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_file_name_holds_no_path(form: str) -> None:
    sent = export.download(form, SHEET, MADE, "../../etc", "Losses")
    assert sent["filename"] == f"------etc_Losses_2026-07-06.{form}"
    assert json.dumps(sent)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_a_text_like_a_formula_is_text(text: str) -> None:
    assert export.guarded(text) == f"'{text}"


def test_a_negative_number_stays_a_number() -> None:
    assert export.guarded(-1.5) == -1.5
