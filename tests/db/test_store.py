"""The one door: GxP tables take writes only with actor and reason, and every write leaves a chained entry."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db.store import Store
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
        with pytest.raises(DBAPIError), store.change("ines", "tampering") as change:
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
