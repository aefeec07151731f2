"""Batches and occupations from what machines say: exactly the stale ranges, in one transaction each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.job import Stale
from engine.order import carried, occupations

if TYPE_CHECKING:
    from types import ModuleType

    from db.store import Change, Store

CAPABILITY = "order"
RANGES_AT_ONCE = 200
REASON = "derived from the batch and phase tags of the machines"


def derive(store: Store, job: ModuleType, order: ModuleType) -> int:
    """Bring every stale machine up to date; returns how many ranges were computed. Safe to run twice, and by several.

    `job` and `order` are the modules of the store that know stale ranges and occupations.
    """
    done = 0
    while job.stale_waiting(store, CAPABILITY):
        with store.change("job:order", REASON) as change:
            taken = job.take_stale(change.connection, CAPABILITY, RANGES_AT_ONCE)
            for stale in taken:
                _derive(change, stale, order)
            if taken:
                job.raise_revisions(change.connection, CAPABILITY, [0, *(s.location_id for s in taken)])
        if not taken:
            break  # another worker has them
        done += len(taken)
    return done


def _derive(change: Change, stale: Stale, order: ModuleType) -> None:
    from_us, to_us = order.affected(change.connection, stale.location_id, stale.from_us, stale.to_us)
    before, said = order.said_between(change.connection, stale.location_id, from_us, to_us)
    found = occupations(said, before, from_us, to_us)
    known = carried(said, before, from_us, stale.to_us if to_us is None else to_us)
    order.ensure_batches(change, stale.site_id, {o.batch: known.get(o.batch, {}) for o in found})
    order.replace_occupations(change.connection, stale.site_id, stale.location_id, from_us, to_us, found)
