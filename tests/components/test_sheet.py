"""The rows of the machine page's panels: the same numbers as on the screen."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from components import sheet
from components.course import course
from components.events import Event, Told
from components.machine import Reading
from components.timeline import History, Stretch
from engine.historian.reduce import Trace
from engine.tag import StateTable, Tag, ValueKind
from engine.time import MINUTE_US, SECOND_US, us_of

NOW = us_of(datetime(2026, 7, 6, 12, 0, tzinfo=UTC))
TAG = Tag(1, 1, 1, "m.force", "Force", ValueKind.FLOAT, "kN")


def trace(*values: float, good: tuple[float, ...] | None = None) -> Trace:
    at = NOW - 10 * SECOND_US * np.arange(len(values))[::-1]
    column = np.array(values)
    count = np.array([0 if np.isnan(v) and good is None else 1 for v in values])
    share = np.ones(len(values)) if good is None else np.array(good)
    return Trace("raw", at, column, column, column, column, column, count, share)


def test_every_point_of_the_trend_newest_first_without_gaps() -> None:
    found = sheet.trend_sheet([course(TAG, trace(1.25, np.nan, -3.0), {})])
    assert found.signals == ("m.force",)
    assert found.rows == [
        ["m.force", "Force", "kN", NOW, -3.0, None, None, "", "good", None],
        ["m.force", "Force", "kN", NOW - 20 * SECOND_US, 1.25, None, None, "", "good", None],
    ]


def test_points_of_several_signals_stand_in_order_of_time() -> None:
    other = Tag(2, 1, 1, "m.speed", "Speed", ValueKind.FLOAT, "1/min")
    found = sheet.trend_sheet([course(TAG, trace(1.0, 2.0), {}), course(other, trace(8.0, 9.0), {})])
    assert [row[0] for row in found.rows] == ["m.force", "m.speed", "m.force", "m.speed"]


def test_a_sample_that_is_not_good_has_no_value_and_says_so() -> None:
    found = sheet.trend_sheet([course(TAG, trace(np.nan, good=(0.0,)), {})])
    assert (found.rows[0][4], found.rows[0][8]) == (None, "not good")


def test_a_state_is_named() -> None:
    tag = Tag(3, 1, 1, "m.state", "State", ValueKind.STATE, state_table="packml")
    tables = {"packml": StateTable("packml", "PackML", {6: ("Execute", "running")})}
    assert sheet.trend_sheet([course(tag, trace(6.0), tables)]).rows[0][7] == "Execute"


def test_what_has_no_value_yet_is_no_row() -> None:
    found = sheet.now_sheet([Reading(TAG), Reading(TAG, 2.5, "", NOW, 1)])
    assert found.rows == [["m.force", "Force", 2.5, "", "kN", NOW, "uncertain"]]


def test_states_and_events_have_their_lengths() -> None:
    row = [Stretch(NOW - 3 * MINUTE_US, NOW - MINUTE_US, None), Stretch(NOW - MINUTE_US, NOW, "running", "Execute")]
    states = sheet.state_sheet(History(row), "Last 8 hours")
    assert [(cells[2], cells[4]) for cells in states.rows] == [("Running", 1.0), ("Unknown", 2.0)]
    said = Event(NOW - 2 * MINUTE_US, "Batch B1", until_us=NOW - 2 * MINUTE_US, ended=True)
    events = sheet.event_sheet(Told([Event(NOW - MINUTE_US, "Stopped", "Jam", "stopped"), said], 2), "Last 8 hours")
    assert [cells[3:] for cells in events.rows] == [[None, None], [None, None]]
    assert events.rows[0][1:3] == ["Stopped", "Jam"]
