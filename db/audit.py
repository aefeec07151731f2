"""Reading the audit trail, and checking that nobody touched it. Only triggers write it; an export leaves a row for one."""

from __future__ import annotations

import json
from dataclasses import asdict

from sqlalchemy import text

from db.job import raise_revision
from db.store import Change, Store
from engine.access import Scope
from engine.audit import PEOPLE, AuditEntry, AuditFilter, ChainCheck, ChainFinding, Export
from engine.errors import NotFound

LOOKED_AT = 20_000

_BROKEN = text(
    """
    with chain as (
        select e.id, e.hash, e.previous,
            lag(e.id) over w as id_before, lag(e.hash) over w as hash_before,
            sha256(e.previous || convert_to(audit_text(e), 'UTF8')) as recomputed
        from audit_entry e window w as (order by e.id)
    )
    select id, case
            when id <> coalesce(id_before, 0) + 1 then 'entries before it are missing'
            when previous <> coalesce(hash_before, '\\x'::bytea) then 'it does not continue the entry before it'
            else 'its content was altered' end
    from chain
    where hash <> recomputed or previous <> coalesce(hash_before, '\\x'::bytea) or id <> coalesce(id_before, 0) + 1
    order by id limit 1
    """
)


def broken_at(store: Store) -> ChainFinding | None:
    """The first entry that breaks the chain; None when every entry stands as it was written.

    A missing tail cannot be seen from inside: compare `head` with one that was kept elsewhere.
    """
    with store.read() as connection:
        row = connection.execute(_BROKEN).one_or_none()
    return ChainFinding(*row) if row else None


def head(store: Store) -> tuple[int, str]:
    """Number and hash (hexadecimal) of the newest entry; (0, "") for an empty trail. Print it in reports."""
    with store.read() as connection:
        row = connection.execute(text("select id, encode(hash, 'hex') from audit_entry order by id desc limit 1")).one_or_none()
    return (row[0], row[1]) if row else (0, "")


def hash_of(store: Store, entry_id: int) -> str | None:
    """The hash that entry has now; None when it is missing."""
    with store.read() as connection:
        found = connection.execute(text("select encode(hash, 'hex') from audit_entry where id = :id"), {"id": entry_id})
        return found.scalar_one_or_none()


def entries_of(store: Store, table_name: str, record_id: str) -> list[AuditEntry]:
    """The history of one record, oldest first."""
    with store.read() as connection:
        rows = connection.execute(
            text(
                "select id, at, actor, reason, signature_id, table_name, record_id, action, old, new from audit_entry"
                " where table_name = :table and record_id = :record order by id"
            ),
            {"table": table_name, "record": record_id},
        ).all()
    return [AuditEntry(*row) for row in rows]


# ------------------------------------------------------------------ looking and checking
def entries(scope: Scope, store: Store, asked: AuditFilter, limit: int = 200) -> list[AuditEntry]:
    """The newest entries that fit. Whose scope is not every site sees those of records at places of the scope."""
    with store.read() as connection:
        rows = connection.execute(
            text(f"select {_COLUMNS} from audit_entry where {_FITS} order by id desc limit :limit"),
            asdict(asked) | {"nodes": scope.ids(), "limit": limit},
        ).all()
    return [AuditEntry(*row) for row in rows]


def entry(scope: Scope, store: Store, entry_id: int) -> AuditEntry:
    """One entry; raises `NotFound`, also outside the scope."""
    found = entries(scope, store, AuditFilter(before=entry_id + 1, after=entry_id - 1), 1)
    if not found:
        raise NotFound(f"There is no audit entry {entry_id} that you may see.")
    return found[0]


def choices(scope: Scope, store: Store) -> tuple[list[str], list[str]]:
    """The actors and the tables that the newest entries of the scope name."""
    with store.read() as connection:
        rows = connection.execute(
            text(
                "select distinct actor, table_name from (select actor, table_name from audit_entry where"
                f" cast(:nodes as int[]) is null or {_PLACE} = any(cast(:nodes as int[])) order by id desc limit :most) e"
            ),
            {"nodes": scope.ids(), "most": LOOKED_AT},
        ).all()
    return sorted({row.actor for row in rows}), sorted({row.table_name for row in rows})


def check(store: Store) -> ChainCheck:
    """Recompute the whole chain and keep what was found."""
    number, newest = head(store)
    finding = broken_at(store)
    values = {
        "entries": number,
        "head": newest,
        "broken": finding.entry_id if finding else None,
        "problem": finding.problem if finding else "",
    }
    with store.write() as connection:
        at = connection.execute(
            text(
                "insert into chain_check (entries, head, broken_id, problem) values (:entries, :head, :broken, :problem)"
                " returning at"
            ),
            values,
        ).scalar_one()
        raise_revision(connection, "audit")
    return ChainCheck(at, number, newest, finding)


def last_check(store: Store) -> ChainCheck | None:
    """The newest check; None before the first."""
    with store.read() as connection:
        row = connection.execute(
            text("select at, entries, head, broken_id, problem from chain_check order by id desc limit 1")
        ).one_or_none()
    if row is None:
        return None
    return ChainCheck(row.at, row.entries, row.head, ChainFinding(row.broken_id, row.problem) if row.broken_id else None)


_COLUMNS = "id, at, actor, reason, signature_id, table_name, record_id, action, old, new"
_PLACE = (
    "coalesce(new ->> 'location_id', old ->> 'location_id',"
    " case when table_name in ('location', 'machine') then record_id end)::int"
)
_FITS = f"""
    (cast(:nodes as int[]) is null or {_PLACE} = any(cast(:nodes as int[])))
    and (:actor = '' or actor = :actor or :actor = '{PEOPLE}' and actor <> 'plantglass' and actor not like 'job:%')
    and (:table = '' or table_name = :table)
    and (:record = '' or record_id = :record) and (:action = '' or action = :action)
    and (:words = ''
        or strpos(lower(concat_ws(' ', reason, new::text, old::text)), lower(:words)) > 0)
    and (cast(:from_us as bigint) is null or at >= to_timestamp(:from_us / 1e6))
    and (cast(:to_us as bigint) is null or at < to_timestamp(:to_us / 1e6))
    and (cast(:before as bigint) is null or id < :before) and (cast(:after as bigint) is null or id > :after)"""


def note_export(change: Change, export: Export) -> None:
    """Put on record that data leave the system; the actor of the change is who takes them."""
    filters = json.dumps(dict(export.filters), ensure_ascii=False)
    change.connection.execute(
        text(
            "insert into data_export (title, place, signals, from_us, to_us, rows, form, filters)"
            " values (:title, :place, :signals, :from_us, :to_us, :rows, :form, cast(:filters as jsonb))"
        ),
        asdict(export) | {"signals": list(export.signals), "filters": filters},
    )
