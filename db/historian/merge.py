"""Samples into sealed storage: chunks and rollups of their tags change together, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Connection

from db.historian import chunks, rollups, superseded
from engine.historian.block import SampleBlock
from engine.historian.revise import in_order, settle
from engine.historian.sealing import Place, buckets_of_change, change_span, merged, rewrites
from engine.historian.shape import Shape

Older = Callable[[SampleBlock], SampleBlock]
TAGS_AT_ONCE = 32


@dataclass(slots=True)
class Merged:
    """What a merge did: samples that are new, revisions moved away, duplicates; and where tags changed (µs, half-open)."""

    stored: int = 0
    superseded: int = 0
    duplicates: int = 0
    changed: dict[int, tuple[int, int]] = field(default_factory=dict)
    changed_samples: list[SampleBlock] = field(default_factory=list)

    def add(self, other: Merged) -> None:
        """Add up."""
        self.stored += other.stored
        self.superseded += other.superseded
        self.duplicates += other.duplicates
        self.changed |= other.changed
        self.changed_samples += other.changed_samples


@dataclass(slots=True)
class _Work:
    """What is to be written for a group of tags."""

    gone: list[chunks.Chunk] = field(default_factory=list)
    records: list[tuple] = field(default_factory=list)
    moved: list[SampleBlock] = field(default_factory=list)
    renewals: list[rollups.Renewal] = field(default_factory=list)


def merge(connection: Connection, shapes: dict[int, Shape], arrived: SampleBlock, older: Older | None = None) -> Merged:
    """Put samples of one site into chunks and rollups; the caller holds the site's lock.

    Every tag of `arrived` is in `shapes`. `older` answers known revisions (default: the stored ones).
    """
    arrived, total = in_order(arrived), Merged()
    for group in _groups(arrived):
        total.add(_merge_group(connection, shapes, group, older))
    return total


def _merge_group(connection: Connection, shapes: dict[int, Shape], group: list[SampleBlock], older: Older | None) -> Merged:
    site_id = shapes[int(group[0].tag_id[0])].site_id
    asked = [_around(shapes[int(block.tag_id[0])], block) for block in group]
    stored = chunks.around(connection, site_id, asked)
    total, work = Merged(), _Work()
    for block in group:
        shape = shapes[int(block.tag_id[0])]
        total.add(_merge_tag(shape, block, stored.get(shape.tag_id, []), older or superseded.reader(connection, site_id), work))
    chunks.replace(connection, site_id, work.gone, work.records)
    superseded.keep(connection, site_id, SampleBlock.join(work.moved))
    rollups.renew(connection, site_id, work.renewals)
    return total


def _merge_tag(shape: Shape, arrived: SampleBlock, near: list[chunks.Chunk], older: Older, work: _Work) -> Merged:
    """Decide for one tag and note what to write."""
    stored = SampleBlock.join([chunk.open() for chunk in near])
    settled = settle(arrived, stored, older)
    result = Merged(len(settled.fresh), len(settled.moved), settled.duplicates)
    work.moved.append(settled.moved)
    changed = settled.changed
    if not len(changed):
        return result
    block = merged(stored, settled.fresh, settled.replacing)
    for rewrite in rewrites([Place(c.t0_us, c.t1_us, c.n) for c in near], changed):
        begin, _ = np.searchsorted(block.at_us, [rewrite.from_us, rewrite.to_us], "left")
        end = int(np.searchsorted(block.at_us, rewrite.to_us, "right"))
        work.gone += near[rewrite.first : rewrite.last]
        work.records += [chunks.record(shape, piece) for piece in chunks.cut(block.take(slice(int(begin), end)))]
    span = change_span(block, shape, changed)
    anchor = near[0].anchor if near else None
    work.renewals.append(rollups.Renewal(shape, *span, buckets_of_change(block, shape, span, anchor)))
    result.changed[shape.tag_id] = span
    result.changed_samples.append(changed)
    return result


def _around(shape: Shape, block: SampleBlock) -> chunks.Around:
    return chunks.Around(shape.tag_id, int(block.at_us[0]), int(block.at_us[-1]), shape.levels[0].width_us, shape.counter)


def by_tag(block: SampleBlock) -> list[SampleBlock]:
    """An ordered block cut by tag."""
    starts = np.flatnonzero(np.diff(block.tag_id, prepend=block.tag_id[:1] - 1)) if len(block) else np.empty(0, np.int64)
    ends = [*starts[1:].tolist(), len(block)]
    return [block.take(slice(begin, end)) for begin, end in zip(starts.tolist(), ends, strict=True)] if len(block) else []


def _groups(arrived: SampleBlock) -> list[list[SampleBlock]]:
    blocks = by_tag(arrived)
    return [blocks[i : i + TAGS_AT_ONCE] for i in range(0, len(blocks), TAGS_AT_ONCE)]
