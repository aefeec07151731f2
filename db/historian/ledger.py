"""The books of what came in: counts a source, progress of each worker's spool, dead letters, declared gaps."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import Connection

from db.historian.wire import copy_records, execute, rows, storable
from db.store import Store
from engine.historian.block import Intake
from engine.historian.counts import Counts
from engine.time import moment_of

RAW_KEPT = 4_096
FIRST_US, LAST_US = -62_135_596_800_000_000, 253_402_300_800_000_000
"""The years 1 to 9999; times outside cannot be shown as dates."""
_NAMES = [f.name for f in fields(Counts)]

_PROGRESS = "select through from spool_progress where worker = %(worker)s and source_id = %(source)s"
_SET_PROGRESS = """
insert into spool_progress (worker, source_id, through) values (%(worker)s, %(source)s, %(through)s)
on conflict (worker, source_id) do update set through = excluded.through
"""
_ADD = f"""
insert into ingest_count as c (site_id, source_id, {", ".join(_NAMES)})
values (%(site)s, %(source)s, {", ".join(f"%({name})s" for name in _NAMES)})
on conflict (site_id, source_id) do update set {", ".join(f"{name} = c.{name} + excluded.{name}" for name in _NAMES)}
"""
_DEAD = "dead_letter (site_id, source_id, at, address, reason, raw, raw_size)"
_GAP = "gap (site_id, source_id, tag_id, from_us, to_us, missing, reason)"


def progress(connection: Connection, worker: str, source_id: int) -> int:
    """Number of the last spool record of this worker and source that is in the store; -1 for none."""
    found = rows(connection, _PROGRESS, {"worker": worker, "source": source_id})
    return int(found[0][0]) if found else -1


def progress_of(store: Store, worker: str, source_id: int) -> int:
    """The same with a connection of its own: from where a forwarder goes on after a crash."""
    with store.read() as connection:
        return progress(connection, worker, source_id)


def set_progress(connection: Connection, worker: str, source_id: int, through: int) -> None:
    """Note how far the spool is stored."""
    execute(connection, _SET_PROGRESS, {"worker": worker, "source": source_id, "through": through})


def accounting(store: Store, source_id: int) -> Counts:
    """What has come from a source since its first sample."""
    query = f"select {', '.join(_NAMES)} from ingest_count where source_id = %(source)s"
    with store.read() as connection:
        return sum((Counts(*row) for row in rows(connection, query, {"source": source_id})), Counts())


def add_counts(connection: Connection, intake: Intake, counts: Counts) -> None:
    """Add an intake's numbers to its source's."""
    execute(connection, _ADD, {"site": intake.site_id, "source": intake.source_id, **asdict(counts)})


def write_dead(connection: Connection, intake: Intake) -> None:
    """Keep what could not be understood, of long ones the beginning; letters without a reason are only counted."""
    source = intake.site_id, intake.source_id
    records = [
        (*source, _moment(d.at_us), storable(d.address), storable(d.reason), d.raw[:RAW_KEPT], len(d.raw))
        for d in intake.dead
        if d.reason
    ]
    copy_records(connection, _DEAD, ("int4", "int4", "timestamptz", "text", "text", "bytea", "int8"), records)


def write_gaps(connection: Connection, intake: Intake) -> None:
    """Keep declared gaps."""
    source = intake.site_id, intake.source_id
    records = [(*source, g.tag_id, g.from_us, g.to_us, g.missing, storable(g.reason)) for g in intake.gaps]
    copy_records(connection, _GAP, ("int4", "int4", "int4", "int8", "int8", "int8", "text"), records)


def _moment(at_us: int) -> datetime:
    """A time that may be nonsense, within what a date can say."""
    return moment_of(min(max(at_us, FIRST_US), LAST_US - 1))
