"""Views of OEE: sums of machines over any range, shifts, pieces, ideal rates. The scope comes first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from db.historian.wire import rows
from db.oee.facts import facts, places
from db.store import Store
from engine.access import SYSTEM, Scope
from engine.oee.kpis import OEE_TARGET
from engine.oee.totals import NAMES, Made, OeeTotals, ShiftTotals
from engine.oee.work import totals_of
from engine.time import HOUR_US, SECOND_US, moment_of

_SUMS = ", ".join(f"sum(o.{name})" for name in NAMES)
_VISIBLE = "n.id = any(%(ids)s::int[]) and (%(nodes)s::int[] is null or n.id = any(%(nodes)s::int[]))"
_WHOLE = f"""
select n.id, min(o.from_us), max(o.through_us), sum(o.through_us - o.from_us)::bigint, {_SUMS}
from location n join oee_shift o on o.site_id = n.site_id and o.location_id = n.id
where {_VISIBLE} and o.from_us >= %(from)s and o.through_us <= %(to)s group by n.id
"""
_SHIFTS = f"""
select o.location_id, o.day, o.shift, o.team, o.from_us, o.to_us, o.through_us, {", ".join(f"o.{name}" for name in NAMES)}
from location n join oee_shift o on o.site_id = n.site_id and o.location_id = n.id
where {_VISIBLE} and o.shift <> '' and o.from_us < %(to)s and o.to_us > %(from)s order by o.location_id, o.from_us
"""
_RATES = f"""
select n.id, min(r.per_hour) from location n join lateral (select distinct on (product_id) per_hour from ideal_rate
    where location_id = n.id and effective_from <= %(at)s order by product_id, effective_from desc) r on true
where {_VISIBLE} group by n.id
"""
_HOLES = f"""
select id, through_us, next_us from (select n.id, o.through_us, lead(o.from_us) over (partition by n.id order by o.from_us)
    as next_us from location n join oee_shift o on o.site_id = n.site_id and o.location_id = n.id
    where {_VISIBLE} and o.from_us >= %(from)s and o.through_us <= %(to)s) x where next_us > through_us
"""
EDGE_US = 36 * HOUR_US
"""Longer holes in the stored sums are not computed while a page waits: their time is unknown until the job has been there."""
LAG_US = 30 * SECOND_US
"""How far the sums of the running shift may be behind."""


def totals(scope: Scope, store: Store, node_ids: Iterable[int], from_us: int, to_us: int, now_us: int) -> dict[int, OeeTotals]:
    """The sums of each visible machine over [from_us, to_us), what lies after now left out.

    Whole shifts come from the store, the edges from states and counters; a number of queries that does not depend on the
    machines or the range. Where the range reaches the present, the sums may end up to `LAG_US` before it.
    """
    end = min(to_us, now_us)
    if from_us >= end:
        return {}
    with store.read() as connection:
        return _totals(connection, scope, list(node_ids), from_us, end, now_us)


@dataclass(slots=True)
class _Part:
    """What is known of one machine: the sum of its stored slots, and the spans for which there is none."""

    total: OeeTotals
    computed: list[tuple[int, int]] = field(default_factory=list)
    unknown: list[tuple[int, int]] = field(default_factory=list)

    def lacks(self, from_us: int, to_us: int) -> None:
        """Note a span without stored sums."""
        if from_us < to_us:
            (self.computed if to_us - from_us <= EDGE_US else self.unknown).append((from_us, to_us))


def _totals(
    connection: Connection, scope: Scope, ids: list[int], from_us: int, end_us: int, now_us: int
) -> dict[int, OeeTotals]:
    asked = {"ids": ids, "nodes": scope.ids(), "from": from_us, "to": end_us}
    parts: dict[int, _Part] = {}
    holes = False
    for node, first, last, covered, *sums in rows(connection, _WHOLE, asked):
        part = parts[node] = _Part(OeeTotals(*sums))
        part.lacks(from_us, first)
        if last < now_us - LAG_US or end_us < now_us - LAG_US:
            part.lacks(last, end_us)
        holes |= covered < last - first
    for node, since, until in rows(connection, _HOLES, asked) if holes else ():
        parts[node].unknown.append((since, until))
    for node in set(places(connection, scope, ids)) - set(parts):
        parts[node] = _Part(OeeTotals())
        parts[node].lacks(from_us, end_us)
    for spans, blank in (("computed", False), ("unknown", True)):
        _fill(connection, parts, spans, blank, (from_us + end_us) // 2)
    return {node: part.total for node, part in parts.items()}


def _fill(connection: Connection, parts: dict[int, _Part], name: str, blank: bool, middle_us: int) -> None:
    """Add the sums of spans: those at the beginning of the range together, and those at its end."""
    for early in (True, False):
        wanted = {n: [s for s in getattr(p, name) if (s[0] < middle_us) is early] for n, p in parts.items()}
        spans = [span for found in wanted.values() for span in found]
        if not spans:
            continue
        window = min(s[0] for s in spans), max(s[1] for s in spans)
        known = facts(connection, SYSTEM, [n for n, found in wanted.items() if found], *window, blank=blank)
        for node, machine in known.items():
            parts[node].total = sum((totals_of(machine, *span) for span in wanted[node]), parts[node].total)


def shifts(scope: Scope, store: Store, node_ids: Iterable[int], from_us: int, to_us: int) -> list[ShiftTotals]:
    """The stored shifts of each visible machine that overlap [from_us, to_us), whole, by machine and time."""
    asked = {"ids": list(node_ids), "nodes": scope.ids(), "from": from_us, "to": to_us}
    with store.read() as connection:
        found = rows(connection, _SHIFTS, asked)
    return [_shift(*row) for row in found]


def _shift(
    node_id: int, day: date, shift: str, team: str, from_us: int, to_us: int, through_us: int, *sums: float
) -> ShiftTotals:
    return ShiftTotals(node_id, day, shift, team, from_us, to_us, through_us, OeeTotals(*sums))


def made(scope: Scope, store: Store, node_ids: Iterable[int], from_us: int, to_us: int, now_us: int) -> dict[int, Made]:
    """What each visible machine made over [from_us, to_us), and what was planned: the ideal rate at the OEE target."""
    found = totals(scope, store, node_ids, from_us, to_us, now_us)
    return {node: Made(t.produced, t.good, t.capacity * OEE_TARGET if t.capacity else None) for node, t in found.items()}


def rates(scope: Scope, store: Store, node_ids: Iterable[int], at_us: int) -> dict[int, float]:
    """The smallest ideal rate (pieces an hour) in effect at an instant of each visible machine that has one."""
    asked = {"ids": list(node_ids), "nodes": scope.ids(), "at": moment_of(at_us)}
    with store.read() as connection:
        return dict(rows(connection, _RATES, asked))
