"""Traces: any window of any tags in at most so many points, with a bounded number of stored rows read for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from db.historian import rollups
from db.historian.gather import Gathered, gather, tails
from db.historian.read import numeric
from db.historian.wire import rows
from db.store import Store
from engine.access import Scope
from engine.historian.bucket import Buckets, Span, bucketize, fold, merge
from engine.historian.reduce import (
    MOST_POINTS,
    Trace,
    bucket_trace,
    check_window,
    level_for,
    pixels,
    raw_points,
    raw_trace,
)
from engine.historian.shape import Level, Shape

_FEW_CHUNKS = 3
_MANY_CHUNKS = 24
_FEW_SAMPLES_A_POINT = 4

# How many chunks, and samples in them, overlap the window; counted no further than a limit of each tag.
_PROBE = """
select r.tag_id, count(k.n), coalesce(sum(k.n), 0)::bigint
from unnest(%(sites)s::int[], %(tags)s::int[], %(limits)s::int[]) as r(site_id, tag_id, most)
left join lateral (
    select c.n from chunk c where c.site_id = r.site_id and c.tag_id = r.tag_id and c.t0_us < %(to)s and c.t0_us >= coalesce(
        (select max(x.t0_us) from chunk x where x.site_id = r.site_id and x.tag_id = r.tag_id and x.t0_us <= %(from)s),
        %(from)s)
    order by c.t0_us limit r.most) k on true
group by r.tag_id
"""


@dataclass(frozen=True, slots=True)
class _View:
    """What is asked for."""

    from_us: int
    to_us: int
    points: int
    now_us: int

    @property
    def pixel_us(self) -> float:
        return (self.to_us - self.from_us) / self.points


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a tag's trace is read: from a level, or (level None) from its samples. `probed`: chunk rows looked at."""

    shape: Shape
    level: Level | None
    probed: int = 0


def reduce(
    scope: Scope, store: Store, tag_ids: Iterable[int], from_us: int, to_us: int, points: int, now_us: int
) -> dict[int, Trace]:
    """Each visible numeric tag over [from_us, to_us) in at most `points` (2 to 2,000) points.

    Samples themselves where they are few enough, else buckets of equal width, aligned to 1970 UTC: whole buckets, so that
    the outer ones may reach beyond the window. The last value speaks on until `now_us` at most. Raises `Invalid`.
    """
    check_window(from_us, to_us)
    view = _View(from_us, to_us, max(2, min(points, MOST_POINTS)), now_us)
    with store.read() as connection:
        plans = _plans(connection, numeric(scope, connection, tag_ids), view)
        return _from_samples(connection, plans, view) | _from_levels(connection, plans, view)


def level_buckets(
    connection: Connection, shapes: Sequence[Shape], level: Level, span: Span
) -> tuple[dict[int, Buckets], dict[int, int]]:
    """Buckets of `span.width_us` over the span for tags that keep `level`, stored and open end together; rows read for each.

    The span's ends are multiples of its width, and its width one of the level's; `span.end_us` is the present.
    """
    found: dict[int, Buckets] = {}
    touched: dict[int, int] = {}
    ends = tails(connection, shapes, span.to_us) if shapes else {}
    for site_id in sorted({shape.site_id for shape in shapes}):
        here = [shape for shape in shapes if shape.site_id == site_id]
        windows = [rollups.Window(shape.tag_id, level, span.from_us, span.to_us) for shape in here]
        stored, counts = rollups.read(connection, site_id, windows)
        for shape in here:
            key = (shape.tag_id, level.number)
            kept = stored.get(key, Buckets.empty()).between(span.from_us, span.to_us)
            found[shape.tag_id] = merge(fold(kept, span.width_us), _open_end(shape, ends[shape.tag_id], span))
            touched[shape.tag_id] = counts.get(key, 0) + ends[shape.tag_id].rows
    return found, touched


def _open_end(shape: Shape, tail: Gathered, span: Span) -> Buckets:
    """What follows the last sealed sample, which speaks but is counted already."""
    end_us = None if span.end_us is None else min(span.end_us, span.to_us)
    return bucketize(
        tail.block,
        shape,
        Span(span.width_us, span.from_us, span.to_us, end_us, context=tail.rows),
        tail.anchor_value(shape),
    )


def _plans(connection: Connection, shapes: Sequence[Shape], view: _View) -> list[_Plan]:
    levels = {shape.tag_id: level_for(shape, view.pixel_us) for shape in shapes}
    limits = [(_FEW_CHUNKS if levels[shape.tag_id] else _MANY_CHUNKS) + 1 for shape in shapes]
    asked = {"sites": [s.site_id for s in shapes], "tags": [s.tag_id for s in shapes], "limits": limits}
    probed = rows(connection, _PROBE, asked | {"from": view.from_us, "to": view.to_us})
    seen = {tag_id: (chunks, samples) for tag_id, chunks, samples in probed}
    return [_plan(shape, levels[shape.tag_id], *seen[shape.tag_id], view) for shape in shapes]


def _plan(shape: Shape, level: Level | None, chunks: int, samples: int, view: _View) -> _Plan:
    """Few samples: as they are. Many: from the fitting level, or the finest one when even that is coarser than a pixel."""
    if level is None:
        return _Plan(shape, None if chunks <= _MANY_CHUNKS else shape.levels[0], chunks)
    few = chunks <= _FEW_CHUNKS and samples <= _FEW_SAMPLES_A_POINT * view.points
    return _Plan(shape, None if few else level, chunks)


def _from_samples(connection: Connection, plans: Sequence[_Plan], view: _View) -> dict[int, Trace]:
    shapes = [plan.shape for plan in plans if plan.level is None]
    found = gather(connection, shapes, view.from_us, view.to_us)
    return {shape.tag_id: _sample_trace(shape, found[shape.tag_id], view) for shape in shapes}


def _sample_trace(shape: Shape, found: Gathered, view: _View) -> Trace:
    inside = found.inside(view.from_us, view.to_us)
    before = inside.start > 0 and found.block.at_us[inside.start - 1] + shape.hold_us > view.from_us
    shown = found.block.take(slice(inside.start - int(before), inside.stop + 1))
    if raw_points(shape, shown) <= view.points:
        return raw_trace(shape, shown, found.rows)
    width, from_us, to_us = pixels(view.from_us, view.to_us, view.points, 1)
    span = Span(width, max(from_us, view.from_us), min(to_us, view.to_us), min(view.now_us, view.to_us))
    buckets = bucketize(found.block, shape, span, found.anchor_value(shape))
    return bucket_trace(buckets, width, view.now_us, found.rows)


def _from_levels(connection: Connection, plans: Sequence[_Plan], view: _View) -> dict[int, Trace]:
    traces: dict[int, Trace] = {}
    levels = {plan.level for plan in plans if plan.level is not None}
    for level in sorted(levels, key=lambda one: one.number):
        chosen = [plan for plan in plans if plan.level == level]
        width, from_us, to_us = pixels(view.from_us, view.to_us, view.points, level.width_us)
        span = Span(width, from_us, to_us, view.now_us)
        buckets, touched = level_buckets(connection, [plan.shape for plan in chosen], level, span)
        for plan in chosen:
            tag = plan.shape.tag_id
            traces[tag] = bucket_trace(buckets[tag], width, view.now_us, touched[tag] + plan.probed)
    return traces
