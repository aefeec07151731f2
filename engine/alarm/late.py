"""Alarms in samples that came late: after a network was cut, or as history. The same rules as `judging`, over arrays.

What comes late was never told to anybody. So what matters still is put into the list (`announced`), and everything is
recorded, so that the journal is whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from engine.alarm.record import AlarmKind, Priority, Rule
from engine.time import DAY_US, SECOND_US

ANNOUNCED_US = 2 * DAY_US
"""An urgent or high alarm that is found so late is still put into the list, to be acknowledged; later ones are recorded."""


@dataclass(frozen=True, slots=True)
class Course:
    """The usable samples of a signal in order of time: float64 values; for states True where the alarm's states are."""

    at_us: np.ndarray
    values: np.ndarray
    fresh_us: int | None = None

    def __len__(self) -> int:
        return len(self.at_us)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An alarm over [raised, cleared); `cleared_us` None: its condition held at the end of what was judged."""

    rule: Rule
    since_us: int
    raised_us: int
    cleared_us: int | None
    value: float
    suppressed: bool = False

    def announced(self, now_us: int) -> bool:
        """True when somebody should still see it."""
        return self.rule.priority < Priority.LOW and self.raised_us > now_us - ANNOUNCED_US


def occurrences(rule: Rule, course: Course, allowed: tuple[tuple[int, int], ...] | None = None) -> Iterator[Occurrence]:
    """When the alarm would have been raised; `allowed`: the times in which it is not suppressed by design."""
    if allowed is None:
        yield from _judged(rule, course)
        return
    for from_us, to_us in allowed:
        for found in _judged(rule, _within(course, from_us, to_us)):
            held = found.cleared_us is None or found.cleared_us > to_us
            yield replace(found, cleared_us=to_us, suppressed=True) if held else found


def _within(course: Course, from_us: int, to_us: int) -> Course:
    """The samples of a time, with the one that holds at its beginning."""
    begin, end = np.searchsorted(course.at_us, [from_us, to_us], side="left")
    known = begin > 0 and (course.fresh_us is None or from_us - course.at_us[begin - 1] <= course.fresh_us)
    at_us, values = course.at_us[begin:end], course.values[begin:end]
    if known and not (len(at_us) and at_us[0] == from_us):
        at_us, values = np.insert(at_us, 0, from_us), np.insert(values, 0, course.values[begin - 1])
    return Course(at_us, values, course.fresh_us)


def _judged(rule: Rule, course: Course) -> Iterator[Occurrence]:
    over, stay = _says(rule, course.values)
    begins, ends = np.flatnonzero(over), np.flatnonzero(~over)
    leaves, stays = np.flatnonzero(~stay), np.flatnonzero(stay)
    place = 0
    while (begin := _next(begins, place)) is not None:
        end = _next(ends, begin)
        raised_us = _told(course, begin, end, rule.on_delay_s)
        if raised_us is None:
            if end is None:
                return
            place = end
            continue
        cleared_us, place = _cleared(rule, course, (leaves, stays), begin)
        value = float(course.values[begin])
        yield Occurrence(rule, int(course.at_us[begin]), raised_us, cleared_us, value)
        if cleared_us is None:
            return


def _says(rule: Rule, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """bool[n]: the condition says so; and it does while it is active."""
    if rule.kind is AlarmKind.STATE:
        return values > 0, values > 0
    assert rule.limit is not None, "only alarms with a limit are judged late"
    if rule.kind is AlarmKind.ABOVE:
        return values > rule.limit, values > rule.limit - rule.deadband
    return values < rule.limit, values < rule.limit + rule.deadband


def _cleared(rule: Rule, course: Course, lists: tuple[np.ndarray, np.ndarray], place: int) -> tuple[int | None, int]:
    """When it returned to normal, and the sample from which on judging goes on."""
    leaves, stays = lists
    while (leave := _next(leaves, place)) is not None:
        back = _next(stays, leave)
        told = _told(course, leave, back, rule.off_delay_s)
        if told is not None:
            return told, leave
        if back is None:
            return None, leave
        place = back
    return None, place


def _told(course: Course, begin: int, end: int | None, delay_s: float) -> int | None:
    """When a delay that starts at sample `begin` is over, before sample `end` says otherwise; None: it never is.

    While the signal is silent nothing is decided: then it is at the next sample."""
    at = int(course.at_us[begin]) + round(delay_s * SECOND_US)
    last = int(np.searchsorted(course.at_us, at, side="right")) - 1
    if end is not None and last >= end:
        return None
    if course.fresh_us is None or at - int(course.at_us[last]) <= course.fresh_us:
        return at
    following = last + 1
    return int(course.at_us[following]) if following < len(course) and following != end else None


def _next(places: np.ndarray, after: int) -> int | None:
    """The first of ascending places that is not before `after`."""
    found = int(np.searchsorted(places, after))
    return int(places[found]) if found < len(places) else None
