"""Columns to PostgreSQL and back: binary COPY built and read by numpy, and queries on the same connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import psycopg
from sqlalchemy import Connection

from engine.historian.block import SampleBlock

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
SAMPLE_COLUMNS = "tag_id, at_us, seq, bits, status, received_us"
SAMPLE_TYPES = (np.int32, np.int64, np.int32, np.int64, np.int32, np.int64)


def rows(connection: Connection, query: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """All rows of a query, transferred in binary."""
    with _cursor(connection) as cursor:
        return cursor.execute(query, parameters).fetchall()


def execute(connection: Connection, statement: str, parameters: dict[str, Any] | None = None) -> int:
    """Run a statement; how many rows it touched."""
    with _cursor(connection) as cursor:
        return int(cursor.execute(statement, parameters).rowcount)


def copy_columns(connection: Connection, target: str, columns: Sequence[np.ndarray]) -> None:
    """COPY integer columns (int32, int64, no nulls) into `target` ("table (column, …)").

    Raises psycopg's `UniqueViolation` as it is, for callers that resolve conflicts in a savepoint.
    """
    with _cursor(connection) as cursor, cursor.copy(f"copy {target} from stdin (format binary)") as copy:
        copy.write(binary(columns))


def copy_records(connection: Connection, target: str, types: Sequence[str], records: Sequence[Sequence[Any]]) -> None:
    """COPY Python records, for few and long rows (bytea)."""
    if not records:
        return
    with _cursor(connection) as cursor, cursor.copy(f"copy {target} from stdin (format binary)") as copy:
        copy.set_types(list(types))
        for record in records:
            copy.write_row(record)


def read_samples(connection: Connection, query: str, parameters: dict[str, Any]) -> SampleBlock:
    """The result of a query of exactly `SAMPLE_COLUMNS` (no nulls) as a block, without making Python rows."""
    with _cursor(connection) as cursor, cursor.copy(f"copy ({query}) to stdout (format binary)", parameters) as copy:
        data = b"".join(bytes(part) for part in copy)
    layout = _layout(SAMPLE_TYPES)
    table = np.frombuffer(data, layout, (len(data) - len(_HEADER) - len(_END)) // layout.itemsize, len(_HEADER))
    columns = [table[f"v{i}"].astype(kind) for i, kind in enumerate(SAMPLE_TYPES)]
    columns[4] = columns[4].view(np.uint32)
    return SampleBlock(*columns)


def sample_columns(site_id: int, block: SampleBlock) -> list[np.ndarray]:
    """The columns of a block as the sample tables have them: site first, status as a signed pattern."""
    site = np.full(len(block), site_id, np.int32)
    return [site, block.tag_id, block.at_us, block.seq, block.bits, block.status.view(np.int32), block.received_us]


def binary(columns: Sequence[np.ndarray]) -> bytes:
    """Integer columns of equal length in the format of a binary COPY (PostgreSQL manual, COPY, file formats)."""
    table = np.empty(len(columns[0]), _layout([column.dtype.type for column in columns]))
    table["fields"] = len(columns)
    for i, column in enumerate(columns):
        table[f"n{i}"] = column.dtype.itemsize
        table[f"v{i}"] = column
    return _HEADER + table.tobytes() + _END


def storable(value: str) -> str:
    """Text as PostgreSQL can hold it: the character NUL and halves of surrogate pairs replaced."""
    return value.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()


def array(numbers: Iterable[int | None]) -> str:
    """Numbers as PostgreSQL's array literal, many times faster than a list of Python integers; bind as `::text::int[]`."""
    return "{" + ",".join("null" if n is None else str(n) for n in numbers) + "}"


def signed(value: int) -> int:
    """A StatusCode as the signed 32-bit pattern that the tables hold."""
    return value - 2**32 if value >= 2**31 else value


def _layout(types: Sequence[type]) -> np.dtype[Any]:
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for i, kind in enumerate(types):
        fields += [(f"n{i}", ">i4"), (f"v{i}", f">i{np.dtype(kind).itemsize}")]
    return np.dtype(fields)


@contextmanager
def _cursor(connection: Connection) -> Iterator[psycopg.Cursor[Any]]:
    """A cursor of the driver. Its errors pass as they are; the store translates them at the transaction's end."""
    raw: Any = connection.connection.driver_connection
    with raw.cursor(binary=True) as cursor:
        yield cursor
