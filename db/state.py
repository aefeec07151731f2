"""Where machine states are kept: derived intervals, replaced freely by their job; and the maps from states to time elements.

Views never show more than is known: from the moment on at which a machine's source was last heard of, its state is
unknown, whatever the last interval says (`DEAD`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection

from db.historian.gather import gather
from db.historian.latest import AHEAD_US
from db.historian.wire import copy_records, execute, rows
from db.store import Store
from db.tag import codes_of
from engine.access import Scope
from engine.historian.shape import Shape
from engine.job import Stale
from engine.state import (
    FOREVER_US,
    ISO_22400,
    StateInterval,
    StateMap,
    StateRule,
    StateSignal,
    TimeElement,
    filled,
    intervals_of,
    signal_of,
)
from engine.tag import StateTable, ValueKind

LIVING_S = 30.0
"""A worker whose heartbeat is older collects no more, whatever its sources last said of themselves."""

DEAD = f"""
select s.id as source_id, coalesce((x.facts ->> 'heard_us')::bigint, x.last_sample_us,
    (extract(epoch from x.since) * 1000000)::bigint) as dead_us
from source s join source_state x on x.source_id = s.id
where not s.active or x.state <> 'connected' or not exists (select 1 from worker w
    where w.seen_at > now() - interval '{LIVING_S} s' and 'source ' || s.name = any(w.roles))
"""
"""Sources that nobody hears now, and since when: the newest source time that came from them."""

_MAPS = "select name, title, states, modes, rules from state_map where retired_at is null"
_TAGS = """
select t.location_id, t.id, t.site_id, substring(t.name from '[^.]*$'), t.interval_s, s.name, s.title, s.codes, b.source_id,
    m.state_map
from tag t join state_table s on s.name = t.state_table left join machine m on m.id = t.location_id
left join tag_binding b on b.tag_id = t.id
where t.kind = 'state' and t.retired_at is null and t.location_id = any(%(nodes)s::int[]) order by t.sort, t.id
"""
_BEGIN = """
select from_us from state_interval where site_id = %(site)s and location_id = %(node)s and from_us < %(at)s
    and (to_us is null or to_us >= %(at)s) order by from_us desc limit 1
"""
_END = """
select to_us from state_interval where site_id = %(site)s and location_id = %(node)s and from_us <= %(at)s
    and (to_us is null or to_us > %(at)s) order by from_us desc limit 1
"""
_GAPS = """
select g.tag_id, g.from_us, g.to_us from gap g where (g.tag_id = any(%(tags)s::int[])
    or (g.tag_id is null and g.source_id = any(%(sources)s::int[]) and g.to_us > %(from)s))
"""
_DELETE = """
delete from state_interval where site_id = %(site)s and location_id = %(node)s and from_us >= %(from)s and from_us < %(to)s
"""
_COLUMNS = "site_id, location_id, from_us, to_us, code, text, category, mode_category, tag_id"
_TYPES = ("int4", "int4", "int8", "int8", "int8", "text", "text", "text", "int4")


# ------------------------------------------------------------------ what a machine says its state with
@dataclass(frozen=True, slots=True)
class Speaking:
    """A state tag of a machine: the names of its codes, and the source that brings it."""

    shape: Shape
    table: StateTable
    source_id: int | None


@dataclass(frozen=True, slots=True)
class Speaker:
    """What says a machine's state and mode, and the map that reads them."""

    node_id: int
    site_id: int
    state_map: StateMap
    state: Speaking
    mode: Speaking | None

    @property
    def tags(self) -> list[Speaking]:
        """Both, or the one that there is."""
        return [self.state, *([self.mode] if self.mode else [])]


def state_maps(connection: Connection) -> dict[str, StateMap]:
    """The maps in use by name; the default one is always there."""
    found = {
        row[0]: StateMap(row[0], row[1], tuple(row[2]), tuple(row[3]), rules_of(row[4])) for row in rows(connection, _MAPS)
    }
    return {ISO_22400.name: ISO_22400} | found


def rules_of(stored: Iterable[dict[str, Any]]) -> tuple[StateRule, ...]:
    """The rules of a map as they lie in JSON."""
    return tuple(
        StateRule(
            TimeElement(rule["element"]),
            tuple(rule.get("states", ())),
            tuple(rule.get("categories", ())),
            tuple(rule.get("modes", ())),
            rule.get("order"),
        )
        for rule in stored
    )


