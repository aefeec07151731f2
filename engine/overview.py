"""A place at a glance: figures of its parts over a range, what is abnormal among them, and what changed.

Nothing is averaged: figures of a place are made of sums over the machines that speak for it (`engine.oee.rolled_up`) and
of the meters in it. What is not known is None and never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.alarm import Priority
from engine.kpi import Kpi
from engine.location import MapDef, NodeKind, Tree
from engine.oee import KPIS as OEE_KPIS
from engine.oee import OeeTotals, ShiftTotals, constraint_of, rolled_up
from engine.tag import Limits
from engine.wall.fact import Rooms

KWH: Mapping[str, float] = {"Wh": 0.001, "kWh": 1.0, "MWh": 1000.0, "GJ": 1000 / 3.6, "MJ": 1 / 3.6}
"""Units of energy meters -> kWh."""
BULK = frozenset({"mg", "g", "kg", "t", "ml", "mL", "l", "L", "m³", "m3"})
"""Units of what is weighed or measured, not counted: no part of "1,000 units"."""
LEAST_SHIFTS = 6
"""A normal band needs as many shifts; with fewer nothing is called abnormal."""
LEAST_KNOWN_S = 1800.0
"""A shift of which less is known says nothing about what is normal."""
ENERGY_ODD, ENERGY_FAR = 0.10, 0.25
"""Energy for 1,000 units this much above the range that it is compared with is abnormal, and far from normal."""


@dataclass(frozen=True, slots=True)
class Meter:
    """An energy meter: its tag, where it hangs, kWh in one of its units."""

    tag_id: int
    node_id: int
    kwh: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of a place over a range. `kwh` of its meters (None: no meter told), `units` the good pieces counted."""

    totals: OeeTotals = field(default_factory=OeeTotals)
    kwh: float | None = None
    units: float = 0.0

    @property
    def plan(self) -> float | None:
        """Good output against what the planned and known time gives at the ideal rate and the OEE target."""
        oee = self.totals.oee
        return None if oee is None or not OEE.target else oee / OEE.target

    @property
    def energy(self) -> float | None:
        """kWh for 1,000 good pieces; None without a meter or without a piece."""
        return None if self.kwh is None or self.units < 1 else 1000 * self.kwh / self.units


def _of_totals(key: str) -> Kpi[Figures]:
    known = next(kpi for kpi in OEE_KPIS if kpi.key == key)
    return Kpi(key, known.title, known.unit, lambda f: known.value(f.totals), known.better, known.decimals, known.target,
               known.standard, known.definition)  # fmt: skip


OEE, QUALITY, COVERAGE = (_of_totals(key) for key in ("oee", "quality_ratio", "coverage"))
PLAN: Kpi[Figures] = Kpi(
    "plan",
    "Output against plan",
    "%",
    lambda f: f.plan,
    "up",
    0,
    1.0,
    "Plantglass",
    "Good output against the plan: what the planned time gives at the ideal rate and the OEE target. Time of which nobody"
    " knows the state is left out of both.",
)
ENERGY: Kpi[Figures] = Kpi(
    "energy",
    "kWh per 1,000 units",
    "kWh",
    lambda f: f.energy,
    "down",
    2,
    None,
    "ISO 50006",
    "Electric energy of all meters in the place ÷ good pieces of its lines × 1,000. A line counts what its constraint"
    " machine counts (vials, tablets, blisters); what is weighed is not counted. A meter stands for everything below it.",
)
KPIS: tuple[Kpi[Figures], ...] = (OEE, QUALITY, PLAN, ENERGY, COVERAGE)
"""The indicators of the overview in their order; the alarms have a tile of their own. Each must have a value somewhere."""


# ------------------------------------------------------------------ sums of a place
@dataclass(frozen=True, slots=True)
class Sums:
    """What was read for every machine of a subtree over one range. `kwh` by node with a meter, None while unknown."""

    totals: Mapping[int, OeeTotals]
    kwh: Mapping[int, float | None]


