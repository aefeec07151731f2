"""Rows in bulk: insert, update, retire and delete many rows of a table with one statement each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, text

from engine.config.writing import jsonable

Row = dict[str, Any]
Key = tuple[str, ...]


def ids(connection: Connection, statement: str) -> dict[Key, int]:
    """Of a query of an id and the columns of a key: key → id. Later rows win."""
    return {tuple(str(part) for part in row[1:]): row[0] for row in connection.execute(text(statement))}


def save(connection: Connection, table: str, rows: Mapping[Key, Row], known: Mapping[Key, int]) -> None:
    """Update the rows whose key is known, insert the others."""
    insert(connection, table, [row for key, row in rows.items() if key not in known])
    update(connection, table, [row | {"id": known[key]} for key, row in rows.items() if key in known])


def insert(connection: Connection, table: str, rows: list[Row]) -> None:
    """New rows, all with the same columns; ids that are given are kept."""
    if not rows:
        return
    columns = ", ".join(f'"{name}"' for name in rows[0])
    connection.execute(
        text(
            f"insert into {table} ({columns}) overriding system value"
            f" select {columns} from jsonb_populate_recordset(null::{table}, cast(:rows as jsonb))"
        ),
        {"rows": _json(rows)},
    )


def update(connection: Connection, table: str, rows: list[Row]) -> None:
    """Set the columns of rows, all with the same columns, by their id. A row that stays as it was leaves no audit entry."""
    if not rows:
        return
    columns = ", ".join(f'"{name}" = r."{name}"' for name in rows[0] if name != "id")
    connection.execute(
        text(
            f"update {table} t set {columns}"
            f" from jsonb_populate_recordset(null::{table}, cast(:rows as jsonb)) r where t.id = r.id"
        ),
        {"rows": _json(rows)},
    )


def retire(connection: Connection, table: str, numbers: Iterable[int]) -> None:
    """Mark rows as no longer in use; they and what refers to them stay."""
    statement = f"update {table} set retired_at = now() where id = any(:ids) and retired_at is null"
    connection.execute(text(statement), {"ids": sorted(numbers)})


def delete(connection: Connection, table: str, numbers: Iterable[int]) -> None:
    """Delete rows that nothing refers to; the audit trail keeps them."""
    connection.execute(text(f"delete from {table} where id = any(:ids)"), {"ids": sorted(numbers)})


def _json(rows: list[Row]) -> str:
    return json.dumps(jsonable(rows), ensure_ascii=False, allow_nan=False)
