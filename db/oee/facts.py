"""Everything that sums of machine time are made of, for many machines over a window, in a fixed number of queries."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from sqlalchemy import Connection

from db.historian.gather import Gathered, gather
from db.historian.wire import rows
from db.state import intervals_in, state_maps
from engine.access import SYSTEM, Scope
from engine.historian.bucket import increases
from engine.historian.shape import Shape
from engine.oee.plan import Plan, plan_of
from engine.oee.work import ALWAYS_US, LOOK_BACK_US, Counted, MachineFacts, Rates, Worked
from engine.shift import Calendar
from engine.state import FOREVER_US, ISO_22400, StateInterval
from engine.tag import ValueKind
from engine.time import moment_of, us_of

COUNTERS = ("produced", "rejected")
"""Last words of the names of the counters that are read."""

_MACHINES = """
select l.id from location l where (%(ids)s::int[] is null or l.id = any(%(ids)s::int[]))
    and (%(nodes)s::int[] is null or l.id = any(%(nodes)s::int[])) and l.retired_at is null
    and exists (select 1 from tag t where t.location_id = l.id and t.retired_at is null and (t.kind = 'state'
        or (t.counter and substring(t.name from '[^.]*$') = any(%(counters)s::text[])))) order by l.id
"""
# The nearest calendar and time zone above each place that has a state tag or a counter.
_PLACES = """
with recursive up as (
    select l.id as place, l.site_id, l.parent_id, l.calendar_id, l.time_zone, 0 as height from location l
    where l.id = any(%(ids)s::int[])
    union all
    select up.place, up.site_id, l.parent_id, l.calendar_id, l.time_zone, up.height + 1
    from location l join up on l.id = up.parent_id
), nearest as (
    select place, site_id, (array_agg(calendar_id order by height) filter (where calendar_id is not null))[1] as calendar_id,
        (array_agg(time_zone order by height) filter (where time_zone is not null))[1] as zone
    from up group by place, site_id
)
select n.place, n.site_id, coalesce(n.zone, 'UTC'), m.state_map, s.path, c.name, c.definition::text, s.time_zone
from nearest n left join machine m on m.id = n.place
left join calendar c on c.id = n.calendar_id left join location s on s.id = c.site_id order by n.place
"""
_COUNTERS = """
select t.location_id, substring(t.name from '[^.]*$'), t.id, t.site_id, t.kind, t.rollover, t.interval_s from tag t
where t.location_id = any(%(ids)s::int[]) and t.counter and t.retired_at is null
    and substring(t.name from '[^.]*$') = any(%(counters)s::text[]) order by t.sort desc, t.id desc
"""
_WORKED = """
select o.location_id, o.from_at, o.to_at, p.code from occupation o join batch b on b.id = o.batch_id
left join product p on p.id = b.product_id where o.location_id = any(%(ids)s::int[]) and o.from_at < %(until)s
    and (o.to_at is null or o.to_at > %(since)s) order by o.location_id, o.from_at
