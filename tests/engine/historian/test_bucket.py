"""Buckets equal what the definition says, sample by sample and second by second."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.historian.block import SampleBlock
from engine.historian.bucket import NAMES, Buckets, Span, bucketize, fold, merge
from engine.historian.pack import pack, unpack
from engine.historian.shape import Shape
from engine.tag import BAD, ValueKind

S = 1_000_000
SHAPES = st.builds(
    Shape,
    st.just(1),
    st.just(1),
    st.just(1),
    st.just(ValueKind.FLOAT),
    linear=st.booleans(),
    counter=st.booleans(),
    rollover=st.sampled_from([None, 1000.0]),
    interval_s=st.sampled_from([None, 1.0, 7.0]),
)
SAMPLES = st.lists(
    st.tuples(
        st.integers(-300, 900),
        st.integers(0, 99_999).map(lambda n: n / 100) | st.just(math.nan),
        st.sampled_from([0, 0, 0, BAD]),
    ),
    max_size=40,
)


def block_of(rows: list[tuple[float, float, int]]) -> SampleBlock:
    rows = sorted(rows, key=lambda r: r[0])
    at = np.array([round(r[0] * S) for r in rows], np.int64)
    seq = np.zeros(len(rows), np.int64)
    for i in range(1, len(rows)):
        seq[i] = seq[i - 1] + 1 if at[i] == at[i - 1] else 0
    values = np.array([r[1] for r in rows], np.float64)
    return SampleBlock(np.ones(len(rows)), at, seq, values.view(np.int64), np.array([r[2] for r in rows], np.int64), at)


def by_definition(block: SampleBlock, shape: Shape, span: Span) -> dict[int, dict[str, float]]:
    """Plain loops over samples and segments, as the documentation of the module says it."""
    found: dict[int, dict[str, Any]] = {}

    def bucket(at: int) -> dict[str, Any]:
        start = at // span.width_us * span.width_us
        return found.setdefault(start, {"values": [], "count": 0, "good_us": 0, "integral": 0.0, "increase": 0.0})

    values = block.bits.view(np.float64).tolist()
    times = block.at_us.tolist()
    good = [math.isfinite(v) and int(s) >> 30 == 0 for v, s in zip(values, block.status, strict=True)]
    before = None
    for i, at in enumerate(times):
        gain = 0.0
        if good[i]:
            if shape.counter and before is not None:
                step = values[i] - before
                gain = step if step >= 0 else (values[i] if shape.rollover is None else step + shape.rollover)
            before = values[i]
        if span.from_us <= at < span.to_us:
            here = bucket(at)
            here["count"] += 1
            here["increase"] += gain
            here["values"] += [values[i]] if good[i] else []
        if not good[i]:
            continue
        last = i + 1 == len(times)
        until = (at if span.end_us is None else max(at, span.end_us)) if last else times[i + 1]
        end, now = min(until, at + shape.hold_us, span.to_us), max(at, span.from_us)
        sloped = shape.linear and not last and good[i + 1] and until > at
        slope = (values[i + 1] - values[i]) / (until - at) if sloped else 0.0
        while now < end:
            stop = min(end, (now // span.width_us + 1) * span.width_us)
            here = bucket(now)
            here["good_us"] += stop - now
            here["integral"] += (values[i] + slope * ((now + stop) / 2 - at)) * (stop - now) / S
            now = stop
    return found


@given(SAMPLES, SHAPES, st.sampled_from([60, 180]), st.booleans())
def test_buckets_equal_their_definition(rows: list, shape: Shape, width_s: int, present: bool) -> None:
    block = block_of(rows)
    span = Span(width_s * S, -2 * width_s * S, 4 * width_s * S, 700 * S if present else None)
    buckets, expected = bucketize(block, shape, span), by_definition(block, shape, span)
    assert buckets.start_us.tolist() == sorted(expected)
    for i, start in enumerate(buckets.start_us.tolist()):
        want = expected[start]
        assert buckets.count[i] == want["count"]
        assert buckets.good_us[i] == want["good_us"]
        assert buckets.integral[i] == pytest.approx(want["integral"], rel=1e-9, abs=1e-6)
        assert buckets.increase[i] == pytest.approx(want["increase"], rel=1e-9, abs=1e-6)
        seen = want["values"] or [math.nan]
        assert buckets.good[i] == len(want["values"])
        np.testing.assert_equal([buckets.min[i], buckets.max[i]], [min(seen), max(seen)])
        np.testing.assert_equal([buckets.first[i], buckets.last[i]], [seen[0], seen[-1]])
        assert buckets.sum[i] == pytest.approx(sum(want["values"]), rel=1e-9)


@given(SAMPLES, SHAPES)
def test_coarse_buckets_fold_from_fine_ones(rows: list, shape: Shape) -> None:
    block = block_of(rows)
    fine = bucketize(block, shape, Span(60 * S, -360 * S, 1080 * S))
    coarse = bucketize(block, shape, Span(180 * S, -360 * S, 1080 * S))
    assert_alike(fold(fine, 180 * S), coarse)


@given(SAMPLES, SHAPES, st.integers(-300, 900))
def test_two_halves_add_up_to_the_whole(rows: list, shape: Shape, cut_s: int) -> None:
    block = block_of(rows)
    whole = bucketize(block, shape, Span(60 * S, -360 * S, 1080 * S))
    older = block.take(block.at_us <= cut_s * S)
    good = shape.good(older.bits, older.status)
    anchor = older.bits.view(np.float64)[good][-1] if good.any() else np.nan
    context = min(1, len(older))
    newer = SampleBlock.join([older.take(slice(-1, None)), block.take(block.at_us > cut_s * S)]) if len(older) else block
    later = bucketize(newer, shape, Span(60 * S, -360 * S, 1080 * S, context=context), float(anchor))
    assert_alike(merge(bucketize(older, shape, Span(60 * S, -360 * S, 1080 * S)), later), whole)


@given(SAMPLES.filter(bool), SHAPES)
def test_a_packed_row_comes_back_bit_for_bit(rows: list, shape: Shape) -> None:
    buckets = bucketize(block_of(rows), shape, Span(60 * S, -360 * S, 1080 * S))
    back = unpack(pack(buckets))
    for name in NAMES:
        np.testing.assert_array_equal(getattr(back, name), getattr(buckets, name))


def test_a_counter_counts_through_a_reset_and_a_rollover() -> None:
    rows = [(0, 10.0, 0), (1, 15.0, 0), (2, 3.0, 0)]
    span = Span(60 * S, 0, 60 * S)
    assert bucketize(block_of(rows), Shape(1, 1, 1, ValueKind.FLOAT, counter=True), span).increase.tolist() == [8.0]
    meter = Shape(1, 1, 1, ValueKind.FLOAT, counter=True, rollover=20.0)
    assert bucketize(block_of(rows), meter, span).increase.tolist() == [13.0]


def test_a_counter_counts_across_samples_that_are_not_good() -> None:
    rows = [(0, 10.0, 0), (1, 999.0, BAD), (2, math.nan, 0), (3, 12.0, 0)]
    shape = Shape(1, 1, 1, ValueKind.FLOAT, counter=True)
    assert bucketize(block_of(rows), shape, Span(60 * S, 0, 60 * S)).increase.tolist() == [2.0]


def test_a_line_between_two_samples_has_the_mean_of_its_middle() -> None:
    shape = Shape(1, 1, 1, ValueKind.FLOAT, linear=True)
    buckets = bucketize(block_of([(0, 0.0, 0), (120, 12.0, 0)]), shape, Span(60 * S, 0, 120 * S))
    assert (buckets.integral / (buckets.good_us / S)).tolist() == [3.0, 9.0]


def assert_alike(one: Buckets, other: Buckets) -> None:
    for name in NAMES:
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9, atol=1e-6, err_msg=name)
