"""What a panel shows, as rows: one record for its table view, CSV and XLSX. What made it is written beside it.

A `Sheet` is made on the server for every export anew. Columns are typed, so that a spreadsheet can count with them:

    text    str                                number  int or float, in `unit`
    time    int, µs since 1970 UTC             share   0–1, shown in percent

None is an empty cell: unknown is never zero.
"""

from __future__ import annotations

import base64
import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from dash import html

from components import format as show
from components.text import t
from engine.time import SECOND_US

Cell = str | int | float | bool | None
Kind = Literal["text", "number", "time", "share"]
MOST_ROWS, MOST_SHOWN, WIDEST = 100_000, 500, 48
BOM = "\ufeff"
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, what its cells are, their unit, and their decimals on the screen (None: as many as needed)."""

    title: str
    kind: Kind = "text"
    unit: str = ""
    decimals: int | None = None

    @property
    def head(self) -> str:
        """The title with its unit."""
        unit = "%" if self.kind == "share" else self.unit
        return f"{self.title} ({unit})" if unit else self.title


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a panel. `title` names it; `filters` are those beside place and range, as (name, value) in words;
    `signals` the tags whose samples they are made of, if any."""

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Cell]]
    filters: tuple[tuple[str, str], ...] = ()
    signals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """Where, over which range, by whom, when and with which version a sheet was made."""

    place: str
    from_us: int
    to_us: int
    zone: str
    user: str
    at_us: int
    version: str

    def facts(self, sheet: Sheet) -> list[tuple[str, str]]:
        """What stands on the sheet "About", and in the comment of a CSV file."""
        return [
            (t("Shows"), sheet.title),
            (t("Place"), self.place or t("All places")),
            (t("From"), show.iso(self.from_us, self.zone)),
            (t("To"), show.iso(self.to_us, self.zone)),
            (t("Time zone"), self.zone),
            *sheet.filters,
            *([(t("Signals"), ", ".join(sheet.signals))] if sheet.signals else []),
            (t("Rows"), str(len(sheet.rows))),
            (t("Made by"), self.user),
            (t("Made at"), show.iso(self.at_us, self.zone)),
            (t("Version"), f"Plantglass {self.version}".strip()),
        ]


def cut(sheet: Sheet) -> Sheet:
    """The sheet with as many rows as a file may have; what is left out is told among the filters."""
    if len(sheet.rows) <= MOST_ROWS:
        return sheet
    told = (t("Left out"), t("{n} rows: choose a shorter range", n=len(sheet.rows) - MOST_ROWS))
    return replace(sheet, rows=sheet.rows[:MOST_ROWS], filters=(*sheet.filters, told))


def csv_of(sheet: Sheet, made: Made) -> str:
    """The file's text: BOM, the facts as a comment row, units in the header, ISO times with offset."""
    comment = "; ".join(f"{name}: {value}" for name, value in made.facts(sheet))
    rows = ([_plain(c, cell, made.zone) for c, cell in zip(sheet.columns, row, strict=True)] for row in sheet.rows)
    return csv_text(comment, [column.head for column in sheet.columns], rows)


