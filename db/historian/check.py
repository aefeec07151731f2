"""Proof that what is stored is whole: checksums, contents and order of chunks, and buckets equal to their recomputation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection

from db.historian import chunks, rollups, shapes
from db.historian.gather import gather
from db.historian.wire import execute, rows
from db.store import Store
from engine.errors import Damaged, Invalid
from engine.historian.block import SampleBlock
from engine.historian.bucket import NAMES, WHOLE, Buckets, Span, bucketize, fold
from engine.historian.codec import checksum, decode
from engine.historian.shape import Level, Shape
from engine.time import moment_of

_TAGS = "select distinct tag_id from (select tag_id from chunk union all select tag_id from rollup) k order by tag_id"
_CHUNKS = """
select t0_us, t1_us, n, good, good_bits, last_seq, last_bits, last_status, data, checksum from chunk
where site_id = %(site)s and tag_id = %(tag)s and t0_us > %(after)s order by t0_us limit 64
"""
_EXTENT = "select min(t0_us), max(t1_us) from chunk where site_id = %(site)s and tag_id = %(tag)s"
_ROLLUP_ROWS = "select b0_us from rollup where site_id = %(site)s and tag_id = %(tag)s and level = %(level)s"
_HOT = """
select count(*) from sample_hot where site_id = %(site)s and tag_id = %(tag)s
    and at_us <= (select max(t1_us) from chunk where site_id = %(site)s and tag_id = %(tag)s)
