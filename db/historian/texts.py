"""Values of text tags: plain rows with the same identity and revisions as numeric samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from db.historian.wire import copy_records, execute, rows, signed, storable
from engine.historian.block import TextEvent
from engine.historian.revise import revise

Key = tuple[int, int, int]
Value = tuple[str, int]

_KEYS = "unnest(%(tags)s::int[], %(ats)s::bigint[], %(seqs)s::int[]) as r(tag_id, at_us, seq)"
_SAME_KEY = "e.site_id = %(site)s and e.tag_id = r.tag_id and e.at_us = r.at_us and e.seq = r.seq"
_STORED = f"select e.tag_id, e.at_us, e.seq, e.text, e.status, e.received_us from text_event e join {_KEYS} on {_SAME_KEY}"
_OLDER = (
    f"select e.tag_id, e.at_us, e.seq, e.text, e.status from superseded e join {_KEYS} on {_SAME_KEY} and e.text is not null"
)
_DELETE = f"delete from text_event e using {_KEYS} where {_SAME_KEY}"
_COLUMNS = "(site_id, tag_id, at_us, seq, text, status, received_us)"
_TYPES = ("int4", "int4", "int8", "int4", "text", "int4", "int8")


@dataclass(slots=True)
class TextsSettled:
    """What became of text events: arrived = stored + superseded + duplicates. `changed` are the values that now hold."""

    stored: int = 0
    superseded: int = 0
    duplicates: int = 0
    changed: list[TextEvent] = field(default_factory=list)


def store(connection: Connection, site_id: int, events: Sequence[TextEvent]) -> TextsSettled:
    """Write text events; the caller holds the site's lock."""
    result = TextsSettled()
    if not events:
        return result
    arrivals = _by_key([replace(event, text=storable(event.text)) for event in events])
    keys = _parameters(site_id, list(arrivals))
    stored = {
        row[:3]: TextEvent(row[0], row[1], row[2], row[3], row[4] & 0xFFFFFFFF, row[5])
        for row in rows(connection, _STORED, keys)
    }
    older: dict[Key, set[Value]] = {}
    for row in rows(connection, _OLDER, keys):
        older.setdefault(row[:3], set()).add((row[3], row[4] & 0xFFFFFFFF))
    moved = [
        event for key, found in arrivals.items() for event in _settle(found, stored.get(key), older.get(key, set()), result)
    ]
    result.superseded = len(moved)
    execute(connection, _DELETE, _parameters(site_id, [_key(e) for e in result.changed if _key(e) in stored]))
    copy_records(connection, f"text_event {_COLUMNS}", _TYPES, [_record(site_id, e) for e in result.changed])
    copy_records(connection, f"superseded {_COLUMNS}", _TYPES, [_record(site_id, e) for e in moved])
    return result


def _settle(found: list[TextEvent], stored: TextEvent | None, older: set[Value], result: TextsSettled) -> list[TextEvent]:
    """One key: adds to the result; returns the events that no longer hold."""
    events = {_value(e): e for e in reversed(found)} | ({_value(stored): stored} if stored else {})
    before = _value(stored) if stored else None
    now, gone, again = revise(before, [_value(e) for e in found], older)
    result.duplicates += again
    result.stored += stored is None
    if now is not None and now != before:
        result.changed.append(events[now])
    return [events[value] for value in gone]


def _by_key(events: Sequence[TextEvent]) -> dict[Key, list[TextEvent]]:
    found: dict[Key, list[TextEvent]] = {}
    for event in events:
        found.setdefault(_key(event), []).append(event)
    return found


def _parameters(site_id: int, keys: Sequence[Key]) -> dict[str, object]:
    tags, ats, seqs = ([key[i] for key in keys] for i in range(3))
    return {"site": site_id, "tags": tags, "ats": ats, "seqs": seqs}


def _record(site_id: int, event: TextEvent) -> tuple:
    return (site_id, event.tag_id, event.at_us, event.seq, event.text, signed(event.status), event.received_us)


def _key(event: TextEvent) -> Key:
    return event.tag_id, event.at_us, event.seq


def _value(event: TextEvent) -> Value:
    return event.text, event.status
