"""A place as a wall display shows it at one instant: everything that its page says, before words are made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from engine.alarm import Alarm, Priority
from engine.location import MapDef, Tree
from engine.oee import KPIS
from engine.oee.totals import OeeTotals
from engine.shift import Shift
from engine.state import StateInterval
from engine.wall.attention import Need, needs
from engine.wall.board import Batch, Tile, Unit, tile_of
from engine.wall.fact import Power, Reading, Rooms, power, rooms
from engine.wall.sentence import AFTER_US, BEFORE_US

OEE = next(kpi for kpi in KPIS if kpi.key == "oee")
RIGHT_FIRST = next(kpi for kpi in KPIS if kpi.key == "quality_ratio")


@dataclass(frozen=True, slots=True)
class Slow:
    """What changes by the minute: the place, its units, its shift, its sums of time."""

    tree: Tree
    node: MapDef
    units: tuple[Unit, ...]
    zone: str
    day: str
    shift: Shift | None
    oee: Mapping[int, float | None]
    course: Mapping[int, tuple[float | None, ...]]
    today: OeeTotals
    progress: Mapping[tuple[int, str], float]
    sentences: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Fast:
    """What may change within a second. `batches` hold number and product by machine."""

    now_us: int
    states: Mapping[int, StateInterval]
    batches: Mapping[int, tuple[str, str]]
    alarms: tuple[Alarm, ...]
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """The whole."""

    now_us: int
    zone: str
    node: MapDef
    above: str
    shift: str
    day: str
    tiles: tuple[Tile, ...]
    counts: Mapping[Priority, int]
    needs: tuple[Need, ...]
    power: Power | None
    rooms: Rooms | None
    today: OeeTotals
    heard_us: int | None
    sentences: tuple[str, str, str] | None
    urgent: bool = False
    """An urgent alarm is active."""

    @property
    def plan(self) -> float | None:
        """Good output of the production day against what its planned time gives at the ideal rate and the OEE target."""
        value = self.today.oee
        return None if value is None or not OEE.target else value / OEE.target


def board(slow: Slow, fast: Fast) -> Board:
    """Put together what is known."""
    tree = slow.tree
    home = {node.id: unit.node.id for unit in slow.units for node in tree.subtree(unit.node.id)}
    by_unit: dict[int, list[Alarm]] = {}
    for alarm in fast.alarms:
        by_unit.setdefault(home.get(alarm.node_id, 0), []).append(alarm)
    tiles = tuple(_tile(unit, slow, fast, by_unit.get(unit.node.id, [])) for unit in slow.units)
    heard = max((r.at_us for r in fast.readings if r.at_us is not None), default=None)
    site = next((n.name for n in tree.ancestors(slow.node.id) if n.id == slow.node.site_id and n.id != slow.node.id), "")
    return Board(
        fast.now_us,
        slow.zone,
        slow.node,
        site,
        slow.shift.name if slow.shift else "",
        slow.day,
        tiles,
        {p: sum(alarm.priority is p for alarm in fast.alarms) for p in Priority},
        tuple(needs(tree, tiles, fast.alarms)),
        power(fast.readings, fast.now_us),
        rooms(fast.readings, fast.now_us),
        slow.today,
        heard,
        slow.sentences,
        any(alarm.active and alarm.priority is Priority.URGENT for alarm in fast.alarms),
    )


def _tile(unit: Unit, slow: Slow, fast: Fast, alarms: Iterable[Alarm]) -> Tile:
    speaker = unit.speaker_id
    found = fast.batches.get(speaker)
    batch = Batch(*found, slow.progress.get((speaker, found[0]))) if found else None
    tile = tile_of(unit, fast.states.get(speaker), batch, alarms, fast.now_us)
    return replace(tile, oee=slow.oee.get(speaker), course=slow.course.get(speaker, ()))


def told_shift(shifts: Iterable[Shift], now_us: int) -> Shift | None:
    """The shift that the sentences are about: one that ends within half an hour, or ended within the last one."""
    return next((s for s in shifts if s.to_us - BEFORE_US <= now_us < s.to_us + AFTER_US), None)
