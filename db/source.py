"""Sources: what values come from, what each delivers into which tag, and how each is doing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text

from db.store import Store
from engine.access import Scope
from engine.tag import Source


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source is doing. Times are None while unknown; `skew_us` is the median of receipt minus source time."""

    source_id: int
    site_id: int
    name: str
    kind: str
    active: bool
    expected_s: float
    state: str
    since: datetime | None
    detail: str
    last_sample_us: int | None
    skew_us: int | None
    facts: dict[str, Any] = field(default_factory=dict)


def sources(scope: Scope, store: Store) -> list[Source]:
    """The sources of the sites that may be read, by name."""
    with store.read() as connection:
        rows = connection.execute(
            text(
                "select id, site_id, name, kind, settings, replay, active, expected_s, version from source"
                " where (cast(:nodes as int[]) is null or site_id = any(cast(:nodes as int[]))) and retired_at is null"
                " order by site_id, name"
            ),
            {"nodes": scope.ids()},
        ).mappings()
        return [Source(**row) for row in rows]


def fingerprints(store: Store) -> dict[int, tuple[Any, ...]]:
    """For each active source something that changes whenever the source, its tags, bindings or state tables change."""
    with store.read() as connection:
        rows = connection.execute(
            text(
                "select s.id, s.version, count(b.id), coalesce(sum(b.version + t.version), 0), coalesce(max(b.id), 0),"
                " (select coalesce(sum(version), 0) from state_table) from source s"
                " left join tag_binding b on b.source_id = s.id left join tag t on t.id = b.tag_id"
                " where s.active and s.retired_at is null group by s.id"
            )
        )
        return {row[0]: tuple(row[1:]) for row in rows}


def set_state(  # the columns of one row
    store: Store,
    source_id: int,
    state: str,
    detail: str = "",
    *,
    last_sample_us: int | None = None,
    skew_us: int | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """Say how a source is doing: connecting, connected, disconnected or refused. What is None keeps its last value."""
    with store.write() as connection:
        connection.execute(
            text(
                "insert into source_state as old (source_id, state, detail, last_sample_us, skew_us, facts)"
                " values (:id, :state, :detail, :last, :skew, coalesce(cast(:facts as jsonb), '{}'))"
                " on conflict (source_id) do update set state = excluded.state, detail = excluded.detail,"
                " since = case when old.state = excluded.state then old.since else now() end,"
                " last_sample_us = greatest(old.last_sample_us, excluded.last_sample_us),"
                " skew_us = coalesce(excluded.skew_us, old.skew_us),"
                " facts = old.facts || excluded.facts"
            ),
            {
                "id": source_id,
                "state": state,
                "detail": detail[:1000],
                "last": last_sample_us,
                "skew": skew_us,
                "facts": None if facts is None else json.dumps(facts),
            },
        )


def states(scope: Scope, store: Store) -> list[SourceState]:
    """How the sources of the sites that may be read are doing; `state` is "unknown" before a worker took a source."""
    with store.read() as connection:
        rows = connection.execute(
            text(
                "select s.id as source_id, s.site_id, s.name, s.kind, s.active, s.expected_s,"
                " coalesce(x.state, 'unknown') as state, x.since,"
                " coalesce(x.detail, '') as detail, x.last_sample_us, x.skew_us, coalesce(x.facts, '{}') as facts"
                " from source s left join source_state x on x.source_id = s.id"
                " where (cast(:nodes as int[]) is null or s.site_id = any(cast(:nodes as int[]))) and s.retired_at is null"
                " order by s.site_id, s.name"
            ),
            {"nodes": scope.ids()},
        ).mappings()
        return [SourceState(**row) for row in rows]
