"""What the job judges: one query for everything, and the writing of what changed."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, text

from db.alarm.write import announce
from db.historian.wire import rows
from db.store import Change
from engine.alarm.judging import Condition, Sample, Step, Watch
from engine.alarm.record import AlarmKind, Priority, Rule
from engine.alarm.state import AlarmState
from engine.tag import LEAST_FRESH_S

_WATCHES = """
select d.id, d.site_id, d.location_id, d.kind, d.priority,
    coalesce(d.threshold, case d.kind when 'above' then (t.limits ->> 'alarm_high')::float8
        when 'below' then (t.limits ->> 'alarm_low')::float8 end),
    d.states, d.deadband, d.on_delay_s, d.off_delay_s, d.while_states, d.out_of_service, d.retired_at is not null,
    t.kind, t.interval_s, v.at_us, v.bits, v.status, st.codes -> v.bits::text,
    w.kind, w.interval_s, wv.at_us, wv.bits, wv.status, ws.codes -> wv.bits::text,
    c.active, c.since_us, c.pending_us, c.suppressed,
    a.id, a.cleared_at_us is not null, a.acked_at_us is not null,
    case when s.until_us is null or s.until_us > %(now)s then s.kind end,
    src.kind, src.expected_s, src.active, x.state, x.last_sample_us
from alarm_definition d
left join tag t on t.id = d.tag_id
left join last_value v on v.tag_id = t.id and v.site_id = t.site_id
left join state_table st on st.name = t.state_table
left join tag w on w.id = d.while_tag_id
left join last_value wv on wv.tag_id = w.id and wv.site_id = w.site_id
left join state_table ws on ws.name = w.state_table
left join alarm_condition c on c.definition_id = d.id
left join alarm a on a.definition_id = d.id and a.ended_at_us is null
left join alarm_aside s on s.definition_id = d.id and s.ended_at_us is null
left join source src on src.id = d.source_id
left join source_state x on x.source_id = src.id
where d.retired_at is null or a.id is not null
"""


def watches(connection: Connection, now_us: int) -> list[Watch]:
    """Every alarm in use with the newest value of its signal, its condition and its record in the list."""
    return [_watch(row) for row in rows(connection, _WATCHES, {"now": now_us})]


def _watch(row: Sequence[Any]) -> Watch:
    rule, retired, signal, machine, condition, standing, aside, source = (
        row[:12], row[12], row[13:19], row[19:25], row[25:29], row[29:32], row[32], row[33:38],
    )  # fmt: skip
    return Watch(
        _rule(rule),
        Condition() if condition[0] is None else Condition(*condition),
        _source_sample(*source) if rule[3] == "source" else _sample(*signal),
        _sample(*machine),
        None if standing[0] is None else standing,  # type: ignore[arg-type]  # three columns
        None if aside is None else AlarmState(aside),
        retired,
    )


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
        out_of_service=row[11],
    )


def _sample(  # the columns of a tag and its last value
    kind: str | None, interval_s: float | None, at_us: int | None, bits: int | None, status: int | None, code: Any
) -> Sample | None:
    """None: there is no tag, or nothing came yet."""
    if kind is None or at_us is None:
        return None
    fresh_s = None if interval_s is None else max(LEAST_FRESH_S, 3.0 * interval_s)
    usable = (status or 0) >> 30 & 3 < 2
    if bits is None:
        return Sample(at_us, usable=usable, fresh_s=fresh_s)
    if kind == "float":
        return Sample(at_us, struct.unpack("<d", struct.pack("<q", bits))[0], "", "", usable, fresh_s)
    if kind == "bool":
        word = "true" if bits else "false"
        return Sample(at_us, float(bits), word, word, usable, fresh_s)
    name, category = code or ("", "")
    return Sample(at_us, float(bits), category, name, usable, fresh_s)


def _source_sample(kind: str, expected_s: float, active: bool, state: str | None, last_us: int | None) -> Sample:
    """A source as a signal: usable while it is connected. What is switched off on purpose is not lost; folders and
    brokers may be silent for as long as nothing happens, which is why only the age of what comes regularly counts."""
    connected = not active or state == "connected"
    return Sample(
        last_us or 0, None, state or "", state or "", connected, None if not active or kind == "folder" else 3 * expected_s
    )


def expired(connection: Connection, now_us: int) -> bool:
    """True when a shelf's time is over and nobody has noted it yet."""
    asked = text("select exists (select from alarm_aside where ended_at_us is null and until_us <= :now)")
    return bool(connection.execute(asked, {"now": now_us}).scalar())


