"""Buckets: what is kept of the samples of a tag over a span of time.

Between two samples the older one speaks (`step`) or the straight line does (`linear`), for at most `shape.hold_us`;
a sample that is not good opens unknown time. Such a segment is spread over every bucket that it overlaps, so that a
bucket may know a mean without having a sample. Minimum, maximum, sum, first, last count finite good values only.
A counter's increase belongs to the bucket of the later sample (reset: the new value; rollover: through its end).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

from engine.historian.block import SampleBlock
from engine.historian.shape import Shape
from engine.time import SECOND_US


@dataclass(frozen=True, slots=True)
class Buckets:
    """m buckets in order of time, at least one sample or some known time in each; columns of equal length."""

    start_us: np.ndarray  # int64
    count: np.ndarray  # int64: samples of any quality
    good: np.ndarray  # int64: finite good samples
    min: np.ndarray  # float64, NaN when good == 0; so are max, first and last
    max: np.ndarray
    sum: np.ndarray  # float64
    first: np.ndarray
    last: np.ndarray
    good_us: np.ndarray  # int64: time with a known value
    integral: np.ndarray  # float64: unit x seconds over that time
    increase: np.ndarray  # float64: what a counter counted

    def __len__(self) -> int:
        return len(self.start_us)

    def take(self, index: np.ndarray | slice) -> Buckets:
        """The buckets of an index, mask or slice."""
        return Buckets(*(getattr(self, name)[index] for name in NAMES))

    def between(self, from_us: int, to_us: int) -> Buckets:
        """The buckets that start in [from_us, to_us)."""
        return self.take(slice(*np.searchsorted(self.start_us, [from_us, to_us])))

    @classmethod
    def empty(cls) -> Buckets:
        """No buckets."""
        return cls(*(np.empty(0, np.int64 if name in WHOLE else np.float64) for name in NAMES))

    @classmethod
    def join(cls, parts: Iterable[Buckets]) -> Buckets:
        """Parts that follow each other in time."""
        kept = [part for part in parts if len(part)]
        return cls(*(np.concatenate([getattr(p, name) for p in kept]) for name in NAMES)) if kept else cls.empty()


NAMES = tuple(field.name for field in fields(Buckets))
WHOLE = frozenset({"start_us", "count", "good", "good_us"})


@dataclass(frozen=True, slots=True)
class Span:
    """Buckets of `width_us` over [from_us, to_us); both ends are multiples of the width, or cut the outer buckets.

    `end_us`: until when the last sample may speak (the present); None: it says nothing beyond itself.
    `context`: so many samples at the start only speak and are not counted; other buckets hold them already.
    """

    width_us: int
    from_us: int
    to_us: int
    end_us: int | None = None
    context: int = 0


def bucketize(block: SampleBlock, shape: Shape, span: Span, anchor: float = np.nan) -> Buckets:
    """The buckets of one tag's samples, sorted by time; samples outside the span serve as context.

    `anchor` is the last good value before the block, from which a counter goes on; NaN: none is known.
    """
    values = shape.numbers(block.bits)
    good = shape.good(block.bits, block.status)
    begin, end = np.searchsorted(block.at_us, [span.from_us, span.to_us])
    inside = slice(max(begin, span.context), end)
    gains = increases(values, good, shape, anchor) if shape.counter else np.zeros(len(values))
    seen = _of_samples(block.at_us[inside], values[inside], good[inside], gains[inside], span.width_us)
    with np.errstate(all="ignore"):
        known = _of_segments(block.at_us, values, good, shape, span)
    return _side_by_side(seen, known)


def fold(buckets: Buckets, width_us: int) -> Buckets:
    """Coarser buckets, whose width is a multiple of the finer one."""
    if not len(buckets):
        return buckets
    group = buckets.start_us // width_us
    starts = _starts(group)
    with np.errstate(all="ignore"):
        return Buckets(
            group[starts] * width_us,
            np.add.reduceat(buckets.count, starts),
            np.add.reduceat(buckets.good, starts),
            np.fmin.reduceat(buckets.min, starts),
            np.fmax.reduceat(buckets.max, starts),
            np.add.reduceat(buckets.sum, starts),
            _edge(buckets.first, buckets.good > 0, starts, last=False),
            _edge(buckets.last, buckets.good > 0, starts, last=True),
            np.add.reduceat(buckets.good_us, starts),
            np.add.reduceat(buckets.integral, starts),
            np.add.reduceat(buckets.increase, starts),
        )


def merge(older: Buckets, newer: Buckets) -> Buckets:
    """Two sets of buckets of one width added up where they meet; samples of `newer` are later."""
    start = np.concatenate([older.start_us, newer.start_us])
    if not len(start):
        return older
    order = np.argsort(start, kind="stable")
    both = Buckets(*(np.concatenate([getattr(older, name), getattr(newer, name)])[order] for name in NAMES))
    return fold(both, 1)


def increases(values: np.ndarray, good: np.ndarray, shape: Shape, anchor: float = np.nan) -> np.ndarray:
    """float64[n]: what a counter counted up to each sample since the good one before; 0 for samples that are not good.

    A value below the one before is a rollover when the tag has one, else a reset, after which the counter started at 0.
    """
    gains = np.zeros(len(values))
    where = np.flatnonzero(good)
    if not len(where):
        return gains
    with np.errstate(all="ignore"):
        step = np.diff(values[where], prepend=anchor)
        back = step < 0
        step[back] = values[where][back] if shape.rollover is None else step[back] + shape.rollover
    gains[where] = np.where(np.isfinite(step), np.maximum(step, 0.0), 0.0)
    return gains


_Part = dict[str, np.ndarray]
_NOTHING: _Part = {"start_us": np.empty(0, np.int64)}


def _of_samples(at_us: np.ndarray, values: np.ndarray, good: np.ndarray, gains: np.ndarray, width_us: int) -> _Part:
    if not len(at_us):
        return _NOTHING
    group = at_us // width_us
    starts = _starts(group)
    counted = np.add.reduceat(good.astype(np.int64), starts)
    known = counted > 0
    with np.errstate(all="ignore"):
        return {
            "start_us": group[starts] * width_us,
            "count": np.diff(starts, append=len(at_us)),
            "good": counted,
            "min": np.where(known, np.minimum.reduceat(np.where(good, values, np.inf), starts), np.nan),
            "max": np.where(known, np.maximum.reduceat(np.where(good, values, -np.inf), starts), np.nan),
            "sum": np.add.reduceat(np.where(good, values, 0.0), starts),
            "first": _edge(values, good, starts, last=False),
            "last": _edge(values, good, starts, last=True),
            "increase": np.add.reduceat(gains, starts),
        }


def _of_segments(at_us: np.ndarray, values: np.ndarray, good: np.ndarray, shape: Shape, span: Span) -> _Part:
    which, begin, end = _segments(at_us, good, shape, span)
    if not len(which):
        return _NOTHING
    first, last = begin // span.width_us, (end - 1) // span.width_us
    pieces = last - first + 1
    if len(pieces) != int(pieces.sum()):
        segment = np.repeat(np.arange(len(which)), pieces)
        group = first[segment] + np.arange(len(segment)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        begin = np.maximum(begin[segment], group * span.width_us)
        end = np.minimum(end[segment], (group + 1) * span.width_us)
        which = which[segment]
    else:
        group = first
    height = values[which]
    if shape.linear:
        height = height + _slopes(at_us, values, good)[which] * ((begin + end) / 2 - at_us[which])
    starts = _starts(group)
    return {
        "start_us": group[starts] * span.width_us,
        "good_us": np.add.reduceat(end - begin, starts),
        "integral": np.add.reduceat(height * ((end - begin) / SECOND_US), starts),
    }


def _segments(at_us: np.ndarray, good: np.ndarray, shape: Shape, span: Span) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Known time within the span: index of the sample that speaks, and [begin, end) of it in µs."""
    until = np.empty_like(at_us)
    until[:-1] = at_us[1:]
    if len(at_us):
        until[-1] = at_us[-1] if span.end_us is None else max(span.end_us, int(at_us[-1]))
    end = np.minimum(np.minimum(until, at_us + shape.hold_us), span.to_us)
    begin = np.maximum(at_us, span.from_us)
    which = np.flatnonzero(good & (end > begin))
    return which, begin[which], end[which]


