"""What views get: raw series, reductions to a few hundred points, state durations, hour by day grids."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from engine.errors import Invalid
from engine.historian.block import SampleBlock
from engine.historian.bucket import Buckets
from engine.historian.shape import Level, Shape
from engine.tag import values_of
from engine.time import HOUR_US, SECOND_US, us_of

MOST_POINTS = 2_000


@dataclass(frozen=True, slots=True)
class Series:
    """Samples of one tag in order of (time, sequence), as stored: values are float64, int64 or bool by the tag's kind."""

    at_us: np.ndarray
    seq: np.ndarray
    values: np.ndarray
    status: np.ndarray  # uint32, OPC UA StatusCode

    def __len__(self) -> int:
        return len(self.at_us)


@dataclass(frozen=True, slots=True)
class LastValue:
    """The newest value of a tag: float, int, bool or str by its kind."""

    tag_id: int
    at_us: int
    seq: int
    value: float | int | bool | str
    status: int
    received_us: int

    @property
    def good(self) -> bool:
        """True when the status says good."""
        return self.status >> 30 == 0


@dataclass(frozen=True, slots=True)
class Trace:
    """One tag over a window, drawable: float64 columns of equal length, in order of time.

    kind "raw": the samples themselves (first = last = min = max = mean; NaN where not good), with the one before the
    window that still speaks and the one after it. kind "bucket": `at_us` is the start of a bucket of `width_us`; `mean`
    is weighted by time. A row of NaN with count 0 stands where nothing is known, so that a line breaks there.
    """

    kind: str
    at_us: np.ndarray
    first: np.ndarray
    last: np.ndarray
    min: np.ndarray
    max: np.ndarray
    mean: np.ndarray
    count: np.ndarray  # int64: samples of any quality
    good_fraction: np.ndarray  # 0..1: share of the time with a known good value
    width_us: int = 0
    rows_touched: int = 0  # chunk and rollup rows read for it

    def __len__(self) -> int:
        return len(self.at_us)


@dataclass(frozen=True, slots=True)
class Grid:
    """Hours by local days: arrays [days, 25]; hours that a day does not have are NaN, with `at_us` -1.

    `hour` is the hour on the clock (on the day that clocks go back one comes twice), `at_us` when it starts.
    """

    days: tuple[date, ...]
    at_us: np.ndarray
    hour: np.ndarray
    mean: np.ndarray  # weighted by time
    min: np.ndarray
    max: np.ndarray
    integral: np.ndarray  # unit x seconds
    increase: np.ndarray  # of a counter
    good_fraction: np.ndarray


def series_of(shape: Shape, block: SampleBlock) -> Series:
    """Samples as a series of the tag's own values."""
    return Series(block.at_us, block.seq, values_of(shape.kind, block.bits), block.status)


def raw_trace(shape: Shape, block: SampleBlock, rows_touched: int = 0) -> Trace:
    """Every sample a point."""
    good = shape.good(block.bits, block.status)
    value = np.where(good, shape.numbers(block.bits), np.nan)
    silent = np.flatnonzero(np.diff(block.at_us) > shape.hold_us)
    breaks = block.at_us[silent] + shape.hold_us
    at_us = np.insert(block.at_us, silent + 1, breaks)
    value, share = np.insert(value, silent + 1, np.nan), np.insert(good.astype(np.float64), silent + 1, 0.0)
    count = np.insert(np.ones(len(block), np.int64), silent + 1, 0)
    return Trace("raw", at_us, value, value, value, value, value, count, share, 0, rows_touched)


def raw_points(shape: Shape, block: SampleBlock) -> int:
    """How many points `raw_trace` makes."""
    return len(block) + int((np.diff(block.at_us) > shape.hold_us).sum())


def bucket_trace(buckets: Buckets, width_us: int, now_us: int, rows_touched: int = 0) -> Trace:
    """Every bucket a point; a bucket without a sample shows the value that was in force."""
    mean = mean_of(buckets)
    in_force = buckets.count == 0
    columns = [np.where(in_force, mean, c) for c in (buckets.first, buckets.last, buckets.min, buckets.max)]
    passed = np.clip(now_us - buckets.start_us, 1, width_us)
    share = np.minimum(buckets.good_us / passed, 1.0)
    holes = np.flatnonzero(np.diff(buckets.start_us) > width_us) + 1
    at_us = np.insert(buckets.start_us, holes, buckets.start_us[holes - 1] + width_us)
    first, last, low, high, mean = (np.insert(c, holes, np.nan) for c in (*columns, mean))
    count, share = np.insert(buckets.count, holes, 0), np.insert(share, holes, 0.0)
    return Trace("bucket", at_us, first, last, low, high, mean, count, share, width_us, rows_touched)


def mean_of(buckets: Buckets) -> np.ndarray:
    """Mean weighted by time; of the samples where no time is known; NaN where there is neither."""
    with np.errstate(all="ignore"):
        by_time = buckets.integral / (buckets.good_us / SECOND_US)
        return np.where(buckets.good_us > 0, by_time, np.where(buckets.good > 0, buckets.sum / buckets.good, np.nan))


