"""Reading the audit trail, and checking that nobody touched it. Only triggers write it; an export leaves a row for one."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import text

from db.store import Change, Store
from engine.audit import AuditEntry, ChainFinding, Export

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


def note_export(change: Change, export: Export) -> None:
    """Put on record that data leave the system; the actor of the change is who takes them."""
    change.connection.execute(
        text(
            "insert into data_export (title, place, signals, from_us, to_us, rows)"
            " values (:title, :place, :signals, :from_us, :to_us, :rows)"
        ),
        asdict(export) | {"signals": list(export.signals)},
    )