def _slopes(at_us: np.ndarray, values: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Change per µs towards the next sample; 0 where the next is missing or not good."""
    slopes = np.zeros(len(values))
    rise = np.diff(values) / np.diff(at_us)
    slopes[:-1] = np.where(good[1:] & np.isfinite(rise), rise, 0.0)
    return slopes


def _side_by_side(seen: _Part, known: _Part) -> Buckets:
    start = np.union1d(seen["start_us"], known["start_us"])
    columns = []
    for name in NAMES[1:]:
        blank = np.nan if name in ("min", "max", "first", "last") else 0
        column = np.full(len(start), blank, np.int64 if name in WHOLE else np.float64)
        for part in (seen, known):
            if name in part:
                column[np.searchsorted(start, part["start_us"])] = part[name]
        columns.append(column)
    return Buckets(start, *columns)


def _edge(values: np.ndarray, counts: np.ndarray, starts: np.ndarray, *, last: bool) -> np.ndarray:
    """The first or last value of each group among those that count; NaN for a group without one."""
    index = np.arange(len(values))
    if last:
        place = np.maximum.reduceat(np.where(counts, index, -1), starts)
    else:
        place = np.minimum.reduceat(np.where(counts, index, len(values)), starts)
    found = (place >= 0) & (place < len(values))
    return np.where(found, values[np.where(found, place, 0)], np.nan)


def _starts(group: np.ndarray) -> np.ndarray:
    """Where runs of equal numbers start."""
    return np.concatenate([[0], np.flatnonzero(np.diff(group)) + 1])
