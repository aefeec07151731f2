"""Telling others: revisions for the pages, stale ranges for what was computed from samples that came late."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from db.historian.wire import execute
from db.job import raise_revisions
from engine.historian.block import Intake
from engine.historian.shape import Shape
from engine.tag import ValueKind
from engine.time import DAY_US, SECOND_US

LATE_MATTERS_TO = ("order", "alarm")
"""Capabilities that compute from samples and want to know of late ones."""

STATES_MATTER_TO, COUNTS_MATTER_TO = "state", "oee"
"""What is computed from every sample of a state tag, in time or late; and from counters that came late or were kept back."""
MISSED_BY, KEPT_US = "alarm", (30 * SECOND_US, 2 * DAY_US)
"""Alarms are judged from the newest values: what came in one go after an outage of this length went past them. The sums of a
shift are final two minutes after its end: counters that were kept back for longer than the lower bound restate them."""

_MARK = """
insert into stale (capability, site_id, location_id, from_us, to_us, cause)
select u.*, %(cause)s from unnest(%(capabilities)s::text[], %(sites)s::int[], %(nodes)s::int[], %(los)s::bigint[],
    %(his)s::bigint[]) as u(capability, site_id, location_id, lo, hi)
order by u.capability, u.location_id
"""
_MARK_GAPS = """
insert into stale (capability, site_id, location_id, from_us, to_us, cause)
select 'state', t.site_id, t.location_id, min(g.lo), max(g.hi), 'a gap was declared'
from unnest(%(tags)s::int[], %(los)s::bigint[], %(his)s::bigint[]) as g(tag_id, lo, hi)
join tag t on t.kind = 'state' and (t.id = g.tag_id or (g.tag_id is null
    and exists (select 1 from tag_binding b where b.tag_id = t.id and b.source_id = %(source)s)))
group by t.site_id, t.location_id order by t.location_id
"""


@dataclass(frozen=True, slots=True)
class Late:
    """A tag that changed over [from_us, to_us); `in_time` when that was after all that was known of it."""

    tag_id: int
    from_us: int
    to_us: int
    in_time: bool = False


def announce(connection: Connection, known: dict[int, Shape], changes: Iterable[Late], cause: str = "late samples") -> None:
    """Raise the revision “tag” of every node that changed, and mark what came late."""
    spans: dict[tuple[str, int], tuple[int, int]] = {}
    nodes = set()
    for change in changes:
        shape = known[change.tag_id]
        nodes.add(shape.node_id)
        for capability in _concerned(shape, change):
            lo, hi = spans.get((capability, shape.node_id), (change.from_us, change.to_us))
            spans[capability, shape.node_id] = min(lo, change.from_us), max(hi, change.to_us)
    if nodes:
        raise_revisions(connection, "tag", nodes)
    if spans:
        _mark(connection, {shape.node_id: shape.site_id for shape in known.values()}, spans, cause)


def announce_gaps(connection: Connection, intake: Intake) -> None:
    """Mark the states of machines of which samples are known to be lost."""
    if intake.gaps:
        columns = {"tags": [g.tag_id for g in intake.gaps], "los": [g.from_us for g in intake.gaps]}
        execute(connection, _MARK_GAPS, columns | {"his": [g.to_us for g in intake.gaps], "source": intake.source_id})


def _concerned(shape: Shape, change: Late) -> Iterable[str]:
    if not change.in_time:
        yield from LATE_MATTERS_TO
        if shape.counter:
            yield COUNTS_MATTER_TO
    else:
        age_us = time.time_ns() // 1000 - change.from_us
        if KEPT_US[0] < age_us < KEPT_US[1]:
            yield MISSED_BY
        if shape.counter and age_us > KEPT_US[0]:
            yield COUNTS_MATTER_TO
    if shape.kind is ValueKind.STATE:
        yield STATES_MATTER_TO


def _mark(connection: Connection, sites: dict[int, int], spans: dict[tuple[str, int], tuple[int, int]], cause: str) -> None:
    execute(
        connection,
        _MARK,
        {
            "cause": cause,
            "capabilities": [capability for capability, _ in spans],
            "sites": [sites[node] for _, node in spans],
            "nodes": [node for _, node in spans],
            "los": [span[0] for span in spans.values()],
            "his": [span[1] for span in spans.values()],
        },
    )
