"""Sums over windows: counter increase, time-weighted mean, hours by local days. Whole quarters from the pyramid, the
edges from the samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
from sqlalchemy import Connection

from db.historian import shapes as tags
from db.historian.gather import gather
from db.historian.read import numeric
from db.historian.trace import level_buckets
from db.store import Store
from engine.access import Scope
from engine.historian.bucket import Buckets, Span, bucketize, fold
from engine.historian.reduce import Grid, check_window, grid_cells, grid_of, mean_of
from engine.historian.shape import QUARTER, Shape
from engine.time import HOUR_US

_SHORT_US = 6 * HOUR_US
_HUGE = 2**62


def counter_increase(
    scope: Scope, store: Store, tag_ids: Iterable[int], from_us: int, to_us: int, now_us: int
) -> dict[int, float]:
    """What each counter counted over [from_us, to_us): the sum of the rises seen in it, resets and rollovers handled.

    NaN without a single good sample: then nobody knows whether it counted."""
    found = totals(scope, store, tag_ids, from_us, to_us, now_us)
    return {tag: float(b.increase.sum()) if b.good.sum() else float("nan") for tag, b in found.items()}


def time_weighted_mean(
    scope: Scope, store: Store, tag_ids: Iterable[int], from_us: int, to_us: int, now_us: int
) -> dict[int, float]:
    """Mean of each tag over [from_us, to_us), weighted by the time that each value held; NaN when nothing is known."""
    found = totals(scope, store, tag_ids, from_us, to_us, now_us)
    return {tag: float(mean_of(b)[0]) if len(b) else float("nan") for tag, b in found.items()}


def totals(scope: Scope, store: Store, tag_ids: Iterable[int], from_us: int, to_us: int, now_us: int) -> dict[int, Buckets]:
    """Each visible numeric tag's samples over the window as one bucket (or none when nothing is known). Raises `Invalid`."""
    check_window(from_us, to_us)
    with store.read() as connection:
        visible = numeric(scope, connection, tag_ids)
        parts = [_part(connection, visible, *part, now_us) for part in _parts(from_us, to_us)]
    return {s.tag_id: _one(Buckets.join(part[s.tag_id] for part in parts)) for s in visible}


def hour_day_grid(scope: Scope, store: Store, tag_id: int, first: date, days: int, zone: str, now_us: int) -> Grid:
    """A tag by hour and local day: from the day `first` on, `zone` an IANA name. Raises `NotFound`.

    Days on which clocks change have 23 or 25 hours. Reads quarter-hour buckets only.
    """
    dates, cells = grid_cells(first, days, zone)
    starts = cells[cells >= 0]
    begin, end = int(starts[0]) // QUARTER.width_us * QUARTER.width_us, int(starts[-1]) + HOUR_US
    with store.read() as connection:
        shape = tags.shape(scope, connection, tag_id)
        found, _ = level_buckets(connection, [shape], QUARTER, Span(QUARTER.width_us, begin, end, now_us))
    return grid_of(found[tag_id], cells, dates, zone, now_us)


def _parts(from_us: int, to_us: int) -> list[tuple[int, int, bool]]:
    """The window as (from, to, whole quarters) pieces in order."""
    begin = -(-from_us // QUARTER.width_us) * QUARTER.width_us
    end = to_us // QUARTER.width_us * QUARTER.width_us
    if end - begin < _SHORT_US:
        return [(from_us, to_us, False)]
    pieces = [(from_us, begin, False), (begin, end, True), (end, to_us, False)]
    return [piece for piece in pieces if piece[1] > piece[0]]


def _part(
    connection: Connection, shapes: Sequence[Shape], from_us: int, to_us: int, whole: bool, now_us: int
) -> dict[int, Buckets]:
    if whole:
        return level_buckets(connection, shapes, QUARTER, Span(QUARTER.width_us, from_us, to_us, now_us))[0]
    found = gather(connection, shapes, from_us, to_us)
    span = Span(QUARTER.width_us, from_us, to_us, min(now_us, to_us))
    return {s.tag_id: bucketize(found[s.tag_id].block, s, span, found[s.tag_id].anchor_value(s)) for s in shapes}


def _one(buckets: Buckets) -> Buckets:
    if not len(buckets):
        return buckets
    columns = {name: getattr(buckets, name) for name in Buckets.__dataclass_fields__}
    return fold(Buckets(**columns | {"start_us": np.zeros(len(buckets), np.int64)}), _HUGE)
