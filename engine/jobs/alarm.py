"""Alarms: judged once a second from the newest values, and over samples that came late."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.alarm.judging import Step, step
from engine.alarm.late import Occurrence, occurrences
from engine.job import Stale
from engine.time import DAY_US

if TYPE_CHECKING:
    from types import ModuleType

    from db.store import Change, Store

CAPABILITY = "alarm"
ACTOR = "job:alarm"
EVERY_S, LATE_EVERY_S = 1.0, 5.0
REASON = "judged from the newest values and the alarm definitions"
REASON_LATE = "found in samples that came late"
RANGES_AT_ONCE = 20
AROUND_US = DAY_US // 4
"""How much before and after a late range is judged again, so that an alarm that reaches over its ends is whole."""
PIECE_US = 5 * DAY_US

log = logging.getLogger(__name__)


def judge_all(store: Store, alarm: ModuleType, now_us: int) -> int:
    """Judge every alarm; returns how many changed. Nothing is written when nothing changes. Safe to run twice, and by several.

    `alarm` is the module of the store that knows them. What is to be done is decided again within the change, which no
    other change overtakes. Raises `Unavailable`.
    """
    with store.read() as connection:
        quiet = not _steps(alarm.watches(connection, now_us), now_us) and not alarm.expired(connection, now_us)
    if quiet:
        return 0
    with store.change(ACTOR, REASON) as change:
        steps = _steps(alarm.watches(change.connection, now_us), now_us)
        alarm.apply(change, steps, now_us)
    return sum(s.transition for s in steps)


def _steps(watches: list, now_us: int) -> list[Step]:
    return [found for watch in watches if (found := step(watch, now_us)) is not None]


def judge_late(store: Store, alarm: ModuleType, job: ModuleType, now_us: int) -> int:
    """Judge the samples that came late; returns how many alarms were found in them. Safe to run twice, and by several."""
    found = 0
    while job.stale_waiting(store, CAPABILITY):
        with store.change(ACTOR, REASON_LATE) as change:
            taken = job.take_stale(change.connection, CAPABILITY, RANGES_AT_ONCE)
            found += sum(alarm.record(change, list(_found(change, alarm, stale)), now_us) for stale in taken)
        if not taken:
            break  # another worker has them
    return found


def _found(change: Change, alarm: ModuleType, stale: Stale) -> Iterator[Occurrence]:
    for begin in range(stale.from_us, stale.to_us, PIECE_US):
        end = min(begin + PIECE_US, stale.to_us)
        judged = alarm.courses(change.connection, stale.location_id, begin - AROUND_US, end + AROUND_US)
        for rule, course, allowed in judged:
            if len(course):
                yield from (one for one in occurrences(rule, course, allowed) if begin <= one.raised_us < end)
