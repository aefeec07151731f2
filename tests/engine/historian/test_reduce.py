"""Reductions: never more points than asked for, aligned buckets, honest gaps, durations that sum to the window."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Invalid
from engine.historian.block import SampleBlock
from engine.historian.bucket import Span, bucketize
from engine.historian.reduce import (
    bucket_trace,
    check_window,
    durations,
    grid_cells,
    level_for,
    pixels,
    raw_points,
    raw_trace,
)
from engine.historian.shape import LEVELS, Shape
from engine.tag import BAD, ValueKind
from engine.time import DAY_US, HOUR_US, MINUTE_US

S = 1_000_000
LOOP = Shape(1, 1, 1, ValueKind.FLOAT, interval_s=10.0)
STATE = Shape(2, 1, 1, ValueKind.STATE)


def block_of(shape: Shape, rows: list[tuple[float, float, int]]) -> SampleBlock:
    at = np.array([round(r[0] * S) for r in rows], np.int64)
    values = np.array([r[1] for r in rows], np.float64)
    bits = values.view(np.int64) if shape.floating else values.astype(np.int64)
    n = len(rows)
    return SampleBlock(np.full(n, shape.tag_id), at, np.zeros(n), bits, np.array([r[2] for r in rows], np.int64), at)


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**14), st.integers(2, 2000), st.sampled_from([1, MINUTE_US, DAY_US]))
def test_a_window_is_covered_by_at_most_so_many_aligned_buckets(begin: int, length: int, points: int, unit: int) -> None:
    width, from_us, to_us = pixels(begin, begin + length, points, unit)
    assert from_us <= begin < begin + length <= to_us
    assert (to_us - from_us) // width <= points
    assert width % unit == from_us % width == to_us % width == 0


def test_the_level_is_the_coarsest_with_a_bucket_for_every_pixel() -> None:
    dense = Shape(1, 1, 1, ValueKind.FLOAT, interval_s=1.0)
    assert [level_for(dense, us) for us in (30 * S, MINUTE_US, HOUR_US, 2 * DAY_US)] == [None, LEVELS[0], LEVELS[1], LEVELS[3]]
    assert level_for(LOOP, MINUTE_US) is None


def test_a_line_breaks_where_a_signal_was_silent_for_three_intervals() -> None:
    block = block_of(LOOP, [(0, 1.0, 0), (10, 2.0, 0), (100, 3.0, 0)])
    trace = raw_trace(LOOP, block)
    assert trace.at_us.tolist() == [0, 10 * S, 40 * S, 100 * S]
    np.testing.assert_array_equal(trace.mean, [1.0, 2.0, np.nan, 3.0])
    assert len(trace) == raw_points(LOOP, block)


def test_a_sample_that_is_not_good_is_a_hole() -> None:
    trace = raw_trace(LOOP, block_of(LOOP, [(0, 1.0, 0), (10, 2.0, BAD)]))
    np.testing.assert_array_equal(trace.mean, [1.0, np.nan])
    assert trace.good_fraction.tolist() == [1.0, 0.0]


def test_buckets_show_the_value_in_force_and_break_where_nothing_is_known() -> None:
    block = block_of(STATE, [(0, 6, 0), (150, 2, BAD), (400, 4, 0)])
    buckets = bucketize(block, STATE, Span(60 * S, 0, 480 * S, 480 * S))
    trace = bucket_trace(buckets, 60 * S, 480 * S)
    assert trace.at_us.tolist() == [0, 60 * S, 120 * S, 180 * S, 360 * S, 420 * S]
    np.testing.assert_array_equal(trace.max, [6, 6, np.nan, np.nan, 4, 4])
    np.testing.assert_array_equal(trace.mean, [6, 6, 6, np.nan, 4, 4])
    assert trace.good_fraction.tolist() == pytest.approx([1, 1, 0.5, 0, 1 / 3, 1])


@given(
    st.lists(
        st.tuples(st.integers(0, 500), st.integers(0, 4), st.sampled_from([0, 0, BAD])), max_size=30, unique_by=lambda r: r[0]
    ),
    st.integers(0, 300),
    st.integers(1, 300),
    st.integers(0, 700),
)
def test_durations_sum_to_the_window(rows: list[tuple[int, int, int]], begin_s: int, length_s: int, now_s: int) -> None:
    block = block_of(STATE, sorted(rows))
    found = durations(STATE, block, begin_s * S, (begin_s + length_s) * S, now_s * S)
    assert sum(found.values()) == pytest.approx(length_s)
    for second in range(begin_s, begin_s + length_s):
        before = [r for r in sorted(rows) if r[0] <= second]
        known = bool(before) and before[-1][2] == 0 and second < now_s
        key = before[-1][1] if known else None
        found[key] -= 1
    assert all(abs(rest) < 1e-9 for rest in found.values())


def test_local_days_have_23_24_and_25_hours() -> None:
    from datetime import date

    for first, hours in ((date(2026, 3, 29), 23), (date(2026, 7, 1), 24), (date(2026, 10, 25), 25)):
        _, cells = grid_cells(first, 1, "Europe/Dublin")
        assert (cells >= 0).sum() == hours


def test_a_window_without_length_is_refused() -> None:
    with pytest.raises(Invalid):
        check_window(5, 5)
