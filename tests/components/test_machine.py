"""Current values, header strip, states and events of a machine."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import analog, machine, timeline
from components.course import Course
from components.machine import Reading
from engine.historian.reduce import LastValue, Trace
from engine.order import Made
from engine.tag import BAD, GOOD, Limits, StateTable, Tag, ValueKind
from engine.time import HOUR_US, SECOND_US

NOW = 1_800_000_000_000_000
LIMITS = Limits(low=0, high=100, normal_low=40, normal_high=60, alarm_low=10, alarm_high=90, setpoint=50)
PACKML = StateTable("packml", "PackML", {4: ("Execute", "running"), 0: ("Stopped", "stopped")})
MODES = StateTable("mode", "Modes", {1: ("Production", "running"), 4: ("Cleaning", "cleaning")})
TABLES = {"packml": PACKML, "mode": MODES}


def tag(key: str = "force", number: int = 1, **changes: Any) -> Tag:
    given_ = {
        "kind": ValueKind.FLOAT,
        "unit": "kN",
        "interval_s": 10.0,
        "decimals": 1,
        "limits": LIMITS,
        "group": "Compression",
    }
    return Tag(number, 1, 7, f"press-1.{key}", key.title(), **(given_ | changes))


def state_tag(key: str, table: str, number: int) -> Tag:
    return tag(key, number, kind=ValueKind.STATE, state_table=table, interval_s=None, limits=Limits(), unit="")


def value(of: Tag, v: Any, *, age_s: float = 1, status: int = GOOD) -> Reading:
    at = NOW - int(age_s * SECOND_US)
    return machine.reading(of, LastValue(of.id, at, 0, v, status, at), TABLES)


def words(component: Any) -> str:
    """Every text in a component tree."""
    if isinstance(component, str | int | float):
        return str(component)
    if isinstance(component, list | tuple):
        return " ".join(words(part) for part in component)
    children = getattr(component, "children", None)
    return "" if children is None else words(children)


@pytest.mark.parametrize(
    ("v", "mark"), [(50, ""), (39.9, "p3"), (60.1, "p3"), (9.9, "p2"), (90.1, "p2"), (90, "p3"), (math.nan, ""), (None, "")]
)
def test_a_value_is_judged_by_the_limits_that_are_known(v: float | None, mark: str) -> None:
    assert analog.level(LIMITS, v) == mark


@given(st.floats(-1e9, 1e9))
def test_the_pointer_never_leaves_the_bar(v: float) -> None:
    bar = analog.analog_bar(LIMITS, v, "x")
    assert bar is not None
    pointer = next(p for p in bar.children if p.className == "pt")
    assert 0 <= float(pointer.style["--x"].rstrip("%")) <= 100


def test_without_a_limit_there_is_no_bar() -> None:
    assert analog.analog_bar(Limits(), 5, "x") is None
    assert analog.analog_bar(Limits(setpoint=5), 5, "x") is None


def test_a_row_shows_value_unit_age_and_a_shape_with_words() -> None:
    row = machine.now_row(value(tag(), 95.0), NOW)
    assert words(row).split() == ["Force", "95.0", "kN", "1", "s"]
    quality = row.children[-1].children
    assert (quality.className, getattr(quality, "aria-label")) == ("pl-shape pl-shape--p2", "Beyond the alarm limit")


def test_old_values_look_old() -> None:
    assert "is-stale" in machine.now_row(value(tag(), 50.0, age_s=31), NOW).className
    assert "is-stale" not in machine.now_row(value(tag(), 50.0, age_s=29), NOW).className
    assert "is-stale" not in machine.now_row(value(tag(interval_s=None), 50.0, age_s=99_999), NOW).className


def test_a_bad_value_has_no_pointer_and_is_named() -> None:
    row = machine.now_row(value(tag(), 50.0, status=BAD), NOW)
    assert "is-bad" in row.className
    assert getattr(row.children[-1].children, "aria-label") == "Bad quality"
    bar = row.children[1].children
    assert [p for p in bar.children if p.className == "pt"] == []


def test_a_standing_machine_is_not_judged_by_the_range_of_running() -> None:
    slow = value(tag(), 30.0)
    assert machine.now_row(slow, NOW, running=False).children[-1].children is None
    assert machine.now_row(slow, NOW, running=True).children[-1].children is not None
    assert machine.now_row(value(tag(), 95.0), NOW, running=False).children[-1].children is not None


def test_a_tag_without_a_value_is_a_dash() -> None:
    row = machine.now_row(Reading(tag()), NOW)
    assert words(row).split() == ["Force", "—", "—"]


def test_rows_are_grouped_by_function_and_an_empty_machine_says_so() -> None:
    shown = machine.now_rows(
        [value(tag("a", 1, group="B"), 1.0), value(tag("b", 2, group="A"), 1.0), value(tag("c", 3, group="B"), 1.0)], NOW
    )
    assert [part.children for part in shown.children if part.className == "gh"] == ["B", "A"]
    assert "No signal is configured" in words(machine.now_rows([], NOW))


def test_cleaning_leads_over_the_state() -> None:
    state, mode = state_tag("state", "packml", 1), state_tag("mode", "mode", 2)
    assert machine.overall([value(state, 4), value(mode, 1)]).text == "Execute"  # type: ignore[union-attr]
    assert machine.overall([value(state, 4), value(mode, 4)]).category == "cleaning"  # type: ignore[union-attr]


def test_a_code_that_the_table_does_not_name_is_told_as_it_is() -> None:
    found = value(state_tag("state", "packml", 1), 77)
    assert (found.text, found.category) == ("Unknown code 77", None)
    assert "not known" in words(machine.strip([found], NOW))


def test_the_strip_leaves_out_what_the_machine_does_not_tell() -> None:
    batch = tag("batch", 3, kind=ValueKind.TEXT, interval_s=None, unit="")
    readings = [value(state_tag("state", "packml", 1), 4, age_s=4 * 3600), value(batch, "B26104")]
    said = words(machine.strip(readings, NOW))
    assert "Running" in said
    assert "4 h 00 min" in said
    assert "B26104" in said
    assert "Work order" not in said
    assert machine.strip([], NOW) == []


def test_the_sentence_names_what_is_wrong_before_what_is_old() -> None:
    hot, old = value(tag("force", 1), 95.0), value(tag("depth", 2), 50.0, age_s=99)
    assert machine.sentence([hot, old], NOW) == "Beyond the alarm limit: Force"
    assert machine.sentence([value(tag(), 50.0), old], NOW) == "No fresh data: Depth"
    assert machine.sentence([old], NOW) == "No fresh data: the source is silent"
    assert machine.sentence([value(tag(), 50.0)], NOW) == "All signals fresh, none beyond its alarm limit"


def made_by(readings: list[Reading], made: Made | None) -> str:
    return words(machine.strip(readings, NOW, made))


def counters() -> list[Reading]:
    kinds = {"kind": ValueKind.INT, "counter": True, "unit": "tablets", "limits": Limits()}
    return [value(tag("produced", 1, **kinds), 256_412_892), value(tag("rejected", 2, **kinds), 1_055_340)]


def test_counts_say_whose_they_are_and_are_never_the_register() -> None:
    both = counters()
    assert "Good, this batch 990 tablets · 10 rejected" in made_by(both, Made(0, "B1", 1000, 10))
    assert "Good, this shift 990 tablets" in made_by(both, Made(0, "", 1000, 10))
    assert "Good, no batch — tablets · — rejected" in made_by(both, None)
    assert "Made, this batch 1\u2009000 tablets" in made_by(both[:1], Made(0, "B1", 1000, None))
    assert "Rejected, this batch 10" in made_by(both[1:], Made(0, "B1", None, 10))
    assert "256" not in made_by(both, None)
    assert "register" in words(machine.now_row(both[0], NOW))


def test_what_is_good_is_unknown_unless_both_counts_are() -> None:
    assert [Made(0, "B", *pair).good for pair in ((100, 3), (100, None), (None, 3), (2, 3))] == [97, None, None, None]


CHANGES = st.lists(st.tuples(st.integers(-50, 150), st.sampled_from(["running", "idle", None]), st.just("")), max_size=12)


@given(CHANGES)
def test_stretches_cover_the_window_without_gap_or_overlap(found: list[timeline.Change]) -> None:
    row = timeline.stretches(sorted(found, key=lambda c: c[0]), 0, 100)
    assert (row[0].from_us, row[-1].to_us) == (0, 100)
    assert all(a.to_us == b.from_us for a, b in itertools.pairwise(row))
    assert all(a.category != b.category for a, b in itertools.pairwise(row))


def test_before_the_first_change_the_state_is_unknown() -> None:
    row = timeline.stretches([(40, "running", "Execute")], 0, 100)
    assert [(s.from_us, s.category) for s in row] == [(0, None), (40, "running")]


def test_the_timeline_is_told_in_words() -> None:
    row = timeline.stretches(
        [(NOW - 4 * HOUR_US, "running", "Execute"), (NOW - HOUR_US, "idle", "Idle")], NOW - 8 * HOUR_US, NOW
    )
    found = timeline.History(row)
    assert timeline.spoken(found) == "States: Unknown 4 h 00 min, Running 3 h 00 min, Idle 1 h 00 min."


@given(st.lists(st.tuples(st.integers(0, 9_999), st.sampled_from(["running", "idle", None]), st.just("")), max_size=400))
def test_merged_states_still_cover_the_range_in_few_parts(found: list[timeline.Change]) -> None:
    row = timeline.stretches(sorted(found, key=lambda c: c[0]), 0, 10_000)
    shown = timeline.merged(row, 20)
    assert len(shown) <= max(20, min(len(row), 20))
    assert (shown[0].from_us, shown[-1].to_us) == (0, 10_000)
    assert all(a.to_us == b.from_us for a, b in itertools.pairwise(shown))


def test_each_part_of_a_merged_row_shows_what_lasted_longest_in_it() -> None:
    row = timeline.stretches([(i * 10, "running" if i % 2 else "idle", "") for i in range(50)], 0, 500)
    uneven = timeline.stretches([(i * 10 + 3 * (i % 2), "idle" if i % 2 else "running", "") for i in range(50)], 0, 500)
    assert len(timeline.merged(row, 100)) == 50, "few states stay as they are"
    assert [s.category for s in timeline.merged(uneven, 5)] == ["running"]


def test_what_two_signals_say_at_one_instant_is_one_change() -> None:
    def of(code: int, text: str, category: str, number: int) -> tuple[Course, StateTable]:
        signal = state_tag(f"s{number}", "x", number)
        table = StateTable("x", "X", {code: (text, category)})
        return Course(signal, np.array([5]), np.array([float(code)]), np.zeros(1, bool)), table

    assert timeline.changes([of(0, "Stopped", "stopped", 1), of(5, "Changeover", "setup", 2)]) == [(5, "setup", "Changeover")]


def test_coarse_traces_are_read_exactly_from_where_few_changes_remain() -> None:
    def trace(count: list[int], width: int) -> Trace:
        n = len(count)
        column = np.zeros(n)
        at = np.arange(n, dtype=np.int64) * 10
        return Trace("bucket", at, column, column, column, column, column, np.array(count), column, width)

    assert timeline.exact_since([trace([9, 9, 9], 0)], (0, 30), 1000) == 0
    assert timeline.exact_since([trace([9, 5, 4, 3], 10)], (0, 40), 1000, most=7) == 20
    assert timeline.exact_since([trace([1, 1, 1, 1], 10)], (0, 40), 15, most=7) == 25
    assert timeline.exact_since([trace([9, 9], 10)], (0, 20), 1000, most=3) == 10
