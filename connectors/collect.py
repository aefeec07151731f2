"""From collectors into the spool, and from the spool into the store.

`Inlet` is a source's way into the spool, with back-pressure and, when that lasts, shedding of what may be shed.
`Forwarder` moves records into the store in order and forgets them only after the commit.
"""

from __future__ import annotations

import logging
import statistics
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from connectors.record import pack
from connectors.spool import Batch, Spool, SpoolFull
from db import historian
from db.store import Collision, Store
from engine.errors import Damaged, PlantError, Unavailable
from engine.historian.block import DeadLetter, Gap, Intake, SampleBlock

log = logging.getLogger(__name__)

BATCH_SAMPLES = 100_000
FIRST_WAIT_S, LONGEST_WAIT_S, LONGEST_HOLD_S = 0.5, 10.0, 300.0
IDLE_S = 0.1
RETRY_S = 0.2
LETTERS_UNDER_PRESSURE = 3
PARTS = ("samples", "texts", "dead", "gaps")
_LATER = (Unavailable, Collision)
"""Nothing is wrong with the records: the same again will do."""


def now_us() -> int:
    """The wall clock, µs since 1970 UTC."""
    return time.time_ns() // 1000


@dataclass(slots=True)
class Condition:
    """How a source is doing; collectors write it, the worker saves it every few seconds.

    `last_sample_us` is the newest receipt. `heard_us` is the newest source time that is safe in the spool (never
    later than its receipt): what a source measured after it may be missing when the connection is lost.
    """

    name: str = ""
    state: str = "connecting"
    detail: str = ""
    last_sample_us: int | None = None
    heard_us: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    _skews: deque[int] = field(default_factory=lambda: deque(maxlen=64))

    def say(self, state: str, detail: str = "") -> None:
        """connecting, connected, disconnected or refused, and why."""
        if (state, detail) != (self.state, self.detail):
            log.info("%s is %s%s", self.name, state, detail and f": {detail}")
        self.state, self.detail = state, detail

    def saw(self, intake: Intake) -> None:
        """Take the age and the clock skew of what came in."""
        block = intake.samples
        if len(block):
            self.last_sample_us = max(self.last_sample_us or 0, int(block.received_us.max()))
            self.heard_us = max(self.heard_us or 0, heard(block))
            self._skews.append(int(np.median(block.received_us - block.at_us)))
        for text in intake.texts[-1:]:
            self.last_sample_us = max(self.last_sample_us or 0, text.received_us)

    @property
    def skew_us(self) -> int | None:
        """Median over the last batches of receipt minus source time; None while nothing came."""
        return int(statistics.median(self._skews)) if self._skews else None


def heard(block: SampleBlock) -> int:
    """The newest source time of at least one sample, or its receipt when the source's clock is ahead."""
    return int(np.minimum(block.at_us, block.received_us).max())


class Inlet:
    """A source's way into the spool.

    While the spool is full, `put` waits up to `patience_s` (the source feels it: a broker gets no acknowledgement);
    then samples of tags outside `never_shed` are shed, and declared as gaps. While the disk takes nothing, it waits.
    """

    def __init__(self, spool: Spool, condition: Condition, never_shed: Iterable[int], patience_s: float) -> None:
        self._spool, self.condition, self._patience_s = spool, condition, patience_s
        self._never_shed = np.fromiter(never_shed, np.int32)
        self.stopping = threading.Event()

    def put(self, intake: Intake | None) -> bool:
        """True when everything is on disk (or declared as shed); False when the worker stops before that."""
        if intake is None:
            return True
        kept, shed = (intake, None) if self._waited_for_room() else self._shed(intake)
        while not self._kept(kept, shed):
            if self.stopping.wait(RETRY_S):
                return False
        self.condition.saw(intake)
        return True

    def _waited_for_room(self) -> bool:
        until = time.monotonic() + self._patience_s
        while not self._spool.has_room and time.monotonic() < until and not self.stopping.is_set():
            self.condition.facts["spool"] = "full: waiting"
            self.stopping.wait(RETRY_S)
        return self._spool.has_room

    def _shed(self, intake: Intake) -> tuple[Intake, Intake | None]:
        """What is kept, and the gaps of what is not."""
        self.condition.facts["spool"] = "full: shedding what is not GxP"
        keep = np.isin(intake.samples.tag_id, self._never_shed)
        gone = intake.samples.take(~keep)
        texts = tuple(t for t in intake.texts if t.tag_id in self._never_shed)
        lost = [*zip(gone.tag_id.tolist(), gone.at_us.tolist(), strict=True)]
        lost += [(t.tag_id, t.at_us) for t in intake.texts if t.tag_id not in self._never_shed]
        kept = replace(intake, samples=intake.samples.take(keep), texts=texts, dead=few(intake.dead))
        return kept, Intake(intake.site_id, intake.source_id, gaps=tuple(_gaps(lost))) if lost else None

    def _kept(self, intake: Intake, shed: Intake | None) -> bool:
        try:
            self._spool.append([intake], shed)
        except SpoolFull as error:
            self.condition.facts["spool"] = str(error)
            return False
        if self._spool.has_room:
            self.condition.facts["spool"] = "ok"
        return True


