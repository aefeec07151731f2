"""What pages ask about alarms. Every function takes the scope first; alarms outside it are left out, or not found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import RowMapping, text

from db.store import Store
from engine.access import Scope
from engine.alarm import Alarm, AlarmDefinition, AlarmKind, AlarmState, Aside, Priority
from engine.alarm.performance import Raised
from engine.errors import NotFound
from engine.tag import ValueKind, numbers_of

MOST = 1_000
"""Rows of a list; a list that is longer says so."""
_ALARM = """
    select a.id, a.definition_id, a.location_id as node_id, l.path, l.name as place, l.kind as place_kind,
        d.key, d.title, d.kind, a.priority,
        a.since_us, a.raised_at_us, a.value, a.state as state_name, a.threshold as "limit", coalesce(t.unit, '') as unit,
        t.decimals, coalesce(t.name, '') as tag, d.consequence, d.cause, d.response, d.respond_within_s,
        a.cleared_at_us, a.acked_at_us, a.acked_by, a.ended_at_us, a.ended_as,
        case when t.kind in ('float', 'int') and (v.status >> 30) & 3 = 0 then v.bits end as bits, t.kind as value_kind,
        v.at_us as now_at_us
    from alarm a join alarm_definition d on d.id = a.definition_id join location l on l.id = a.location_id
    left join tag t on t.id = d.tag_id left join last_value v on v.tag_id = t.id and v.site_id = t.site_id"""
_VISIBLE = "(cast(:scope as int[]) is null or {table}.location_id = any(cast(:scope as int[])))"
_THERE = "(cast(:nodes as int[]) is null or {table}.location_id = any(cast(:nodes as int[])))"
_DEFINITION = """
    select d.id, d.site_id, d.location_id as node_id, d.key, d.title, d.kind, d.priority, d.consequence, d.response,
        d.respond_within_s, d.cause, d.states, d.deadband, d.on_delay_s, d.off_delay_s, d.while_states, d.out_of_service,
        coalesce(d.threshold, case d.kind when 'above' then (t.limits ->> 'alarm_high')::float8
            when 'below' then (t.limits ->> 'alarm_low')::float8 end) as "limit",
        l.path, l.name as place, coalesce(t.name, '') as tag, coalesce(t.unit, '') as unit, t.decimals,
        coalesce(s.name, '') as source, coalesce(w.name, '') as while_tag
    from alarm_definition d join location l on l.id = d.location_id left join tag t on t.id = d.tag_id
    left join tag w on w.id = d.while_tag_id left join source s on s.id = d.source_id"""


def standing(scope: Scope, store: Store, node_ids: Iterable[int] | None = None) -> list[Alarm]:
    """The alarms in the list (active or not acknowledged) of these places, worst first: see `Alarm.order`."""
    where = f"a.ended_at_us is null and {_at('a')}"
    return sorted(_alarms(scope, store, where, _nodes(node_ids), "a.priority, a.raised_at_us desc"), key=Alarm.order)


def counts(scope: Scope, store: Store, *, unacknowledged: bool = False) -> dict[int, dict[Priority, int]]:
    """How many alarms stand at each place itself, by priority; callers roll up (`engine.alarm.rolled_up`)."""
    statement = f"""
        select location_id, priority, count(*) from alarm a where ended_at_us is null
        and (not :unacked or acked_at_us is null) and {_VISIBLE.format(table="a")} group by 1, 2"""
    found: dict[int, dict[Priority, int]] = {}
    with store.read() as connection:
        for node_id, priority, count in connection.execute(text(statement), {"unacked": unacknowledged, "scope": scope.ids()}):
            found.setdefault(node_id, {})[Priority(priority)] = count
    return found


def journal(  # the columns of one question
    scope: Scope, store: Store, node_ids: Iterable[int] | None, from_us: int, to_us: int, most: int = MOST
) -> list[Alarm]:
    """What was raised in [from_us, to_us) at these places, the newest first."""
    where = f"a.raised_at_us >= :from_us and a.raised_at_us < :to_us and {_at('a')}"
    return _alarms(scope, store, where, _nodes(node_ids) | {"from_us": from_us, "to_us": to_us}, "a.raised_at_us desc", most)


def history(scope: Scope, store: Store, definition_id: int, most: int = 20) -> list[Alarm]:
    """When an alarm was raised, the newest first."""
    values = {"definition": definition_id}
    return _alarms(scope, store, f"a.definition_id = :definition and {_at('a')}", values, "a.raised_at_us desc", most)


def raised(scope: Scope, store: Store, node_ids: Iterable[int] | None, from_us: int, to_us: int) -> list[Raised]:
    """What the performance figures count: everything raised in [from_us, to_us), in order of time, without its texts."""
    statement = f"""
        select a.definition_id, d.title, l.name as place, a.priority, a.raised_at_us, a.cleared_at_us, a.acked_at_us
        from alarm a join alarm_definition d on d.id = a.definition_id join location l on l.id = a.location_id
        where a.raised_at_us >= :from_us and a.raised_at_us < :to_us and {_at("a")} order by a.raised_at_us, a.id"""
    values = {"from_us": from_us, "to_us": to_us, "scope": scope.ids(), "nodes": None} | _nodes(node_ids)
    with store.read() as connection:
        rows = connection.execute(text(statement), values)
        return [Raised(r[0], r[1], r[2], Priority(r[3]), *r[4:]) for r in rows]


def definition(scope: Scope, store: Store, definition_id: int) -> AlarmDefinition:
    """An alarm as it is configured, also one that is no longer in use. Raises `NotFound`, also outside the scope."""
    with store.read() as connection:
        row = connection.execute(
            text(f"{_DEFINITION} where d.id = :id and {_VISIBLE.format(table='d')}"),
            {"id": definition_id, "scope": scope.ids()},
        ).mappings().first()  # fmt: skip
    if row is None:
        raise NotFound(f"There is no alarm with the number {definition_id} that you may see.")
    values = dict(row)
    kinds = {"kind": AlarmKind(values["kind"]), "priority": Priority(values["priority"])}
    return AlarmDefinition(**values | kinds | {name: tuple(values[name]) for name in ("states", "while_states")})


def asides(scope: Scope, store: Store, now_us: int, node_ids: Iterable[int] | None = None) -> list[Aside]:
    """What is shelved or out of service now at these places, the first to come back first."""
    where = f"s.ended_at_us is null and (s.until_us is null or s.until_us > :now) and {_at('s')}"
    return _asides(scope, store, where, _nodes(node_ids) | {"now": now_us}, "s.until_us nulls last, s.id")


def past_asides(scope: Scope, store: Store, definition_id: int, most: int = 10) -> list[Aside]:
    """When an alarm was set aside, the newest first; what still is is among them."""
    values = {"definition": definition_id, "most": most}
    return _asides(scope, store, f"s.definition_id = :definition and {_at('s')}", values, "s.id desc limit :most")


def configured(scope: Scope, store: Store, node_ids: Iterable[int]) -> bool:
    """True when any alarm is configured at these places."""
    statement = f"select exists (select from alarm_definition d where d.retired_at is null and {_at('d')})"
    with store.read() as connection:
        return bool(connection.execute(text(statement), _nodes(node_ids) | {"scope": scope.ids()}).scalar())


def _at(table: str) -> str:
    return f"{_VISIBLE.format(table=table)} and {_THERE.format(table=table)}"


def _nodes(node_ids: Iterable[int] | None) -> dict[str, Any]:
    return {"nodes": None if node_ids is None else sorted(node_ids)}


def _alarms(  # the parts of one statement
    scope: Scope, store: Store, where: str, values: dict[str, Any], order: str, most: int = MOST
) -> list[Alarm]:
    everything = {"nodes": None, "scope": scope.ids(), "most": most} | values
    with store.read() as connection:
        rows = connection.execute(text(f"{_ALARM} where {where} order by {order} limit :most"), everything).mappings()
        return [_alarm(row) for row in rows]


def _alarm(row: RowMapping) -> Alarm:
    values = dict(row)
    bits, kind = values.pop("bits"), values.pop("value_kind")
    now = None if bits is None else float(numbers_of(ValueKind(kind), np.array([bits], np.int64))[0])
    return Alarm(**values | {"kind": AlarmKind(row["kind"]), "priority": Priority(row["priority"]), "now_value": now})


def _asides(scope: Scope, store: Store, where: str, values: dict[str, Any], order: str) -> list[Aside]:
    statement = f"""
        select s.id, s.definition_id, s.location_id as node_id, l.path, l.name as place, d.key, d.title, d.priority, s.kind,
            s.from_us, s.until_us, s.reason, s.by_name, s.ended_at_us, s.ended_by, coalesce(c.active, false) as active
        from alarm_aside s join alarm_definition d on d.id = s.definition_id join location l on l.id = s.location_id
        left join alarm_condition c on c.definition_id = s.definition_id where {where} order by {order}"""
    with store.read() as connection:
        rows: Sequence[RowMapping] = (
            connection.execute(text(statement), {"nodes": None, "scope": scope.ids()} | values).mappings().all()
        )
    return [Aside(**dict(r) | {"kind": AlarmState(r["kind"]), "priority": Priority(r["priority"])}) for r in rows]