def level_for(shape: Shape, pixel_us: float) -> Level | None:
    """The coarsest level that still has a bucket for every pixel; None when only samples are fine enough."""
    fitting = [level for level in shape.levels if level.width_us <= pixel_us]
    return fitting[-1] if fitting else None


def pixels(from_us: int, to_us: int, points: int, unit_us: int) -> tuple[int, int, int]:
    """(width, from, to) of at most `points` (two or more) equal buckets around a window: multiples of the unit, aligned to
    1970 UTC, so that a moving window keeps its buckets. A window that its borders cut badly gets one bucket fewer."""
    width = -(-(to_us - from_us) // (points * unit_us)) * unit_us
    if -(-to_us // width) - from_us // width > points:
        width = -(-(to_us - from_us) // ((points - 1) * unit_us)) * unit_us
    return width, from_us // width * width, -(-to_us // width) * width


def check_window(from_us: int, to_us: int) -> None:
    """Raise `Invalid` unless the window has a length."""
    if to_us <= from_us:
        raise Invalid(f"The window ends ({to_us} µs) before it starts ({from_us} µs).")


def durations(shape: Shape, block: SampleBlock, from_us: int, to_us: int, now_us: int) -> dict[int | None, float]:
    """Seconds per value of a step signal over [from_us, to_us), from its samples and the one before; None: unknown.

    The values sum to the window's length. What lies after `now_us` is unknown.
    """
    until = np.append(block.at_us[1:], now_us)
    end = np.minimum(np.minimum(until, block.at_us + shape.hold_us), min(to_us, now_us))
    lasted = np.clip(end - np.maximum(block.at_us, from_us), 0, None)
    lasted[~shape.good(block.bits, block.status)] = 0
    codes, which = np.unique(shape.numbers(block.bits[lasted > 0]), return_inverse=True)
    total_us = np.zeros(len(codes), np.int64)
    np.add.at(total_us, which, lasted[lasted > 0])
    result: dict[int | None, float] = {int(code): us / SECOND_US for code, us in zip(codes, total_us.tolist(), strict=True)}
    unknown_us = to_us - from_us - int(total_us.sum())
    return result | ({None: unknown_us / SECOND_US} if unknown_us else {})


def grid_of(buckets: Buckets, cells: np.ndarray, days: tuple[date, ...], zone: str, now_us: int) -> Grid:
    """Sum quarter-hour buckets into the cells that `grid_cells` made."""
    starts = cells[cells >= 0]
    kept = buckets.between(int(starts[0]), int(starts[-1]) + HOUR_US)
    place = np.searchsorted(starts, kept.start_us, "right") - 1
    folded = _fold_into(kept, place, len(starts))
    share = np.clip(folded["good_us"] / np.clip(now_us - starts, 1, HOUR_US), 0, 1)
    with np.errstate(all="ignore"):
        mean = np.where(folded["good_us"] > 0, folded["integral"] / (folded["good_us"] / SECOND_US), np.nan)
    columns = {"mean": mean, "good_fraction": share} | {k: folded[k] for k in ("min", "max", "integral", "increase")}
    shaped = {name: np.full(cells.shape, np.nan) for name in columns}
    for name, column in columns.items():
        shaped[name][cells >= 0] = column
    return Grid(days, cells, _clock_hours(cells, zone), **shaped)


def grid_cells(first: date, days: int, zone: str) -> tuple[tuple[date, ...], np.ndarray]:
    """The local days from `first` on, and when each of their hours starts: int64[days, 25], -1 where there is none."""
    local = ZoneInfo(zone)
    dates = tuple(first + timedelta(days=i) for i in range(days + 1))
    midnights = [us_of(datetime(d.year, d.month, d.day, tzinfo=local)) for d in dates]
    cells = np.full((days, 25), -1, np.int64)
    for row, (begin, end) in enumerate(pairwise(midnights)):
        hours = np.arange(begin, end, HOUR_US)[:25]
        cells[row, : len(hours)] = hours
    return dates[:-1], cells


def _clock_hours(cells: np.ndarray, zone: str) -> np.ndarray:
    local = ZoneInfo(zone)
    hours = np.full(cells.shape, -1, np.int64)
    hours[cells >= 0] = [datetime.fromtimestamp(at / SECOND_US, local).hour for at in cells[cells >= 0].tolist()]
    return hours


def _fold_into(buckets: Buckets, place: np.ndarray, n: int) -> dict[str, np.ndarray]:
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    known = buckets.good > 0
    np.minimum.at(low, place[known], buckets.min[known])
    np.maximum.at(high, place[known], buckets.max[known])
    any_good = np.bincount(place, buckets.good, n) > 0
    good_us = np.bincount(place, buckets.good_us, n)
    lived = (np.bincount(place, buckets.count, n) > 0) | (good_us > 0)
    return {
        "min": np.where(any_good, low, np.nan),
        "max": np.where(any_good, high, np.nan),
        "good_us": good_us,
        "integral": np.where(lived, np.bincount(place, buckets.integral, n), np.nan),
        "increase": np.where(lived, np.bincount(place, buckets.increase, n), np.nan),
    }