"""
_LEAST = -(2**63)
_RELATIVE = 1e-9


@dataclass(frozen=True, slots=True)
class Finding:
    """Something stored that is not as it must be."""

    tag_id: int
    message: str


def check(store: Store, tag_ids: Iterable[int] | None = None) -> list[Finding]:
    """Verify sealed storage of some tags (default: all): what is wrong, or nothing. Each tag is read in one snapshot."""
    findings: list[Finding] = []
    with store.read() as connection:
        wanted = [row[0] for row in rows(connection, _TAGS)] if tag_ids is None else [int(i) for i in tag_ids]
    for tag_id in wanted:
        with store.read() as connection:
            found = shapes.known(connection, [tag_id])
            if tag_id in found:
                findings += [Finding(tag_id, message) for message in _check_tag(connection, found[tag_id])]
            else:
                findings.append(Finding(tag_id, "Samples are stored for a signal that does not exist."))
    return findings


def rebuild(store: Store, tag_id: int) -> None:
    """Compute all rollups of a tag anew from its chunks, as is needed after its interpolation, interval or kind of counter
    was changed, or after `check` found fault with them. Raises `Damaged` when a chunk is damaged."""
    with store.write() as connection:
        shape = shapes.known(connection, [tag_id])[tag_id]
        shapes.lock_site(connection, shape.site_id)
        key = {"site": shape.site_id, "tag": tag_id}
        execute(connection, "delete from rollup where site_id = %(site)s and tag_id = %(tag)s", key)
        for from_us, to_us, finest in _walk(connection, shape):
            rollups.renew(connection, shape.site_id, [rollups.Renewal(shape, from_us, to_us, finest)])


def _check_tag(connection: Connection, shape: Shape) -> Iterator[str]:
    broken = list(_check_chunks(connection, shape))
    yield from broken
    hidden = rows(connection, _HOT, {"site": shape.site_id, "tag": shape.tag_id})[0][0]
    if hidden:
        yield f"{hidden} open samples lie before the last sealed one."
    if not broken:
        yield from _check_buckets(connection, shape)


def _check_chunks(connection: Connection, shape: Shape) -> Iterator[str]:
    after, end = _LEAST, _LEAST
    while True:
        found = rows(connection, _CHUNKS, {"site": shape.site_id, "tag": shape.tag_id, "after": after})
        for row in found:
            place = f"The chunk that starts at {_when(row[0])}"
            if row[0] <= end and end != _LEAST:
                yield f"{place} overlaps the one before it."
            yield from (f"{place} {fault}." for fault in _faults(shape, row))
            after, end = row[0], row[1]
        if not found:
            return


def _faults(shape: Shape, row: tuple[Any, ...]) -> Iterator[str]:
    """What is wrong with one chunk row."""
    *facts, data, crc = row
    if checksum(data) != crc:
        yield "does not match its checksum"
        return
    try:
        block = decode(data, shape.tag_id)
    except Invalid as error:
        yield f"cannot be read: {error}"
        return
    if not _ordered(block):
        yield "holds samples out of order"
    if facts != list(chunks.facts(shape, block)):
        yield f"says {facts} of its samples; they say {list(chunks.facts(shape, block))}"


def _ordered(block: SampleBlock) -> bool:
    at, seq = np.diff(block.at_us), np.diff(block.seq)
    return bool(((at > 0) | ((at == 0) & (seq > 0))).all())


def _check_buckets(connection: Connection, shape: Shape) -> Iterator[str]:
    """Compare the finest level with the samples, and each coarser one with the finer."""
    try:
        kept: list[Buckets] = []
        for from_us, to_us, expected in _walk(connection, shape):
            kept.append(_stored(connection, shape, shape.levels[0], from_us, to_us))
            yield from _differences(shape.levels[0], kept[-1], expected)
        finer = Buckets.join(kept)
        for level in shape.levels[1:]:
            stored = _stored(connection, shape, level, _LEAST // 2, -(_LEAST // 2))
            yield from _differences(level, stored, fold(finer, level.width_us))
            finer = stored
    except Damaged as error:
        yield str(error)


def _walk(connection: Connection, shape: Shape) -> Iterator[tuple[int, int, Buckets]]:
    """The spans of stored rows of the finest level, in order, with their buckets computed from the sealed samples alone.

    Long times without anything are skipped."""
    level, key = shape.levels[0], {"site": shape.site_id, "tag": shape.tag_id}
    ((begin, end),) = rows(connection, _EXTENT, key)
    kept = [row[0] for row in rows(connection, _ROLLUP_ROWS, key | {"level": level.number})]
    marks = sorted({*kept, *([] if begin is None else [begin // level.span_us * level.span_us])})
    while marks:
        from_us = marks.pop(0)
        to_us = from_us + level.span_us
        found = gather(connection, [shape], from_us, to_us)[shape.tag_id]
        block = found.block.take(found.block.at_us <= end) if end is not None else SampleBlock.empty()
        expected = bucketize(block, shape, Span(level.width_us, from_us, to_us), found.anchor_value(shape))
        yield from_us, to_us, expected
        ahead = block.at_us[block.at_us >= to_us]
        if len(ahead):
            following = to_us if len(expected) else int(ahead[0]) // level.span_us * level.span_us
            marks = sorted({*marks, following})


def _stored(connection: Connection, shape: Shape, level: Level, from_us: int, to_us: int) -> Buckets:
    window = rollups.Window(shape.tag_id, level, from_us, to_us)
    found, _ = rollups.read(connection, shape.site_id, [window])
    return found.get((shape.tag_id, level.number), Buckets.empty()).between(from_us, to_us)


def _differences(level: Level, stored: Buckets, expected: Buckets) -> Iterator[str]:
    if not np.array_equal(stored.start_us, expected.start_us):
        odd = np.setxor1d(stored.start_us, expected.start_us)
        yield f"Level {level.number}: {len(odd)} buckets too many or too few, the first at {_when(int(odd[0]))}."
        return
    for name in NAMES[1:]:
        one, other = getattr(stored, name), getattr(expected, name)
        alike = one == other if name in WHOLE else _alike(one, other)
        if not alike.all():
            first = int(np.flatnonzero(~alike)[0])
            at = _when(int(stored.start_us[first]))
            yield f"Level {level.number}: “{name}” of the bucket at {at} is {one[first]}, its samples say {other[first]}."


def _alike(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Equal but for the last digits, which depend on the order of additions of the processor."""
    with np.errstate(all="ignore"):
        near = np.abs(one - other) <= _RELATIVE * np.maximum(np.abs(one), np.abs(other))
    same: np.ndarray = near | (one == other) | (np.isnan(one) & np.isnan(other))
    return same


def _when(at_us: int) -> str:
    return moment_of(at_us).isoformat()
