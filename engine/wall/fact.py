"""Facts about the place as a whole: electric power now, rooms in limits. Old or missing values are not known, never zero."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.tag import ValueKind, numbers_of
from engine.time import MINUTE_US

FRESH_US = 5 * MINUTE_US
"""Older values say nothing of now."""
_KW = {"W": 0.001, "kW": 1.0, "MW": 1000.0}


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest good value of a signal, None while there is none; with its alarm limits."""

    node_id: int
    room: bool
    unit: str
    at_us: int | None
    value: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(  # the columns of a row
        cls, node_id: int, kind: str, unit: str, at_us: int | None, bits: int | None, value_kind: str, *limits: float | None
    ) -> Reading:
        """As it is stored."""
        value = None if bits is None else float(numbers_of(ValueKind(value_kind), np.array([bits], np.int64))[0])
        return cls(node_id, kind == "room", unit, at_us, value, *limits)

    def fresh(self, now_us: int) -> bool:
        """True when the value says something of now."""
        return self.value is not None and self.at_us is not None and now_us - self.at_us <= FRESH_US

    @property
    def in_limits(self) -> bool:
        """True when the value is within its alarm limits."""
        value = self.value
        return value is not None and not (
            (self.low is not None and value < self.low) or (self.high is not None and value > self.high)
        )


@dataclass(frozen=True, slots=True)
class Power:
    """Electric power now: the sum of the meters that are known, of how many."""

    kw: float
    known: int
    meters: int


@dataclass(frozen=True, slots=True)
class Rooms:
    """Rooms with all signals in limits, with one out of them, and those of which too little is known."""

    inside: int
    outside: int
    unknown: int

    @property
    def count(self) -> int:
        """All of them."""
        return self.inside + self.outside + self.unknown


def power(readings: Iterable[Reading], now_us: int) -> Power | None:
    """The sum of all power meters; None without a meter of which anything is known."""
    meters = [r for r in readings if r.unit in _KW and not r.room]
    known = [r for r in meters if r.fresh(now_us)]
    return Power(sum((r.value or 0.0) * _KW[r.unit] for r in known), len(known), len(meters)) if known else None


def rooms(readings: Iterable[Reading], now_us: int) -> Rooms | None:
    """How the rooms are; None without any. A room with one signal out is out, also while others are unknown."""
    by_room: dict[int, list[Reading]] = {}
    for reading in readings:
        if reading.room:
            by_room.setdefault(reading.node_id, []).append(reading)
    words = [_word(signals, now_us) for signals in by_room.values()]
    return Rooms(*(words.count(word) for word in ("in", "out", "unknown"))) if words else None


def _word(signals: list[Reading], now_us: int) -> str:
    fresh = [s for s in signals if s.fresh(now_us)]
    if any(not s.in_limits for s in fresh):
        return "out"
    return "in" if len(fresh) == len(signals) else "unknown"
