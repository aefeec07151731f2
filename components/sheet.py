"""What a panel shows, as CSV: UTF-8 with BOM, a comment row with the filter, units in the header, ISO times with offset.

A text that a spreadsheet would take for a formula is quoted with an apostrophe (OWASP, CSV injection).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import numpy as np

from components import format as show
from components.course import Course
from components.machine import Reading
from components.text import t
from components.view import View

BOM = "\ufeff"


def csv_text(comment: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The file's text."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([guarded(f"# {comment}")])
    writer.writerow([guarded(cell) for cell in head])
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return BOM + buffer.getvalue()


def guarded(cell: object) -> object:
    """The cell, with an apostrophe before text that begins like a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def trend_csv(courses: Sequence[Course], view: View, place: str) -> str:
    """Every drawn point, one row each: signal, time, value, and for aggregated points least and greatest."""
    head = [t("signal"), t("unit"), t("time"), t("value"), t("least"), t("greatest"), t("quality"), t("mean over seconds")]
    span = f"{show.iso(view.from_us, view.zone)} / {show.iso(view.to_us, view.zone)}"
    rows = (row for course in courses for row in _course_rows(course, view.zone))
    return csv_text(f"{place}, {span}, {view.zone}", head, rows)


def _course_rows(course: Course, zone: str) -> Iterable[list[object]]:
    for i, at_us in enumerate(course.at_us):
        if not (course.usable[i] or course.doubtful[i]):
            continue
        low = _cell(course.low, i)
        high = _cell(course.high, i)
        value = _cell(course.value, i)
        mean_s = course.width_us / 1e6 if course.width_us else ""
        yield [
            course.tag.name,
            course.tag.unit,
            show.iso(int(at_us), zone),
            value,
            low,
            high,
            "not good" if course.doubtful[i] else "good",
            mean_s,
        ]


def _cell(values: np.ndarray | None, i: int) -> object:
    return "" if values is None or np.isnan(values[i]) else float(values[i])


def now_csv(readings: Iterable[Reading], view: View, place: str) -> str:
    """Every current value."""
    head = [t("signal"), t("title"), t("value"), t("unit"), t("time"), t("quality")]
    quality = ("good", "uncertain", "bad", "bad")
    rows = [
        [
            r.tag.name,
            r.tag.title,
            r.text or ("" if r.value is None else r.value),
            r.tag.unit,
            show.iso(r.at_us, view.zone),
            quality[r.severity],
        ]
        for r in readings
        if r.at_us is not None
    ]
    return csv_text(f"{place}, {show.iso(view.to_us, view.zone)}, {view.zone}", head, rows)


def row_count(text: str) -> int:
    """The number of data rows of such a file."""
    return max(0, sum(1 for _ in csv.reader(io.StringIO(text))) - 2)


def file_name(*parts: str) -> str:
    """`filler-1_trend.csv` from words."""
    return "_".join("".join(c if c.isalnum() or c in "-." else "-" for c in part) for part in parts if part) + ".csv"


def download(text: str, *parts: str) -> dict[str, str]:
    """What dcc.Download sends to the browser."""
    return {"content": text, "filename": file_name(*parts), "type": "text/csv;charset=utf-8"}
