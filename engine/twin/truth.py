"""What the virtual plant really did over a window, so that what was measured can be compared with it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from engine.time import SECOND_US
from engine.twin.areas import LINE_OF
from engine.twin.catalogue import COUNTED
from engine.twin.cause import causes_of
from engine.twin.faults import Active
from engine.twin.meters import Meters
from engine.twin.places import ITEM_STATES, PACKML
from engine.twin.stories import Story
from engine.twin.timeline import NOBODY, Timeline
from engine.twin.world import World


@dataclass(frozen=True, slots=True)
class StateTruth:
    """A machine was in a state and mode over [from_us, to_us). Codes: OPC 30060; utilities OPC 40001-1; rooms 1 door open.

    `cause`: why, at its beginning; empty where a state needs no reason.
    """

    machine: str
    from_us: int
    to_us: int
    state: int
    text: str
    mode: int
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Occupation:
    """A machine was used by a batch over [from_us, to_us), clipped to the window; counts within it."""

    machine: str
    batch: str
    order: str
    product: str
    from_us: int
    to_us: int
    produced: float
    rejected: float


@dataclass(frozen=True, slots=True)
class Truth:
    """All of a window. `produced`, `rejected` and `energy_kwh` are by machine; `emitted` counts samples by signal."""

    from_us: int
    to_us: int
    states: tuple[StateTruth, ...]
    occupations: tuple[Occupation, ...]
    produced: dict[str, float]
    rejected: dict[str, float]
    energy_kwh: dict[str, float]
    faults: tuple[Active, ...]
    stories: tuple[Story, ...]
    emitted: dict[str, int]


def states_of(world: World, slug: str, from_us: int, to_us: int) -> list[StateTruth]:
    """The states of a machine, equal neighbours joined; they cover the window without overlap."""
    line = world.timeline(slug, from_us, to_us)
    rows = _rows(line, from_us, to_us)
    state, mode = line["state"][rows], line["mode"][rows]
    fresh = np.append(True, (state[1:] != state[:-1]) | (mode[1:] != mode[:-1]))
    starts = np.maximum(line["start_us"][rows][fresh], from_us)
    ends = np.append(starts[1:], to_us)
    names, causes = _names(slug), causes_of(world, slug, line, rows[fresh])
    return [
        StateTruth(slug, int(a), int(b), int(s), names[int(s)], int(m), cause)
        for a, b, s, m, cause in zip(starts, ends, state[fresh], mode[fresh], causes, strict=True)
    ]


def _names(slug: str) -> dict[int, str]:
    kind = LINE_OF[slug].kind
    if kind == "rooms":
        return {0: "Closed", 1: "Open"}
    table = ITEM_STATES if kind == "utilities" else PACKML
    return {code: text for code, (text, _) in table.codes.items()}


def _rows(line: Timeline, from_us: int, to_us: int) -> np.ndarray:
    first, last = line.rows_at(np.array([from_us, to_us - 1]))
    return np.arange(first, last + 1)


def made_between(line: Timeline, from_us: int, to_us: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(rows, made, rejected) of the segments within a window, clipped."""
    rows = _rows(line, from_us, to_us)
    seconds = (np.minimum(line.ends_us[rows], to_us) - np.maximum(line["start_us"][rows], from_us)) / SECOND_US
    made = seconds * line["rate"][rows]
    return rows, made, made * line["reject"][rows]


def occupations_of(world: World, slug: str, from_us: int, to_us: int) -> list[Occupation]:
    """Which batches used a machine, in order."""
    line = world.timeline(slug, from_us, to_us)
    rows, made, rejected = made_between(line, from_us, to_us)
    job = line["job"][rows]
    cuts = np.flatnonzero(np.append(True, job[1:] != job[:-1]))
    found = []
    for first, last in zip(cuts, [*cuts[1:], len(rows)], strict=True):
        if job[first] == NOBODY:
            continue
        what = line.jobs[job[first]]
        start = max(int(line["start_us"][rows[first]]), from_us)
        end = min(int(line.ends_us[rows[last - 1]]), to_us)
        counts = float(made[first:last].sum()), float(rejected[first:last].sum())
        found.append(Occupation(slug, what.batch, what.order, what.product, start, end, *counts))
    return found


def truth_of(world: World, meters: Meters, from_us: int, to_us: int) -> Truth:
    """Everything but stories and emitted counts, which the plant adds."""
    machines = [slug for slug in world.site.machines if _counts(world, slug)]
    counts = {slug: made_between(world.timeline(slug, from_us, to_us), from_us, to_us) for slug in machines}
    edges = np.array([from_us, to_us])
    metered = [s.machine for s in world.site.signals if s.key == "energy"]
    return Truth(
        from_us,
        to_us,
        states=tuple(s for slug in world.site.machines for s in states_of(world, slug, from_us, to_us)),
        occupations=tuple(o for slug in machines for o in occupations_of(world, slug, from_us, to_us)),
        produced={slug: float(made.sum()) for slug, (_, made, _) in counts.items()},
        rejected={slug: float(rejected.sum()) for slug, (_, _, rejected) in counts.items()},
        energy_kwh={slug: float(np.diff(meters.used(slug, "energy", edges))[0]) for slug in metered},
        faults=tuple(a for a in world.actives if a.from_us < to_us and (a.to_us is None or a.to_us > from_us)),
        stories=(),
        emitted={},
    )


def only(truth: Truth, machines: Collection[str], paths: Collection[str]) -> Truth:
    """The part of it that concerns some machines and rooms; stories are told by the path of where they happen."""
    return replace(
        truth,
        states=tuple(s for s in truth.states if s.machine in machines),
        occupations=tuple(o for o in truth.occupations if o.machine in machines),
        produced={slug: made for slug, made in truth.produced.items() if slug in machines},
        rejected={slug: lost for slug, lost in truth.rejected.items() if slug in machines},
        energy_kwh={slug: used for slug, used in truth.energy_kwh.items() if slug in machines},
        faults=tuple(a for a in truth.faults if a.fault.machine in machines),
        stories=tuple(s for s in truth.stories if s.where in paths),
        emitted={name: count for name, count in truth.emitted.items() if name.partition(".")[0] in machines},
    )


def _counts(world: World, slug: str) -> bool:
    machine = world.site.place(slug).machine
    return machine is not None and machine["class"] in COUNTED