def apply(change: Change, steps: Iterable[Step], now_us: int) -> None:
    """Write what is to be done, and tell the pages of places whose alarms changed. Doing it twice does it once."""
    steps = list(steps)
    back = _end_shelves(change, now_us)
    _end(change, [s for s in steps if s.watch.standing and (s.cleared or s.ended_as)], now_us)
    _raise(change, [s for s in steps if s.raised], now_us)
    _keep(change, steps)
    moved = [*back, *(s.watch.rule.node_id for s in steps if s.transition)]
    if moved:
        announce(change.connection, moved)


def _end_shelves(change: Change, now_us: int) -> list[int]:
    ended = change.connection.execute(
        text(
            "update alarm_aside set ended_at_us = until_us, ended_by = :who"
            " where ended_at_us is null and until_us <= :now returning location_id"
        ),
        {"now": now_us, "who": change.actor},
    )
    return list(ended.scalars())


def _end(change: Change, steps: list[Step], now_us: int) -> None:
    if not steps:
        return
    change.connection.execute(
        text(
            "update alarm a set cleared_at_us = case when u.cleared then coalesce(a.cleared_at_us, :now)"
            " else a.cleared_at_us end,"
            " ended_as = u.ended, ended_at_us = case when u.ended is not null then :now end"
            " from unnest(cast(:ids as bigint[]), cast(:cleared as bool[]), cast(:ended as text[])) as u (id, cleared, ended)"
            " where a.id = u.id and a.ended_at_us is null"
        ),
        {
            "now": now_us,
            "ids": [s.watch.standing[0] for s in steps if s.watch.standing],
            "cleared": [s.cleared for s in steps],
            "ended": [s.ended_as for s in steps],
        },
    )


def _raise(change: Change, steps: list[Step], now_us: int) -> None:
    raised = [_record(s, now_us) for s in steps]
    if raised:
        change.connection.execute(
            text(
                "insert into alarm (site_id, location_id, definition_id, priority, since_us, raised_at_us, value, state,"
                " threshold)"
                " values (:site, :node, :definition, :priority, :since, :raised, :value, :state, :threshold)"
                " on conflict (definition_id) where ended_at_us is null do nothing"
            ),
            raised,
        )


def _record(step: Step, now_us: int) -> dict[str, Any]:
    rule, sample = step.watch.rule, step.watch.sample
    return {
        "site": rule.site_id,
        "node": rule.node_id,
        "definition": rule.id,
        "priority": rule.priority,
        "since": now_us if step.condition.since_us is None else step.condition.since_us,
        "raised": now_us,
        "value": None if sample is None else sample.value,
        "state": "" if sample is None else sample.name,
        "threshold": rule.limit,
    }


def _keep(change: Change, steps: list[Step]) -> None:
    changed = [s for s in steps if s.condition != s.watch.before]
    if not changed:
        return
    change.connection.execute(
        text(
            "insert into alarm_condition (definition_id, active, since_us, pending_us, suppressed)"
            " values (:definition, :active, :since, :pending, :suppressed)"
            " on conflict (definition_id) do update set active = excluded.active, since_us = excluded.since_us,"
            " pending_us = excluded.pending_us, suppressed = excluded.suppressed"
        ),
        [
            {
                "definition": s.watch.rule.id,
                "active": s.condition.active,
                "since": s.condition.since_us,
                "pending": s.condition.pending_us,
                "suppressed": s.condition.suppressed,
            }
            for s in changed
        ],
    )
