"""What a machine does over time, as columns: one row a segment, half-open, never overlapping, without gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.time import SECOND_US

STOPPED, RESETTING, IDLE, STARTING, EXECUTE, COMPLETING, COMPLETE, ABORTING, ABORTED = range(9)
STOPPING, CLEARING, SUSPENDING, SUSPENDED, UNSUSPENDING, HOLDING, HELD, UNHOLDING = range(9, 17)
"""PackML states, numbered as in OPC 30060. Rooms use 0 door closed, 1 door open; utilities the numbers of OPC 40001-1."""
PRODUCTION, MAINTENANCE, MANUAL, CLEANING, CHANGEOVER = range(1, 6)
"""PackML unit modes; those from 4 on are the plant's own (see `places.MODES`)."""
NOBODY = -1
"""Column `job`: no batch."""


@dataclass(frozen=True, slots=True)
class Job:
    """A batch as the machines of one line see it."""

    order: str
    product: str
    batch: str
    quantity: float
    recipe: str


@dataclass(slots=True)
class Segment:
    """A row: from `start_s` (after the week's start) until the next row."""

    start_s: float
    state: int
    mode: int = PRODUCTION
    rate: float = 0.0  # units a second, rejects included
    reject: float = 0.0  # share of the rate
    job: int = NOBODY
    phase: str = ""


class Track:
    """Collects the segments of one machine over one week, in order of time."""

    def __init__(self) -> None:
        self.segments: list[Segment] = [Segment(0.0, STOPPED)]

    def add(self, segment: Segment) -> None:
        """Append a segment; one that starts where the last one does replaces it."""
        segment.start_s = max(round(segment.start_s, 3), self.segments[-1].start_s)
        if segment.start_s == self.segments[-1].start_s:
            self.segments.pop()
        self.segments.append(segment)

    @property
    def end_s(self) -> float:
        """When the last segment starts."""
        return self.segments[-1].start_s


COLUMNS: dict[str, type] = {
    "start_us": np.int64,
    "state": np.int64,
    "mode": np.int64,
    "rate": np.float64,
    "reject": np.float64,
    "job": np.int64,
    "phase": np.int64,
    "phase_us": np.int64,  # when the phase (or the stretch without one) began
    "made": np.float64,  # made before the segment, since commissioning
    "rejected": np.float64,
    "seen_us": np.int64,  # the last instant of making before the segment, in its week; the week's start when there is none
}


@dataclass(eq=False)
class Timeline:
    """Segments of one machine over [start of the first row, until_us). `parts` are the weeks it was joined of."""

    columns: dict[str, np.ndarray]
    until_us: int
    jobs: tuple[Job, ...] = ()
    phases: tuple[str, ...] = ("",)
    parts: tuple[Timeline, ...] = ()
    _lags: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns["start_us"])

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    @property
    def from_us(self) -> int:
        """Start of the first segment."""
        return int(self["start_us"][0])

    @property
    def ends_us(self) -> np.ndarray:
        """End of each segment."""
        return np.append(self["start_us"][1:], self.until_us)

    @property
    def seconds(self) -> np.ndarray:
        """Length of each segment."""
        return (self.ends_us - self["start_us"]) / SECOND_US

    def rows_at(self, at_us: np.ndarray) -> np.ndarray:
        """Index of the segment that holds each instant."""
        return np.searchsorted(self["start_us"], at_us, side="right") - 1

    def totals(self) -> tuple[float, float]:
        """Made and rejected at the end."""
        last = self.seconds[-1] * self["rate"][-1]
        return float(self["made"][-1] + last), float(self["rejected"][-1] + last * self["reject"][-1])

    def lag(self, key: str, target: Callable[[Timeline], np.ndarray], tau_s: float) -> tuple[np.ndarray, np.ndarray]:
        """(value at each segment's start, its target): a first-order lag that follows a target constant in each segment."""
        if key not in self._lags:
            if self.parts:
                pairs = [part.lag(key, target, tau_s) for part in self.parts]
                self._lags[key] = np.concatenate([p[0] for p in pairs]), np.concatenate([p[1] for p in pairs])
            else:
                goal = np.asarray(target(self), dtype=np.float64)
                self._lags[key] = _follow(goal, np.exp(-self.seconds / tau_s)), goal
        return self._lags[key]


