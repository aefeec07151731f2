"""The calendar as machine time sees it: when work is planned, and the pieces (slots) by which sums are kept.

Slots cover all time without holes: each shift is one, and the time between shifts is cut at local midnights. A place
without a calendar is planned at all times, and its slots are local days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from engine.shift import Calendar, Shift, occurrences
from engine.time import DAY_US, moment_of, us_of

OFF, PLANNED, PAUSED = 0, 1, 2
"""What the calendar says of an instant: nobody comes, production is planned, a break or a shift without production."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the calendar says over a window: from `starts_us[i]` on it is `kinds[i]`; and the slots that overlap the window."""

    starts_us: np.ndarray
    kinds: np.ndarray
    slots: tuple[Shift, ...]

    def kind_at(self, at_us: np.ndarray) -> np.ndarray:
        """What the calendar says at instants of the window."""
        found: np.ndarray = self.kinds[np.maximum(np.searchsorted(self.starts_us, at_us, "right") - 1, 0)]
        return found


def plan_of(calendar: Calendar | None, zone: str, from_us: int, to_us: int) -> Plan:
    """The plan over [from_us, to_us); `zone` holds where there is no calendar.

    It is made for two days more on both sides: a local day has up to 25 hours, and a slot that overlaps must be whole.
    """
    if calendar is None:
        days = tuple(_off_slots(ZoneInfo(zone), from_us - 2 * DAY_US, to_us + 2 * DAY_US))
        always = np.array([from_us], np.int64), np.array([PLANNED], np.int64)
        return Plan(*always, _overlapping(days, from_us, to_us))
    shifts = occurrences(calendar, from_us - 3 * DAY_US, to_us + 3 * DAY_US)
    marks = [(from_us - 4 * DAY_US, OFF), *(mark for shift in shifts for mark in _marks(shift))]
    starts, kinds = np.array([at for at, _ in marks], np.int64), np.array([kind for _, kind in marks], np.int64)
    last = np.append(starts[1:] != starts[:-1], True)  # of several marks at an instant the last one holds
    slots = tuple(_slots(ZoneInfo(calendar.time_zone), shifts, from_us - 2 * DAY_US, to_us + 2 * DAY_US))
    return Plan(starts[last], kinds[last], _overlapping(slots, from_us, to_us))


def _marks(shift: Shift) -> Iterator[tuple[int, int]]:
    kind = PLANNED if shift.planned else PAUSED
    yield shift.from_us, kind
    for _, start, end in shift.breaks:
        yield from ((start, PAUSED), (end, kind))
    yield shift.to_us, OFF


def _slots(zone: ZoneInfo, shifts: list[Shift], from_us: int, to_us: int) -> Iterator[Shift]:
    at_us = from_us
    for shift in shifts:
        yield from _off_slots(zone, at_us, min(shift.from_us, to_us))
        yield shift
        at_us = max(at_us, shift.to_us)
    yield from _off_slots(zone, at_us, to_us)


def _off_slots(zone: ZoneInfo, from_us: int, to_us: int) -> Iterator[Shift]:
    """Time without a shift, cut at local midnights."""
    at_us = from_us
    while at_us < to_us:
        day = moment_of(at_us).astimezone(zone).date()
        midnight = us_of(datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=zone))
        end = min(midnight, to_us)
        yield Shift("", "", day, at_us, end, planned=False)
        at_us = end


def _overlapping(slots: tuple[Shift, ...], from_us: int, to_us: int) -> tuple[Shift, ...]:
    return tuple(s for s in slots if s.from_us < to_us and s.to_us > from_us)
