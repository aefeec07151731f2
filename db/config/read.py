"""The configuration out of the tables, one query for each: what is in use, without demo accounts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, RowMapping, text

from db.state import rules_of
from db.store import Store
from db.tag import codes_of
from engine.access import ROLES
from engine.alarm import AlarmKind, Priority
from engine.config.reading import calendar_entry
from engine.config.record import (
    AlarmEntry,
    BindingEntry,
    Config,
    GrantEntry,
    LocationEntry,
    MachineEntry,
    MaterialEntry,
    OnlyWhileEntry,
    ProductEntry,
    RateEntry,
    RecipeEntry,
    RoleEntry,
    SourceEntry,
    StateTableEntry,
    TagEntry,
    UserEntry,
)
from engine.location import NodeKind
from engine.state import StateMap
from engine.tag import Interpolation, Limits, ValueKind


def read_config(store: Store) -> Config:
    """The whole configuration, whatever the reader's scope: for the command line and the worker."""
    with store.read() as connection:
        return stored(connection)


def stored(connection: Connection) -> Config:
    """The configuration as an open transaction sees it."""
    return Config(
        locations=tuple(_location(row) for row in _rows(connection, _LOCATIONS)),
        state_tables=tuple(StateTableEntry(**row | {"codes": codes_of(row["codes"])}) for row in _rows(connection, _STATES)),
        state_maps=tuple(_state_map(row) for row in _rows(connection, _STATE_MAPS)),
        sources=tuple(SourceEntry(**row) for row in _rows(connection, _SOURCES)),
        calendars=tuple(calendar_entry(**row) for row in _rows(connection, _CALENDARS)),
        tags=tuple(_tag(row) for row in _rows(connection, _TAGS)),
        alarms=tuple(_alarm(row) for row in _rows(connection, _ALARMS)),
        products=tuple(ProductEntry(**row) for row in _rows(connection, _PRODUCTS)),
        materials=tuple(MaterialEntry(**row) for row in _rows(connection, _MATERIALS)),
        recipes=tuple(RecipeEntry(**row | {"procedure": tuple(row["procedure"])}) for row in _rows(connection, _RECIPES)),
        rates=tuple(RateEntry(**row) for row in _rows(connection, _RATES)),
        roles=tuple(RoleEntry(row["name"], tuple(row["permissions"])) for row in _rows(connection, _ROLES)),
        users=tuple(UserEntry(**row) for row in _rows(connection, _USERS)),
        grants=tuple(GrantEntry(**row) for row in _rows(connection, _GRANTS)),
    )


def _rows(connection: Connection, statement: str) -> list[dict[str, Any]]:
    found: list[RowMapping] = list(connection.execute(text(statement), {"built_in": list(ROLES)}).mappings())
    return [dict(row) for row in found]


def _location(row: dict[str, Any]) -> LocationEntry:
    names = ("criticality", "qualification_due", "calibration_due", "vibration_group", "state_map")
    extra = {name: row.pop(name) for name in names}
    class_ = row.pop("class")
    machine = None if class_ is None else MachineEntry(class_, **extra)
    return LocationEntry(**row | {"kind": NodeKind(row["kind"])}, machine=machine)


def _state_map(row: dict[str, Any]) -> StateMap:
    return StateMap(row["name"], row["title"], tuple(row["states"]), tuple(row["modes"]), rules_of(row["rules"]))


def _tag(row: dict[str, Any]) -> TagEntry:
    source, address, decode = (row.pop(name) for name in ("source", "address", "decode"))
    row |= {
        "kind": ValueKind(row["kind"]),
        "interpolation": Interpolation(row["interpolation"]),
        "limits": Limits(**{name: float(value) for name, value in row["limits"].items()}),
        "binding": None if source is None else BindingEntry(source, address, decode),
    }
    return TagEntry(**row)


def _alarm(row: dict[str, Any]) -> AlarmEntry:
    tag, states = row.pop("while_tag"), tuple(row.pop("while_states"))
    row |= {
        "kind": AlarmKind(row["kind"]),
        "priority": Priority(row["priority"]).word,
        "states": tuple(row["states"]),
        "only_while": None if tag is None else OnlyWhileEntry(tag, states),
    }
    return AlarmEntry(**row)


_LOCATIONS = """
    select l.path, l.name, l.kind, l.time_zone, l.currency, c.name as calendar, l.sort, l.attributes,
        m.class, m.criticality, m.qualification_due, m.calibration_due, m.vibration_group, m.state_map
    from location l left join calendar c on c.id = l.calendar_id left join machine m on m.id = l.id
    where l.retired_at is null"""
_STATES = "select name, title, codes from state_table where retired_at is null"
_STATE_MAPS = "select name, title, states, modes, rules from state_map where retired_at is null"
_SOURCES = """
    select l.path as site, s.name, s.kind, s.replay, s.active, s.expected_s, s.settings
    from source s join location l on l.id = s.site_id where s.retired_at is null"""
_CALENDARS = """
    select l.path as site, c.name, c.definition
    from calendar c join location l on l.id = c.site_id where c.retired_at is null"""
_TAGS = """
    select l.path as at, t.name, t.title, t.kind, t.unit, t.interpolation, t.counter, t.rollover, t.interval_s, t.gxp,
        t.grouping as "group", t.decimals, t.state_table, t.sort, t.limits, s.name as source, b.address, b.decode
    from tag t join location l on l.id = t.location_id
    left join tag_binding b on b.tag_id = t.id left join source s on s.id = b.source_id
    where t.retired_at is null"""
_ALARMS = """
    select l.path as at, d.key, d.title, d.kind, d.priority, d.consequence, d.response, d.respond_within_s, d.cause,
        t.name as tag, s.name as source, d.threshold as "limit", d.states, d.deadband, d.on_delay_s, d.off_delay_s,
        w.name as while_tag, d.while_states, d.out_of_service
    from alarm_definition d join location l on l.id = d.location_id left join tag t on t.id = d.tag_id
    left join source s on s.id = d.source_id left join tag w on w.id = d.while_tag_id where d.retired_at is null"""
_PRODUCTS = "select code, name, family, unit, attributes from product where retired_at is null"
_MATERIALS = "select code, name, unit, attributes from material where retired_at is null"
_RECIPES = """
    select r.code, r.revision, p.code as product, r.effective_from, r.procedure
    from recipe r join product p on p.id = r.product_id where r.retired_at is null"""
_RATES = """
    select p.code as product, l.path as at, r.per_hour, r.effective_from
    from ideal_rate r join product p on p.id = r.product_id join location l on l.id = r.location_id"""
_ROLES = "select name, permissions from role where not name = any(:built_in)"
_USERS = "select name, full_name from user_account where active and not demo"
_GRANTS = """
    select u.name as "user", g.role, l.path as at
    from role_grant g join user_account u on u.id = g.user_id join location l on l.id = g.location_id
    where u.active and not u.demo and l.retired_at is null"""