def figures(tree: Tree, node_id: int, sums: Sums, per_hour: Mapping[int, float], counted: Mapping[int, str]) -> Figures:
    """A place's figures. `counted` says what each machine counts (its counter's unit); bulk is left out of the pieces."""
    speakers = speakers_of(tree, node_id, per_hour)
    pieces = sum(sums.totals[s].good for s in speakers if s in sums.totals and counted.get(s, "") and counted[s] not in BULK)
    return Figures(rolled_up(tree, node_id, dict(sums.totals), dict(per_hour)), metered(tree, node_id, sums.kwh), pieces)


def speakers_of(tree: Tree, node_id: int, per_hour: Mapping[int, float]) -> list[int]:
    """The machines whose sums stand for a place: a line's constraint machine, above a line those of all parts."""
    node = tree.nodes.get(node_id)
    if node is None:
        return []
    if node.kind is NodeKind.MACHINE:
        return [node_id]
    if node.kind is NodeKind.LINE:
        speaker = constraint_of(tree, node_id, dict(per_hour))
        return [] if speaker is None else [speaker]
    parts = [s for child in tree.children(node_id) for s in speakers_of(tree, child.id, per_hour)]
    return [s for s in parts if s in per_hour]


def metered(tree: Tree, node_id: int, kwh: Mapping[int, float | None]) -> float | None:
    """The energy of a place: its own meter, else the sum of those of its parts. None without a meter, and while one is
    silent: what it did not tell is unknown, and not saved."""
    told = list(_meters(tree, node_id, kwh))
    known = [value for value in told if value is not None]
    return sum(known) if known and len(known) == len(told) else None


def _meters(tree: Tree, node_id: int, kwh: Mapping[int, float | None]) -> Iterator[float | None]:
    """What each of the topmost meters in a place told."""
    if node_id in kwh:
        yield kwh[node_id]
    else:
        for child in tree.children(node_id):
            yield from _meters(tree, child.id, kwh)


# ------------------------------------------------------------------ what is normal
def course(node_speakers: Iterable[int], shifts: Iterable[ShiftTotals], kpi: Kpi[Figures]) -> list[float | None]:
    """An indicator of a place by shift, oldest first; None where too little of a shift is known."""
    wanted = set(node_speakers)
    by_start: dict[int, OeeTotals] = {}
    for shift in shifts:
        if shift.node_id in wanted:
            by_start[shift.from_us] = by_start.get(shift.from_us, OeeTotals()) + shift.totals
    return [
        kpi.value(Figures(by_start[start])) if by_start[start].known_s >= LEAST_KNOWN_S else None for start in sorted(by_start)
    ]


def normal(values: Iterable[float | None]) -> Limits:
    """The normal band of a ratio of which more is better: from its lowest tenth upward; below twice as far from the median
    it is far from normal. Without enough values: no band.
    """
    known = [value for value in values if value is not None]
    if len(known) < LEAST_SHIFTS:
        return Limits(low=0.0, high=1.0)
    low, median = (float(value) for value in np.quantile(known, (0.1, 0.5)))  # equal values give just that value
    return Limits(low=0.0, high=1.0, normal_low=low, alarm_low=max(0.0, low - (median - low)))


def odd_energy(now: float | None, before: float | None) -> str:
    """ "p2", "p3" or "" for energy against that of the range before."""
    if now is None or not before:
        return ""
    rise = now / before - 1
    return "p2" if rise > ENERGY_FAR else "p3" if rise > ENERGY_ODD else ""


# ------------------------------------------------------------------ the rows of the matrix
@dataclass(frozen=True, slots=True)
class Row:
    """A part of the place. `head`: an area with its parts below. `condition`: the category of its speaker's state now.

    `alarms` None: the reader may not see any.
    """

    node: MapDef
    head: bool
    condition: str
    now: Figures
    before: Figures
    oee: Limits
    quality: Limits
    rooms: Rooms | None
    alarms: Mapping[Priority, int] | None


def parts(tree: Tree, node_id: int, per_hour: Mapping[int, float]) -> list[tuple[MapDef, bool]]:
    """What a place is shown by, in its order, and whether it heads what follows: areas with their lines and with the machines
    that are in no line; areas without either as one row; of a line its machines; rooms only where there is nothing else.
    """
    children = tree.children(node_id)
    if tree.nodes[node_id].kind in (NodeKind.LINE, NodeKind.PROCESS_CELL):
        return [(child, False) for child in children]
    found = [pair for child in children for pair in _parts(tree, child, per_hour)]
    return found or [(child, False) for child in children]


