"""Batches and occupations from what machines say: exactly the stale ranges, many in one transaction."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from engine.errors import Unavailable
from engine.job import Stale
from engine.order import carried, occupations
from engine.state import FOREVER_US

if TYPE_CHECKING:
    from types import ModuleType

    from db.store import Change, Store

CAPABILITY = "order"
RANGES_AT_ONCE = 200
RETRY_S = 60.0
"""A range that cannot be computed is tried again after this time."""
REASON = "derived from the batch and phase tags of the machines"

log = logging.getLogger(__name__)


def derive(store: Store, job: ModuleType, order: ModuleType) -> int:
    """Bring every stale machine up to date; returns how many ranges were computed. Safe to run twice, and by several.

    A range that fails is logged and waits `RETRY_S`; the others go on. Raises `Unavailable`.

    `job` and `order` are the modules of the store that know stale ranges and occupations.
    """
    done = 0
    while job.stale_waiting(store, CAPABILITY):
        with store.change("job:order", REASON) as change:
            taken = job.take_stale(change.connection, CAPABILITY, RANGES_AT_ONCE)
            failed = [stale for stale in taken if not _attempt(change, stale, job, order)]
            for stale in failed:
                job.postpone(change.connection, stale, RETRY_S)
            if len(failed) < len(taken):
                job.raise_revisions(change.connection, CAPABILITY, [0, *(s.location_id for s in taken)])
        if not taken:
            break  # another worker has them
        done += len(taken) - len(failed)
    return done


def _attempt(change: Change, stale: Stale, job: ModuleType, order: ModuleType) -> bool:
    try:
        with change.attempt():
            _derive(change, stale, job, order)
    except Unavailable:
        raise
    except Exception:  # whatever it is, it must not hold up the other machines
        log.exception("The occupations of node %s are not derived; it is tried again in %.0f s.", stale.location_id, RETRY_S)
        return False
    return True


def _derive(change: Change, stale: Stale, job: ModuleType, order: ModuleType) -> None:
    from_us, to_us = order.affected(change.connection, stale.location_id, stale.from_us, stale.to_us)
    before, said = order.said_between(change.connection, stale.location_id, from_us, to_us)
    found = occupations(said, before, from_us, to_us)
    known = carried(said, before, from_us, stale.to_us if to_us is None else to_us)
    order.ensure_batches(change, stale.site_id, {o.batch: known.get(o.batch, {}) for o in found})
    order.replace_occupations(change.connection, stale.site_id, stale.location_id, from_us, to_us, found)
    if found or said or before:  # which order was active, and which product, decides what time and pieces count as
        end = FOREVER_US if to_us is None else to_us
        job.mark_stale(change.connection, "oee", stale.site_id, stale.location_id, stale.from_us, end, "occupations")
