"""Faults by command, and what they do to a line's plan. The stories of the demo are planted with the same records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.errors import Invalid
from engine.location import NodeKind
from engine.tag import ValueKind
from engine.time import SECOND_US
from engine.twin.areas import LINE_OF, RUNNING, Line
from engine.twin.record import Signal, Site
from engine.twin.timeline import (
    ABORTED,
    CLEARING,
    EXECUTE,
    NOBODY,
    STARTING,
    SUSPENDED,
    Timeline,
    cut,
)

KINDS = {
    "jam": "A machine of a line aborts; its neighbours are starved or blocked.",
    "drift": "A measured value leaves its target slowly; `size` is the share of the allowed band an hour.",
    "bearing_wear": "Vibration grows; `size` is the hours until it is five times as high.",
    "door_open": "A door of a room is left open.",
    "flat_line": "A sensor repeats its last value.",
    "meter_rollover": "The register of the electricity meter starts again from 0.",
    "disconnect": "The machine's controller stops answering.",
    "night_run": "A compressor runs where it would rest.",
}
BUFFER_S = 25.0
CLEAR_S, START_S = 15.0, 15.0
_COUPLED = ("packaging", "filling")
_ALONE = ("lyo-1", "inspection-1")
DEFAULT_SIGNAL = {
    "filler": "fill_weight",
    "press": "tablet_weight",
    "checkweigher": "carton_weight",
    "capper": "capping_force",
    "lyophiliser": "product_temperature",
    "tunnel": "zone_temperature",
    "blister": "sealing_temperature",
    "chiller": "supply_temperature",
    "compressor": "pressure",
    "boiler": "pressure",
    "wfi": "conductivity",
    "ahu": "supply_temperature",
    "washer": "wfi_pressure",
    "granulator": "product_temperature",
    "coater": "bed_temperature",
    "cartoner": "speed",
    "casepacker": "read_rate",
    "inspection": "light",
    "blender": "speed",
}
"""The signal that drifts or goes flat when the command names none; rooms: temperature."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong at one machine or room. `lasts_s` None: until cleared. `size`: see `KINDS`."""

    kind: str
    machine: str
    signal: str | None = None
    size: float | None = None
    lasts_s: float | None = None


@dataclass(frozen=True, slots=True)
class Active:
    """A fault over [from_us, to_us); open when `to_us` is None. `planted`: part of a story."""

    fault: Fault
    from_us: int
    to_us: int | None
    planted: bool = False

    def holds(self, at_us: np.ndarray) -> np.ndarray:
        """True where the fault is present."""
        begun = at_us >= self.from_us
        return begun if self.to_us is None else begun & (at_us < self.to_us)


def checked(fault: Fault, site: Site) -> Fault:
    """The fault with its signal named in full; raises `Invalid` or `NotFound` for what the machine cannot suffer."""
    if fault.kind not in KINDS:
        raise Invalid(f"There is no fault “{fault.kind}”; there are {', '.join(KINDS)}.")
    if fault.lasts_s is not None and fault.lasts_s <= 0:
        raise Invalid(f"A fault cannot last {fault.lasts_s} seconds.")
    place = site.place(fault.machine)
    keys = {s.key for s in site.signals_of(fault.machine)}
    suits = {
        "jam": "produced" in keys,
        "bearing_wear": "vibration" in keys,
        "door_open": "door" in keys,
        "meter_rollover": "energy" in keys,
        "night_run": fault.machine.startswith("compressor"),
    }
    if not suits.get(fault.kind, True):
        raise Invalid(f"The fault “{fault.kind}” cannot happen at {place.name} ({fault.machine}).")
    if fault.kind not in ("drift", "flat_line"):
        return fault
    usual = "temperature" if place.kind is NodeKind.ROOM else DEFAULT_SIGNAL[(place.machine or {})["class"]]
    key = (fault.signal or usual).removeprefix(f"{fault.machine}.")
    signal = site.signal(f"{fault.machine}.{key}")
    _check_signal(fault.kind, signal)
    return Fault(fault.kind, fault.machine, key, fault.size, fault.lasts_s)


