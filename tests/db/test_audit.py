"""Tampering with the audit trail below the application is found (trust: 11.10(a))."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, text

from db import audit
from db.store import Store
from engine.access import SYSTEM, scope_of
from engine.audit import PEOPLE, AuditFilter, Export, field_changes
from engine.errors import NotFound
from tests.connectors.plant_store import furnish


def products(store: Store, *codes: str) -> None:
    for code in codes:
        with store.change("ines", f"product {code}") as change:
            change.connection.execute(text("insert into product (code, name) values (:c, 'x|y')"), {"c": code})


def as_superuser(database_url: str, *statements: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        for statement in ("set session_replication_role = replica", *statements):
            connection.execute(text(statement))
    engine.dispose()


def test_an_untouched_trail_is_whole(store: Store) -> None:
    assert audit.head(store) == (0, "")
    products(store, "A", "B", "C")
    assert audit.broken_at(store) is None
    number, newest = audit.head(store)
    assert number == 3
    assert audit.hash_of(store, 3) == newest
    assert [e.reason for e in audit.entries_of(store, "product", "2")] == ["product B"]


@pytest.mark.parametrize(
    ("statement", "entry"),
    [
        ("update audit_entry set actor = 'olga' where id = 2", 2),
        ('update audit_entry set new = new || \'{"name": "z"}\' where id = 3', 3),
        ("update audit_entry set at = at - interval '1 day' where id = 1", 1),
        ("update audit_entry set hash = sha256('x') where id = 4", 4),
        ("delete from audit_entry where id = 3", 4),
        ("delete from audit_entry where id = 1", 2),
    ],
)
def test_an_altered_or_missing_entry_is_named(store: Store, database_url: str, statement: str, entry: int) -> None:
    products(store, "A", "B", "C", "D")
    as_superuser(database_url, statement)
    finding = audit.broken_at(store)
    assert finding is not None
    assert finding.entry_id == entry


def test_two_swapped_entries_are_found(store: Store, database_url: str) -> None:
    products(store, "A", "B", "C")
    as_superuser(
        database_url,
        "update audit_entry set id = 99 where id = 2",
        "update audit_entry set id = 2 where id = 3",
        "update audit_entry set id = 3 where id = 99",
    )
    assert audit.broken_at(store) is not None


def test_a_missing_tail_shows_against_a_head_kept_elsewhere(store: Store, database_url: str) -> None:
    products(store, "A", "B")
    number, kept = audit.head(store)
    as_superuser(database_url, "delete from audit_entry where id = 2")
    assert audit.broken_at(store) is None
    assert audit.hash_of(store, number) != kept


def test_many_writers_at_once_make_one_gapless_chain(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: products(store, *(f"{n}-{i}" for i in range(10))), range(8)))
    assert audit.head(store)[0] == 80
    assert audit.broken_at(store) is None


def test_an_export_is_on_record_with_who_what_and_which_range(store: Store) -> None:
    with store.change("ines", "saved as CSV") as change:
        audit.note_export(change, Export("trend", "acme/dublin", ("f.weight", "f.speed"), 1, 2, 300))
    (entry,) = audit.entries_of(store, "data_export", "1")
    assert (entry.actor, entry.reason, entry.action) == ("ines", "saved as CSV", "insert")
    assert entry.new is not None
    assert {k: entry.new[k] for k in ("title", "signals", "from_us", "to_us", "rows")} == {
        "title": "trend",
        "signals": ["f.weight", "f.speed"],
        "from_us": 1,
        "to_us": 2,
        "rows": 300,
    }


# ------------------------------------------------------------------ looking
def test_entries_are_filtered_and_the_newest_come_first(store: Store) -> None:
    products(store, "A", "B")
    with store.change("job:order", "derived") as change:
        change.connection.execute(text("update product set name = 'Plorexan' where code = 'A'"))

    def numbers(**asked: object) -> list[int]:
        return [e.id for e in audit.entries(SYSTEM, store, AuditFilter(**asked))]  # type: ignore[arg-type]

    assert numbers() == [3, 2, 1]
    assert numbers(actor="ines") == [2, 1]
    assert numbers(actor=PEOPLE) == [2, 1]
    assert numbers(action="update") == [3]
    assert numbers(table="product", record="2") == [2]
    assert numbers(words="plorexan") == [3]
    assert numbers(words="100% none") == []
    assert numbers(before=3) == [2, 1]
    assert numbers(to_us=0) == []
    assert len(audit.entries(SYSTEM, store, AuditFilter(), limit=2)) == 2
    assert audit.choices(SYSTEM, store) == (["ines", "job:order"], ["product"])
    [change_of_name] = field_changes(audit.entry(SYSTEM, store, 3))
    assert (change_of_name.name, change_of_name.old, change_of_name.new) == ("name", "x|y", "Plorexan")


def test_whoever_reads_a_part_sees_the_entries_of_its_places(store: Store) -> None:
    [_] = furnish(store, ("broker", "mqtt", {"host": "h"}))
    part = scope_of([2])  # the machine
    seen = audit.entries(part, store, AuditFilter())
    assert {e.table_name for e in seen} == {"location", "tag"}
    assert all((e.new or {}).get("location_id", 2) == 2 for e in seen)
    whole = audit.entries(SYSTEM, store, AuditFilter(table="product"))
    with pytest.raises(NotFound):
        audit.entry(part, store, whole[0].id)
    assert "product" not in audit.choices(part, store)[1]


def test_a_check_is_kept_with_what_it_found(store: Store, database_url: str) -> None:
    assert audit.last_check(store) is None
    products(store, "A", "B")
    audit.check(store)
    kept = audit.last_check(store)
    assert kept is not None
    assert (kept.entries, kept.head, kept.finding) == (2, audit.hash_of(store, 2), None)
    as_superuser(database_url, "update audit_entry set actor = 'olga' where id = 1")
    audit.check(store)
    broken = audit.last_check(store)
    assert broken is not None
    assert broken.finding is not None
    assert broken.finding.entry_id == 1