def _follow(goal: np.ndarray, decay: np.ndarray) -> np.ndarray:
    value, found = float(goal[0]), []
    for aim, keep in zip(goal.tolist(), decay.tolist(), strict=True):
        found.append(value)
        value = aim + (value - aim) * keep
    return np.array(found)


def timeline_of(segments: Sequence[Segment], start_us: int, until_us: int, jobs: tuple[Job, ...]) -> Timeline:
    """Columns of a week's segments; counters start from 0 (see `counted`)."""
    names = tuple(dict.fromkeys(s.phase for s in segments))
    number = {name: i for i, name in enumerate(names)}
    starts = start_us + np.round(np.array([s.start_s for s in segments]) * 1e3).astype(np.int64) * 1000
    columns = {
        "start_us": starts,
        "state": np.array([s.state for s in segments], dtype=np.int64),
        "mode": np.array([s.mode for s in segments], dtype=np.int64),
        "rate": np.array([s.rate for s in segments], dtype=np.float64),
        "reject": np.array([s.reject for s in segments], dtype=np.float64),
        "job": np.array([s.job for s in segments], dtype=np.int64),
        "phase": np.array([number[s.phase] for s in segments], dtype=np.int64),
    }
    columns["phase_us"] = _since(starts, columns["phase"], columns["job"])
    columns["made"] = columns["rejected"] = np.zeros(len(starts))
    columns["seen_us"] = starts
    inside = starts < until_us
    return Timeline({name: column[inside] for name, column in columns.items()}, until_us, jobs, names)


def _since(starts: np.ndarray, phase: np.ndarray, job: np.ndarray) -> np.ndarray:
    fresh = np.ones(len(starts), dtype=bool)
    fresh[1:] = (phase[1:] != phase[:-1]) | (job[1:] != job[:-1])
    return starts[np.maximum.accumulate(np.where(fresh, np.arange(len(starts)), 0))]


def counted(line: Timeline, made: float, rejected: float) -> Timeline:
    """The line with its counters running on from totals and `seen_us` filled in."""
    step = line.seconds * line["rate"]
    scrap = step * line["reject"]
    making = np.where(line["rate"] > 0, np.arange(len(line)), -1)
    last = np.maximum.accumulate(making)
    fresh = {
        "made": made + np.cumsum(step) - step,
        "rejected": rejected + np.cumsum(scrap) - scrap,
        "seen_us": np.where(last < 0, line.from_us, line.ends_us[last] - 1),
    }
    return Timeline(line.columns | fresh, line.until_us, line.jobs, line.phases)


def joined(parts: Sequence[Timeline]) -> Timeline:
    """Adjoining weeks as one."""
    if len(parts) == 1:
        return parts[0]
    jobs = tuple(job for part in parts for job in part.jobs)
    phases = tuple(dict.fromkeys(name for part in parts for name in part.phases))
    columns = {name: np.concatenate([part[name] for part in parts]) for name in COLUMNS}
    offsets = np.cumsum([0, *(len(part.jobs) for part in parts[:-1])])
    columns["job"] = np.concatenate([np.where(p["job"] < 0, NOBODY, p["job"] + o) for p, o in zip(parts, offsets, strict=True)])
    columns["phase"] = np.concatenate([np.array([phases.index(n) for n in p.phases])[p["phase"]] for p in parts])
    return Timeline(columns, parts[-1].until_us, jobs, phases, tuple(parts))


def cut(line: Timeline, cuts: Iterable[int]) -> Timeline:
    """A copy with segments split at the given instants; the counters are left to `counted`."""
    inside = sorted({c for c in cuts if line.from_us < c < line.until_us} - set(line["start_us"].tolist()))
    if not inside:
        return Timeline(dict(line.columns), line.until_us, line.jobs, line.phases)
    starts = np.sort(np.concatenate([line["start_us"], np.array(inside, dtype=np.int64)]))
    rows = line.rows_at(starts)
    columns = {name: column[rows] for name, column in line.columns.items()}
    columns["start_us"] = starts
    return Timeline(columns, line.until_us, line.jobs, line.phases)