def _parts(tree: Tree, node: MapDef, per_hour: Mapping[int, float]) -> list[tuple[MapDef, bool]]:
    if node.kind in (NodeKind.LINE, NodeKind.PROCESS_CELL):
        return [(node, False)]
    if node.kind is NodeKind.MACHINE:
        return [(node, False)] if node.id in per_hour else []
    if node.kind is NodeKind.ROOM:
        return []
    inner = [pair for child in tree.children(node.id) for pair in _parts(tree, child, per_hour)]
    return [(node, bool(inner)), *inner]


def worst_first(rows: Iterable[Row]) -> list[Row]:
    """For people who look for trouble: urgent and high alarms, then what is abnormal, then the lowest OEE."""
    return sorted((row for row in rows if not row.head), key=_badness)


def _badness(row: Row) -> tuple[int, int, bool, float]:
    loudest = min((p for p, count in (row.alarms or {}).items() if count), default=9)
    odd = sum(_below(kpi.value(row.now), limits) for kpi, limits in ((OEE, row.oee), (QUALITY, row.quality)))
    return loudest, -odd, row.now.totals.oee is None, row.now.totals.oee or 0.0


def _below(value: float | None, limits: Limits) -> bool:
    return value is not None and limits.normal_low is not None and value < limits.normal_low


# ------------------------------------------------------------------ what changed
@dataclass(frozen=True, slots=True)
class Mover:
    """An indicator that moved. `change`: in points of a ratio (0.05 is 5 points), as a share of the earlier value of others.

    `why`: a candidate for the cause as (key of a bucket of time, seconds more or less of it); None: none stands out.
    """

    node: MapDef
    kpi: Kpi[Figures]
    now: float
    before: float
    change: float
    why: tuple[str, float] | None = None

    @property
    def weight(self) -> float:
        """How much it matters: changes are measured by `STEPS`."""
        return abs(self.change) / STEPS[self.kpi.key][1]


STEPS: Mapping[str, tuple[float, float]] = {
    "oee": (0.01, 0.05),
    "quality_ratio": (0.002, 0.01),
    "energy": (0.03, 0.10),
    "coverage": (0.02, 0.10),
}
"""By indicator: the least change that is told, and the change that weighs 1."""
_CAUSES = ("delay_s", "down_s", "setup_s")


def movers(rows: Iterable[Row]) -> list[Mover]:
    """What changed against the range before, the largest first."""
    found = [
        mover for row in rows if not row.head for kpi in KPIS if kpi.key in STEPS and (mover := _mover(row, kpi)) is not None
    ]
    return sorted(found, key=lambda m: -m.weight)


def _mover(row: Row, kpi: Kpi[Figures]) -> Mover | None:
    now, before = kpi.value(row.now), kpi.value(row.before)
    if now is None or before is None or (kpi.unit != "%" and before <= 0):
        return None
    change = now - before if kpi.unit == "%" else now / before - 1
    if abs(change) < STEPS[kpi.key][0]:
        return None
    why = _cause(row.now.totals, row.before.totals, change) if kpi is OEE else None
    return Mover(row.node, kpi, now, before, change, why)


def _cause(now: OeeTotals, before: OeeTotals, change: float) -> tuple[str, float] | None:
    """The bucket of lost time that grew most when the OEE fell, or shrank most when it rose: at the length of `now`."""
    if now.known_s <= 0 or before.known_s <= 0:
        return None
    more = {key: getattr(now, key) - getattr(before, key) * now.known_s / before.known_s for key in _CAUSES}
    key = max(more, key=lambda k: more[k]) if change < 0 else min(more, key=lambda k: more[k])
    told = more[key] if change < 0 else -more[key]
    return (key, more[key]) if told >= 60 else None


def conditions(rows: Sequence[Row]) -> tuple[int, int, int]:
    """Of the parts whose state is known: how many there are, how many run, how many stand."""
    known = [row.condition for row in rows if not row.head and row.condition and row.condition != "unknown"]
    stand = sum(condition in ("stopped", "held", "aborted") for condition in known)
    return len(known), sum(condition == "running" for condition in known), stand
