"""A small site with one tag of each sort, for the historian's tests."""

from __future__ import annotations

import numpy as np
from sqlalchemy import text

from db.store import Store
from engine.historian.block import SampleBlock
from engine.historian.counts import Counts

S = 1_000_000
T0 = 1_789_999_200 * S  # a multiple of 15 minutes

TAGS = {
    # name: kind, interpolation, counter, rollover, interval_s, node
    "temperature": ("float", "linear", False, None, 10.0, 2),
    "pressure": ("float", "step", False, None, 1.0, 2),
    "produced": ("int", "step", True, None, 10.0, 2),
    "energy": ("float", "step", True, 1000.0, 60.0, 3),
    "state": ("state", "step", False, None, None, 3),
    "door": ("bool", "step", False, None, None, 3),
    "batch": ("text", "step", False, None, None, 3),
}
SITE = 1
SOURCE = 1


def make_site(store: Store) -> dict[str, int]:
    """Create site 1, machines 2 and 3, source 1, and the tags; returns tag ids by name."""
    with store.change("test", "site for the test") as change:
        run = change.connection.execute
        nodes = [
            (1, None, "dublin", "dublin", "site"),
            (2, 1, "m2", "dublin/m2", "machine"),
            (3, 1, "m3", "dublin/m3", "machine"),
        ]
        for node, parent, slug, path, kind in nodes:
            run(
                text(
                    "insert into location (id, site_id, parent_id, slug, path, name, kind) overriding system value"
                    " values (:id, 1, :parent, :slug, :path, :slug, :kind)"
                ),
                {"id": node, "parent": parent, "slug": slug, "path": path, "kind": kind},
            )
        run(text("insert into source (site_id, name, kind) values (1, 'line', 'opcua')"))
        return {name: _tag(run, name, *fields) for name, fields in TAGS.items()}


def _tag(run, name, kind, interpolation, counter, rollover, interval_s, node) -> int:  # type: ignore[no-untyped-def]
    return int(
        run(
            text(
                "insert into tag (site_id, location_id, name, title, kind, interpolation, counter, rollover, interval_s)"
                " values (1, :node, :name, :name, :kind, :interpolation, :counter, :rollover, :interval) returning id"
            ),
            {
                "node": node,
                "name": name,
                "kind": kind,
                "interpolation": interpolation,
                "counter": counter,
                "rollover": rollover,
                "interval": interval_s,
            },
        ).scalar_one()
    )


def block_of(rows: list[tuple[int, int, int, int, int]]) -> SampleBlock:
    columns = np.array(rows, np.int64).reshape(-1, 5).T
    return SampleBlock(*columns, columns[1] + 5_000)


def floats(tag: int, values: list[float], at_us: int = T0, step_s: float = 10.0) -> SampleBlock:
    bits = np.array(values, np.float64).view(np.int64)
    return block_of([(tag, at_us + round(i * step_s * S), 0, int(b), 0) for i, b in enumerate(bits)])


def whole(tag: int, values: list[int], at_us: int = T0, step_s: float = 10.0) -> SampleBlock:
    return block_of([(tag, at_us + round(i * step_s * S), 0, v, 0) for i, v in enumerate(values)])


def balanced(counts: Counts) -> bool:
    """True when each received value is counted exactly once."""
    return counts.received == counts.stored + counts.duplicates + counts.superseded + counts.dead_lettered