def few(letters: tuple[DeadLetter, ...]) -> tuple[DeadLetter, ...]:
    """The first of many dead letters; the others are only counted."""
    rest = letters[LETTERS_UNDER_PRESSURE:]
    if not rest:
        return letters
    return (*letters[:LETTERS_UNDER_PRESSURE], DeadLetter("", "", b"", rest[-1].at_us, sum(d.count for d in rest)))


def _gaps(lost: Iterable[tuple[int, int]]) -> list[Gap]:
    found: dict[int, Gap] = {}
    for tag_id, at_us in lost:
        old = found.get(tag_id, Gap(tag_id, at_us, at_us + 1, 0, ""))
        found[tag_id] = Gap(tag_id, min(old.from_us, at_us), max(old.to_us, at_us + 1), (old.missing or 0) + 1, "")
    return list(found.values())


@dataclass(slots=True)
class Held:
    """A source whose records the store does not take: why, until when it is left alone (monotonic s), and for how long."""

    why: str
    until_s: float
    wait_s: float


class Forwarder:
    """Moves one spool's records into the store. A source that cannot be stored waits in the spool and holds up no other."""

    def __init__(self, store: Store, spool: Spool) -> None:
        self._store, self.spool = store, spool
        self._size: dict[int, int] = {}
        self._compared: set[int] = set()
        self._failures = 0
        self._held: dict[int, Held] = {}
        self.trouble = ""

    def run(self, stopping: threading.Event) -> None:
        """Until told to stop: forward, and wait longer and longer while the store does not answer."""
        wait_s = FIRST_WAIT_S
        while not stopping.is_set():
            try:
                moved = self.step()
                pause, wait_s = (0.0 if moved else IDLE_S), FIRST_WAIT_S
            except _LATER as error:
                self._say(str(error))
                pause, wait_s = wait_s, min(2 * wait_s, LONGEST_WAIT_S)
            except Exception:  # whatever it is: the spool keeps everything, and the next round tries again
                log.exception("The forwarder of %s met something unexpected.", self.spool.worker)
                pause = LONGEST_WAIT_S
            stopping.wait(pause)

    def drain(self, stopping: threading.Event) -> None:
        """Until this spool is empty; raises `Unavailable` or `Collision` when the store cannot take it now."""
        while not stopping.is_set() and self.step():
            pass

    def step(self) -> bool:
        """One batch of each source; False when nothing could be moved.

        Raises `Unavailable` or `Collision`; nothing is lost then.
        """
        if self.spool.has_shed and self.spool.has_room:
            self.spool.release_shed()
        moved = [self._step(source_id) for source_id in self.spool.sources()]
        if not any(moved):
            self.spool.tidy()
        return any(moved)

    def why_held(self, source_id: int) -> str:
        """Why records of a source wait although the store answers; "" when they do not."""
        held = self._held.get(source_id)
        return held.why if held else ""

    def _step(self, source_id: int) -> bool:
        held = self._held.get(source_id)
        if held and time.monotonic() < held.until_s:
            return False
        try:
            self._compare(source_id)
            batch = self.spool.read(source_id, self._size.get(source_id, BATCH_SAMPLES))
            if batch is not None:
                self._forward(source_id, batch)
        except _LATER:
            raise
        except Exception as error:  # whatever it is: the spool keeps the records, and the other sources go on
            self._hold(source_id, error)
            return False
        self._held.pop(source_id, None)
        return batch is not None

    def _hold(self, source_id: int, error: Exception) -> None:
        """Leave a source alone for a while, longer each time."""
        old = self._held.get(source_id)
        wait_s = min(2 * old.wait_s, LONGEST_HOLD_S) if old else FIRST_WAIT_S
        why = str(error) if isinstance(error, PlantError) else f"{type(error).__name__}: {error}"
        if old is None or old.why != why:
            log.error("Records of source %s wait in the spool: %s", source_id, why, exc_info=error)
        self._held[source_id] = Held(why, time.monotonic() + wait_s, wait_s)

    def _compare(self, source_id: int) -> None:
        """Forget what the store has already: after a crash, and when nobody knows whether a commit came through."""
        if source_id not in self._compared:
            self.spool.forget(source_id, historian.progress_of(self._store, self.spool.worker, source_id))
            self._compared.add(source_id)

    def _forward(self, source_id: int, batch: Batch) -> None:
        try:
            historian.ingest(self._store, self.spool.worker, batch.through, batch.intake)
        except (*_LATER, Damaged):
            self._compared.discard(source_id)
            raise
        except Exception as error:  # whatever it is, it must not hold up the rest: narrowed down, then set aside
            log.exception("The store refused records up to %s of source %s.", batch.through, source_id)
            self._say(f"{type(error).__name__}: {error}")
            self._narrow(source_id, batch, error)
            return
        self.spool.delete(batch)
        self._failures, self.trouble = 0, ""
        self._size[source_id] = min(BATCH_SAMPLES, 2 * self._size.get(source_id, BATCH_SAMPLES))

    def _narrow(self, source_id: int, batch: Batch, error: Exception) -> None:
        """Fewer records; then half a record; then one value, which goes to the dead letters if the store takes those."""
        values = count(batch.intake)
        if len(batch.numbers) > 1:
            self._size[source_id] = max(1, len(batch.intake.samples) // 2)
        elif values > 1:
            self.spool.replace(batch, [part(batch.intake, 0, values // 2), part(batch.intake, values // 2, values)])
            self._size[source_id] = 1
        else:
            self._condemn(batch, error)
            return
        self._failures += 1
        time.sleep(min(LONGEST_WAIT_S, 0.01 * 2 ** min(self._failures, 10)))

    def _condemn(self, batch: Batch, error: Exception) -> None:
        letter = replace(Intake(batch.intake.site_id, batch.intake.source_id), dead=(letter_of(batch.intake, error),))
        try:
            historian.ingest(self._store, self.spool.worker, batch.through, letter)
        except _LATER:
            raise
        except Exception as second:
            raise PlantError(f"The store takes not even dead letters: {second}") from second
        self.spool.delete(batch)

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.warning("%s The spool keeps what comes in.", trouble)
        self.trouble = trouble


def count(intake: Intake) -> int:
    """How many things an intake holds, gaps included."""
    return sum(len(getattr(intake, name)) for name in PARTS)


def part(intake: Intake, start: int, stop: int) -> Intake:
    """The things at positions [start, stop) of samples, texts, dead letters and gaps, counted through."""
    found: dict[str, Any] = {}
    for name in PARTS:
        items = getattr(intake, name)
        cut = slice(max(0, start), max(0, stop))
        found[name] = items.take(cut) if name == "samples" else items[cut]
        start, stop = start - len(items), stop - len(items)
    return replace(intake, **found)


def letter_of(intake: Intake, error: Exception) -> DeadLetter:
    """The dead letter of one value that the store does not take; its bytes are the spool's record."""
    first = [*intake.samples.tag_id.tolist(), *(t.tag_id for t in intake.texts)]
    address = f"tag {first[0]}" if first else "a dead letter or a gap"
    reason = f"The store did not take it: {type(error).__name__}: {error}"
    return DeadLetter(address, ascii(reason[:500])[1:-1], pack(intake)[:4096], now_us(), max(1, intake.received))