def csv_text(comment: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A CSV file of a comment row, a header and rows. A text that a spreadsheet would take for a formula is quoted with an
    apostrophe (OWASP, CSV injection)."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([guarded(f"# {comment}")])
    writer.writerow([guarded(cell) for cell in head])
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return BOM + buffer.getvalue()


def guarded(cell: object) -> object:
    """The cell, with an apostrophe before text that begins like a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _plain(column: Column, cell: Cell, zone: str) -> Cell:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if column.kind == "time":
        return show.iso(int(cell), zone)
    return round(float(cell) * 100, 6) if column.kind == "share" else cell


def xlsx_of(sheet: Sheet, made: Made) -> bytes:
    """The workbook: the rows as typed cells below a header that stays, and the sheet "About"."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    zone = _steady_zone(made)
    _add_rows(book.create_sheet(_tab(sheet.title)), sheet, zone)
    about = book.create_sheet(t("About"))
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 16, 72
    for name, value in [*made.facts(sheet), (t("Times in cells"), zone)]:
        about.append([_text(about, name, bold=True), _text(about, value)])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _steady_zone(made: Made) -> str:
    """Cells hold no offset: where the clock changes within the range, times are in UTC."""
    offsets = {show.local(at_us, made.zone).utcoffset() for at_us in (made.from_us, made.to_us)}
    return made.zone if len(offsets) == 1 else "UTC"


def _tab(title: str) -> str:
    return re.sub(r"[\\/*?:\[\]]", "-", title)[:31] or t("Rows")


def _add_rows(page: Any, sheet: Sheet, zone: str) -> None:
    page.freeze_panes = "A2"
    for i, column in enumerate(sheet.columns):
        page.column_dimensions[_letters(i)].width = _width(sheet, i, column)
    page.append([_text(page, _head(column, zone), bold=True) for column in sheet.columns])
    for row in sheet.rows:
        page.append([_typed(page, column, cell, zone) for column, cell in zip(sheet.columns, row, strict=True)])


def _letters(index: int) -> str:
    return chr(65 + index) if index < 26 else _letters(index // 26 - 1) + chr(65 + index % 26)


def _head(column: Column, zone: str) -> str:
    return f"{column.title} ({zone})" if column.kind == "time" else column.head


def _width(sheet: Sheet, index: int, column: Column) -> int:
    if column.kind == "time":
        return 26
    cells = [len(str(row[index])) for row in sheet.rows[:200] if isinstance(row[index], str)]
    return min(WIDEST, max([10, len(column.head) + 2, *cells]))


def _text(page: Any, value: str, *, bold: bool = False) -> Any:
    """A cell that is text whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cell = WriteOnlyCell(page, _UNPRINTABLE.sub("", value)[:32_000])
    cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell


def _typed(page: Any, column: Column, value: Cell, zone: str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, str):
        return _text(page, value)
    cell = WriteOnlyCell(page, _naive(int(value), zone) if column.kind == "time" else value)
    cell.number_format = _number_format(column)
    return cell


def _naive(at_us: int, zone: str) -> datetime:
    return show.local(at_us, zone).replace(tzinfo=None)


def _number_format(column: Column) -> str:
    if column.kind == "time":
        return "yyyy-mm-dd hh:mm:ss.000"
    if column.kind == "share":
        return "0.0%" if column.decimals is None else f"0.{'0' * column.decimals}%" if column.decimals else "0%"
    return "General" if column.decimals is None else f"0.{'0' * column.decimals}" if column.decimals else "0"


# ------------------------------------------------------------------ on the screen and to the browser
def table(sheet: Sheet, zone: str) -> html.Div:
    """The first rows as a table, with how many there are."""
    if not sheet.rows:
        return html.Div(html.P(t("No rows in this range."), className="t2"))
    head = html.Tr([html.Th(c.head, className="num" if c.kind in ("number", "share") else "") for c in sheet.columns])
    shown = sheet.rows[:MOST_SHOWN]
    body = [html.Tr(list(_cells(sheet.columns, row, zone))) for row in shown]
    count = t("{shown} of {rows} rows; save as CSV or XLSX for all of them", shown=len(shown), rows=len(sheet.rows))
    told = [html.P(count, className="cap t2")] if len(shown) < len(sheet.rows) else []
    return html.Div([*told, html.Table([html.Thead(head), html.Tbody(body)], className="pl-table")])


def _cells(columns: Sequence[Column], row: Sequence[Cell], zone: str) -> Iterator[html.Td]:
    for column, cell in zip(columns, row, strict=True):
        yield html.Td(_said(column, cell, zone), className="num" if column.kind in ("number", "share") else "")


def _said(column: Column, cell: Cell, zone: str) -> str:
    if cell is None:
        return show.NOTHING
    if column.kind == "time":
        seconds = int(cell) % (60 * SECOND_US) != 0
        return f"{show.day(int(cell), zone)} {show.clock(int(cell), zone, seconds=seconds)}"
    if column.kind == "share":
        return show.number(float(cell) * 100, 1 if column.decimals is None else column.decimals)
    return show.number(float(cell), column.decimals) if column.kind == "number" else str(cell)


TYPES = {"csv": "text/csv;charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def download(form: str, sheet: Sheet, made: Made, *names: str) -> dict[str, Any]:
    """What dcc.Download sends to the browser."""
    sent = {"filename": file_name(form, *names, show.local(made.at_us, made.zone).strftime("%Y-%m-%d")), "type": TYPES[form]}
    if form == "csv":
        return sent | {"content": csv_of(sheet, made), "base64": False}
    return sent | {"content": base64.b64encode(xlsx_of(sheet, made)).decode(), "base64": True}


def file_name(form: str, *parts: str) -> str:
    """`filler-1_trend_2026-07-06.csv` from words."""
    return "_".join("".join(c if c.isalnum() or c == "-" else "-" for c in part) for part in parts if part) + f".{form}"
