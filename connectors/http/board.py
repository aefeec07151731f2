"""What wall displays show, read once a second for all displays of a place, however many there are.

What changes by the minute (sums of machine time, the course of shifts) is read again every `SLOW_S` beside the answers:
they never wait for it, except the first.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from components.format import clock
from connectors.http.display import Kept
from db import alarm, location, oee, state, wall
from db.store import Store
from db.wall import OnMachine
from engine.access import SYSTEM, Scope, scope_of
from engine.errors import PlantError
from engine.location import Tree
from engine.oee.roll import rolled_up
from engine.oee.totals import OeeTotals
from engine.shift import Calendar, Shift, occurrences, production_day, shift_at
from engine.time import DAY_US, HOUR_US
from engine.wall.attention import needs
from engine.wall.board import Unit, units
from engine.wall.sentence import ShiftFacts, same_shift_before, sentences
from engine.wall.whole import Board, Fast, Slow, board, told_shift

log = logging.getLogger(__name__)

FAST_S, SLOW_S = 1.0, 20.0
COURSE_US = 3 * DAY_US
LONGEST_BATCH_US = 36 * HOUR_US


class Boards:
    """The boards of places."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fast: dict[tuple[str, int], Kept[Board]] = {}
        self._slow: dict[tuple[str, int], Slow] = {}
        self._slow_at: dict[tuple[str, int], float] = {}
        self._making: set[tuple[str, int]] = set()

    def of(self, store: Store, node_id: int) -> Board:
        """The board of a place, not older than a second. Raises `NotFound`, `Unavailable`."""
        key = (store.url, node_id)
        with self._lock:
            kept = self._fast.setdefault(key, Kept(FAST_S))
        return kept.get(lambda: self._make(store, key))

    def node_of(self, store: Store, node_id: int, path: str) -> int | None:
        """The place at a path, if it lies in the subtree of `node_id` as it was last read."""
        slow = self._slow.get((store.url, node_id))
        found = slow.tree.find(path) if slow else None
        inside = slow is not None and found is not None and any(n.id == node_id for n in slow.tree.ancestors(found.id))
        return found.id if found and inside else None

    def _make(self, store: Store, key: tuple[str, int]) -> Board:
        slow = self._slow_of(store, key)
        return board(slow, _fast(store, slow, _now_us()))

    def _slow_of(self, store: Store, key: tuple[str, int]) -> Slow:
        if key not in self._slow:
            self._renew(store, key)
        elif time.monotonic() - self._slow_at[key] >= SLOW_S and self._begin(key):
            threading.Thread(target=self._renew_beside, args=[store, key], name="wall sums", daemon=True).start()
        return self._slow[key]

    def _begin(self, key: tuple[str, int]) -> bool:
        with self._lock:
            free = key not in self._making
            self._making.add(key)
        return free

    def _renew(self, store: Store, key: tuple[str, int]) -> None:
        self._slow[key] = _slow(store, key[1], _now_us())
        self._slow_at[key] = time.monotonic()

    def _renew_beside(self, store: Store, key: tuple[str, int]) -> None:
        try:
            self._renew(store, key)
        except PlantError as error:
            log.warning("The sums of a wall display stay as they are for now: %s", error)
            self._slow_at[key] = time.monotonic()
        finally:
            with self._lock:
                self._making.discard(key)


def _now_us() -> int:
    return time.time_ns() // 1000


# ------------------------------------------------------------------ within a second
def _fast(store: Store, slow: Slow, now_us: int) -> Fast:
    """Four queries, whatever the number of displays and machines."""
    scope = scope_of(node.id for node in slow.tree.subtree(slow.node.id))
    speakers = [unit.speaker_id for unit in slow.units]
    batches = wall.on_machines(scope, store, speakers)
    return Fast(
        now_us,
        state.current(scope, store, speakers),
        {node: (found.batch, found.product) for node, found in batches.items()},
        tuple(alarm.standing(scope, store)),
        tuple(wall.readings(scope, store, scope.nodes or ())),
    )


# ------------------------------------------------------------------ by the minute
def _slow(store: Store, node_id: int, now_us: int) -> Slow:
    tree, scope = _within(store, node_id)
    node, zone = tree.nodes[node_id], tree.zone_of(node_id)
    per_hour = oee.rates(scope, store, scope.nodes or (), now_us)
    found = units(tree, node_id, per_hour)
    calendar = location.calendar_at(scope, store, node_id)
    shift = shift_at(calendar, now_us) if calendar else None
    machines = sorted({*per_hour, *(unit.speaker_id for unit in found)})
    sums = oee.totals(scope, store, machines, shift.from_us if shift else now_us - 8 * HOUR_US, now_us, now_us)
    today = oee.totals(scope, store, machines, _day_begin(calendar, now_us), now_us, now_us)
    return Slow(
        tree,
        node,
        tuple(found),
        zone,
        production_day(calendar, now_us).isoformat() if calendar else "",
        shift,
        {unit.speaker_id: sums.get(unit.speaker_id, OeeTotals()).oee for unit in found},
        _courses(scope, store, found, now_us),
        rolled_up(tree, node_id, today, per_hour),
        _progress(scope, store, tree, found, now_us),
        _sentences(_Asked(scope, store, tree, node_id, zone, now_us), found, per_hour, calendar),
    )