def speakers(connection: Connection, node_ids: Iterable[int]) -> dict[int, Speaker]:
    """What says the state of each of these nodes; nodes without a state tag are left out."""
    maps = state_maps(connection)
    by_node: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows(connection, _TAGS, {"nodes": list(node_ids)}):
        by_node.setdefault(row[0], []).append(row[1:])
    found = {node: _speaker(node, tags, maps) for node, tags in by_node.items()}
    return {node: speaker for node, speaker in found.items() if speaker is not None}


def _speaker(node_id: int, tags: list[tuple[Any, ...]], maps: dict[str, StateMap]) -> Speaker | None:
    state_map = maps.get(tags[0][8] or ISO_22400.name, ISO_22400)
    said = {tag[2]: tag for tag in reversed(tags)}
    state, mode = (next((said[w] for w in words if w in said), None) for words in (state_map.states, state_map.modes))
    if state is None:
        return None
    return Speaker(
        node_id, tags[0][1], state_map, _speaking(node_id, state), None if mode is None else _speaking(node_id, mode)
    )


def _speaking(node_id: int, row: tuple[Any, ...]) -> Speaking:
    tag_id, site_id, _, interval_s, name, title, codes, source_id, _ = row
    shape = Shape(tag_id, site_id, node_id, ValueKind.STATE, interval_s=interval_s)
    return Speaking(shape, StateTable(name, title, codes_of(codes)), source_id)


# ------------------------------------------------------------------ deriving
@dataclass(frozen=True, slots=True)
class Derived:
    """Intervals that take the place of all that begin in [from_us, to_us) (None: no end)."""

    site_id: int
    node_id: int
    from_us: int
    to_us: int | None
    intervals: list[StateInterval]


def derived(connection: Connection, snapshot: Connection, speaker: Speaker, stale: Stale) -> Derived:
    """The intervals of a machine over the range that a change over [stale.from_us, stale.to_us) may reach.

    The range begins where the interval before begins, and ends where every state tag has spoken again and the
    interval that holds then ends. Samples are read from a snapshot, so that none is missed while they are sealed;
    intervals from the connection that writes them, so that neighbouring ranges of one turn see each other.
    """
    key = {"site": speaker.site_id, "node": speaker.node_id}
    begin = _begin(connection, key, stale.from_us)
    signals = _signals(snapshot, speaker, begin, stale.to_us)
    said_anew = [_next(signal, stale.to_us) for signal in signals]
    end = None
    if None not in said_anew:
        end = _end(connection, key, max(at for at in said_anew if at is not None))
    if any(at is not None for at in said_anew):
        signals = _signals(snapshot, speaker, begin, FOREVER_US if end is None else end)
    state, mode = signals[0], signals[1] if len(signals) > 1 else None
    found = intervals_of(speaker.node_id, state, mode, begin, end)
    return Derived(speaker.site_id, speaker.node_id, begin, end, found)


def _begin(connection: Connection, key: dict[str, int], at_us: int) -> int:
    found = rows(connection, _BEGIN, key | {"at": at_us})
    return int(found[0][0]) if found else at_us


def _end(connection: Connection, key: dict[str, int], at_us: int) -> int | None:
    found = rows(connection, _END, key | {"at": at_us})
    return found[0][0] if found else at_us


def _next(signal: StateSignal, at_us: int) -> int | None:
    """The first sample at or after an instant."""
    place = int(np.searchsorted(signal.at_us, at_us))
    return int(signal.at_us[place]) if place < len(signal.at_us) else None


def _signals(connection: Connection, speaker: Speaker, from_us: int, to_us: int) -> list[StateSignal]:
    """What the state tags said around [from_us, to_us): the sample before it, those in it, and the one after it."""
    tags = speaker.tags
    found = gather(connection, [tag.shape for tag in tags], from_us, to_us)
    asked = {
        "tags": [tag.shape.tag_id for tag in tags],
        "sources": [tag.source_id for tag in tags if tag.source_id is not None],
        "from": from_us,
    }
    gaps = rows(connection, _GAPS, asked)
    signals = []
    for tag in tags:
        block = found[tag.shape.tag_id].block
        block = block.take(block.at_us <= block.received_us + AHEAD_US)  # a stamp far ahead says nothing of the present
        lost = [(g[1], g[2] if g[0] is None else FOREVER_US) for g in gaps if g[0] in (None, tag.shape.tag_id)]
        signals.append(signal_of(tag.shape.tag_id, tag.table, (block.at_us, block.bits, block.status), lost))
    return signals


