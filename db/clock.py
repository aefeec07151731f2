"""Turns of the clock's jobs: when each last ran, for how long, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from db.store import Change, Store
from engine.errors import NotFound
from engine.job import Job

LONGEST_FAILURE = 2_000


@dataclass(frozen=True, slots=True)
class Turn:
    """The newest turn of a job. Times are None before the first; `running` while it has begun and not ended."""

    key: str
    title: str
    every_s: float
    worker: str
    began_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    next_at: datetime | None
    gxp: bool
    turns: int
    failures: int
    failed_at: datetime | None
    failure: str

    @property
    def running(self) -> bool:
        """True while it runs."""
        return self.began_at is not None and (self.ended_at is None or self.ended_at < self.began_at)

    @property
    def failed_last(self) -> bool:
        """True when the newest turn that ended has failed."""
        return self.failed_at is not None and self.failed_at == self.ended_at


def note_begun(store: Store, entry: Job, worker: str, next_at: datetime | None) -> None:
    """A turn begins. Lost in a crash of the database at worst: no commit waits for the disk."""
    _write(
        store,
        "insert into job_turn (key, title, every_s, gxp, worker, began_at, next_at)"
        " values (:key, :title, :every, :gxp, :worker, clock_timestamp(), :next)"
        " on conflict (key) do update set title = excluded.title, every_s = excluded.every_s, gxp = excluded.gxp,"
        " worker = excluded.worker, began_at = excluded.began_at, next_at = excluded.next_at",
        {"key": entry.key, "title": entry.title, "every": entry.every_s, "gxp": entry.gxp, "worker": worker, "next": next_at},
    )


def note_ended(store: Store, entry: Job, failure: str = "") -> None:
    """The turn ended, well or with a failure."""
    _write(
        store,
        "update job_turn set ended_at = t.now, duration_s = extract(epoch from t.now - began_at), turns = turns + 1,"
        " failures = failures + cast(:failed as int), failed_at = case when :failed then t.now else failed_at end,"
        " failure = case when :failed then :failure else failure end"
        " from (select clock_timestamp() as now) t where key = :key",
        {"key": entry.key, "failed": bool(failure), "failure": failure[:LONGEST_FAILURE]},
    )


def _write(store: Store, statement: str, values: dict[str, object]) -> None:
    with store.write() as connection:
        connection.execute(text("set local synchronous_commit = off"))
        connection.execute(text(statement), values)


def turns(store: Store) -> list[Turn]:
    """The newest turn of every job that ever ran, by key. Jobs belong to no place; `job.read` guards them."""
    with store.read() as connection:
        rows = connection.execute(
            text(
                "select key, title, every_s, worker, began_at, ended_at, duration_s, next_at, gxp, turns, failures, failed_at,"
                " failure from job_turn order by key"
            )
        ).mappings()
        return [Turn(**row) for row in rows]


def turn_of(store: Store, key: str) -> Turn:
    """The newest turn of a job; raises `NotFound` for one that no clock knows."""
    found = next((turn for turn in turns(store) if turn.key == key), None)
    if found is None:
        raise NotFound(f"There is no job “{key}”.")
    return found


def note_request(change: Change, action: str, key: str, run_id: int) -> None:
    """Put on record who started or cancelled a job that writes GxP records; `action` is run or cancel."""
    change.connection.execute(
        text("insert into job_request (action, job, run_id) values (:action, :job, :run)"),
        {"action": action, "job": key, "run": run_id},
    )
