"""Which tags a reader may see, and what the historian must know of them; and the lock that writers share."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from db.historian.wire import array, execute, rows
from engine.access import SYSTEM, Scope
from engine.errors import NotFound
from engine.historian.shape import Shape
from engine.tag import ValueKind

_WRITERS = 7031002

_SHAPES = """
select id, site_id, location_id, kind, interpolation = 'linear', counter, rollover, interval_s
from unnest(%(ids)s::text::int[]) as wanted (id) join tag using (id)
where (%(nodes)s::int[] is null or location_id = any(%(nodes)s::int[])) order by id
"""


def shapes(scope: Scope, connection: Connection, tag_ids: Iterable[int]) -> dict[int, Shape]:
    """The tags among `tag_ids` that exist within the scope."""
    found = rows(connection, _SHAPES, {"ids": array(map(int, tag_ids)), "nodes": scope.ids()})
    return {row[0]: Shape(row[0], row[1], row[2], ValueKind(row[3]), *row[4:]) for row in found}


def shape(scope: Scope, connection: Connection, tag_id: int) -> Shape:
    """One tag. Raises `NotFound` when it does not exist within the scope."""
    found = shapes(scope, connection, [tag_id])
    if tag_id not in found:
        raise NotFound(f"There is no signal {tag_id} that you may see.")
    return found[tag_id]


def known(connection: Connection, tag_ids: Iterable[int]) -> dict[int, Shape]:
    """Tags for the system itself, whatever their place."""
    return shapes(SYSTEM, connection, tag_ids)


def lock_site(connection: Connection, site_id: int) -> None:
    """Writers of one site's samples take turns, so that sealed and hot samples never hold the same key. Until commit."""
    execute(connection, "select pg_advisory_xact_lock(%(lock)s, %(site)s)", {"lock": _WRITERS, "site": site_id})
