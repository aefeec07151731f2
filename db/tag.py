"""Where tags are kept, with what they are bound to and the tables that name their states."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, text

from db.store import Store
from engine.access import Scope
from engine.errors import Invalid, NotFound
from engine.tag import Interpolation, Limits, StateTable, Tag, TagBinding, ValueKind

_TAG = (
    "t.id, t.site_id, t.location_id as node_id, t.name, t.title, t.kind, t.unit, t.interpolation, t.counter, t.rollover,"
    ' t.interval_s, t.gxp, t.grouping as "group", t.decimals, t.state_table, t.limits, t.version'
)
_VISIBLE = "((:scope)::int[] is null or t.location_id = any(:scope))"


def tags_under(scope: Scope, store: Store, node_id: int, *, subtree: bool = False) -> list[Tag]:
    """The tags of a node (with `subtree`, also of everything below it) in their order; retired ones are left out."""
    statement = f"""
        with recursive below as (
            select id, path from location where id = :node
            union all
            select l.id, l.path from location l join below b on l.parent_id = b.id where :subtree and l.retired_at is null
        )
        select {_TAG} from tag t join below b on b.id = t.location_id
        where t.retired_at is null and {_VISIBLE} order by b.path, t.sort, t.name"""
    return _tags(store, statement, {"node": node_id, "subtree": subtree, "scope": scope.ids()})


def tags(scope: Scope, store: Store, ids: Iterable[int]) -> list[Tag]:
    """The tags with these numbers that the scope covers, in the order asked for; retired ones too (their history stays)."""
    wanted = list(dict.fromkeys(int(i) for i in ids))
    statement = f"""
        select {_TAG} from tag t join unnest((:ids)::int[]) with ordinality as w (id, turn) on w.id = t.id
        where {_VISIBLE} order by w.turn"""
    return _tags(store, statement, {"ids": wanted, "scope": scope.ids()})


def tag_named(scope: Scope, store: Store, asked: str) -> Tag:
    """The tag that somebody names as `filler-1.fill_weight`, with the site as `acme/dublin:filler-1.fill_weight`, or by
    its place as `acme/dublin/filling/line-1/filler-1/fill_weight` (or with the whole name at the end); retired ones too.

    Raises `NotFound` (also outside the scope), `Invalid` when the name alone is ambiguous.
    """
    statement = f"""
        select {_TAG} from tag t join location s on s.id = t.site_id join location l on l.id = t.location_id
        where (:asked in (t.name, s.path || ':' || t.name, l.path || '/' || t.name)
            or (starts_with(t.name, l.slug || '.') and l.path || '/' || substr(t.name, length(l.slug) + 2) = :asked))
        and {_VISIBLE} order by t.name <> :asked, t.retired_at is not null, t.id limit 2"""
    found = _tags(store, statement, {"asked": asked, "scope": scope.ids()})
    if not found:
        raise NotFound(f"There is no tag “{asked}” that you may see.")
    if [tag.name for tag in found] == [asked, asked]:
        raise Invalid(f"Several sites have a tag “{asked}”; write the site before it, as in “acme/dublin:{asked}”.")
    return found[0]


def names(scope: Scope, store: Store) -> list[str]:
    """The names of all tags in use that the scope covers, each once."""
    statement = f"select distinct t.name from tag t where t.retired_at is null and {_VISIBLE} order by t.name"
    with store.read() as connection:
        return list(connection.execute(text(statement), {"scope": scope.ids()}).scalars())


def tags_named(scope: Scope, store: Store, names: Iterable[str]) -> list[Tag]:
    """The tags in use with these names that the scope covers, in the order asked for; names that nobody has are left out."""
    wanted = list(dict.fromkeys(names))
    statement = f"""
        select {_TAG} from tag t join unnest((:names)::text[]) with ordinality as w (name, turn) on w.name = t.name
        where t.retired_at is null and {_VISIBLE} order by w.turn, t.id"""
    return _tags(store, statement, {"names": wanted, "scope": scope.ids()})


def tags_like(scope: Scope, store: Store, words: str, most: int) -> list[Tag]:
    """At most `most` tags in use whose name and title together hold every word, in any order and case."""
    statement = f"""
        select {_TAG} from tag t where t.retired_at is null and {_VISIBLE}
        and not exists (select from unnest((:words)::text[]) w where strpos(lower(t.name || ' ' || t.title), w) = 0)
        order by t.name limit :most"""
    return _tags(store, statement, {"words": words.lower().split(), "most": most, "scope": scope.ids()})


def bindings(store: Store, source_id: int) -> list[tuple[Tag, TagBinding]]:
    """What a collector reads from a source: each tag in use with its address."""
    statement = f"""
        select {_TAG}, b.source_id, b.address, b.decode from tag_binding b join tag t on t.id = b.tag_id
        where b.source_id = :source and t.retired_at is null order by t.id"""
    with store.read() as connection:
        rows = connection.execute(text(statement), {"source": source_id}).all()
    return [_bound(row) for row in rows]


def state_tables(store: Store) -> dict[str, StateTable]:
    """Every state table by its name."""
    with store.read() as connection:
        rows = connection.execute(text("select name, title, codes from state_table order by name")).all()
    return {row.name: StateTable(row.name, row.title, codes_of(row.codes)) for row in rows}


def codes_of(stored: dict[str, Any]) -> dict[int, tuple[str, str]]:
    """The codes of a state table as they lie in JSON, in numeric order."""
    return {code: (name, category) for code, (name, category) in sorted((int(c), pair) for c, pair in stored.items())}


def _tags(store: Store, statement: str, values: dict[str, Any]) -> list[Tag]:
    with store.read() as connection:
        return [_tag(dict(row._mapping)) for row in connection.execute(text(statement), values)]


def _tag(values: dict[str, Any]) -> Tag:
    values["kind"] = ValueKind(values["kind"])
    values["interpolation"] = Interpolation(values["interpolation"])
    values["limits"] = Limits(**{name: float(value) for name, value in values["limits"].items()})
    return Tag(**values)


def _bound(row: Row) -> tuple[Tag, TagBinding]:
    values = dict(row._mapping)
    source, address, decode = values.pop("source_id"), values.pop("address"), values.pop("decode")
    return _tag(values), TagBinding(values["id"], source, address, decode)