"""
_RATES = """
select r.location_id, p.code, r.effective_from, r.per_hour from ideal_rate r join product p on p.id = r.product_id
where r.location_id = any(%(ids)s::int[]) order by r.effective_from
"""


def places(connection: Connection, scope: Scope, node_ids: Iterable[int] | None = None) -> list[int]:
    """The visible nodes (among these) whose time can be summed up: those with a state tag or a counter."""
    ids = None if node_ids is None else list(node_ids)
    return [row[0] for row in rows(connection, _MACHINES, {"ids": ids, "nodes": scope.ids(), "counters": list(COUNTERS)})]


def facts(  # a window of many machines
    connection: Connection, scope: Scope, node_ids: Iterable[int], from_us: int, to_us: int, *, blank: bool = False
) -> dict[int, MachineFacts]:
    """What is known over [from_us, to_us) of each visible machine that has a state tag or a counter.

    `blank`: its calendar and rates only, as if it had never said anything. `connection` must see one snapshot.
    """
    ids = places(connection, scope, node_ids)
    maps = state_maps(connection)
    rates = _rates(connection, ids)
    known = _Known() if blank else _known(connection, ids, from_us, to_us)
    plans: dict[tuple[Any, ...], Plan] = {}
    machines = {}
    for node, site, zone, map_name, *calendar in rows(connection, _PLACES, {"ids": ids}):
        key = (zone, *calendar)
        if key not in plans:
            plans[key] = plan_of(_calendar(*calendar), zone, from_us, to_us)
        machines[node] = MachineFacts(
            node,
            site,
            maps.get(map_name or ISO_22400.name, ISO_22400),
            plans[key],
            known.intervals.get(node) or [StateInterval(node, from_us - LOOK_BACK_US, to_us)],
            known.worked.get(node, []),
            rates.get(node, Rates()),
            known.counted.get((node, "produced"), Counted.nothing()),
            known.counted.get((node, "rejected"), Counted.nothing()),
            known.dead.get(node),
        )
    return machines


@dataclass(frozen=True, slots=True)
class _Known:
    """What machines said over a window, by node."""

    intervals: dict[int, list[StateInterval]] = field(default_factory=dict)
    dead: dict[int, int] = field(default_factory=dict)
    worked: dict[int, list[Worked]] = field(default_factory=dict)
    counted: dict[tuple[int, str], Counted] = field(default_factory=dict)


def _known(connection: Connection, ids: list[int], from_us: int, to_us: int) -> _Known:
    intervals, dead = intervals_in(connection, SYSTEM, ids, from_us - LOOK_BACK_US, to_us)
    return _Known(intervals, dead, _worked(connection, ids, from_us, to_us), _counted(connection, ids, from_us, to_us))


@lru_cache(maxsize=256)
def _calendar(site: str | None, name: str, definition: str, zone: str) -> Calendar | None:
    from engine.config.reading import calendar_entry  # the file's whole format, which pages need for nothing else

    return None if site is None else calendar_entry(site, name, json.loads(definition)).calendar(zone)


def _counted(connection: Connection, ids: list[int], from_us: int, to_us: int) -> dict[tuple[int, str], Counted]:
    """The rises of each machine's counters, by (node, last word of the name)."""
    found = rows(connection, _COUNTERS, {"ids": ids, "counters": list(COUNTERS)})
    shapes = {
        (node, word): Shape(tag, site, node, ValueKind(kind), False, True, rollover, interval_s)
        for node, word, tag, site, kind, rollover, interval_s in found
    }
    samples = gather(connection, list(shapes.values()), from_us, to_us)
    return {key: _rises(shape, samples[shape.tag_id]) for key, shape in shapes.items()}


def _rises(shape: Shape, found: Gathered) -> Counted:
    block = found.block
    good = shape.good(block.bits, block.status)
    gains = increases(shape.numbers(block.bits), good, shape, found.anchor_value(shape))[good]
    at_us, bad_us = block.at_us[good], block.at_us[~good]
    first = ALWAYS_US if found.anchor is not None else int(at_us[0]) if len(at_us) else FOREVER_US
    return Counted(at_us, np.concatenate([at_us[:1], at_us[:-1]]), gains, bad_us, first)


def _worked(connection: Connection, ids: list[int], from_us: int, to_us: int) -> dict[int, list[Worked]]:
    found: dict[int, list[Worked]] = {}
    asked = {"ids": ids, "since": moment_of(from_us), "until": moment_of(to_us)}
    for node, since, until, product in rows(connection, _WORKED, asked):
        end = to_us if until is None else min(us_of(until), to_us)
        found.setdefault(node, []).append(Worked(max(us_of(since), from_us), end, product))
    return found


def _rates(connection: Connection, ids: list[int]) -> dict[int, Rates]:
    by_node: dict[int, dict[str, tuple[tuple[int, float], ...]]] = {}
    for node, product, since, per_hour in rows(connection, _RATES, {"ids": ids}):
        known = by_node.setdefault(node, {})
        known[product] = (*known.get(product, ()), (us_of(since), float(per_hour)))
    return {node: Rates(known) for node, known in by_node.items()}
