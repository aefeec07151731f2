"""Telling others: revisions for the pages, stale ranges for what was computed from samples that came late."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from db.historian.wire import execute
from db.job import raise_revisions
from engine.historian.shape import Shape

LATE_MATTERS_TO = ("order",)
"""Capabilities that compute from samples and want to know of late ones."""

_MARK = """
insert into stale (capability, site_id, location_id, from_us, to_us, cause)
select c.capability, u.* , %(cause)s from unnest(%(capabilities)s::text[]) as c(capability)
cross join unnest(%(sites)s::int[], %(nodes)s::int[], %(los)s::bigint[], %(his)s::bigint[]) as u(site_id, location_id, lo, hi)
order by c.capability, u.location_id
"""


@dataclass(frozen=True, slots=True)
class Late:
    """A tag that changed; with times when that was in the past: over [from_us, to_us)."""

    tag_id: int
    from_us: int | None = None
    to_us: int | None = None


def announce(connection: Connection, known: dict[int, Shape], changes: Iterable[Late], cause: str = "late samples") -> None:
    """Raise the revision “tag” of every node that changed, and mark what came late."""
    nodes: dict[int, list[Late]] = {}
    for change in changes:
        nodes.setdefault(known[change.tag_id].node_id, []).append(change)
    if not nodes:
        return
    raise_revisions(connection, "tag", nodes)
    spans = {node: span for node, late in sorted(nodes.items()) if (span := _span(late)) is not None}
    if spans:
        _mark(connection, {shape.node_id: shape.site_id for shape in known.values()}, spans, cause)


def _mark(connection: Connection, sites: dict[int, int], spans: dict[int, tuple[int, int]], cause: str) -> None:
    execute(
        connection,
        _MARK,
        {
            "cause": cause,
            "capabilities": list(LATE_MATTERS_TO),
            "sites": [sites[node] for node in spans],
            "nodes": list(spans),
            "los": [span[0] for span in spans.values()],
            "his": [span[1] for span in spans.values()],
        },
    )


def _span(changes: list[Late]) -> tuple[int, int] | None:
    begins = [c.from_us for c in changes if c.from_us is not None]
    ends = [c.to_us for c in changes if c.to_us is not None]
    return (min(begins), max(ends)) if begins and ends else None