def _check_signal(kind: str, signal: Signal) -> None:
    if signal.interval_s is None or signal.counter or signal.kind is not ValueKind.FLOAT:
        raise Invalid(f"The fault “{kind}” needs a measured value; {signal.name} is none.")
    if kind == "drift" and band_of(signal) is None:
        raise Invalid(f"{signal.name} has no allowed band that it could drift out of.")


def band_of(signal: Signal) -> float | None:
    """From the middle of a signal's normal band to the nearer alarm limit; None without one."""
    limits = signal.limits
    if limits.normal_low is None or limits.normal_high is None:
        return None
    middle = limits.setpoint if limits.setpoint is not None else (limits.normal_low + limits.normal_high) / 2
    reach = [abs(edge - middle) for edge in (limits.alarm_low, limits.alarm_high) if edge is not None]
    return min(reach, default=None)


def coupled(machine: str) -> tuple[str, ...]:
    """The machines that stand in a row with one, itself included; only itself when it works alone."""
    line = LINE_OF[machine]
    if line.kind not in _COUPLED or machine in _ALONE:
        return (machine,)
    return tuple(m for m in line.machines if m not in _ALONE)


def applied(line: Line, plan: dict[str, Timeline], actives: Iterable[Active]) -> dict[str, Timeline]:
    """A week's timelines with the faults that change what machines do: jams, doors, running at night. Counters come later."""
    found = dict(plan)
    for active in actives:
        if active.fault.machine not in line.machines:
            continue
        if active.fault.kind == "jam":
            _jam(found, active)
        elif active.fault.kind in ("door_open", "night_run"):
            code = 1 if active.fault.kind == "door_open" else RUNNING
            found[active.fault.machine] = _forced(found[active.fault.machine], active, code)
    return found


def _forced(line: Timeline, active: Active, code: int) -> Timeline:
    until = line.until_us if active.to_us is None else active.to_us
    split = cut(line, (active.from_us, until))
    inside = (split["start_us"] >= active.from_us) & (split["start_us"] < until)
    split.columns["state"] = np.where(inside, code, split["state"])
    return split


def _jam(lines: dict[str, Timeline], active: Active) -> None:
    row = coupled(active.fault.machine)
    here = row.index(active.fault.machine)
    for place, machine in enumerate(row):
        if place == here:
            lines[machine] = _stands(lines[machine], active, ((0.0, ABORTED), (0.0, CLEARING), (CLEAR_S, STARTING)), True)
            continue
        wait = BUFFER_S * abs(place - here)
        lines[machine] = _stands(lines[machine], active, ((wait, SUSPENDED),), False)


_Steps = tuple[tuple[float, int], ...]


def _stands(line: Timeline, active: Active, steps: _Steps, own: bool) -> Timeline:
    """Making replaced by standing still. The first step starts seconds after the jam began, others after it ended."""
    until = line.until_us if active.to_us is None else active.to_us + int((CLEAR_S + START_S) * SECOND_US)
    ended = until if active.to_us is None else active.to_us
    starts = [active.from_us + int(steps[0][0] * SECOND_US)]
    starts += [ended + int(after * SECOND_US) for after, _ in steps[1:]]
    if starts[0] >= ended:
        return line
    split = cut(line, (*starts, until))
    begin = split["start_us"]
    busy = (split["job"] != NOBODY) & (split["mode"] == 1) if own else split["state"] == EXECUTE
    for start, end, code in zip(starts, [*starts[1:], until], [code for _, code in steps], strict=True):
        inside = busy & (begin >= start) & (begin < end)
        split.columns["state"] = np.where(inside, code, split["state"])
        split.columns["rate"] = np.where(inside, 0.0, split["rate"])
    return split
