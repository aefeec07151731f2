"""Where the location tree is kept: the nodes that a reader may see, machines, and the redirection of old paths."""

from __future__ import annotations

from sqlalchemy import Row, text

from db.store import Store
from engine.access import Scope
from engine.errors import NotFound
from engine.location import Machine, MapDef, NodeKind, Tree
from engine.shift import Calendar

_NODE = (
    "l.id, l.site_id, l.parent_id, l.slug, l.path, l.name, l.kind, l.time_zone, l.currency, l.calendar_id,"
    " l.attributes, l.sort, l.retired_at, l.version"
)
_MACHINE = "m.id, m.class, m.criticality, m.qualification_due, m.calibration_due, m.vibration_group"
_VISIBLE = "((:scope)::int[] is null or l.id = any(:scope))"


def tree(scope: Scope, store: Store) -> Tree:
    """The nodes of the scope and the way up to their roots; retired nodes are left out."""
    statement = f"""
        with recursive seen as (
            select l.* from location l where l.retired_at is null and {_VISIBLE}
            union
            select l.* from location l join seen s on l.id = s.parent_id where l.retired_at is null
        )
        select {_NODE} from seen l"""
    with store.read() as connection:
        return Tree(_node(row) for row in connection.execute(text(statement), {"scope": scope.ids()}))


def node_at(scope: Scope, store: Store, path: str) -> MapDef:
    """The node at a path, or the node that once was at this path. Raises `NotFound`, also outside the scope."""
    statement = f"""
        select {_NODE} from (
            select id, 0 as turn, now() as until from location where path = :path and retired_at is null
            union all
            select location_id, 1, until from location_alias where path = :path
        ) found join location l using (id)
        where l.retired_at is null and {_VISIBLE}
        order by found.turn, found.until desc limit 1"""
    with store.read() as connection:
        row = connection.execute(text(statement), {"path": path, "scope": scope.ids()}).first()
    if row is None:
        raise NotFound(f"There is no place “{path}” that you may see.")
    return _node(row)


def machines(scope: Scope, store: Store) -> list[Machine]:
    """The machines of the scope by path; retired ones are left out."""
    statement = f"select {_MACHINE} from machine m join location l on l.id = m.id where l.retired_at is null and {_VISIBLE}"
    with store.read() as connection:
        rows = connection.execute(text(statement + " order by l.path"), {"scope": scope.ids()}).all()
    return [_machine(row) for row in rows]


def machine(scope: Scope, store: Store, node_id: int) -> Machine:
    """One machine, also a retired one (its history stays). Raises `NotFound`, also outside the scope."""
    statement = f"select {_MACHINE} from machine m join location l on l.id = m.id where m.id = :id and {_VISIBLE}"
    with store.read() as connection:
        row = connection.execute(text(statement), {"id": node_id, "scope": scope.ids()}).first()
    if row is None:
        raise NotFound(f"There is no machine with the number {node_id} that you may see.")
    return _machine(row)


def calendar_at(scope: Scope, store: Store, node_id: int) -> Calendar | None:
    """The shift calendar that holds at a node: its own or the nearest above; None when there is none.

    Raises `NotFound` outside the scope.
    """
    from engine.config.reading import calendar_entry  # the file's whole format, which pages need for nothing else

    statement = f"""
        with recursive up as (
            select l.id, l.site_id, l.parent_id, l.calendar_id, 0 as height from location l where l.id = :id and {_VISIBLE}
            union all
            select l.id, l.site_id, l.parent_id, l.calendar_id, up.height + 1 from location l join up on l.id = up.parent_id
        )
        select s.path as site, c.name, c.definition, s.time_zone from up
        left join calendar c on c.id = up.calendar_id left join location s on s.id = c.site_id
        order by c.id is null, up.height limit 1"""
    with store.read() as connection:
        row = connection.execute(text(statement), {"id": node_id, "scope": scope.ids()}).first()
    if row is None:
        raise NotFound(f"There is no place with the number {node_id} that you may see.")
    if row.definition is None:
        return None
    return calendar_entry(row.site, row.name, row.definition).calendar(row.time_zone)


def _node(row: Row) -> MapDef:
    values = dict(row._mapping)
    return MapDef(**values | {"kind": NodeKind(values["kind"])})


def _machine(row: Row) -> Machine:
    values = dict(row._mapping)
    return Machine(class_=values.pop("class"), **values)
