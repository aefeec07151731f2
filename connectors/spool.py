"""The spool: what collectors received, on local disk before anybody is told that it arrived.

One SQLite file (WAL, synchronous=FULL) belongs to one worker id, which is its name; a lock file beside it tells
whether its owner lives. `append` returns after the fsync. Records have numbers that only rise and are never used
again, so that the store can tell how far a spool has been taken over. A record leaves the spool only after the
store has committed it.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from connectors.record import KEPT_RAW, pack, unpack
from engine.errors import Invalid, Unavailable
from engine.historian.block import DeadLetter, Gap, Intake, SampleBlock

log = logging.getLogger(__name__)

RECORD_OVERHEAD = 64
PAGES_GIVEN_BACK = 2000
BUSY_S = 10.0

SCHEMA = """
create table if not exists record (
    number integer primary key autoincrement,
    site_id integer not null,
    source_id integer not null,
    samples integer not null,
    body blob not null
);
create index if not exists record_source on record (source_id, number);
create table if not exists shed (
    site_id integer not null, source_id integer not null, tag_id integer not null,
    from_us integer not null, to_us integer not null, missing integer not null,
    primary key (source_id, tag_id)
);
"""


class SpoolFull(Unavailable):
    """The disk takes no more; what was to be appended is not in the spool."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one source: their numbers and their joined content."""

    numbers: tuple[int, ...]
    intake: Intake

    @property
    def through(self) -> int:
        """The number of the last record."""
        return self.numbers[-1]


