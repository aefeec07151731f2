"""CSV as a spreadsheet reads it: same numbers as on the screen, nothing that it would run."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import numpy as np
import pytest

from components import sheet
from components.course import course
from components.view import Clocks, read
from engine.historian.reduce import Trace
from engine.tag import Tag, ValueKind
from engine.time import SECOND_US, us_of

NOW = us_of(datetime(2026, 7, 6, 12, 0, tzinfo=UTC))
VIEW = read("/machine", "", Clocks(NOW, "Europe/Dublin"))


def rows(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_a_text_like_a_formula_is_text(text: str) -> None:
    assert sheet.guarded(text) == f"'{text}"


def test_a_negative_number_stays_a_number() -> None:
    assert sheet.guarded(-1.5) == -1.5


def test_every_point_of_the_trend_with_its_time_in_the_zone() -> None:
    at = np.array([NOW - 20 * SECOND_US, NOW - 10 * SECOND_US, NOW])
    column = np.array([1.25, np.nan, -3.0])
    trace = Trace("raw", at, column, column, column, column, column, np.array([1, 0, 1]), np.array([1.0, 0, 1]))
    tag = Tag(1, 1, 1, "m.force", "Force", ValueKind.FLOAT, "kN")
    found = rows(sheet.trend_csv([course(tag, trace, {})], VIEW, "acme/dublin/m"))
    assert found[0][0].startswith("# acme/dublin/m, 2026-07-06T05:00:00.000+01:00 / 2026-07-06T13:00:00.000+01:00")
    assert found[1][:4] == ["signal", "unit", "time", "value"]
    assert found[2:] == [
        ["m.force", "kN", "2026-07-06T12:59:40.000+01:00", "1.25", "", "", "good", ""],
        ["m.force", "kN", "2026-07-06T13:00:00.000+01:00", "-3.0", "", "", "good", ""],
    ]


def test_a_file_name_holds_no_path() -> None:
    assert sheet.file_name("../../etc", "trend") == "..-..-etc_trend.csv"
