"""What every page's live answer, the health page and the metrics read: few rows, each query independent of load."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text

from db.store import Store


@dataclass(frozen=True, slots=True)
class WorkerState:
    """A worker process and the age of its last sign of life, in seconds."""

    id: str
    version: str
    roles: tuple[str, ...]
    started_at: datetime
    age_s: float
    spool_waiting: int
    spool_bytes: int
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """Accounting of one source's samples, as counted when they were stored."""

    source_id: int
    name: str
    received: int
    stored: int
    duplicates: int
    superseded: int
    dead_lettered: int
    uncertain: int

    @property
    def missing(self) -> int:
        """Values that came out of a spool and went nowhere; 0 when the account closes."""
        return self.received - self.stored - self.duplicates - self.superseded - self.dead_lettered


def workers(store: Store, within_s: float = 600.0) -> list[WorkerState]:
    """Workers seen within the last `within_s` seconds, newest sign of life first."""
    with store.read() as connection:
        rows = connection.execute(
            text(
                "select id, version, roles, started_at, extract(epoch from now() - seen_at)::float8, spool_waiting,"
                " spool_bytes, facts from worker where seen_at > now() - make_interval(secs => :within) order by seen_at desc"
            ),
            {"within": within_s},
        ).all()
    return [WorkerState(row[0], row[1], tuple(row[2]), *row[3:]) for row in rows]


def accounts(store: Store) -> list[Account]:
    """What came in and where it went, for each source."""
    with store.read() as connection:
        rows = connection.execute(
            text(
                "select s.id, s.name, c.received, c.stored, c.duplicates, c.superseded, c.dead_lettered, c.uncertain"
                " from ingest_count c join source s on s.id = c.source_id order by s.name"
            )
        ).all()
    return [Account(*row) for row in rows]


def all_revisions(store: Store) -> dict[tuple[str, int], int]:
    """Every topic's number by (topic, node): a small table, read once a second by each web process."""
    with store.read() as connection:
        rows = connection.execute(text("select topic, location_id, number from revision")).all()
    return {(row[0], row[1]): row[2] for row in rows}
