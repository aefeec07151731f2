"""Search by words over places, signals, batches and work orders, within a scope: one query each, by index or small scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from db.store import Store
from engine.access import Scope
from engine.time import us_of

_IN_SCOPE = "((:scope)::int[] is null or l.id = any(:scope))"
_ALL_WORDS = "not exists (select from unnest((:words)::text[]) w where strpos(lower({of}), w) = 0)"


@dataclass(frozen=True, slots=True)
class PlaceFound:
    """A place, with the name of the one above it."""

    name: str
    path: str
    kind: str
    above: str


@dataclass(frozen=True, slots=True)
class TagFound:
    """A signal and the place that it belongs to."""

    name: str
    title: str
    unit: str
    path: str
    place: str
    kind: str


@dataclass(frozen=True, slots=True)
class RunFound:
    """A batch or a work order, with where and when it was on a machine of the scope last (None: never)."""

    number: str
    product: str
    path: str | None
    place: str | None
    kind: str | None
    from_us: int | None
    to_us: int | None


@dataclass(frozen=True, slots=True)
class AllFound:
    """What was found by words, best first."""

    places: tuple[PlaceFound, ...]
    tags: tuple[TagFound, ...]
    batches: tuple[RunFound, ...]
    orders: tuple[RunFound, ...]


def search(scope: Scope, store: Store, words: str, most: int = 6) -> AllFound:
    """At most `most` of each. Places and signals hold every word; batches and orders begin with the text."""
    whole = words.strip()
    values = {"scope": scope.ids(), "words": whole.lower().split(), "whole": whole.lower(), "most": most}
    values |= {"start": _literal(whole.upper()) + "%"}
    with store.read() as connection:
        return AllFound(
            tuple(_places(connection, values)),
            tuple(_tags(connection, values)),
            tuple(_runs(connection, _BATCHES, values)),
            tuple(_runs(connection, _ORDERS, values)),
        )


def _literal(words: str) -> str:
    """The words as LIKE means them literally."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _places(connection: Connection, values: dict[str, Any]) -> list[PlaceFound]:
    statement = f"""
        select l.name, l.path, l.kind, coalesce(up.name, '') from location l left join location up on up.id = l.parent_id
        where l.retired_at is null and {_IN_SCOPE} and {_ALL_WORDS.format(of="l.name || ' ' || l.slug")}
        order by strpos(lower(l.name), :whole) <> 1, length(l.name), l.path limit :most"""
    return [PlaceFound(*row) for row in connection.execute(text(statement), values)]


def _tags(connection: Connection, values: dict[str, Any]) -> list[TagFound]:
    statement = f"""
        select t.name, t.title, t.unit, l.path, l.name, l.kind from tag t join location l on l.id = t.location_id
        where t.retired_at is null and l.retired_at is null and {_IN_SCOPE}
        and {_ALL_WORDS.format(of="t.name || ' ' || t.title || ' ' || l.name")}
        order by strpos(lower(t.title), :whole) <> 1, t.name limit :most"""
    return [TagFound(*row) for row in connection.execute(text(statement), values)]


_LAST = f"""
    left join lateral (
        select l.path, l.name, l.kind, o.from_at, o.to_at from batch b2 join occupation o on o.batch_id = b2.id
        join location l on l.id = o.location_id and l.retired_at is null and {_IN_SCOPE}
        where {{of}} order by o.from_at desc limit 1
    ) last on true"""
_BATCHES = f"""
    select b.number, coalesce(p.code, ''), last.path, last.name, last.kind, last.from_at, last.to_at
    from batch b left join product p on p.id = b.product_id {_LAST.format(of="b2.id = b.id")}
    where upper(b.number) like :start and (last.path is not null or (:scope)::int[] is null or b.site_id = any(:scope))
    order by last.from_at desc nulls last, b.number desc limit :most"""
_ORDERS = f"""
    select w.number, coalesce(p.code, ''), last.path, last.name, last.kind, last.from_at, last.to_at
    from work_order w left join product p on p.id = w.product_id {_LAST.format(of="b2.work_order_id = w.id")}
    where upper(w.number) like :start and (last.path is not null or (:scope)::int[] is null or w.site_id = any(:scope))
    order by w.due_at desc limit :most"""


def _runs(connection: Connection, statement: str, values: dict[str, Any]) -> list[RunFound]:
    rows = connection.execute(text(statement), values)
    return [RunFound(*row[:5], *(us_of(moment) if moment else None for moment in row[5:])) for row in rows]
