"""Sums of machine time by shift: what became stale, the shifts that run, and history behind them, newest first."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from engine.access import SYSTEM
from engine.errors import Damaged
from engine.job import Stale, merged
from engine.oee.work import MachineFacts, totals_of
from engine.time import DAY_US, HOUR_US, SECOND_US

if TYPE_CHECKING:
    from types import ModuleType

    from sqlalchemy import Connection

    from db.oee import Kept
    from db.store import Store

CAPABILITY = "oee"
EVERY_S = 5.0
"""How often the clock starts `derive`."""
REFRESH_US = 15 * SECOND_US
"""The sums of the running shift are brought up to date when they are older."""
RECENT_US = HOUR_US
REACH_US = 2 * DAY_US
"""After a longer pause of the job the time before is history."""
WINDOW_US = DAY_US
RANGES_AT_ONCE = 200
HISTORY_WINDOWS = 2
"""Windows of history in one turn: few, so that the present never waits long for them."""

RETRY_S = 60.0
log = logging.getLogger(__name__)

Span = tuple[int, int]
Spans = Mapping[int, list[Span]]


def derive(store: Store, job: ModuleType, oee: ModuleType, now_us: int) -> int:
    """Bring stale sums up to date, the present first, then the running shifts, then a little of history.

    Returns how many sums of a machine and shift were made. Safe to run twice, and by several. Raises `Unavailable`.
    `job` and `oee` are the modules of the store that know stale ranges and sums.
    """
    done = _work_off(store, job, oee, now_us, now_us - RECENT_US)
    done += _refresh(store, job, oee, now_us)
    for _ in range(HISTORY_WINDOWS):
        made = _work_off(store, job, oee, now_us, 0)
        done += made
        if not made:
            break
    return done


def _work_off(store: Store, job: ModuleType, oee: ModuleType, now_us: int, since_us: int) -> int:
    """Compute the newest window that is stale; what lies before it is put back."""
    if not job.stale_waiting(store, CAPABILITY):
        return 0
    with store.write() as connection:
        oee.lock(connection)
        taken = [
            clipped for s in job.take_newest(connection, CAPABILITY, since_us, RANGES_AT_ONCE) if (clipped := _until(s, now_us))
        ]
        if not taken:
            return 0
        begin = max(s.to_us for s in taken) - WINDOW_US
        for stale in merged(taken):
            if stale.from_us < begin:
                job.mark_stale(
                    connection, CAPABILITY, stale.site_id, stale.location_id, stale.from_us, min(begin, stale.to_us), "history"
                )
        inside = [(s.location_id, (max(s.from_us, begin), s.to_us)) for s in taken if s.to_us > begin]
        done, failed = _save(store, connection, (job, oee), _by_node(inside), now_us)
        for stale in taken:
            if stale.location_id in failed and stale.to_us > begin:
                job.postpone(connection, stale, RETRY_S)
        return done


def _until(stale: Stale, now_us: int) -> Stale | None:
    """The part that is not in the future; None: there is none."""
    if stale.from_us >= now_us:
        return None
    return Stale(CAPABILITY, stale.site_id, stale.location_id, stale.from_us, min(stale.to_us, now_us), stale.causes)


def _by_node(spans: Iterable[tuple[int, Span]]) -> dict[int, list[Span]]:
    ordered = sorted(spans)
    return {node: [span for _, span in found] for node, found in groupby(ordered, key=lambda pair: pair[0])}


def _refresh(store: Store, job: ModuleType, oee: ModuleType, now_us: int) -> int:
    """Continue the sums of all machines that are behind, and let those be made anew whose source is heard again."""
    reach = now_us - REACH_US
    with store.write() as connection:
        oee.lock(connection)
        oee.mark_revived(connection)
        late = oee.behind(connection, oee.places(connection, SYSTEM), now_us, REFRESH_US, reach)
        for node, (site, from_us) in late.items():
            if from_us < reach:
                job.mark_stale(connection, CAPABILITY, site, node, from_us, reach, "the job paused")
        spans = {node: [(max(min(from_us, now_us - 1), reach), now_us)] for node, (_, from_us) in late.items()}
        return _save(store, connection, (job, oee), spans, now_us)[0] if spans else 0  # who failed stays behind


def _save(
    store: Store, connection: Connection, tools: tuple[ModuleType, ModuleType], spans: Spans, now_us: int
) -> tuple[int, set[int]]:
    """Make and store the sums of every slot that the spans touch; how many there are, and the machines that failed."""
    job, oee = tools
    with store.read() as snapshot:  # begun after the ranges were taken: it sees what made them stale
        found, failed = _attempt(snapshot, oee, spans, now_us)
    oee.save(connection, found)
    job.raise_revisions(connection, CAPABILITY, [0, *{kept.node_id for kept in found}])
    return len(found), failed


def _attempt(snapshot: Connection, oee: ModuleType, spans: Spans, now_us: int) -> tuple[list[Kept], set[int]]:
    """The sums, and the machines whose records cannot be read: found by halves, they do not hold up the others."""
    try:
        return list(_sums(snapshot, oee, spans, now_us)), set()
    except (Damaged, ValueError):  # samples that cannot be read, a calendar that nobody understands
        nodes = sorted(spans)
        if len(nodes) == 1:
            log.exception("The sums of node %s are not made; it is tried again.", nodes[0])
            return [], set(nodes)
    half = len(nodes) // 2
    parts = [_attempt(snapshot, oee, {n: spans[n] for n in part}, now_us) for part in (nodes[:half], nodes[half:])]
    return parts[0][0] + parts[1][0], parts[0][1] | parts[1][1]


def _sums(snapshot: Connection, oee: ModuleType, spans: Spans, now_us: int) -> Iterable[Kept]:
    begin, end = min(s[0] for found in spans.values() for s in found), max(s[1] for found in spans.values() for s in found)
    plans = oee.facts(snapshot, SYSTEM, spans, begin, end, blank=True)
    touched = {node: _touched(machine, spans[node], now_us) for node, machine in plans.items()}
    slots = [slot for found in touched.values() for slot in found]
    if not slots:
        return
    window = min(s.from_us for s in slots), min(max(s.to_us for s in slots), now_us)
    for node, machine in oee.facts(snapshot, SYSTEM, touched, *window).items():
        for slot in touched[node]:
            through = min(slot.to_us, now_us)
            dead = machine.dead_us if machine.dead_us is not None and machine.dead_us < through else None
            yield oee.Kept(machine.site_id, node, slot, through, now_us, dead, totals_of(machine, slot.from_us, through))


def _touched(machine: MachineFacts, spans: list[Span], now_us: int) -> list:
    """The slots of a machine that began and that a span overlaps."""
    return [
        slot
        for slot in machine.plan.slots
        if slot.from_us < now_us and any(a < slot.to_us and b > slot.from_us for a, b in spans)
    ]
