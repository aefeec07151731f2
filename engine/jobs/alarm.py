"""Alarms: judged once a second from the newest values, and over samples that came late."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.alarm.judging import Step, step
from engine.alarm.late import Occurrence, occurrences
from engine.errors import Unavailable
from engine.job import Stale
from engine.time import DAY_US

if TYPE_CHECKING:
    from types import ModuleType

    from sqlalchemy import Connection

    from db.store import Store

CAPABILITY = "alarm"
ACTOR = "job:alarm"
EVERY_S, LATE_EVERY_S = 1.0, 5.0
REASON = "judged from the newest values and the alarm definitions"
REASON_LATE = "found in samples that came late"
RANGES_AT_ONCE = 20
AROUND_US = DAY_US // 4
"""How much before and after a late range is judged again, so that an alarm that reaches over its ends is whole."""
PIECE_US, LONGEST_US = 5 * DAY_US, 64 * DAY_US
"""How much is judged at once; and for how long after it an alarm that stays active is followed."""
EVER_US = -(2**63)
RETRY_S = 60.0

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
    """Judge the samples that came late, the newest first; returns how many alarms were found in them.

    A range that fails is logged and waits `RETRY_S`; the others go on. Safe to run twice, and by several.
    Raises `Unavailable`.
    """
    found = 0
    while job.stale_waiting(store, CAPABILITY):
        with store.write() as connection:
            taken = job.take_newest(connection, CAPABILITY, EVER_US, RANGES_AT_ONCE)
            for stale in taken:
                piece = _last_piece(connection, job, stale)
                found += _attempt(connection, store, piece, alarm, job, now_us)
        if not taken:
            break  # another worker has them
    return found


def _last_piece(connection: Connection, job: ModuleType, stale: Stale) -> Stale:
    """The last part of a long range; what comes before it is put back."""
    from_us = max(stale.from_us, stale.to_us - PIECE_US)
    if from_us > stale.from_us:
        job.mark_stale(
            connection, CAPABILITY, stale.site_id, stale.location_id, stale.from_us, from_us, "the rest of a long range"
        )
    return replace(stale, from_us=from_us)


def _attempt(  # a range and the tools for it
    connection: Connection, store: Store, stale: Stale, alarm: ModuleType, job: ModuleType, now_us: int
) -> int:
    try:
        return _judge_range(store, stale, alarm, now_us)
    except Unavailable:
        raise
    except Exception:  # whatever it is, it must not hold up the other machines
        log.exception("Late samples of node %s are not judged; it is tried again in %.0f s.", stale.location_id, RETRY_S)
        job.postpone(connection, stale, RETRY_S)
        return 0


def _judge_range(store: Store, stale: Stale, alarm: ModuleType, now_us: int) -> int:
    """Judged in a snapshot, so that no other change waits for it. A range that is judged again adds nothing."""
    with store.read() as snapshot:
        found = list(_found(snapshot, alarm, stale, now_us))
    if not found:
        return 0
    with store.change(ACTOR, REASON_LATE) as change:
        recorded: int = alarm.record(change, found, now_us)
    return recorded


def _found(snapshot: Connection, alarm: ModuleType, stale: Stale, now_us: int) -> Iterator[Occurrence]:
    """What the range raised and what has returned to normal since; whatever stays active is followed further."""
    reach_us, lasting = AROUND_US, None
    while lasting is None or lasting:
        to_us = stale.to_us + reach_us
        judged = list(_raised(snapshot, alarm, stale, to_us, lasting))
        lasting = {one.rule.id for one in judged if not _is_over(one, to_us)} if to_us < now_us else set()
        if lasting and reach_us >= LONGEST_US:
            log.warning("Alarms %s of node %s are active for too long to be judged late.", sorted(lasting), stale.location_id)
            lasting = set()
        yield from (one for one in judged if one.rule.id not in lasting and _is_over(one, to_us))
        reach_us *= 4


def _raised(snapshot: Connection, alarm: ModuleType, stale: Stale, to_us: int, only: set[int] | None) -> Iterator[Occurrence]:
    for rule, course, allowed in alarm.courses(snapshot, stale.location_id, stale.from_us - AROUND_US, to_us, only):
        found = occurrences(rule, course, allowed) if len(course) else ()
        yield from (one for one in found if stale.from_us <= one.raised_us and one.since_us < stale.to_us)


def _is_over(one: Occurrence, to_us: int) -> bool:
    """True when it returned to normal before the end of what was judged."""
    return one.cleared_us is not None and one.cleared_us < to_us
