"""The rollup pyramid: packed rows of buckets per tag and level. Coarser levels are folded from finer ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from db.historian.wire import copy_records, execute, rows
from engine.errors import Damaged, Invalid
from engine.historian.bucket import Buckets, fold
from engine.historian.codec import checksum
from engine.historian.pack import pack, unpack
from engine.historian.shape import Level, Shape

Key = tuple[int, int]  # tag id, level number


@dataclass(frozen=True, slots=True)
class Window:
    """Rows to read: one tag's buckets of one level that start in [from_us, to_us)."""

    tag_id: int
    level: Level
    from_us: int
    to_us: int


@dataclass(frozen=True, slots=True)
class Renewal:
    """The finest buckets of a tag over [from_us, to_us), both aligned, computed anew."""

    shape: Shape
    from_us: int
    to_us: int
    finest: Buckets


_READ = """
select r.tag_id, r.level, k.b0_us, k.data, k.checksum
from unnest(%(tags)s::int[], %(levels)s::smallint[], %(los)s::bigint[], %(his)s::bigint[]) as r(tag_id, level, lo, hi)
join lateral (select * from rollup x where x.site_id = %(site)s and x.tag_id = r.tag_id and x.level = r.level
    and x.b0_us >= r.lo and x.b0_us < r.hi order by x.b0_us) k on true
"""
_DELETE = """
delete from rollup x using unnest(%(tags)s::int[], %(levels)s::smallint[], %(los)s::bigint[], %(his)s::bigint[])
    as r(tag_id, level, lo, hi)
where x.site_id = %(site)s and x.tag_id = r.tag_id and x.level = r.level and x.b0_us >= r.lo and x.b0_us < r.hi
"""
_TARGET = "rollup (site_id, tag_id, level, b0_us, n, data, checksum)"
_TYPES = ("int4", "int4", "int2", "int8", "int4", "bytea", "int8")


def read(connection: Connection, site_id: int, windows: Sequence[Window]) -> tuple[dict[Key, Buckets], dict[Key, int]]:
    """For each (tag, level) all buckets of the rows that overlap its window, and how many rows that were.

    Raises `Damaged` when stored bytes are damaged.
    """
    parts: dict[Key, list[Buckets]] = {}
    for tag_id, level, _, data, crc in rows(connection, _READ, _keys(site_id, windows)):
        if checksum(data) != crc:
            raise Damaged(f"Stored buckets of signal {tag_id} are damaged; run “plantglass historian check”.")
        try:
            parts.setdefault((tag_id, level), []).append(unpack(data))
        except Invalid as error:
            raise Damaged(f"Stored buckets of signal {tag_id} cannot be read: {error}") from error
    return {key: Buckets.join(found) for key, found in parts.items()}, {key: len(found) for key, found in parts.items()}


def renew(connection: Connection, site_id: int, renewals: Sequence[Renewal]) -> None:
    """Put finest buckets in place of the stored ones and fold every coarser level that they reach."""
    windows = [window for renewal in renewals for window in _windows(renewal)]
    if not windows:
        return
    stored, _ = read(connection, site_id, windows)
    records = []
    for renewal in renewals:
        records += _records(renewal, stored)
    execute(connection, _DELETE, _keys(site_id, windows))
    copy_records(connection, _TARGET, _TYPES, records)


def aligned(level: Level, from_us: int, to_us: int) -> tuple[int, int]:
    """The smallest span of whole buckets of a level around [from_us, to_us)."""
    return from_us // level.width_us * level.width_us, -(-to_us // level.width_us) * level.width_us


def _windows(renewal: Renewal) -> list[Window]:
    windows, from_us, to_us = [], renewal.from_us, renewal.to_us
    for level in renewal.shape.levels:
        from_us, to_us = aligned(level, from_us, to_us)
        windows.append(Window(renewal.shape.tag_id, level, from_us, to_us))
    return windows


def _records(renewal: Renewal, stored: dict[Key, Buckets]) -> list[tuple]:
    """The new rows of every level, from the finest up; a row covers whole buckets of the next level."""
    records, fresh, shape = [], renewal.finest, renewal.shape
    for window, above in zip(_windows(renewal), [*shape.levels[1:], None], strict=True):
        old = stored.get((shape.tag_id, window.level.number), Buckets.empty())
        whole = Buckets.join([old.between(_LOWEST, window.from_us), fresh, old.between(window.to_us, _HIGHEST)])
        records += _rows(shape, window.level, whole)
        if above is not None:
            fresh = fold(whole.between(*aligned(above, window.from_us, window.to_us)), above.width_us)
    return records


def _rows(shape: Shape, level: Level, buckets: Buckets) -> list[tuple]:
    """Buckets cut into stored rows."""
    records, begin, end = [], 0, len(buckets)
    while begin < end:
        b0 = int(buckets.start_us[begin]) // level.span_us * level.span_us
        stop = begin + int((buckets.start_us[begin : begin + level.per_row] < b0 + level.span_us).sum())
        data = pack(buckets.take(slice(begin, stop)))
        records.append((shape.site_id, shape.tag_id, level.number, b0, stop - begin, data, checksum(data)))
        begin = stop
    return records


def _keys(site_id: int, windows: Sequence[Window]) -> dict[str, object]:
    return {
        "site": site_id,
        "tags": [w.tag_id for w in windows],
        "levels": [w.level.number for w in windows],
        "los": [w.from_us // w.level.span_us * w.level.span_us for w in windows],
        "his": [w.to_us for w in windows],
    }


_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