def replace(connection: Connection, found: Derived) -> None:
    """Put derived intervals in their place, all or none of them."""
    span = {"from": found.from_us, "to": FOREVER_US if found.to_us is None else found.to_us}
    with connection.begin_nested():
        execute(connection, _DELETE, {"site": found.site_id, "node": found.node_id} | span)
        records = [_record(found.site_id, item) for item in found.intervals]
        copy_records(connection, f"state_interval ({_COLUMNS})", _TYPES, records)


def _record(site_id: int, i: StateInterval) -> Sequence[Any]:
    return (site_id, i.node_id, i.from_us, i.to_us, i.code, i.text, i.category, i.mode_category, i.tag_id)


# ------------------------------------------------------------------ views
_ASKED = """
select l.id, l.site_id from location l where l.id = any(%(ids)s::int[])
    and (%(nodes)s::int[] is null or l.id = any(%(nodes)s::int[]))
    and exists (select 1 from tag t where t.location_id = l.id and t.kind = 'state' and t.retired_at is null)
"""
_BATCH = """
left join lateral (select b.number from occupation o join batch b on b.id = o.batch_id where o.location_id = a.id
    and o.from_at <= at_time and (o.to_at is null or o.to_at > at_time) order by o.from_at desc limit 1) o on true
"""
_SHOWN = "a.id, i.from_us, i.to_us, i.code, i.text, i.category, i.mode_category, i.tag_id, o.number, d.dead_us"
_AT_TIME = "cross join lateral (select to_timestamp(i.from_us / 1000000.0) as at_time) x"
_TAIL = f"""
left join tag_binding b on b.tag_id = i.tag_id left join dead d on d.source_id = b.source_id {_AT_TIME} {_BATCH}
"""
_INTERVALS = f"""
with asked as ({_ASKED}), dead as ({DEAD})
select {_SHOWN} from asked a
left join lateral (select * from state_interval s where s.site_id = a.site_id and s.location_id = a.id and s.from_us < %(to)s
    and s.from_us >= coalesce((select max(z.from_us) from state_interval z where z.site_id = a.site_id and z.location_id = a.id
        and z.from_us <= %(from)s), %(from)s)) i on true {_TAIL} order by a.id, i.from_us
"""
_CURRENT = f"""
with asked as ({_ASKED}), dead as ({DEAD})
select {_SHOWN} from asked a
left join lateral (select * from state_interval s where s.site_id = a.site_id and s.location_id = a.id
    order by s.from_us desc limit 1) i on true {_TAIL}
"""


def intervals(scope: Scope, store: Store, node_ids: Iterable[int], from_us: int, to_us: int) -> dict[int, list[StateInterval]]:
    """The intervals of each visible machine with a state tag over [from_us, to_us): clipped, in order, without holes."""
    with store.read() as connection:
        return intervals_in(connection, scope, node_ids, from_us, to_us)[0]


def intervals_in(
    connection: Connection, scope: Scope, node_ids: Iterable[int], from_us: int, to_us: int
) -> tuple[dict[int, list[StateInterval]], dict[int, int]]:
    """The same within an open transaction, and since when the sources of machines are silent. One query."""
    asked = {"ids": list(node_ids), "nodes": scope.ids(), "from": from_us, "to": to_us}
    kept: dict[int, list[StateInterval]] = {}
    dead: dict[int, int] = {}
    for node, *columns, dead_us in rows(connection, _INTERVALS, asked):
        kept.setdefault(node, [])
        if columns[0] is not None:
            kept[node].append(StateInterval(node, *columns))
        if dead_us is not None:
            dead[node] = dead_us
    return {node: filled(node, found, (from_us, to_us), dead.get(node)) for node, found in kept.items()}, dead


def current(scope: Scope, store: Store, node_ids: Iterable[int]) -> dict[int, StateInterval]:
    """The interval in which each visible machine with a state tag is; one query.

    Unknown since the source was last heard of when it is silent; unknown since 0 when the machine never spoke.
    """
    with store.read() as connection:
        found = rows(connection, _CURRENT, {"ids": list(node_ids), "nodes": scope.ids()})
    return {row[0]: _current(*row) for row in found}


def _current(node_id: int, from_us: int | None, *columns: Any) -> StateInterval:
    *values, dead_us = columns
    if from_us is None:
        return StateInterval(node_id, 0, None)
    last = StateInterval(node_id, from_us, *values)
    return (
        last if dead_us is None else StateInterval(node_id, max(dead_us, from_us), None, tag_id=last.tag_id, batch=last.batch)
    )
