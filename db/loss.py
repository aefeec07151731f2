"""What did not become a sample: dead letters, and gaps that were declared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from db.store import Store
from engine.access import Scope

LOOKED_AT, SHOWN = 20_000, 200


@dataclass(frozen=True, slots=True)
class Letters:
    """Dead letters of one source, address and reason: how many are kept, the first and the newest, and what that held.

    `raw` is the beginning of the newest one, of `raw_size` bytes."""

    source_id: int | None
    source: str
    address: str
    reason: str
    count: int
    first_at: datetime
    last_at: datetime
    raw: bytes
    raw_size: int


@dataclass(frozen=True, slots=True)
class LostRange:
    """Samples known to be lost over [from_us, to_us): of a tag, or of a whole source when `tag` is empty."""

    source: str
    tag: str
    from_us: int
    to_us: int
    missing: int | None
    reason: str


_VISIBLE = "(cast(:nodes as int[]) is null or {0}.site_id = any(cast(:nodes as int[])))"
_OF_SOURCE = "(cast(:source as text) is null or s.name = :source)"


def letters(scope: Scope, store: Store, source: str | None = None, words: str = "") -> list[Letters]:
    """The newest dead letters of the sites that may be read, in groups, newest group first.

    Looks at so many letters at most (`LOOKED_AT`), so that its cost does not grow with their number.
    """
    with store.read() as connection:
        rows = connection.execute(
            text(
                f"""
                with newest as (
                    select d.*, s.name as source from dead_letter d left join source s on s.id = d.source_id
                    where {_VISIBLE.format("d")} and {_OF_SOURCE}
                        and (:words = '' or strpos(lower(d.address || ' ' || d.reason), lower(:words)) > 0)
                    order by d.id desc limit :most
                )
                select source_id, coalesce(source, '') as source, address, reason, count(*) as count,
                    min(at) as first_at, max(at) as last_at,
                    (array_agg(raw order by id desc))[1] as raw, (array_agg(raw_size order by id desc))[1] as raw_size
                from newest group by source_id, source, address, reason order by max(id) desc limit :shown
                """
            ),
            {"nodes": scope.ids(), "source": source, "words": words, "most": LOOKED_AT, "shown": SHOWN},
        ).mappings()
        return [Letters(**dict(row) | {"raw": bytes(row["raw"])}) for row in rows]


def gaps(scope: Scope, store: Store, source: str | None = None) -> list[LostRange]:
    """The newest declared gaps of the sites that may be read."""
    with store.read() as connection:
        rows = connection.execute(
            text(
                "select coalesce(s.name, '') as source, coalesce(t.name, '') as tag, g.from_us, g.to_us, g.missing, g.reason"
                " from gap g left join source s on s.id = g.source_id left join tag t on t.id = g.tag_id"
                f" where {_VISIBLE.format('g')} and {_OF_SOURCE} order by g.id desc limit :shown"
            ),
            {"nodes": scope.ids(), "source": source, "shown": SHOWN},
        ).mappings()
        return [LostRange(**row) for row in rows]