class Spool:
    """One worker's spool. Safe for several threads; for one process at a time (`claim`, `orphans`)."""

    def __init__(self, file: Path, limit_bytes: int, lock: IO[bytes] | None = None) -> None:
        self.file, self.worker, self.limit_bytes = file, file.stem, limit_bytes
        self._lock_file, self._mutex = lock, threading.RLock()
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None, timeout=BUSY_S)
        try:
            self._open()
        except BaseException:
            self._db.close()
            raise

    def _open(self) -> None:
        for pragma in ("auto_vacuum = incremental", "journal_mode = wal", "synchronous = full"):
            self._db.execute(f"pragma {pragma}")
        self._db.executescript(SCHEMA)
        count, size = self._db.execute("select count(*), coalesce(sum(length(body)), 0) from record").fetchone()
        self.waiting, self.bytes = count, size + RECORD_OVERHEAD * count
        self.has_shed = self._db.execute("select count(*) from shed").fetchone()[0] > 0

    @property
    def has_room(self) -> bool:
        """False when the spool has reached its limit: sources should wait, or shed what may be shed."""
        return self.bytes < self.limit_bytes

    def append(self, intakes: Iterable[Intake], shed: Intake | None = None) -> None:
        """Keep these on disk, in one commit. Raises `SpoolFull` (and keeps none of them) when the disk is full.

        The gaps of `shed` are what had to be left out: remembered in one row a tag however long it lasts;
        `release_shed` makes gap records of it.
        """
        rows = [(i.site_id, i.source_id, len(i.samples), pack(i)) for i in intakes]
        if not rows and shed is None:
            return
        with self._transaction():
            self._insert(rows)
            if shed is not None:
                self._note_shed(shed)
        self._count(len(rows), sum(len(body) for *_, body in rows))
        self.has_shed = self.has_shed or shed is not None

    def sources(self) -> list[int]:
        """The sources that records wait for."""
        with self._mutex:
            return [row[0] for row in self._db.execute("select distinct source_id from record order by source_id")]

    def held(self) -> dict[int, int]:
        """How many records of each source wait here."""
        with self._mutex:
            return dict(self._db.execute("select source_id, count(*) from record group by source_id").fetchall())

    def read(self, source_id: int, samples: int = 20_000) -> Batch | None:
        """The oldest records of a source, joined up to about so many samples; None when there are none."""
        numbers: list[int] = []
        parts: list[Intake] = []
        taken = 0
        with self._mutex:
            rows = self._db.execute(
                "select number, site_id, samples, body from record where source_id = ? order by number", (source_id,)
            )
            for number, site_id, count, body in rows:
                if numbers and taken + count > samples:
                    break
                numbers.append(number)
                parts.append(_opened(number, site_id, source_id, body))
                taken += max(count, 1)
        return Batch(tuple(numbers), joined(parts)) if numbers else None

    def newest(self, source_id: int) -> SampleBlock:
        """The samples of the newest record of a source that waits here; empty when none does."""
        with self._mutex:
            query = "select number, site_id, body from record where source_id = ? and samples > 0 order by number desc limit 1"
            row = self._db.execute(query, (source_id,)).fetchone()
        return _opened(row[0], row[1], source_id, row[2]).samples if row else SampleBlock.empty()

    def delete(self, batch: Batch) -> None:
        """Forget records that the store has committed."""
        marks = [(n,) for n in batch.numbers]
        with self._transaction():
            freed = sum(self._size(n) for n in batch.numbers)
            self._db.executemany("delete from record where number = ?", marks)
        self._count(-len(marks), -freed)

    def forget(self, source_id: int, through: int) -> None:
        """Forget the records of a source up to a number that the store is known to have."""
        with self._transaction():
            query = "select number from record where source_id = ? and number <= ?"
            numbers = tuple(row[0] for row in self._db.execute(query, (source_id, through)))
        if numbers:
            self.delete(Batch(numbers, Intake(0, source_id)))

    def replace(self, batch: Batch, intakes: Sequence[Intake]) -> None:
        """Put other records, with new numbers, in the place of these: how a record that nobody can store is split."""
        rows = [(i.site_id, i.source_id, len(i.samples), pack(i)) for i in intakes]
        with self._transaction():
            freed = sum(self._size(n) for n in batch.numbers)
            self._db.executemany("delete from record where number = ?", [(n,) for n in batch.numbers])
            self._insert(rows)
        self._count(len(rows) - len(batch.numbers), sum(len(body) for *_, body in rows) - freed)

    def release_shed(self) -> None:
        """Turn what was shed into gap records."""
        with self._transaction():
            rows = self._db.execute("select site_id, source_id, tag_id, from_us, to_us, missing from shed").fetchall()
            found: dict[tuple[int, int], list[Gap]] = {}
            for site_id, source_id, tag_id, from_us, to_us, missing in rows:
                gap = Gap(tag_id, from_us, to_us, missing, "the spool was full")
                found.setdefault((site_id, source_id), []).append(gap)
            records = [
                (site, source, 0, pack(Intake(site, source, gaps=tuple(gaps)))) for (site, source), gaps in found.items()
            ]
            self._insert(records)
            self._db.execute("delete from shed")
        self._count(len(records), sum(len(body) for *_, body in records))
        self.has_shed = False

    def tidy(self) -> None:
        """Give free pages back to the file system, a few at a time."""
        with self._mutex:
            self._db.execute(f"pragma incremental_vacuum({PAGES_GIVEN_BACK})").fetchall()

    def close(self) -> None:
        """Close the file and let another process have it."""
        with self._mutex:
            self._db.close()
            if self._lock_file is not None:
                self._lock_file.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._mutex:
            try:
                self._db.execute("begin immediate")
                yield
                self._db.execute("commit")
            except sqlite3.OperationalError as error:
                self._roll_back()
                raise SpoolFull(f"The spool {self.file} cannot be written: {error}.") from error
            except BaseException:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            self._db.execute("rollback")

    def _insert(self, rows: Iterable[tuple[int, int, int, bytes]]) -> None:
        self._db.executemany("insert into record (site_id, source_id, samples, body) values (?, ?, ?, ?)", rows)

    def _note_shed(self, shed: Intake) -> None:
        self._db.executemany(
            "insert into shed values (?, ?, ?, ?, ?, ?) on conflict (source_id, tag_id) do update set"
            " from_us = min(from_us, excluded.from_us), to_us = max(to_us, excluded.to_us),"
            " missing = missing + excluded.missing",
            [(shed.site_id, shed.source_id, g.tag_id, g.from_us, g.to_us, g.missing) for g in shed.gaps],
        )

    def _size(self, number: int) -> int:
        row = self._db.execute("select length(body) from record where number = ?", (number,)).fetchone()
        return row[0] if row else 0

    def _count(self, records: int, size: int) -> None:
        with self._mutex:
            self.waiting += records
            self.bytes += size + RECORD_OVERHEAD * records