def _within(store: Store, node_id: int) -> tuple[Tree, Scope]:
    """The tree below a node with the way up to it, and the scope of a display that hangs there."""
    whole = location.tree(SYSTEM, store)
    return whole, scope_of(node.id for node in whole.subtree(node_id))


def _day_begin(calendar: Calendar | None, now_us: int) -> int:
    """When the production day began; without a calendar, a day ago."""
    if calendar is None:
        return now_us - DAY_US
    day = production_day(calendar, now_us)
    begun = [s.from_us for s in occurrences(calendar, now_us - 2 * DAY_US, now_us + 1) if s.day == day]
    return min(begun, default=now_us - DAY_US)


def _courses(scope: Scope, store: Store, found: list[Unit], now_us: int) -> dict[int, tuple[float | None, ...]]:
    """The OEE of each unit over its last shifts."""
    courses: dict[int, list[float | None]] = {}
    for entry in oee.shifts(scope, store, [unit.speaker_id for unit in found], now_us - COURSE_US, now_us):
        courses.setdefault(entry.node_id, []).append(entry.totals.oee)
    return {node: tuple(values) for node, values in courses.items()}


def _progress(scope: Scope, store: Store, tree: Tree, found: list[Unit], now_us: int) -> dict[tuple[int, str], float]:
    """How much of its batch each unit has made, counted by its machine that counts what the order is for."""
    machines = {unit.speaker_id: [n.id for n in tree.subtree(unit.node.id)] for unit in found}
    on = wall.on_machines(scope, store, [node for inside in machines.values() for node in inside])
    counts = {speaker: _counter(on, speaker, inside, now_us) for speaker, inside in machines.items() if speaker in on}
    chosen = {speaker: batch for speaker, batch in counts.items() if batch is not None}
    made = wall.made_since(scope, store, {batch.node_id: batch.from_us for batch in chosen.values()}, now_us)
    return {
        (speaker, batch.batch): min(1.0, made[batch.node_id] / batch.planned)
        for speaker, batch in chosen.items()
        if batch.planned and batch.node_id in made
    }


def _counter(on: Mapping[int, OnMachine], speaker: int, inside: list[int], now_us: int) -> OnMachine | None:
    """The last machine that works on the speaker's batch and counts what was ordered."""
    same = [on[node] for node in inside if node in on and on[node].batch == on[speaker].batch]
    counting = [batch for batch in same if batch.planned and now_us - batch.from_us <= LONGEST_BATCH_US]
    return counting[-1] if counting else None


@dataclass(frozen=True, slots=True)
class _Asked:
    """Of what the sentences are made, and when."""

    scope: Scope
    store: Store
    tree: Tree
    node_id: int
    zone: str
    now_us: int


def _sentences(
    asked: _Asked, found: list[Unit], per_hour: dict[int, float], calendar: Calendar | None
) -> tuple[str, str, str] | None:
    """Only around the end of a shift."""
    around = occurrences(calendar, asked.now_us - HOUR_US, asked.now_us + 1) if calendar else []
    shift = told_shift(around, asked.now_us)
    if shift is None:
        return None
    sums = oee.totals(asked.scope, asked.store, sorted(per_hour), shift.from_us, min(shift.to_us, asked.now_us), asked.now_us)
    by_place = {unit.node.name: sums[unit.speaker_id] for unit in found if unit.speaker_id in sums}
    before = _week_before(asked, per_hour, shift)
    facts = ShiftFacts(shift.name, by_place, rolled_up(asked.tree, asked.node_id, sums, per_hour), before)
    rows = needs(asked.tree, [], alarm.standing(asked.scope, asked.store))
    return sentences(facts, rows, {row.since_us: clock(row.since_us, asked.zone) for row in rows})


def _week_before(asked: _Asked, per_hour: dict[int, float], shift: Shift) -> OeeTotals | None:
    """The same shift a week earlier, summed up as the shift itself is; an hour of a clock change is allowed for."""
    since = shift.from_us - 7 * DAY_US
    window = (since - 2 * HOUR_US, since + 2 * HOUR_US)
    stored = oee.shifts(asked.scope, asked.store, sorted(per_hour), *window)
    if same_shift_before(stored, shift.name, window) is None:
        return None
    by_machine = {entry.node_id: entry.totals for entry in stored if entry.shift == shift.name and entry.from_us >= window[0]}
    return rolled_up(asked.tree, asked.node_id, by_machine, per_hour)
