"""Signals that speak on change: states, modes, batch and phase texts, doors."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from engine.tag import GOOD, ValueKind
from engine.twin.places import PACKTAGS_OF_PACKML
from engine.twin.record import Signal
from engine.twin.timeline import (
    ABORTED,
    COMPLETING,
    MAINTENANCE,
    NOBODY,
    PRODUCTION,
    STARTING,
    Timeline,
)
from engine.twin.world import World

Values = np.ndarray | list[str]
_PACKTAGS = np.array([PACKTAGS_OF_PACKML[code] for code in range(17)])
_NOT_EXECUTING, _OUT_OF_SERVICE, _EXECUTING = 2, 1, 3
_NONE, _MAINTENANCE, _SETUP, _PROCESSING = 0, 1, 2, 3


def between(world: World, slug: str, from_us: int, to_us: int) -> Iterator[tuple[Signal, np.ndarray, Values]]:
    """(signal, times, values) of the changes of a machine's signals in [from_us, to_us), and its values on reconnection."""
    line = world.timeline(slug, from_us - 1, to_us)
    first, last = np.searchsorted(line["start_us"], [from_us, to_us])
    lost = world.suffers(slug, "disconnect")
    back = [a.to_us for a in lost if a.to_us is not None and from_us <= a.to_us < to_us]
    if first == last and not back:
        return
    rows = np.arange(max(first - 1, 0), last)
    for signal in world.site.signals_of(slug):
        if signal.interval_s is not None:
            continue
        codes, named = _read(signal, line, rows)
        fresh = np.flatnonzero(codes[1:] != codes[:-1]) + 1 if first else np.arange(len(codes))
        at, codes = line["start_us"][rows][fresh], codes[fresh]
        for active in lost:
            heard = ~active.holds(at)
            at, codes = at[heard], codes[heard]
        at, codes = _returned(signal, line, at, codes, back)
        if len(at):
            yield signal, at, named(codes)


def last(world: World, signal: Signal, at_us: int) -> tuple[np.ndarray, Values, np.ndarray]:
    """The present value of an on-change signal: (when it last changed within its week, value, status), one row."""
    line = world.timeline(signal.machine, at_us, at_us + 1)
    rows = np.arange(0, line.rows_at(np.array([at_us]))[0] + 1)
    codes, named = _read(signal, line, rows)
    changed = np.flatnonzero(codes[1:] != codes[:-1])
    row = int(changed[-1]) + 1 if len(changed) else 0
    return line["start_us"][row : row + 1], named(codes[row : row + 1]), np.full(1, GOOD, dtype=np.uint32)


def count(world: World, signal: Signal, from_us: int, to_us: int) -> int:
    """How many changes `between` gives of a signal."""
    return sum(len(at) for found, at, _ in between(world, signal.machine, from_us, to_us) if found is signal)


_Named = Callable[[np.ndarray], Values]


def _returned(
    signal: Signal, line: Timeline, at: np.ndarray, codes: np.ndarray, back: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """With the values that hold when the machine comes back; a change at the same instant counts once."""
    fresh = np.array(sorted(set(back) - set(at.tolist())), dtype=np.int64)
    if not len(fresh):
        return at, codes
    held, _ = _read(signal, line, line.rows_at(fresh))
    order = np.argsort(np.append(at, fresh), kind="stable")
    return np.append(at, fresh)[order], np.append(codes, held)[order]


def _read(signal: Signal, line: Timeline, rows: np.ndarray) -> tuple[np.ndarray, _Named]:
    """Codes of a signal in some segments, and how codes become values."""
    if signal.kind is ValueKind.TEXT:
        if signal.key == "phase":
            return line["phase"][rows], lambda codes: [line.phases[c] for c in codes.tolist()]
        texts = [getattr(job, signal.key) for job in line.jobs]
        return _numbered(texts)[line["job"][rows]], lambda codes: [texts[c] if c != NOBODY else "" for c in codes.tolist()]
    state = line["state"][rows]
    if signal.kind is ValueKind.BOOL:
        return state == 1, lambda codes: codes
    return _STATES[signal.key](signal, state, line["mode"][rows], line["job"][rows]), lambda codes: codes


def _numbered(texts: list[str]) -> np.ndarray:
    """For each job the first job with the same text, and at the end (for index -1) nobody: equal texts, equal numbers."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(text, n) for n, text in enumerate(texts)] + [NOBODY])


def _state(signal: Signal, state: np.ndarray, mode: np.ndarray, job: np.ndarray) -> np.ndarray:
    return _PACKTAGS[state] if signal.state_table == "packtags" else state


def _item(signal: Signal, state: np.ndarray, mode: np.ndarray, job: np.ndarray) -> np.ndarray:
    executing = (state >= STARTING) & (state <= COMPLETING)
    return np.where(executing, _EXECUTING, np.where(state == ABORTED, _OUT_OF_SERVICE, _NOT_EXECUTING))


def _operation(signal: Signal, state: np.ndarray, mode: np.ndarray, job: np.ndarray) -> np.ndarray:
    processing = np.where(job == NOBODY, _NONE, _PROCESSING)
    return np.where(mode == PRODUCTION, processing, np.where(mode == MAINTENANCE, _MAINTENANCE, _SETUP))


_STATES = {
    "state": _state,
    "mode": lambda signal, state, mode, job: mode,
    "item_state": _item,
    "operation_mode": _operation,
}
