"""Writes signals: state tables, state maps, sources, tags and their bindings."""

from __future__ import annotations

from sqlalchemy import Connection, text

from db import job
from db.config.places import WRITTEN
from db.config.rows import Key, Row, delete, ids, retire, save
from engine.config.diff import Action, Diff, Difference
from engine.config.record import Config, SourceEntry, TagEntry
from engine.config.writing import plain
from engine.errors import Invalid
from engine.state import StateMap

_PATHS = "select id, path from location where retired_at is null"
_STATES = "select id, name from state_table"
_SOURCES = "select s.id, l.path, s.name from source s join location l on l.id = s.site_id"
_TAGS = "select t.id, l.path, t.name from tag t join location l on l.id = t.site_id"
SHAPES_BUCKETS = frozenset({"interval_s", "interpolation", "counter", "rollover", "kind"})
"""Fields of a tag whose change makes its rollups mean something else."""


def write(connection: Connection, differences: Diff, new: Config) -> None:
    """In the order that references allow; what is retired may still be referred to."""
    number = ids(connection, _PATHS)
    _write_state_tables(connection, differences)
    _write_sources(connection, differences, number)
    _write_tags(connection, differences, number)
    _write_bindings(connection, differences)


def _write_state_tables(connection: Connection, differences: Diff) -> None:
    known = ids(connection, _STATES)
    retire(connection, "state_table", [known[item.key] for item in differences.of("state_table", Action.RETIRED)])
    items = differences.of("state_table", *WRITTEN)
    save(connection, "state_table", {item.key: plain(item.new) | {"retired_at": None} for item in items}, known)


def write_state_maps(connection: Connection, differences: Diff) -> None:
    """Before the machines that name them."""
    known = ids(connection, "select id, name from state_map")
    retire(connection, "state_map", [known[item.key] for item in differences.of("state_map", Action.RETIRED)])
    rows = {item.key: _state_map(item.new) for item in differences.of("state_map", *WRITTEN)}
    save(connection, "state_map", rows, known)


def _state_map(entry: StateMap) -> Row:
    head = {name: getattr(entry, name) for name in ("name", "title", "states", "modes")}
    return head | {"rules": [plain(rule) for rule in entry.rules], "retired_at": None}


def _write_sources(connection: Connection, differences: Diff, number: dict[Key, int]) -> None:
    known = ids(connection, _SOURCES)
    gone = [known[item.key] for item in differences.of("source", Action.RETIRED)]
    retire(connection, "source", gone)
    connection.execute(text("update source set active = false where id = any(:ids)"), {"ids": gone})
    rows = {item.key: _source(item.new, number) for item in differences.of("source", *WRITTEN)}
    save(connection, "source", rows, known)


def _source(entry: SourceEntry, number: dict[Key, int]) -> Row:
    names = ("name", "kind", "settings", "replay", "active", "expected_s")
    return {"site_id": number[(entry.site,)], **{name: getattr(entry, name) for name in names}, "retired_at": None}


def _write_tags(connection: Connection, differences: Diff, number: dict[Key, int]) -> None:
    known = ids(connection, _TAGS)
    _check_history(connection, differences, known)
    retire(connection, "tag", [known[item.key] for item in differences.of("tag", Action.RETIRED)])
    items = differences.of("tag", *WRITTEN)
    known |= {item.key: known[(item.key[0], item.was)] for item in items if item.was}
    save(connection, "tag", {item.key: _tag(item, number) for item in items}, known)
    _ask_for_rollups(connection, [known[item.key] for item in items if item.key in known and _counts_otherwise(item)])


def _counts_otherwise(item: Difference) -> bool:
    """True when buckets of the tag mean something else now."""
    return any(change.name in SHAPES_BUCKETS for change in item.changes())


def _ask_for_rollups(connection: Connection, tags: list[int]) -> None:
    if tags:
        job.enqueue_in(connection, "rebuild", {"tags": tags}, "configuration")


def _tag(item: Difference, number: dict[Key, int]) -> Row:
    entry: TagEntry = item.new
    names = ("name", "title", "unit", "counter", "rollover", "interval_s", "gxp", "decimals", "state_table", "sort")
    return {
        "site_id": number[(item.key[0],)],
        "location_id": number[(entry.at,)],
        **{name: getattr(entry, name) for name in names},
        "kind": entry.kind.value,
        "interpolation": entry.interpolation.value,
        "grouping": entry.group,
        "limits": plain(entry.limits),
        "retired_at": None,
    }


def _check_history(connection: Connection, differences: Diff, known: dict[Key, int]) -> None:
    """A retired tag that comes back has the kind of its history."""
    back = {known[item.key]: item.new for item in differences.of("tag", Action.ADDED) if item.key in known}
    kinds = connection.execute(text("select id, kind from tag where id = any(:ids)"), {"ids": list(back)})
    for id_, kind in kinds:
        if back[id_].kind.value != kind:
            raise Invalid(
                f"There was a tag “{back[id_].name}” of kind {kind}, and its history stays; give the new one another name."
            )


def _write_bindings(connection: Connection, differences: Diff) -> None:
    sources, tags = ids(connection, _SOURCES), ids(connection, _TAGS)
    known = ids(connection, "select id, tag_id from tag_binding")
    items = differences.of("tag", *WRITTEN)
    loose = [(str(tags[item.key]),) for item in items if item.new.binding is None]
    delete(connection, "tag_binding", [known[key] for key in loose if key in known])
    rows: dict[Key, Row] = {
        (str(tags[item.key]),): _binding(item, tags[item.key], sources) for item in items if item.new.binding is not None
    }
    save(connection, "tag_binding", rows, known)


def _binding(item: Difference, tag_id: int, sources: dict[Key, int]) -> Row:
    binding = item.new.binding
    source = sources[(item.key[0], binding.source)]
    return {"tag_id": tag_id, "source_id": source, "address": binding.address, "decode": binding.decode}