# ------------------------------------------------------------------ whose spool
def claim(folder: Path, limit_bytes: int) -> Spool:
    """The spool of this worker: one whose owner is gone, else a new one. Raises `Unavailable` for an unwritable folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in sorted(folder.glob("*.sqlite")):
            spool = _adopt(file, limit_bytes)
            if spool is not None:
                return spool
        return _new(folder, limit_bytes)
    except OSError as error:
        raise Unavailable(f"The spool folder {folder} cannot be written: {error.strerror}.") from error


def orphans(folder: Path, limit_bytes: int) -> Iterator[Spool]:
    """Spools with records whose owner is gone, one after the other; each is closed when the next is asked for.

    One that cannot be opened now is left for the next time.
    """
    for file in sorted(folder.glob("*.sqlite")):
        try:
            spool = _adopt(file, limit_bytes)
        except Unavailable as error:
            log.warning("%s It is tried again.", error)
            continue
        if spool is None:
            continue
        try:
            if spool.waiting or spool.has_shed:
                yield spool
        finally:
            spool.close()


def _new(folder: Path, limit_bytes: int) -> Spool:
    file = folder / f"w-{secrets.token_hex(4)}.sqlite"
    lock = _locked(file)
    if lock is None:
        return _new(folder, limit_bytes)
    return _opening(file, limit_bytes, lock)


def _opening(file: Path, limit_bytes: int, lock: IO[bytes]) -> Spool:
    """Open a spool. Raises `Unavailable` for a full disk and the like, `sqlite3.DatabaseError` for a damaged file."""
    try:
        return Spool(file, limit_bytes, lock)
    except sqlite3.OperationalError as error:
        lock.close()
        raise Unavailable(f"The spool {file} cannot be opened: {error}.") from error


def _adopt(file: Path, limit_bytes: int) -> Spool | None:
    lock = _locked(file)
    if lock is None:
        return None
    try:
        return _opening(file, limit_bytes, lock)
    except sqlite3.DatabaseError as error:
        aside = _put_aside(file)
        log.error("The spool %s is damaged (%s); it was kept as %s.", file, error, aside)
        lock.close()
        _inherit(aside, file.parent, limit_bytes)
        return None


def _put_aside(file: Path) -> Path:
    """Move a damaged file with what SQLite keeps beside it, so that it can still be looked into."""
    aside, n = file.with_suffix(".damaged"), 1
    while aside.exists():
        aside, n = file.with_suffix(f".damaged~{n}"), n + 1
    for end in ("", "-wal", "-shm"):
        part = file.with_name(file.name + end)
        if part.exists():
            part.rename(aside.with_name(aside.name + end))
    return aside


def _inherit(aside: Path, folder: Path, limit_bytes: int) -> None:
    """Put what can still be read of a damaged spool into a new one, and a gap for each source that is met there."""
    try:
        with closing(_new(folder, limit_bytes)) as heir:
            last: dict[tuple[int, int], int] = {}
            for intake in _rescued(aside):
                heir.append([intake])
                key = (intake.site_id, intake.source_id)
                last[key] = max(last.get(key, 0), *intake.samples.received_us.tolist(), 0)
            heir.append(_lost_with(aside, last))
            log.error("Of the damaged spool %s %s records could be read.", aside, heir.waiting - len(last))
    except (sqlite3.DatabaseError, Unavailable):
        log.exception("The damaged spool %s could not be taken over.", aside)


def _lost_with(aside: Path, last: dict[tuple[int, int], int]) -> list[Intake]:
    """For each source a gap from the last receipt that could be read (µs, 0 for none) to the last change of the file."""
    ends_us, reason = aside.stat().st_mtime_ns // 1000, f"the spool {aside.stem} was damaged"
    spans = {key: (from_us or ends_us, max(ends_us, from_us + 1)) for key, from_us in last.items()}
    return [Intake(*key, gaps=(Gap(None, *span, None, reason),)) for key, span in spans.items()]


def _rescued(aside: Path) -> Iterator[Intake]:
    """The records of a damaged spool up to the first that cannot be read."""
    db = sqlite3.connect(aside)
    try:
        for number, site_id, source_id, body in db.execute("select number, site_id, source_id, body from record not indexed"):
            yield _opened(number, site_id, source_id, body)
    except (sqlite3.DatabaseError, TypeError) as error:
        log.error("The damaged spool %s can be read no further: %s.", aside, error)
    finally:
        db.close()


def _locked(file: Path) -> IO[bytes] | None:
    """The open lock file when nobody else holds it; the operating system frees it when the process dies."""
    handle = file.with_suffix(".lock").open("ab")
    try:
        _lock_handle(handle)
    except OSError:
        handle.close()
        return None
    return handle


def _lock_handle(handle: IO[bytes]) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _opened(number: int, site_id: int, source_id: int, body: bytes) -> Intake:
    try:
        return unpack(site_id, source_id, body)
    except Invalid as error:
        log.error("Record %s of the spool went to the dead letters: %s", number, error)
        return Intake(site_id, source_id, dead=(DeadLetter(f"spool record {number}", str(error), body[:KEPT_RAW], 0),))


def joined(parts: Sequence[Intake]) -> Intake:
    """Several intakes of one source as one, in their order."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    return Intake(
        first.site_id,
        first.source_id,
        SampleBlock.join(p.samples for p in parts),
        tuple(t for p in parts for t in p.texts),
        tuple(d for p in parts for d in p.dead),
        tuple(g for p in parts for g in p.gaps),
    )
