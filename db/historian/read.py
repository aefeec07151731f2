"""Views of samples. Every function takes the scope first; tags outside it are left out (of many) or not found (of one)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from sqlalchemy import Connection

from db.historian import shapes
from db.historian.gather import gather
from db.historian.wire import rows
from db.store import Store
from engine.access import Scope
from engine.historian.block import TextEvent
from engine.historian.reduce import LastValue, Series, check_window, durations, series_of
from engine.historian.shape import Shape
from engine.tag import ValueKind, values_of

_LAST = """
select v.tag_id, v.at_us, v.seq, v.bits, v.text, v.status, v.received_us, t.kind
from last_value v join tag t on t.id = v.tag_id and t.site_id = v.site_id
where v.tag_id = any(%(tags)s::int[]) and (%(nodes)s::int[] is null or t.location_id = any(%(nodes)s::int[]))
"""
_TEXTS = """
select e.tag_id, e.at_us, e.seq, e.text, e.status, e.received_us from text_event e
where e.site_id = %(site)s and e.tag_id = %(tag)s and e.at_us < %(to)s and e.at_us >= coalesce(
    (select max(x.at_us) from text_event x where x.site_id = %(site)s and x.tag_id = %(tag)s and x.at_us <= %(from)s), %(from)s)
order by e.at_us, e.seq
"""
_NEWEST_TEXTS = """
select e.tag_id, e.at_us, e.seq, e.text, e.status, e.received_us
from unnest(%(sites)s::int[], %(tags)s::int[]) as r(site_id, tag_id) cross join lateral (
    select x.* from text_event x where x.site_id = r.site_id and x.tag_id = r.tag_id and x.at_us < %(to)s
    order by x.at_us desc, x.seq desc limit %(most)s) e
order by e.at_us, e.tag_id, e.seq
"""


def last_values(scope: Scope, store: Store, tag_ids: Iterable[int]) -> dict[int, LastValue]:
    """The newest value of each tag that has one."""
    asked = {"tags": [int(i) for i in tag_ids], "nodes": scope.ids()}
    with store.read() as connection:
        found = rows(connection, _LAST, asked)
    return {row[0]: _last_value(*row) for row in found}


def raw_window(scope: Scope, store: Store, tag_id: int, from_us: int, to_us: int) -> Series:
    """Every stored sample of a numeric tag in [from_us, to_us), sealed or not. Raises `NotFound`, `Invalid`."""
    check_window(from_us, to_us)
    with store.read() as connection:
        shape = shapes.shape(scope, connection, tag_id)
        found = gather(connection, [shape], from_us, to_us)[tag_id]
    return series_of(shape, found.block.take(found.inside(from_us, to_us)))


def state_durations(
    scope: Scope, store: Store, tag_ids: Iterable[int], from_us: int, to_us: int, now_us: int
) -> dict[int, dict[int | None, float]]:
    """For each tag the seconds per value over [from_us, to_us); None: unknown. They sum to its length."""
    check_window(from_us, to_us)
    with store.read() as connection:
        visible = numeric(scope, connection, tag_ids)
        found = gather(connection, visible, from_us, to_us)
    return {s.tag_id: durations(s, found[s.tag_id].block, from_us, to_us, now_us) for s in visible}


def texts_between(scope: Scope, store: Store, tag_id: int, from_us: int, to_us: int) -> list[TextEvent]:
    """The values of a text tag in [from_us, to_us), before them the one in force at `from_us`. Raises `NotFound`, `Invalid`."""
    check_window(from_us, to_us)
    with store.read() as connection:
        shape = shapes.shape(scope, connection, tag_id)
        found = rows(connection, _TEXTS, {"site": shape.site_id, "tag": tag_id, "from": from_us, "to": to_us})
    return [_text_event(row) for row in found]


def newest_texts(scope: Scope, store: Store, tag_ids: Iterable[int], to_us: int, most: int) -> list[TextEvent]:
    """The newest `most` values before `to_us` of each visible text tag, all in order of time."""
    with store.read() as connection:
        visible = [s for s in shapes.shapes(scope, connection, tag_ids).values() if s.kind is ValueKind.TEXT]
        asked = {"sites": [s.site_id for s in visible], "tags": [s.tag_id for s in visible], "to": to_us, "most": most}
        return [_text_event(row) for row in rows(connection, _NEWEST_TEXTS, asked)]


def _text_event(row: tuple) -> TextEvent:
    return TextEvent(row[0], row[1], row[2], row[3], row[4] & 0xFFFFFFFF, row[5])


def numeric(scope: Scope, connection: Connection, tag_ids: Iterable[int]) -> list[Shape]:
    """The visible tags among those asked for that have numbers."""
    return [s for s in shapes.shapes(scope, connection, tag_ids).values() if s.kind is not ValueKind.TEXT]


def _last_value(
    tag_id: int, at_us: int, seq: int, bits: int | None, text: str | None, status: int, received_us: int, kind: str
) -> LastValue:
    value = text if bits is None else values_of(ValueKind(kind), np.array([bits], np.int64))[0].item()
    return LastValue(tag_id, at_us, seq, value, status & 0xFFFFFFFF, received_us)  # type: ignore[arg-type]
