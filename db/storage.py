"""The database itself: version, size, how much each table holds and by how much it grows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text

from db.store import Store

GROWTH_DAYS = 7


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """Server and database as they are now; `connections` are those in use."""

    version: str
    name: str
    bytes: int
    started_at: datetime
    connections: int
    most_connections: int


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table with its indexes. `rows` is the database's own estimate, None when it has none yet; `before` is the oldest
    measurement of the last days, None while there is none of another day."""

    name: str
    rows: int | None
    bytes: int
    before_day: date | None = None
    before_bytes: int | None = None

    def growth(self, today: date) -> float | None:
        """Bytes a day since that measurement; None when nobody can tell."""
        if self.before_day is None or self.before_bytes is None or self.before_day >= today:
            return None
        return (self.bytes - self.before_bytes) / (today - self.before_day).days


_SIZES = """
    select c.relname as name, nullif(c.reltuples, -1)::bigint as rows, pg_total_relation_size(c.oid) as bytes
    from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace"""


def facts(store: Store) -> DatabaseFacts:
    """The server and the database."""
    with store.read() as connection:
        row = connection.execute(
            text(
                "select current_setting('server_version'), current_database(), pg_database_size(current_database()),"
                " pg_postmaster_start_time(), (select count(*) from pg_stat_activity where datname is not null),"
                " current_setting('max_connections')::int"
            )
        ).one()
    return DatabaseFacts(*row)


def tables(store: Store) -> list[TableSize]:
    """Every table, largest first, with the oldest measurement of the last days."""
    with store.read() as connection:
        rows = connection.execute(
            text(
                f"select s.name, s.rows, s.bytes, b.day as before_day, b.bytes as before_bytes from ({_SIZES}) s"
                " left join lateral (select day, bytes from storage_size m where m.name = s.name"
                " and m.day >= current_date - cast(:days as int) and m.day < current_date order by day limit 1) b on true"
                " order by s.bytes desc, s.name"
            ),
            {"days": GROWTH_DAYS},
        ).mappings()
        return [TableSize(**row) for row in rows]


def measure(store: Store) -> int:
    """Keep today's sizes, and forget those of more than a year ago; returns how many tables were measured."""
    with store.write() as connection:
        connection.execute(text("delete from storage_size where day < current_date - 400"))
        return connection.execute(
            text(
                f"insert into storage_size (name, day, bytes) select s.name, current_date, s.bytes from ({_SIZES}) s"
                " on conflict (name, day) do update set bytes = excluded.bytes"
            )
        ).rowcount
