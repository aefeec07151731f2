"""Machine states from what state tags say: exactly the stale ranges, the present first and history behind it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from engine.errors import Unavailable
from engine.job import Stale
from engine.state import FOREVER_US
from engine.time import DAY_US, HOUR_US

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from sqlalchemy import Connection

    from db.store import Store

CAPABILITY = "state"
EVERY_S = 1.0
"""How often the clock starts `keep_up`."""
ROUND_S = 0.2
RANGES_AT_ONCE = 40
TURNS, HISTORY_AT_ONCE = 20, 12
"""Ranges of history in one turn: few, so that the present never waits long for them."""
SLICE_US = DAY_US
RECENT_US = HOUR_US
RETRY_S = 60.0

log = logging.getLogger(__name__)


def derive(store: Store, job: ModuleType, state: ModuleType, now_us: int) -> int:
    """Bring the present of every stale machine up to date, then a little of history; returns how many ranges were computed.

    A range that fails is logged and waits `RETRY_S`; the others go on. Safe to run twice, and by several.
    Raises `Unavailable`. `job` and `state` are the modules of the store that know stale ranges and states.
    """
    done = 0
    if not job.stale_waiting(store, CAPABILITY):
        return done
    for _ in range(TURNS):
        taken = _turn(store, job, state, now_us - RECENT_US, RANGES_AT_ONCE)
        done += taken
        if taken < RANGES_AT_ONCE:
            break
    return done + _turn(store, job, state, 0, HISTORY_AT_ONCE) if job.stale_waiting(store, CAPABILITY) else done


def keep_up(store: Store, job: ModuleType, state: ModuleType, now: Callable[[], int]) -> int:
    """One turn of the clock: `derive`, then the present again every `ROUND_S` until the next turn is near.

    A wall display shows a stop within two seconds; waiting for the next turn would take one of them. `now` gives µs.
    Returns how many ranges were computed. Raises `Unavailable`.
    """
    until = time.monotonic() + EVERY_S - ROUND_S
    done = derive(store, job, state, now())
    while time.monotonic() + ROUND_S <= until:
        time.sleep(ROUND_S)
        if job.stale_waiting(store, CAPABILITY):
            done += _turn(store, job, state, now() - RECENT_US, RANGES_AT_ONCE)
    return done


def _turn(store: Store, job: ModuleType, state: ModuleType, since_us: int, limit: int) -> int:
    """Take and compute up to so many ranges in one transaction; how many there were."""
    with store.write() as connection:
        taken = job.take_newest(connection, CAPABILITY, since_us, limit)
        if not taken:
            return 0
        with store.read() as snapshot:  # begun after the ranges were taken: it sees what made them stale
            speakers = state.speakers(snapshot, {stale.location_id for stale in taken})
            for stale in taken:
                if stale.location_id in speakers:
                    _attempt(connection, snapshot, stale, (job, state, speakers[stale.location_id]))
        job.raise_revisions(connection, CAPABILITY, [0, *(s.location_id for s in taken)])
    return len(taken)


def _attempt(connection: Connection, snapshot: Connection, stale: Stale, tools: tuple) -> None:
    job, state, speaker = tools
    last = _sliced(connection, job, stale)
    try:
        found = state.derived(connection, snapshot, speaker, last)
        state.replace(connection, found)
    except Unavailable:
        raise
    except Exception:  # whatever it is, it must not hold up the other machines
        log.exception("The states of node %s are not derived; it is tried again in %.0f s.", stale.location_id, RETRY_S)
        job.postpone(connection, last, RETRY_S)
        return
    to_us = FOREVER_US if found.to_us is None else found.to_us
    job.mark_stale(connection, "oee", stale.site_id, stale.location_id, last.from_us, max(to_us, last.to_us), "states")


def _sliced(connection: Connection, job: ModuleType, stale: Stale) -> Stale:
    """The last part of a long range; what comes before it is put back."""
    from_us = max(stale.from_us, stale.to_us - SLICE_US)
    if from_us > stale.from_us:
        job.mark_stale(
            connection, CAPABILITY, stale.site_id, stale.location_id, stale.from_us, from_us, "the rest of a long range"
        )
    return Stale(CAPABILITY, stale.site_id, stale.location_id, from_us, stale.to_us, stale.causes)
