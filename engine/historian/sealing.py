"""How samples enter the sealed chunks of a tag: which chunks are written anew, and which buckets change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.historian.block import SampleBlock
from engine.historian.bucket import Buckets, Span, bucketize
from engine.historian.codec import CHUNK_SAMPLES
from engine.historian.shape import Shape


@dataclass(frozen=True, slots=True)
class Place:
    """A stored chunk's place: times of its first and last sample, and how many it holds."""

    t0_us: int
    t1_us: int
    n: int


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Chunks [first, last) of the tag's list give way to the samples of [from_us, to_us] (their own and the changed)."""

    first: int
    last: int
    from_us: int
    to_us: int


def merged(stored: SampleBlock, fresh: SampleBlock, replacing: SampleBlock) -> SampleBlock:
    """One tag's samples in order after a change: fresh ones added, replacing ones in place of those of the same key."""
    if len(replacing):
        both = SampleBlock.join([replacing, stored])
        order = np.lexsort((both.seq, both.at_us))
        both = both.take(order)
        again = (np.diff(both.at_us) == 0) & (np.diff(both.seq) == 0)
        stored = both.take(~np.concatenate([[False], again]))
    if not len(fresh) or not len(stored):
        return stored if len(stored) else fresh
    both = SampleBlock.join([stored, fresh])
    if fresh.at_us[0] > stored.at_us[-1]:
        return both
    return both.take(np.lexsort((both.seq, both.at_us)))


def rewrites(places: Sequence[Place], changed: SampleBlock) -> list[Rewrite]:
    """What to write anew for changed samples (in order): the chunks that they fall into, each gap's samples on their own,
    and with them a neighbour that still has room."""
    pieces = _pieces(places, changed.at_us)
    runs: list[list[_Piece]] = []
    for before, piece in zip([None, *pieces], pieces, strict=False):
        if piece.changed and before is not None and before.changed:
            runs[-1].append(piece)
        elif piece.changed:
            runs.append([piece])
    rewritten: list[Rewrite] = []
    for run in runs:
        claimed = rewritten[-1].last if rewritten else 0
        rewritten.append(_rewrite(_with_neighbours(run, pieces, claimed), claimed))
    return rewritten


def change_span(block: SampleBlock, shape: Shape, changed: SampleBlock) -> tuple[int, int]:
    """The aligned span [from_us, to_us) of finest buckets that a change touches, from the samples after the change.

    It reaches from the sample before the first changed one to the next sample (of a counter: the next good one)
    after the last changed one, because those segments and increases depend on the changed samples.
    """
    width = shape.levels[0].width_us
    low = int(np.searchsorted(block.at_us, changed.at_us[0], "left"))
    high = int(np.searchsorted(block.at_us, changed.at_us[-1], "right"))
    if shape.counter and high < len(block):
        good = np.flatnonzero(shape.good(block.bits[high:], block.status[high:]))
        high += int(good[0]) if len(good) else len(block) - high - 1
    begin, end = int(block.at_us[max(low - 1, 0)]), int(block.at_us[min(high, len(block) - 1)])
    return begin // width * width, (end // width + 1) * width


def buckets_of_change(block: SampleBlock, shape: Shape, span: tuple[int, int], anchor: int | None) -> Buckets:
    """The finest buckets of the span; `anchor`: bits of the last good value before the block."""
    before = np.nan if anchor is None else float(shape.numbers(np.array([anchor], np.int64))[0])
    return bucketize(block, shape, Span(shape.levels[0].width_us, *span), before)


@dataclass(frozen=True, slots=True)
class _Piece:
    place: Place
    index: int  # of the chunk; of the chunk after a gap
    changed: bool
    gap: bool


def _pieces(places: Sequence[Place], at_us: np.ndarray) -> list[_Piece]:
    """Chunks and the changed samples of the gaps between them, in order of time."""
    t0s, t1s = np.array([p.t0_us for p in places], np.int64), np.array([p.t1_us for p in places], np.int64)
    begins, ends = np.searchsorted(at_us, t0s, "left"), np.searchsorted(at_us, t1s, "right")
    pieces, done = [], 0
    for index, place in enumerate(places):
        begin, end = int(begins[index]), int(ends[index])
        pieces += _gap(at_us[done:begin], index)
        grown = Place(place.t0_us, place.t1_us, place.n + end - begin)
        pieces.append(_Piece(grown, index, end > begin, gap=False))
        done = end
    return pieces + _gap(at_us[done:], len(places))


def _gap(at_us: np.ndarray, index: int) -> list[_Piece]:
    return [_Piece(Place(int(at_us[0]), int(at_us[-1]), len(at_us)), index, changed=True, gap=True)] if len(at_us) else []


def _with_neighbours(run: list[_Piece], pieces: list[_Piece], claimed: int) -> list[_Piece]:
    """The run with the chunks beside it that have room; chunks before number `claimed` belong to another run."""
    total = sum(piece.place.n for piece in run)
    first, last = pieces.index(run[0]), pieces.index(run[-1])
    before = pieces[first - 1] if first > 0 else None
    if before is not None and before.index >= claimed and (before.place.n + total <= CHUNK_SAMPLES or before.place.n < _ROOMY):
        run = [before, *run]
        total += before.place.n
    after = pieces[last + 1] if last + 1 < len(pieces) else None
    if after is not None and after.place.n + total <= CHUNK_SAMPLES:
        run = [*run, after]
    return run


def _rewrite(run: list[_Piece], claimed: int) -> Rewrite:
    chunks = [piece.index for piece in run if not piece.gap]
    first, last = (chunks[0], chunks[-1] + 1) if chunks else (claimed, claimed)
    return Rewrite(first, last, run[0].place.t0_us, run[-1].place.t1_us)


_ROOMY = CHUNK_SAMPLES * 3 // 4
"""A chunk with fewer samples is filled up by the samples that follow it."""
