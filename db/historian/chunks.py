"""Sealed chunks: rows of up to 16,384 samples of one tag that never overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from db.historian.wire import array, copy_records, execute, rows, signed
from engine.errors import Damaged, Invalid
from engine.historian.block import SampleBlock
from engine.historian.codec import CHUNK_SAMPLES, checksum, decode, encode
from engine.historian.shape import Shape


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stored chunk as read. `anchor` is the last good value (bits) before the first chunk that was read with it."""

    tag_id: int
    t0_us: int
    t1_us: int
    n: int
    data: bytes
    checksum: int
    anchor: int | None = None

    def open(self) -> SampleBlock:
        """Its samples. Raises `Damaged` when the stored bytes are damaged."""
        if checksum(self.data) != self.checksum:
            raise Damaged(f"Stored samples of signal {self.tag_id} are damaged; run “plantglass historian check”.")
        try:
            return decode(self.data, self.tag_id)
        except Invalid as error:
            raise Damaged(f"Stored samples of signal {self.tag_id} cannot be read: {error}") from error


@dataclass(frozen=True, slots=True)
class Around:
    """What to read around a change of one tag: changed over [lo_us, hi_us], buckets of `width_us` at its finest level."""

    tag_id: int
    lo_us: int
    hi_us: int
    width_us: int
    counter: bool


# From the chunk before the bucket of the sample before the change, to the chunk after the bucket of the (good) one after it.
_AROUND = """
with asked as (
    select * from unnest(%(tags)s::int[], %(los)s::bigint[], %(his)s::bigint[], %(widths)s::bigint[], %(counters)s::bool[])
        as r(tag_id, lo, hi, width, counter)
), near as (
    select r.*, case when b.t1_us < r.lo then b.t1_us else b.t0_us end as before_us,
        (select min(c.t0_us) from chunk c where c.site_id = %(site)s and c.tag_id = r.tag_id and c.t0_us > r.hi
            and (not r.counter or c.good > 0)) as after_us
    from asked r left join lateral (
        select t0_us, t1_us from chunk c where c.site_id = %(site)s and c.tag_id = r.tag_id and c.t0_us < r.lo
        order by t0_us desc limit 1) b on true
), bounds as (
    select n.*,
        (select max(c.t0_us) from chunk c where c.site_id = %(site)s and c.tag_id = n.tag_id
            and c.t0_us < (floor(coalesce(n.before_us, n.lo)::numeric / n.width) * n.width)::bigint) as first_us,
        (select min(c.t0_us) from chunk c where c.site_id = %(site)s and c.tag_id = n.tag_id
            and c.t0_us >= ((floor(n.after_us::numeric / n.width) + 1) * n.width)::bigint) as end_us
    from near n
)
select k.tag_id, k.t0_us, k.t1_us, k.n, k.data, k.checksum,
    case when b.counter then (select c.good_bits from chunk c where c.site_id = %(site)s and c.tag_id = b.tag_id
        and c.t0_us < b.first_us and c.good > 0 order by c.t0_us desc limit 1) end
from bounds b join lateral (
    select * from chunk c where c.site_id = %(site)s and c.tag_id = b.tag_id
        and c.t0_us >= coalesce(b.first_us, -9223372036854775808) and c.t0_us <= coalesce(b.end_us, 9223372036854775807)
) k on true order by k.tag_id, k.t0_us
"""

_FRONTIER = """
select r.tag_id, c.t1_us from unnest(%(tags)s::text::int[]) as r(tag_id) join lateral (
    select t1_us from chunk c where c.site_id = %(site)s and c.tag_id = r.tag_id order by t0_us desc limit 1) c on true
"""

_DELETE = """
delete from chunk c using unnest(%(tags)s::int[], %(t0s)s::bigint[]) as r(tag_id, t0_us)
where c.site_id = %(site)s and c.tag_id = r.tag_id and c.t0_us = r.t0_us
"""

_TARGET = "chunk (site_id, tag_id, t0_us, t1_us, n, good, good_bits, last_seq, last_bits, last_status, data, checksum)"
_TYPES = ("int4", "int4", "int8", "int8", "int4", "int4", "int8", "int4", "int8", "int4", "bytea", "int8")


def around(connection: Connection, site_id: int, asked: Sequence[Around]) -> dict[int, list[Chunk]]:
    """For each tag the chunks that a change may touch or needs as context, in order of time."""
    found = rows(
        connection,
        _AROUND,
        {
            "site": site_id,
            "tags": [a.tag_id for a in asked],
            "los": [a.lo_us for a in asked],
            "his": [a.hi_us for a in asked],
            "widths": [a.width_us for a in asked],
            "counters": [a.counter for a in asked],
        },
    )
    return by_tag(found)


def by_tag(found: list[tuple]) -> dict[int, list[Chunk]]:
    """Rows of chunk columns by tag, in their order."""
    result: dict[int, list[Chunk]] = {}
    for row in found:
        result.setdefault(row[0], []).append(Chunk(*row))
    return result


def frontier(connection: Connection, site_id: int, tag_ids: Sequence[int]) -> dict[int, int]:
    """Time of the last sealed sample of each tag that has one."""
    return dict(rows(connection, _FRONTIER, {"site": site_id, "tags": array(tag_ids)}))


def cut(block: SampleBlock) -> list[SampleBlock]:
    """Samples of one tag in pieces of a chunk each; samples of one time stay together."""
    pieces, begin = [], 0
    while begin < len(block):
        end = min(begin + CHUNK_SAMPLES, len(block))
        if end < len(block):
            low = int(np.searchsorted(block.at_us, block.at_us[end], "left"))
            end = low if low > begin else int(np.searchsorted(block.at_us, block.at_us[end], "right"))
        pieces.append(block.take(slice(begin, end)))
        begin = end
    return pieces


def facts(shape: Shape, block: SampleBlock) -> tuple:
    """What a row says of its samples: t0, t1, n, good, good_bits, last_seq, last_bits, last_status."""
    good = np.flatnonzero(shape.good(block.bits, block.status))
    return (
        int(block.at_us[0]),
        int(block.at_us[-1]),
        len(block),
        len(good),
        int(block.bits[good[-1]]) if len(good) else None,
        int(block.seq[-1]),
        int(block.bits[-1]),
        signed(int(block.status[-1])),
    )


def record(shape: Shape, block: SampleBlock) -> tuple:
    """The stored row of a piece."""
    data = encode(block, floating=shape.floating)
    return (shape.site_id, shape.tag_id, *facts(shape, block), data, checksum(data))


def replace(connection: Connection, site_id: int, gone: Sequence[Chunk], records: Sequence[tuple]) -> None:
    """Delete chunks and write others in their place."""
    if gone:
        keys = {"site": site_id, "tags": [c.tag_id for c in gone], "t0s": [c.t0_us for c in gone]}
        execute(connection, _DELETE, keys)
    copy_records(connection, _TARGET, _TYPES, records)
