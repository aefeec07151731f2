"""Writes alarm definitions. Those that are left out are retired: what was raised stays, and they may come back."""

from __future__ import annotations

from sqlalchemy import Connection

from db.config.places import WRITTEN
from db.config.rows import Key, Row, ids, retire, save
from engine.alarm import Priority
from engine.config.diff import Action, Diff, Difference
from engine.config.record import AlarmEntry

_PATHS = "select id, path from location where retired_at is null"
_ALARMS = "select d.id, l.path, d.key from alarm_definition d join location l on l.id = d.site_id"
_TAGS = "select t.id, l.path, t.name from tag t join location l on l.id = t.site_id"
_SOURCES = "select s.id, l.path, s.name from source s join location l on l.id = s.site_id"
_AS_THEY_ARE = (
    "key", "title", "consequence", "cause", "response", "respond_within_s", "deadband", "on_delay_s", "off_delay_s",
    "out_of_service",
)  # fmt: skip


def write(connection: Connection, differences: Diff) -> None:
    """After places, sources and tags: alarms refer to them."""
    known = ids(connection, _ALARMS)
    retire(connection, "alarm_definition", [known[item.key] for item in differences.of("alarm", Action.RETIRED)])
    items = differences.of("alarm", *WRITTEN)
    if items:
        number, tags, sources = ids(connection, _PATHS), ids(connection, _TAGS), ids(connection, _SOURCES)
        save(connection, "alarm_definition", {item.key: _row(item, number, tags, sources) for item in items}, known)


def _row(item: Difference, number: dict[Key, int], tags: dict[Key, int], sources: dict[Key, int]) -> Row:
    entry: AlarmEntry = item.new
    site, machine = item.key[0], entry.only_while
    return {
        "site_id": number[(site,)],
        "location_id": number[(entry.at,)],
        **{name: getattr(entry, name) for name in _AS_THEY_ARE},
        "kind": entry.kind.value,
        "priority": int(Priority.of(entry.priority.value)),
        "threshold": entry.limit,
        "states": list(entry.states),
        "tag_id": None if entry.tag is None else tags[(site, entry.tag)],
        "source_id": None if entry.source is None else sources[(site, entry.source)],
        "while_tag_id": None if machine is None else tags[(site, machine.tag)],
        "while_states": [] if machine is None else list(machine.states),
        "retired_at": None,
    }
