"""How work is found, shown and run: stale ranges, runs of jobs, and the jobs that the clock starts.

`schedule` always means production; what APScheduler runs are jobs, started by the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from math import ceil, floor
from typing import Any

from engine.errors import Invalid


class JobState(StrEnum):
    """Where a run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run of a job that somebody asked for. `progress` is 0 to 1, `best` the best result so far."""

    id: int
    kind: str
    arguments: dict[str, Any]
    state: JobState
    progress: float
    best: Any
    message: str
    cancel_requested: bool
    started_by: str
    worker: str | None
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


HISTORY = "generate"
"""The kind of run that fills in the history of a virtual plant; its argument `days` says how far back."""


@dataclass(frozen=True, slots=True)
class Filling:
    """How far history is filled in: `filled` of `days` days, newest first; `message` is why it failed."""

    state: JobState
    filled: int
    days: int
    message: str = ""


def filling(run: JobRun | None) -> Filling | None:
    """What is still to tell of the newest run of kind `HISTORY`; None when nothing is missing, or nobody wants more."""
    if run is None or run.state in (JobState.DONE, JobState.CANCELLED):
        return None
    days = float(run.arguments.get("days", 0))
    why = run.message if run.state is JobState.FAILED else ""
    return Filling(run.state, floor(days * run.progress + 1e-6), ceil(days), why)


@dataclass(frozen=True, slots=True)
class Stale:
    """What a capability must compute again: node `location_id` over [from_us, to_us), and what made it so."""

    capability: str
    site_id: int
    location_id: int
    from_us: int
    to_us: int
    causes: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if self.to_us <= self.from_us:
            raise Invalid(f"A stale range must end after it starts; this one is [{self.from_us}, {self.to_us}).")


def merged(ranges: Iterable[Stale]) -> list[Stale]:
    """The same work in as few ranges as possible: overlapping and touching ranges of one node become one."""
    found: list[Stale] = []
    for item in sorted(ranges, key=lambda s: (s.capability, s.location_id, s.from_us, s.to_us)):
        last = found[-1] if found else None
        if last and (last.capability, last.location_id) == (item.capability, item.location_id) and item.from_us <= last.to_us:
            found[-1] = _joined(last, item)
        else:
            found.append(item)
    return found


def _joined(one: Stale, other: Stale) -> Stale:
    return Stale(
        one.capability, one.site_id, one.location_id, one.from_us, max(one.to_us, other.to_us), one.causes | other.causes
    )


@dataclass(frozen=True, slots=True)
class Job:
    """A job that the clock starts every `every_s` seconds. `run` must be safe to run twice.

    `gxp`: it writes GxP records, so that who starts it by hand says why.
    """

    key: str
    title: str
    every_s: float
    run: Callable[..., object]
    gxp: bool = False
