"""The trend's figure and its live ticks: bounded, honest about gaps, quality and aggregation."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import picker, trend
from components.course import Course, course, summary
from components.view import Clocks, View, read
from engine.historian.reduce import Trace
from engine.order import Occupation
from engine.tag import Interpolation, Limits, StateTable, Tag, ValueKind
from engine.time import HOUR_US, SECOND_US, us_of

NOW = us_of(datetime(2026, 7, 6, 12, 0, tzinfo=UTC))
VIEW = read("/machine", "", Clocks(NOW, "Europe/Dublin"))
LIMITS = Limits(normal_low=248, normal_high=252, alarm_low=246, alarm_high=254, setpoint=250)
NAN = float("nan")


def tag(number: int = 1, **changes: Any) -> Tag:
    given_ = {
        "kind": ValueKind.FLOAT,
        "unit": "mg",
        "interval_s": 10.0,
        "decimals": 1,
        "limits": LIMITS,
        "interpolation": Interpolation.LINEAR,
    }
    return Tag(number, 1, 1, f"press-1.s{number}", f"Signal {number}", **(given_ | changes))


def raw(values: list[float], *, at: list[int] | None = None, count: list[int] | None = None, of: Tag | None = None) -> Course:
    at_us = np.array(at or [NOW - (len(values) - i) * 10 * SECOND_US for i in range(len(values))], dtype=np.int64)
    column = np.array(values, dtype=np.float64)
    counted = np.array(count or [1] * len(values))
    trace = Trace("raw", at_us, column, column, column, column, column, counted, np.isfinite(column).astype(float))
    return course(of or tag(), trace, {})


def buckets(n: int, width_us: int, of: Tag | None = None) -> Course:
    at_us = NOW - (n - np.arange(n, dtype=np.int64)) * width_us
    mean = 250 + np.sin(np.arange(n) / 9)
    trace = Trace("bucket", at_us, mean, mean + 0.5, mean - 1, mean + 1, mean, np.full(n, 6), np.ones(n), width_us)
    return course(of or tag(), trace, {})


def drawn(*courses: Course, view: View = VIEW) -> dict[str, Any]:
    return trend.figure(courses, view)


def test_raw_samples_are_a_line_and_buckets_a_mean_in_an_envelope() -> None:
    assert set(drawn(raw([250, 251]))["traces"]["1"]) == {"line", "bad", "label"}
    made = drawn(buckets(50, 60 * SECOND_US))
    places = made["traces"]["1"]
    line, envelope = (made["figure"]["data"][places[part]] for part in ("line", "envelope"))
    assert (len(line["x"]), len(envelope["x"])) == (50, 100)
    assert envelope["y"][:2] == line["customdata"][0]
    assert "mean of 1 min" in line["hovertemplate"]


def test_five_signals_over_any_range_stay_within_the_promise() -> None:
    made = drawn(*(buckets(1000, 60 * SECOND_US, tag(i)) for i in range(1, 6)))["figure"]
    assert len(made["data"]) <= 20
    assert max(len(trace["x"]) for trace in made["data"]) <= trend.MOST_POINTS
    assert {trace["type"] for trace in made["data"]} == {"scatter"}


def test_a_gap_breaks_the_line_and_is_not_drawn_as_a_doubtful_sample() -> None:
    made = drawn(raw([250, NAN, 251], count=[1, 0, 1]))
    places, data = made["traces"]["1"], made["figure"]["data"]
    assert data[places["line"]]["y"] == [250.0, None, 251.0]
    assert data[places["bad"]]["x"] == []
    assert data[places["line"]]["connectgaps"] is False


def test_single_samples_can_be_seen() -> None:
    few, lone = drawn(raw([250, 251])), drawn(raw([250, NAN, 251] * 200, count=[1, 0, 1] * 200))
    many = drawn(raw([250.0] * 600))
    assert [made["figure"]["data"][0]["mode"] for made in (few, lone, many)] == ["lines+markers", "lines+markers", "lines"]


def test_a_sample_that_is_not_good_is_marked_at_the_height_of_the_one_before() -> None:
    made = drawn(raw([250, NAN, 251], count=[1, 1, 1]))
    bad = made["figure"]["data"][made["traces"]["1"]["bad"]]
    assert bad["y"] == [250.0]
    assert bad["marker"]["symbol"] == "square-open"


def test_times_are_shown_in_the_zone_of_the_plant() -> None:
    x = drawn(raw([250.0], at=[NOW]))["figure"]["data"][0]["x"]
    assert x == [NOW // 1000 + 3_600_000]


def test_over_a_clock_change_labels_are_local_and_points_stay_in_order() -> None:
    at = us_of(datetime(2026, 10, 25, 6, 0, tzinfo=UTC))
    view = read("/machine", "", Clocks(at, "Europe/Dublin"))
    figure = drawn(raw([1, 2, 3], at=[at - 7 * HOUR_US, at - 5 * HOUR_US, at - HOUR_US]), view=view)["figure"]
    axis = figure["layout"]["xaxis"]
    assert figure["data"][0]["text"] == ["00:00 IST", "01:00 GMT", "05:00 GMT"]
    assert [text.split("<br>")[0] for text in axis["ticktext"]] == ["01:00", "02:00", "04:00", "06:00"]
    assert "IST" in axis["title"]["text"]
    assert "GMT" in axis["title"]["text"]
    assert axis["tickvals"] == sorted(axis["tickvals"])


def test_limits_are_a_band_and_dash_dot_lines_never_only_red() -> None:
    shapes = drawn(raw([250, 251]))["figure"]["layout"]["shapes"]
    assert [(s["type"], s["y0"], s["y1"]) for s in shapes] == [("rect", 248, 252), ("line", 246, 246), ("line", 254, 254)]
    assert {s["line"].get("dash") for s in shapes[1:]} == {"dashdot"}
    assert "@p1" not in json.dumps(shapes)


def test_the_end_of_the_line_says_the_value_and_a_crossed_limit() -> None:
    assert trend.end_label(raw([250, 255.25]))["text"] == "<b>▲ 255.2</b>"
    assert trend.end_label(raw([250, 250]))["text"] == "<b>250.0</b>"
    assert trend.end_label(raw([NAN]))["visible"] is False


def test_a_state_is_drawn_by_its_names_and_its_last_value() -> None:
    table = StateTable("packml", "PackML", {4: ("Execute", "running"), 2: ("Idle", "idle")})
    state = tag(
        kind=ValueKind.STATE,
        state_table="packml",
        interval_s=None,
        interpolation=Interpolation.STEP,
        limits=Limits(),
        decimals=None,
    )
    column = np.array([2.0, 4.0])
    trace = Trace(
        "raw", np.array([NOW - HOUR_US, NOW - HOUR_US // 2]), column, column, column, column, column, np.ones(2), np.ones(2)
    )
    shown = course(state, trace, {"packml": table})
    figure = drawn(shown)["figure"]
    assert figure["layout"]["yaxis"]["ticktext"] == ["Idle", "Execute"]
    assert trend.end_label(shown)["text"] == "<b>Execute</b>"
    assert figure["data"][0]["x"][-1] == VIEW.to_us // 1000 + 3_600_000, "an on-change signal is drawn up to now"
    assert figure["data"][0]["line"]["shape"] == "hv"


def test_names_are_text_in_a_chart() -> None:
    evil = Tag(1, 1, 1, "x", "<b>x</b><a href='javascript:1'>y</a>", ValueKind.FLOAT, "<i>")
    text = json.dumps(drawn(raw([1.0], of=evil))["figure"])
    assert "<a href" not in text
    assert "<i>" not in text


def test_a_tick_brings_only_what_came_since_and_is_small() -> None:
    before = drawn(*(buckets(1000, 10 * SECOND_US, tag(i)) for i in range(1, 5)))
    cuts = {int(k): v for k, v in before["after"].items()}
    tick = trend.tick([buckets(1000, 10 * SECOND_US, tag(i)) for i in range(1, 5)], VIEW, cuts)
    assert [len(row["parts"]["line"]["x"]) for row in tick["rows"]] == [1, 1, 1, 1]
    assert len(json.dumps(tick)) * 50 <= len(json.dumps(before))


def test_ticks_and_figure_have_the_same_key_until_the_range_changes() -> None:
    tick = trend.tick([raw([1.0])], VIEW, {1: 0})
    assert tick["key"] == drawn(raw([1.0]))["key"]
    assert tick["key"] != trend.key(read("/machine", "?from=now-1h", Clocks(NOW)))


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60), st.data())
def test_figure_plus_tick_is_the_figure_of_everything(values: list[float], data: st.DataObject) -> None:
    """The law behind the live chart: what the browser joins equals what the server would draw anew."""
    k = data.draw(st.integers(1, len(values) - 1))
    at = [NOW - (len(values) - i) * 10 * SECOND_US for i in range(len(values))]
    first, whole = raw(values[:k], at=at[:k]), raw(values, at=at)
    before = drawn(first)
    tick = trend.tick([whole], VIEW, {1: before["after"]["1"]})
    part, cut = tick["rows"][0]["parts"]["line"], tick["rows"][0]["cut_ms"]
    line = before["figure"]["data"][0]
    kept = [(x, y) for x, y in zip(line["x"], line["y"], strict=True) if x < cut]
    joined = kept + list(zip(part["x"], part["y"], strict=True))
    complete = drawn(whole)["figure"]["data"][0]
    assert joined == list(zip(complete["x"], complete["y"], strict=True))


def test_what_the_browser_claims_to_know_stays_within_the_view() -> None:
    lies = {"after": {"1": -(10**30), "2": 10**30}, "widths": {"2": "7"}}
    cuts = trend.due([tag(1), tag(2)], lies, VIEW)
    assert cuts.at_us == {1: VIEW.from_us, 2: VIEW.to_us - 1}
    assert cuts.from_us == VIEW.from_us


def test_a_finished_bucket_is_due_and_a_growing_one_is_not() -> None:
    known = {"after": {"1": NOW - 90 * SECOND_US, "2": NOW - 30 * SECOND_US}, "widths": {"1": 60_000_000, "2": 60_000_000}}
    assert [t.id for t in trend.due([tag(1), tag(2)], known, VIEW).buckets] == [1]


def test_the_chart_is_told_in_words() -> None:
    said = summary([raw([250, 255]), raw([NAN], count=[0], of=tag(2))], VIEW)
    assert "Signal 1: last 255.0\u2009mg, between 250.0 and 255.0\u2009mg; an alarm limit was crossed." in said
    assert "Signal 2: no measurements." in said


def test_stale_after_three_intervals_and_never_for_signals_on_change() -> None:
    assert drawn(raw([1.0]))["hold"] == 30 * SECOND_US
    assert drawn(raw([1.0], of=tag(interval_s=None)))["hold"] == 0


@pytest.mark.parametrize("courses", [[], [raw([NAN], count=[0])]])
def test_without_a_point_the_chart_says_why(courses: list[Course]) -> None:
    assert trend.nothing(courses, VIEW, NOW) is not None


def test_the_first_choice_prefers_measured_signals_with_alarm_limits() -> None:
    counter = tag(1, counter=True)
    bare, limited = tag(2, limits=Limits()), tag(3)
    text = tag(4, kind=ValueKind.TEXT)
    assert [t.id for t in picker.default_choice([counter, bare, limited, text])] == [3, 2, 1]


def test_a_range_with_nothing_in_it_borrows_no_value_from_after_it() -> None:
    one = np.array([13.9])
    later = Trace("raw", np.array([VIEW.to_us + 5]), one, one, one, one, one, np.array([1]), np.ones(1))
    found = course(tag(), later, {}, VIEW.to_us)
    assert (found.last, found.newest_us, len(found.at_us)) == (None, None, 0)
    assert trend.nothing([found], VIEW, NOW) is not None


def test_the_subtitle_reads_well_whatever_the_widths() -> None:
    minute = 60 * SECOND_US
    assert trend.subtitle([raw([250.0])]) == "Every stored sample. Dash-dot: alarm limits"
    assert trend.subtitle([buckets(9, minute)]).startswith("Mean of each 1 min, with least")
    assert trend.subtitle([buckets(9, 4 * minute), buckets(9, 5 * minute)]).startswith(
        "Mean of each 4 min to 5 min (by signal), with"
    )
    assert trend.subtitle([buckets(9, minute), raw([250.0])]).startswith("Every stored sample, or the mean of each 1 min,")
    assert trend.subtitle([raw([NAN], count=[0])]) == ""


def test_an_empty_range_draws_no_axis_that_has_no_scale() -> None:
    layout = drawn(raw([NAN], count=[0]))["figure"]["layout"]
    assert (layout["shapes"], layout["annotations"]) == ([], [])
    assert not any(name.startswith("yaxis") for name in layout)


def test_the_newest_data_are_shown_over_a_range_as_wide() -> None:
    def way(at_us: int | None, view: View = VIEW) -> Any:
        said = trend.nothing([raw([NAN], count=[0])], view, NOW, lambda: at_us)
        assert said is not None
        return said.children[-1]

    assert "from=2026-07-04T16:00:01.000Z&to=2026-07-05T00:00:01.000Z" in way(NOW - 36 * HOUR_US).href
    assert "up to 5 Jul 2026 01:00" in way(NOW - 36 * HOUR_US).children
    past = read("/machine", "?from=2020-01-01T00:00Z&to=2020-01-01T08:00Z", Clocks(NOW))
    assert "from=" not in way(NOW - SECOND_US, past).href, "what still comes in is shown live, here with the usual range"
    assert "never told" in way(None).children


def test_the_pointer_is_told_the_batch_and_while_live_the_age() -> None:
    batches = [Occupation("B<1>", "", NOW - 2 * HOUR_US, NOW - HOUR_US), Occupation("B2", "", NOW - HOUR_US, None)]
    told = trend.context(batches, VIEW)
    assert [(b["name"], b["to"] is None) for b in told["batches"]] == [("B&lt;1&gt;", False), ("B2", True)]
    assert told["batches"][0]["from"] == (NOW - 2 * HOUR_US) / 1000 + 3_600_000
    assert told["words"]["ago"]
    assert trend.context([], read("/machine", "?to=now-1h", Clocks(NOW)))["words"]["ago"] == ""
    assert trend.context_now(None, VIEW) == {"batch": None}


def test_a_doubtful_sample_names_its_signal_under_the_pointer() -> None:
    made = drawn(raw([250, NAN, 251], count=[1, 1, 1]))
    bad = made["figure"]["data"][made["traces"]["1"]["bad"]]
    assert bad["hovertemplate"].startswith("Signal 1: bad or uncertain quality")


def test_rows_of_the_picker_stay_where_they_are_when_chosen() -> None:
    found = [tag(3), tag(4)]
    before = picker.choices([tag(1)], [tag(1)], found)
    after = picker.choices([tag(1)], [tag(1), tag(4)], found)
    order = ["press-1.s1", "press-1.s3", "press-1.s4"]
    assert [getattr(row, "data-tag") for row in before] == [getattr(row, "data-tag") for row in after] == order
    assert [getattr(row, "aria-pressed") for row in after] == ["true", "false", "true"]
