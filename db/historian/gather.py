"""Samples of many tags around a window, sealed and hot together, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from db.historian import chunks
from db.historian.merge import by_tag
from db.historian.wire import read_samples, rows
from engine.historian.block import SampleBlock
from engine.historian.shape import Shape

_ASKED = "unnest(%(sites)s::int[], %(tags)s::int[]) as r(site_id, tag_id)"
_LEAST, _MOST = -(2**63), 2**63 - 1

# Hot rows are few: all up to the one after the window.
# The chunks from the one with a sample before the window to the one with a sample at or after its end.
_CHUNKS = f"""
with bounds as (
    select r.*,
        (select max(t0_us) from chunk c where c.site_id = r.site_id and c.tag_id = r.tag_id and t0_us < %(from)s) as first_us,
        (select min(t0_us) from chunk c where c.site_id = r.site_id and c.tag_id = r.tag_id and t0_us >= %(to)s) as end_us
    from {_ASKED}
)
select k.tag_id, k.t0_us, k.t1_us, k.n, k.data, k.checksum, (select c.good_bits from chunk c
    where c.site_id = b.site_id and c.tag_id = b.tag_id and c.t0_us < b.first_us and c.good > 0 order by c.t0_us desc limit 1)
from bounds b join lateral (select * from chunk c where c.site_id = b.site_id and c.tag_id = b.tag_id
    and c.t0_us >= coalesce(b.first_us, {_LEAST}) and c.t0_us <= coalesce(b.end_us, {_MOST})) k on true
order by k.tag_id, k.t0_us
"""

_HOT = f"""
with bounds as (
    select r.*,
        (select min(h.at_us) from sample_hot h where h.site_id = r.site_id and h.tag_id = r.tag_id and h.at_us >= %(to)s) as z
    from {_ASKED}
)
select h.tag_id, h.at_us, h.seq, h.bits, h.status, h.received_us
from bounds b join lateral (select * from sample_hot h where h.site_id = b.site_id and h.tag_id = b.tag_id
    and h.at_us <= coalesce(b.z, {_MOST})) h on true
order by h.tag_id, h.at_us, h.seq
"""

_OPEN_END = f"""
select r.tag_id, c.t1_us, c.last_seq, c.last_bits, c.last_status, g.good_bits
from {_ASKED}
join lateral (select * from chunk c where c.site_id = r.site_id and c.tag_id = r.tag_id order by c.t0_us desc limit 1) c on true
left join lateral (select x.good_bits from chunk x where x.site_id = r.site_id and x.tag_id = r.tag_id and x.good > 0
    order by x.t0_us desc limit 1) g on true
"""


@dataclass(frozen=True, slots=True)
class Gathered:
    """One tag's samples: those of the window, the one before it and the one after it (and perhaps more on both sides).

    `anchor`: bits of the last good value before them, if any was looked up. `rows`: chunk rows read.
    """

    block: SampleBlock
    anchor: int | None = None
    rows: int = 0

    def inside(self, from_us: int, to_us: int) -> slice:
        """Where the samples of [from_us, to_us) are."""
        begin, end = np.searchsorted(self.block.at_us, [from_us, to_us])
        return slice(int(begin), int(end))

    def anchor_value(self, shape: Shape) -> float:
        """The anchor as a number; NaN for none."""
        return float("nan") if self.anchor is None else float(shape.numbers(np.array([self.anchor], np.int64))[0])


def gather(connection: Connection, shapes: Sequence[Shape], from_us: int, to_us: int) -> dict[int, Gathered]:
    """The samples of each tag around [from_us, to_us); every tag has an entry."""
    asked = _asked(shapes) | {"from": from_us, "to": to_us}
    sealed = chunks.by_tag(rows(connection, _CHUNKS, asked)) if shapes else {}
    hot = {int(b.tag_id[0]): b for b in by_tag(read_samples(connection, _HOT, asked))} if shapes else {}
    return {shape.tag_id: _join(sealed.get(shape.tag_id, []), hot.get(shape.tag_id)) for shape in shapes}


def tails(connection: Connection, shapes: Sequence[Shape], to_us: int) -> dict[int, Gathered]:
    """The open end of each tag: its last sealed sample (`rows` is 1 when there is one), then the hot rows up to a time and
    the one after it."""
    asked = _asked(shapes) | {"to": to_us}
    ends = {row[0]: row[1:] for row in rows(connection, _OPEN_END, asked)}
    hot = {int(b.tag_id[0]): b for b in by_tag(read_samples(connection, _HOT, asked))}
    found = {}
    for shape in shapes:
        parts = [hot[shape.tag_id]] if shape.tag_id in hot else []
        end = ends.get(shape.tag_id)
        if end:
            parts.insert(0, _single(shape.tag_id, *end[:4]))
        found[shape.tag_id] = Gathered(SampleBlock.join(parts), end[4] if end else None, 1 if end else 0)
    return found


def _join(sealed: list[chunks.Chunk], hot: SampleBlock | None) -> Gathered:
    parts = [chunk.open() for chunk in sealed] + ([hot] if hot is not None else [])
    return Gathered(SampleBlock.join(parts), sealed[0].anchor if sealed else None, len(sealed))


def _asked(shapes: Sequence[Shape]) -> dict[str, object]:
    return {"sites": [s.site_id for s in shapes], "tags": [s.tag_id for s in shapes]}


def _single(tag_id: int, at_us: int, seq: int, bits: int, status: int) -> SampleBlock:
    block = np.array([[tag_id, at_us, seq, bits, status & 0xFFFFFFFF, at_us]], np.int64).T
    return SampleBlock(*block)
