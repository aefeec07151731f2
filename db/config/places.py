"""Writes places: the tree, machines, and the calendars that hold there."""

from __future__ import annotations

from sqlalchemy import Connection, text

from db.config.rows import Key, Row, ids, insert, retire, save, update
from engine.config.diff import Action, Diff, Difference
from engine.config.record import CalendarEntry, Config, LocationEntry
from engine.config.writing import plain

WRITTEN = (Action.ADDED, Action.CHANGED, Action.MOVED)
_LIVE = "select id, path from location where retired_at is null"
_RETIRED = "select id, path, kind from location where retired_at is not null order by retired_at, id"
_CALENDARS = "select c.id, l.path, c.name from calendar c join location l on l.id = c.site_id"


def write(connection: Connection, differences: Diff, new: Config) -> None:
    """Places first: everything else refers to them."""
    items = differences.of("location", *WRITTEN)
    known = _retire(connection, differences)
    number = _numbers(connection, items, known)
    _write_nodes(connection, items, number, new.sites())
    _write_machines(connection, items, number)
    write_calendars(connection, differences, number)
    _write_calendar_of(connection, items, number, new.sites())


def _retire(connection: Connection, differences: Diff) -> dict[Key, int]:
    """Retire the nodes that are left out; returns the ids of all others by path."""
    known = ids(connection, _LIVE)
    gone = [item.key for item in differences.of("location", Action.RETIRED)]
    retire(connection, "location", [known.pop(key) for key in gone])
    return known


def _numbers(connection: Connection, items: list[Difference], known: dict[Key, int]) -> dict[str, int]:
    """The id of each path: that of a moved node follows it, a retired node of the same kind comes back, others are new."""
    moved = {item.was: item.key[0] for item in items if item.was}
    number = {moved.get(path, path): id_ for (path,), id_ in known.items()}
    retired = ids(connection, _RETIRED)
    added = [item for item in items if item.action is Action.ADDED]
    number |= {item.key[0]: retired[back] for item in added if (back := (item.key[0], item.new.kind.value)) in retired}
    fresh = [item.key[0] for item in added if item.key[0] not in number]
    following = text("select nextval(pg_get_serial_sequence('location', 'id')) from generate_series(1, :n)")
    return number | dict(zip(fresh, connection.execute(following, {"n": len(fresh)}).scalars(), strict=True))


def _write_nodes(connection: Connection, items: list[Difference], number: dict[str, int], sites: dict[str, str | None]) -> None:
    rows: dict[Key, Row] = {item.key: _node(item.new, number, sites) for item in items}
    found = connection.execute(text("select id from location where id = any(:ids)"), {"ids": [r["id"] for r in rows.values()]})
    existing = set(found.scalars())
    save(connection, "location", rows, {key: row["id"] for key, row in rows.items() if row["id"] in existing})
    aliases: list[Row] = [{"path": item.was, "location_id": number[item.key[0]]} for item in items if item.was]
    insert(connection, "location_alias", aliases)


def _node(entry: LocationEntry, number: dict[str, int], sites: dict[str, str | None]) -> Row:
    above, _, slug = entry.path.rpartition("/")
    return {
        "id": number[entry.path],
        "site_id": number[sites[entry.path] or entry.path],
        "parent_id": number[above] if above else None,
        "slug": slug,
        "path": entry.path,
        "name": entry.name,
        "kind": entry.kind.value,
        "time_zone": entry.time_zone,
        "currency": entry.currency,
        "attributes": entry.attributes,
        "sort": entry.sort,
        "retired_at": None,
    }


def _write_machines(connection: Connection, items: list[Difference], number: dict[str, int]) -> None:
    rows: dict[Key, Row] = {}
    for item in items:
        machine = item.new.machine
        if machine is not None:
            names = ("criticality", "qualification_due", "calibration_due", "vibration_group", "state_map")
            columns = {"class": machine.class_, **{name: getattr(machine, name) for name in names}}
            rows[(str(number[item.key[0]]),)] = {"id": number[item.key[0]], **columns}
    save(connection, "machine", rows, ids(connection, "select id, id from machine"))


def write_calendars(connection: Connection, differences: Diff, number: dict[str, int]) -> None:
    """Calendars as definitions in JSON, without the columns that stand beside."""
    known = ids(connection, _CALENDARS)
    retire(connection, "calendar", [known[item.key] for item in differences.of("calendar", Action.RETIRED)])
    rows = {item.key: _calendar(item.new, number) for item in differences.of("calendar", *WRITTEN)}
    save(connection, "calendar", rows, known)


def _calendar(entry: CalendarEntry, number: dict[str, int]) -> Row:
    definition = {key: value for key, value in plain(entry).items() if key not in ("site", "name")}
    return {"site_id": number[entry.site], "name": entry.name, "definition": definition, "retired_at": None}


def _write_calendar_of(
    connection: Connection, items: list[Difference], number: dict[str, int], sites: dict[str, str | None]
) -> None:
    """Which calendar holds at a place; after both exist."""
    known = ids(connection, _CALENDARS)
    rows: list[Row] = []
    for item in items:
        calendar, site = item.new.calendar, sites[item.key[0]]
        found = known[(site, calendar)] if calendar and site else None
        rows.append({"id": number[item.key[0]], "calendar_id": found})
    update(connection, "location", rows)
