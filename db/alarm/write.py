"""What people do to alarms, each through the audited door: acknowledge, shelve, take out of service, bring back."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, RowMapping, text

from db.job import raise_revisions
from db.store import Change
from engine.access import Scope
from engine.alarm.record import LONGEST_SHELF_S, standing_state
from engine.alarm.state import AlarmEvent, AlarmState, after
from engine.errors import Conflict, Invalid, NotFound
from engine.time import SECOND_US

CAPABILITY = "alarm"


def acknowledge(scope: Scope, change: Change, alarm_ids: Iterable[int], now_us: int) -> None:
    """Somebody has seen these alarms. Raises `NotFound` (also outside the scope), `Conflict` when one is not to be seen."""
    wanted = sorted(set(alarm_ids))
    found = _locked(scope, change.connection, wanted)
    for row in found:
        if row["ended_at_us"] is not None or row["acked_at_us"] is not None:
            raise Conflict(_why_not(row))
    over = [
        row["id"]
        for row in found
        if after(standing_state(row["cleared_at_us"] is not None, False), AlarmEvent.ACKNOWLEDGE) is AlarmState.NORMAL
    ]
    change.connection.execute(
        text(
            "update alarm set acked_at_us = :now, acked_by = :who,"
            " ended_at_us = case when id = any(:over) then :now end, ended_as = case when id = any(:over) then 'normal' end"
            " where id = any(:ids)"
        ),
        {"now": now_us, "who": change.actor, "ids": wanted, "over": over},
    )
    announce(change.connection, [row["location_id"] for row in found])


def _locked(scope: Scope, connection: Connection, wanted: list[int]) -> list[RowMapping]:
    rows = connection.execute(text("select * from alarm where id = any(:ids) order by id for update"), {"ids": wanted})
    found = [row for row in rows.mappings() if scope.covers(row["location_id"])]
    if len(found) < len(wanted):
        raise NotFound("There is no such alarm where you may acknowledge.")
    return found


def _why_not(row: RowMapping) -> str:
    by = f"acknowledged by {row['acked_by']} meanwhile" if row["acked_by"] else "no longer in the list"
    return f"This alarm is {by}."


def shelve(scope: Scope, change: Change, definition_id: int, until_us: int, now_us: int) -> None:
    """Keep an alarm quiet until a time; the reason is that of the change. Raises `Invalid`, `NotFound`, `Conflict`."""
    if not now_us < until_us <= now_us + LONGEST_SHELF_S * SECOND_US:
        raise Invalid(f"An alarm is shelved for at most {LONGEST_SHELF_S / 3600:g} hours, and its end lies ahead.")
    _set_aside(scope, change, definition_id, AlarmEvent.SHELVE, now_us, until_us)


def remove(scope: Scope, change: Change, definition_id: int, now_us: int) -> None:
    """Take an alarm out of service, until it is brought back; the reason is that of the change. Raises as `shelve` does."""
    _set_aside(scope, change, definition_id, AlarmEvent.REMOVE, now_us, None)


def _set_aside(  # the columns of one row
    scope: Scope, change: Change, definition_id: int, event: AlarmEvent, now_us: int, until_us: int | None
) -> None:
    known = _definition(scope, change.connection, definition_id)
    became = after(_state_of(change.connection, definition_id, now_us), event)
    values = {"definition": definition_id, "now": now_us, "until": until_us, "kind": became.value, "who": change.actor}
    values |= {"site": known["site_id"], "node": known["location_id"], "reason": change.reason}
    _end_aside(change, definition_id, now_us)
    change.connection.execute(
        text(
            "insert into alarm_aside (site_id, location_id, definition_id, kind, from_us, until_us, reason, by_name)"
            " values (:site, :node, :definition, :kind, :now, :until, :reason, :who)"
        ),
        values,
    )
    change.connection.execute(
        text("update alarm set ended_at_us = :now, ended_as = :kind where definition_id = :definition and ended_at_us is null"),
        values,
    )
    announce(change.connection, [known["location_id"]])


def bring_back(scope: Scope, change: Change, definition_id: int, now_us: int) -> None:
    """End the shelving, or put into service again; while its condition holds it is raised anew within a second.

    Raises `NotFound`, `Conflict` when nothing sets it aside."""
    known = _definition(scope, change.connection, definition_id)
    if not _end_aside(change, definition_id, now_us):
        raise Conflict("Nothing sets this alarm aside any more.")
    announce(change.connection, [known["location_id"]])


def _end_aside(change: Change, definition_id: int, now_us: int) -> bool:
    ended = change.connection.execute(
        text(
            "update alarm_aside set ended_at_us = least(:now, until_us), ended_by = :who"
            " where definition_id = :definition and ended_at_us is null"
        ),
        {"definition": definition_id, "now": now_us, "who": change.actor},
    )
    return ended.rowcount > 0


def _definition(scope: Scope, connection: Connection, definition_id: int) -> RowMapping:
    row = connection.execute(
        text("select site_id, location_id from alarm_definition where id = :id and retired_at is null for update"),
        {"id": definition_id},
    ).mappings().first()  # fmt: skip
    if row is None or not scope.covers(row["location_id"]):
        raise NotFound("There is no such alarm where you may set alarms aside.")
    return row


def _state_of(connection: Connection, definition_id: int, now_us: int) -> AlarmState:
    """The state of a definition: what sets it aside, else that of its record in the list."""
    row = connection.execute(
        text(
            "select (select kind from alarm_aside where definition_id = d.id and ended_at_us is null"
            " and (until_us is null or until_us > :now)) as aside, a.id is not null as standing,"
            " a.cleared_at_us is not null as cleared, a.acked_at_us is not null as acked"
            " from alarm_definition d left join alarm a on a.definition_id = d.id and a.ended_at_us is null where d.id = :id"
        ),
        {"id": definition_id, "now": now_us},
    ).one()
    if row.aside:
        return AlarmState(row.aside)
    return standing_state(row.cleared, row.acked) if row.standing else AlarmState.NORMAL


def announce(connection: Connection, node_ids: Iterable[int]) -> None:
    """Raise the revision “alarm” of these places, of everything above them, and of the whole."""
    above = connection.execute(
        text(
            "with recursive up as (select id, parent_id from location where id = any(:ids)"
            " union select l.id, l.parent_id from location l join up on l.id = up.parent_id) select id from up"
        ),
        {"ids": sorted(set(node_ids))},
    )
    raise_revisions(connection, CAPABILITY, [0, *above.scalars()])
