"""Why a machine was in a state: told by its timeline, and by the faults that were active then."""

from __future__ import annotations

import numpy as np

from engine.time import SECOND_US
from engine.twin.areas import LINE_OF, RUNNING
from engine.twin.faults import CLEAR_S, START_S, Active, coupled
from engine.twin.timeline import (
    ABORTED,
    ABORTING,
    CLEARING,
    COMPLETE,
    COMPLETING,
    EXECUTE,
    HELD,
    HOLDING,
    MAINTENANCE,
    NOBODY,
    PRODUCTION,
    STARTING,
    STOPPING,
    SUSPENDED,
    SUSPENDING,
    Timeline,
)
from engine.twin.world import World

SHORT, FAILURE, STARVED, SHIFT, NONE = "Short stop", "Failure", "Starved or blocked", "End of the shift", "No batch"
_BEGINS = {HOLDING: SHORT, HELD: SHORT, ABORTING: FAILURE, ABORTED: FAILURE} | {
    SUSPENDING: STARVED, SUSPENDED: STARVED, STOPPING: SHIFT,
}  # fmt: skip
"""States that tell why what follows happens, until the machine executes again."""
_LOOK_BACK = 8
"""Rows before the window that may tell it: the longest way from a stop to executing has six."""
_JAMMED = (ABORTED, CLEARING, STARTING)


def causes_of(world: World, slug: str, line: Timeline, rows: np.ndarray) -> list[str]:
    """Why the machine is in the state of each row, in order; empty where a state needs no reason."""
    told = _told(line, rows) if LINE_OF[slug].kind not in ("rooms", "utilities") else [""] * len(rows)
    return [_fault(world, slug, line, int(row)) or cause for row, cause in zip(rows, told, strict=True)]


def _told(line: Timeline, rows: np.ndarray) -> list[str]:
    found, carried = {}, ""
    for row in range(max(0, int(rows[0]) - _LOOK_BACK), int(rows[-1]) + 1):
        state, idle = int(line["state"][row]), line["mode"][row] != PRODUCTION or line["job"][row] == NOBODY
        carried = "" if idle or state in (EXECUTE, COMPLETING, COMPLETE) else _BEGINS.get(state, carried)
        found[row] = carried or _work(line, row)
    return [found[int(row)] for row in rows]


def _work(line: Timeline, row: int) -> str:
    """What the machine does or waits for where nothing went wrong."""
    phase, job, mode = line.phases[line["phase"][row]], line["job"][row], line["mode"][row]
    if mode != PRODUCTION or job == NOBODY:
        return phase or ("Maintenance" if mode == MAINTENANCE else NONE)
    return f"Batch {line.jobs[job].batch}" + (f", {phase}" if phase else "")


def _fault(world: World, slug: str, line: Timeline, row: int) -> str:
    state, begin, end = int(line["state"][row]), int(line["start_us"][row]), int(line.ends_us[row])
    for active in world.actives:
        if _met(active, begin, end) and (found := _effect(world, active, slug, state)):
            return found
    return ""


def _met(active: Active, from_us: int, to_us: int) -> bool:
    tail = int((CLEAR_S + START_S) * SECOND_US) if active.fault.kind == "jam" else 0
    return active.from_us < to_us and (active.to_us is None or active.to_us + tail > from_us)


def _effect(world: World, active: Active, slug: str, state: int) -> str:
    """What a fault does to a machine in this state; empty when nothing."""
    fault, own = active.fault, active.fault.machine == slug
    if fault.kind == "jam" and own and state in _JAMMED:
        return "Fault: jam"
    if fault.kind == "jam" and not own and state == SUSPENDED and slug in coupled(fault.machine):
        return f"Fault: jam at {world.site.place(fault.machine).name}"
    if own and (fault.kind, state) in (("door_open", 1), ("night_run", RUNNING)):
        return {"door_open": "Fault: door left open", "night_run": "Fault: runs at night too"}[fault.kind]
    return ""
