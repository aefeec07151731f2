"""Turns of the clock's jobs, measured storage, and what did not become a sample."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from db import clock, loss, storage
from db.store import Store
from engine.access import SYSTEM, scope_of
from engine.errors import NotFound
from engine.job import Job
from tests.connectors.plant_store import furnish

JOB = Job("a.job", "A job", 60.0, lambda _store: None, gxp=True)
NEXT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_turn_runs_ends_and_fails(store: Store) -> None:
    clock.note_begun(store, JOB, "w", NEXT)
    begun = clock.turn_of(store, "a.job")
    assert begun.running
    assert (begun.turns, begun.next_at, begun.gxp, begun.worker) == (0, NEXT, True, "w")
    clock.note_ended(store, JOB)
    well = clock.turn_of(store, "a.job")
    assert (well.running, well.turns, well.failures, well.failed_last) == (False, 1, 0, False)
    assert well.duration_s is not None
    assert well.duration_s >= 0
    clock.note_begun(store, JOB, "w", None)
    clock.note_ended(store, JOB, "it broke")
    failed = clock.turn_of(store, "a.job")
    assert (failed.turns, failed.failures, failed.failed_last, failed.failure) == (2, 1, True, "it broke")
    clock.note_begun(store, JOB, "w", None)
    clock.note_ended(store, JOB)
    again = clock.turn_of(store, "a.job")
    assert (again.failures, again.failed_last, again.failure) == (1, False, "it broke")


def test_an_unknown_job_is_not_there(store: Store) -> None:
    with pytest.raises(NotFound):
        clock.turn_of(store, "no.job")


def test_growth_is_unknown_until_there_is_an_older_day(store: Store) -> None:
    today = datetime.now(UTC).date()
    storage.measure(store)
    storage.measure(store)
    found = {table.name: table for table in storage.tables(store)}
    assert found["tag"].growth(today) is None
    with store.write() as connection:
        connection.execute(
            text("insert into storage_size (name, day, bytes) values ('tag', :day, :bytes)"),
            {"day": today - timedelta(days=4), "bytes": found["tag"].bytes - 4000},
        )
        connection.execute(
            text("insert into storage_size (name, day, bytes) values ('tag', :day, 1)"), {"day": today - timedelta(days=40)}
        )
    assert {t.name: t for t in storage.tables(store)}["tag"].growth(today) == 1000


def test_the_database_tells_of_itself(store: Store) -> None:
    facts = storage.facts(store)
    assert facts.bytes > 0
    assert 0 < facts.connections <= facts.most_connections


def test_dead_letters_come_in_groups_of_the_sites_that_may_be_read(store: Store) -> None:
    [source] = furnish(store, ("broker", "mqtt", {"host": "h"}))
    with store.write() as connection:
        for n, (address, reason) in enumerate([("t/a", "no JSON"), ("t/a", "no JSON"), ("t/b", "no tag is bound")]):
            connection.execute(
                text(
                    "insert into dead_letter (site_id, source_id, address, reason, raw, raw_size)"
                    " values (1, :s, :a, :r, :raw, 9)"
                ),
                {"s": source, "a": address, "r": reason, "raw": bytes([n, 0, 255])},
            )
        connection.execute(
            text(
                "insert into gap (site_id, source_id, tag_id, from_us, to_us, missing, reason)"
                " values (1, :s, 1, 5, 9, null, 'away')"
            ),
            {"s": source},
        )
    newest, other = loss.letters(SYSTEM, store)
    assert (newest.address, newest.count) == ("t/b", 1)
    assert (other.address, other.count, other.raw) == ("t/a", 2, b"\x01\x00\xff")
    assert [one.address for one in loss.letters(SYSTEM, store, words="JSON")] == ["t/a"]
    assert loss.letters(SYSTEM, store, source="another") == []
    assert [(gap.tag, gap.missing, gap.reason) for gap in loss.gaps(SYSTEM, store, "broker")] == [("m.t0", None, "away")]
    foreign = scope_of([999])
    assert loss.letters(foreign, store) == []
    assert loss.gaps(foreign, store) == []
