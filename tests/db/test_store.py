"""The one door: GxP tables take writes only with actor and reason, and every write leaves a chained entry."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from db import retention
from db.historian import wire
from db.store import READER, Collision, Store
from engine.errors import Conflict, Invalid, Unavailable

PRODUCT = "insert into product (code, name) values ('P1', 'Plorexan 50 mg')"


def test_a_gxp_table_refuses_a_write_without_the_door(store: Store) -> None:
    with pytest.raises(DBAPIError, match=r"store\.change"), store.write() as connection:
        connection.execute(text(PRODUCT))


def test_each_write_leaves_old_new_who_and_why(store: Store) -> None:
    with store.change("ines", "first product") as change:
        change.connection.execute(text(PRODUCT))
    with store.change("ines", "spelling") as change:
        change.connection.execute(text("update product set name = 'Plorexan'"))
    with store.read() as connection:
        rows = connection.execute(text("select * from audit_entry order by id")).mappings().all()
    assert [r["action"] for r in rows] == ["insert", "update"]
    assert rows[1]["old"]["name"] == "Plorexan 50 mg"
    assert rows[1]["new"]["name"] == "Plorexan"
    assert rows[1]["new"]["version"] == 2
    assert (rows[1]["actor"], rows[1]["reason"]) == ("ines", "spelling")
    assert rows[1]["previous"] == rows[0]["hash"]


def test_the_application_may_not_touch_the_audit_trail(store: Store) -> None:
    for statement in (
        "insert into audit_entry select * from audit_entry",
        "update audit_entry set actor = 'x'",
        "delete from audit_entry",
        "truncate audit_entry",
        "truncate product cascade",
    ):
        with pytest.raises((DBAPIError, Unavailable)), store.change("ines", "tampering") as change:
            change.connection.execute(text(statement))


def test_a_failed_change_leaves_neither_row_nor_entry(store: Store) -> None:
    with pytest.raises(Conflict), store.change("ines", "twice") as change:
        change.connection.execute(text(f"{PRODUCT}, ('P1', 'twice')"))
    with store.read() as connection:
        assert (
            connection.execute(text("select (select count(*) from product) + (select count(*) from audit_entry)")).scalar() == 0
        )


def test_a_change_needs_actor_and_reason(store: Store) -> None:
    with pytest.raises(Invalid), store.change("ines", "  "):
        pass


def test_a_dead_host_is_one_clear_sentence() -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        Store("postgresql+psycopg://nobody@127.0.0.1:1/none").ping()


RAISED = [
    ("08006", Unavailable),
    ("57P03", Unavailable),
    ("53100", Unavailable),
    ("25006", Unavailable),
    ("42501", Unavailable),
    ("42P01", Unavailable),
    ("40001", Collision),
    ("40P01", Collision),
    ("23514", Conflict),
    ("22003", Invalid),
    ("54000", Invalid),
]


@pytest.mark.parametrize(("state", "expected"), RAISED)
def test_an_error_is_known_by_its_sqlstate(store: Store, state: str, expected: type[Exception]) -> None:
    raising = f"do $$ begin raise exception 'it is so' using errcode = '{state}'; end $$"
    with pytest.raises(expected, match="it is so"), store.write() as connection:
        connection.exec_driver_sql(raising)
    with pytest.raises(expected, match="it is so"), store.write() as connection:
        wire.execute(connection, raising)


@pytest.mark.parametrize("state", ["57014", "55P03", "42601"])
def test_an_error_in_no_list_is_raised_as_it_is(store: Store, state: str) -> None:
    with pytest.raises(DBAPIError, match="it is so"), store.write() as connection:
        connection.exec_driver_sql(f"do $$ begin raise exception 'it is so' using errcode = '{state}'; end $$")


def test_a_text_that_no_database_can_hold_is_invalid(store: Store) -> None:
    with pytest.raises(Invalid, match="NUL"), store.read() as connection:
        connection.execute(text("select cast(:word as text)"), {"word": "a\0b"})


@pytest.mark.parametrize("through_the_driver", [True, False])
def test_a_connection_that_ends_within_a_transaction_is_the_database_away(store: Store, through_the_driver: bool) -> None:
    def work() -> None:
        with store.write() as connection:
            end_of(store.url, connection.exec_driver_sql("select pg_backend_pid()").scalar_one())
            if through_the_driver:
                wire.execute(connection, "select 1")
            connection.exec_driver_sql("select 1")

    with pytest.raises(Unavailable):
        work()
    store.ping()


def end_of(url: str, pid: int) -> None:
    """Cut off a session, as an administrator does."""
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    engine.dispose()


def test_all_connections_in_use_is_told_as_such(database_url: str) -> None:
    narrow = Store(database_url, pool_size=1)
    pool: Any = narrow.engine.pool
    pool._max_overflow, pool._timeout = 0, 0.1
    with narrow.read(), pytest.raises(Unavailable, match="in use"):
        narrow.ping()
    narrow.close()


def test_two_changes_of_the_same_rows_in_opposite_order_both_succeed(store: Store) -> None:
    with store.change("ines", "two products") as change:
        change.connection.execute(text("insert into product (code, name) values ('P1', 'one'), ('P2', 'two')"))
    meeting = threading.Barrier(2)
    failures: list[Exception] = []

    def rename(codes: tuple[str, str], name: str) -> None:
        meeting.wait()
        try:
            with store.change(name, "renamed") as change:
                for code in codes:
                    change.connection.execute(text("update product set name = :n where code = :c"), {"n": name, "c": code})
                    change.connection.execute(text("select pg_sleep(0.1)"))
        except Exception as error:
            failures.append(error)

    people = (("P1", "P2"), "ines"), (("P2", "P1"), "pia")
    threads = [threading.Thread(target=rename, args=person) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert failures == []
    with store.read() as connection:
        assert connection.execute(text("select count(distinct name), min(version) from product")).one() == (1, 3)


def test_a_part_that_fails_leaves_the_rest_of_a_change(store: Store) -> None:
    with store.change("ines", "products") as change:
        change.connection.execute(text(PRODUCT))
        with pytest.raises(Conflict), change.attempt():
            change.connection.execute(text("insert into product (code, name) values ('P2', 'two'), ('P1', 'again')"))
    with store.read() as connection:
        assert connection.execute(text("select code from product")).scalars().all() == ["P1"]


@pytest.mark.parametrize("table", ["security_event", "superseded", "gap", "dead_letter"])
@pytest.mark.parametrize("statement", ["delete from {}", "update {} set site_id = 0", "truncate {}"])
def test_what_is_only_added_cannot_be_changed_by_the_application(store: Store, table: str, statement: str) -> None:
    if table == "security_event":
        statement = statement.replace("site_id = 0", "kind = ''")
    with pytest.raises(Unavailable, match="permission denied"), store.write() as connection:
        connection.exec_driver_sql(statement.format(table))


def test_old_dead_letters_and_security_events_go_and_never_the_young(store: Store) -> None:
    with store.write() as connection:
        for days in (0, 29, 31, 89, 91, 401):
            at = f"now() - interval '{days} days'"
            connection.exec_driver_sql(
                f"insert into dead_letter (site_id, at, address, reason, raw, raw_size) values (1, {at}, 'a', 'r', '', 0)"
            )
            connection.exec_driver_sql(f"insert into security_event (at, kind, user_name) values ({at}, 'login', 'ines')")
    assert retention.forget(store, letter_days=90, letters_kept=10**6, event_days=400) == retention.Forgotten(2, 1)
    assert retention.forget(store, letter_days=0, letters_kept=0, event_days=0) == retention.Forgotten(2, 1)


def test_dead_letters_beyond_the_number_that_is_kept_go_oldest_first(store: Store) -> None:
    with store.write() as connection:
        connection.exec_driver_sql(
            "insert into dead_letter (site_id, address, reason, raw, raw_size)"
            " select 1, n::text, 'r', '', 0 from generate_series(1, 10003) n"
        )
    assert retention.forget(store, letter_days=90, letters_kept=10_000, event_days=400).letters == 3
    with store.read() as connection:
        assert connection.execute(text("select min(address::int), count(*) from dead_letter")).one() == (4, 10_000)


def test_only_the_application_may_forget(database_url: str) -> None:
    reader = Store(database_url, role=READER)
    with pytest.raises(Unavailable, match="permission denied"):
        retention.forget(reader, letter_days=90, letters_kept=10**6, event_days=400)
    reader.close()


def test_a_connection_in_use_while_the_store_is_closed_is_closed_when_it_comes_back(store: Store) -> None:
    with store.read() as connection:
        raw = connection.connection.dbapi_connection
        store.close()
        assert connection.execute(text("select 1")).scalar() == 1
    assert raw is not None
    assert raw.closed
    with store.read() as connection:
        late = connection.connection.dbapi_connection
    assert late is not None
    assert late.closed
