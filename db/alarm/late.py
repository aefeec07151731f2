"""Samples that came late, for the alarms of a place; and the records of what was found in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from db.alarm.write import announce
from db.historian import shapes
from db.historian.gather import Gathered, gather
from db.historian.wire import rows
from db.store import Change
from engine.access import SYSTEM
from engine.alarm.late import Course, Occurrence
from engine.alarm.record import AlarmKind, Priority, Rule
from engine.historian.shape import Shape
from engine.time import SECOND_US

_RULES = """
select d.id, d.site_id, d.location_id, d.kind, d.priority,
    coalesce(d.threshold, case d.kind when 'above' then (t.limits ->> 'alarm_high')::float8
        when 'below' then (t.limits ->> 'alarm_low')::float8 end),
    d.states, d.deadband, d.on_delay_s, d.off_delay_s, d.while_states, d.tag_id, d.while_tag_id, st.codes, ws.codes
from alarm_definition d join tag t on t.id = d.tag_id left join state_table st on st.name = t.state_table
left join tag w on w.id = d.while_tag_id left join state_table ws on ws.name = w.state_table
where (t.location_id = %(node)s or w.location_id = %(node)s) and d.retired_at is null and not d.out_of_service
and d.kind in ('above', 'below', 'state') and (%(only)s::int[] is null or d.id = any(%(only)s::int[]))
"""
Said = tuple[np.ndarray, np.ndarray]
"""When a signal said something usable, and what, as numbers."""
Allowed = tuple[tuple[int, int], ...] | None


def courses(
    connection: Connection, node_id: int, from_us: int, to_us: int, only: Collection[int] | None = None
) -> list[tuple[Rule, Course, Allowed]]:
    """Each alarm on the signals of a place, wherever it belongs, with what its signal said in [from_us, to_us), and when it
    was not suppressed by design. `only`: these alarms."""
    found = rows(connection, _RULES, {"node": node_id, "only": None if only is None else sorted(only)})
    tags = {row[11] for row in found} | {row[12] for row in found if row[12] is not None}
    known = shapes.shapes(SYSTEM, connection, tags)
    gathered = gather(connection, list(known.values()), from_us, to_us)
    said = {tag: _said(known[tag], gathered[tag], from_us, to_us) for tag in known}
    judged = [(_rule(row), row) for row in found if row[11] in said]
    return [
        (rule, _course(rule, known[row[11]], said[row[11]], row[13]), _allowed(row, said, to_us))
        for rule, row in judged
        if rule.kind is AlarmKind.STATE or rule.limit is not None
    ]


def _said(shape: Shape, gathered: Gathered, from_us: int, to_us: int) -> Said:
    """What a signal said in [from_us, to_us), and what it had said last before: a state is told only when it changes."""
    block = gathered.block.take(shape.good(gathered.block.bits, gathered.block.status))
    begin, end = np.searchsorted(block.at_us, [from_us, to_us])
    kept = block.take(slice(max(int(begin) - 1, 0), int(end)))
    return kept.at_us, shape.numbers(kept.bits)


def _rule(row: Sequence[Any]) -> Rule:
    return Rule(
        id=row[0],
        site_id=row[1],
        node_id=row[2],
        kind=AlarmKind(row[3]),
        priority=Priority(row[4]),
        limit=row[5],
        states=tuple(row[6]),
        deadband=row[7],
        on_delay_s=row[8],
        off_delay_s=row[9],
        while_states=tuple(row[10]),
    )


def _course(rule: Rule, shape: Shape, said: Said, codes: dict[str, Any] | None) -> Course:
    at_us, values = said
    if rule.kind is AlarmKind.STATE:
        values = _in_states(values, rule.states, codes).astype(np.float64)
    fresh_us = None if shape.interval_s is None else round(3 * max(shape.interval_s, 60.0) * SECOND_US)
    return Course(at_us, values, fresh_us)


def _in_states(values: np.ndarray, states: Sequence[str], codes: dict[str, Any] | None) -> np.ndarray:
    if codes is None:
        return np.isin(values, [float(state == "true") for state in states])
    return np.isin(values, [float(code) for code, (_, category) in codes.items() if category in states])


def _allowed(row: Sequence[Any], said: dict[int, Said], to_us: int) -> Allowed:
    """The times in which the machine is in one of the states, the last one up to `to_us`; None: at all times."""
    if not row[10] or row[12] not in said:
        return None
    at_us, values = said[row[12]]
    inside = _in_states(values, row[10], row[14])
    edges = np.flatnonzero(np.diff(inside, prepend=False))
    begins = [int(at_us[i]) for i in edges if inside[i]]
    ends = [int(at_us[i]) for i in edges if not inside[i]]
    return tuple(zip(begins, [*ends, to_us][: len(begins)], strict=True))


def record(change: Change, found: Iterable[Occurrence], now_us: int) -> int:
    """Record what was found late, where no alarm is recorded at that time already and nobody had set it aside then; returns
    how many. Only what should still be seen enters the list, and only while the alarm is neither in it nor set aside."""
    values = [_values(one, now_us) for one in found if one.cleared_us is not None and one.cleared_us <= now_us]
    if not values:
        return 0
    told = [row for one in values if (row := _insert(change.connection, one)) is not None]
    if told:
        announce(change.connection, told)
    return len(told)


def _insert(connection: Connection, values: dict[str, Any]) -> int | None:
    return connection.execute(
        text(
            "insert into alarm (site_id, location_id, definition_id, priority, since_us, raised_at_us, value, state, threshold,"
            " cleared_at_us, ended_at_us, ended_as)"
            " select :site, :node, :definition, :priority, :since, :raised, cast(:value as float8), :state,"
            " cast(:threshold as float8), :cleared,"
            " case when not listed then :now end, case when not listed then 'found_late' end"
            " from (select :announced and not exists (select from alarm x where x.definition_id = :definition"
            " and x.ended_at_us is null) and not exists (select from alarm_aside o where o.definition_id = :definition"
            " and o.ended_at_us is null and (o.until_us is null or o.until_us > :now)) as listed) as l"
            " where not exists (select from alarm a where a.definition_id = :definition and a.raised_at_us < :cleared"
            " and coalesce(a.cleared_at_us, a.ended_at_us, :now) > :since)"
            " and not exists (select from alarm_aside s where s.definition_id = :definition and s.from_us <= :raised"
            " and coalesce(s.ended_at_us, s.until_us, :now) > :raised) returning location_id"
        ),
        values,
    ).scalar()


def _values(one: Occurrence, now_us: int) -> dict[str, Any]:
    return {
        "site": one.rule.site_id,
        "node": one.rule.node_id,
        "definition": one.rule.id,
        "priority": int(one.rule.priority),
        "since": one.since_us,
        "raised": one.raised_us,
        "cleared": one.cleared_us,
        "value": None if one.rule.kind is AlarmKind.STATE else one.value,
        "state": ", ".join(one.rule.states),
        "threshold": one.rule.limit,
        "announced": one.announced(now_us),
        "now": now_us,
    }
