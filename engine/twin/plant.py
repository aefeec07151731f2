"""The virtual plant: what it sends in any window of time, faults by command, and the truth.

Everything is a function of (seed, anchor, faults): any day can be asked for in any order, and adjoining frames fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.errors import Invalid
from engine.tag import GOOD, ValueKind
from engine.time import DAY_US, SECOND_US
from engine.twin import changes, noise, stories, weeks
from engine.twin.areas import LINES
from engine.twin.faults import Active, Fault, checked
from engine.twin.meters import FLOWS, Meters
from engine.twin.models import model_of
from engine.twin.models.model import Model
from engine.twin.record import Signal, Site
from engine.twin.site import SITE
from engine.twin.stories import Story
from engine.twin.truth import Truth, truth_of
from engine.twin.world import HISTORY_DAYS, World

_STAGGER_MS = 10_000


@dataclass(frozen=True, slots=True)
class Series:
    """Samples of a signal: source times int64[n] µs, values (float64, int64, bool, or list of str), OPC UA status uint32[n]."""

    at_us: np.ndarray
    values: np.ndarray | list[str]
    status: np.ndarray

    def __len__(self) -> int:
        return len(self.at_us)


@dataclass(frozen=True, slots=True)
class Frame:
    """What the plant sends in [from_us, to_us). `disconnected`: machines whose controller does not answer at the end."""

    from_us: int
    to_us: int
    series: dict[str, Series]
    orders: tuple[dict[str, Any], ...]
    disconnected: frozenset[str]

    @property
    def samples(self) -> int:
        """Number of samples of all signals."""
        return sum(len(series) for series in self.series.values())


class Plant:
    """The virtual plant. `anchor_us` is the first start: history (so many days of it) and stories lie relative to it."""

    def __init__(self, seed: int, anchor_us: int, site: Site = SITE, history_days: int = HISTORY_DAYS) -> None:
        self.seed, self.anchor_us, self.site = seed, anchor_us, site
        self.world = World(seed, anchor_us, site, history_days)
        told = stories.planted(self.world)
        self.stories: tuple[Story, ...] = tuple(story for story, _ in told)
        self.world.actives = [active for _, active in told if active is not None]
        self.meters = Meters(self.world)
        self._shown_us = anchor_us

    @property
    def commissioned_us(self) -> int:
        """The first instant that can be asked for: some 97 days before the anchor."""
        return self.world.commissioned_us

    @property
    def faults(self) -> tuple[Active, ...]:
        """All faults so far, planted ones included."""
        return tuple(self.world.actives)

    def frame(self, from_us: int, to_us: int, step_s: float) -> Frame:
        """All samples in [from_us, to_us): measured values every `step_s` or their own longer interval, others on change.

        Raises `Invalid` for a window that is empty backwards or begins before the plant existed.
        """
        self._check(from_us, to_us)
        if to_us == from_us:
            return Frame(from_us, to_us, {}, (), frozenset())
        series = {name: found for slug in self.site.machines for name, found in self._machine(slug, from_us, to_us, step_s)}
        self._shown_us = max(self._shown_us, to_us)
        return Frame(from_us, to_us, series, self._orders(from_us, to_us), self._silent(to_us - 1))

    def snapshot(self, at_us: int) -> dict[str, Series]:
        """The present value of every signal, one sample each: at the instant, or (on-change signals) when it last changed."""
        self._check(at_us, at_us)
        at = np.array([at_us])
        found = {}
        for slug in self.site.machines:
            model = self._model(slug, at)
            for signal in self.site.signals_of(slug):
                on_change = signal.interval_s is None
                found[signal.name] = (
                    Series(*changes.last(self.world, signal, at_us))
                    if on_change
                    else _series(at, self._measured(model, signal))
                )
        return found

    def inject(self, fault: Fault, at_us: int) -> Active:
        """Let a fault happen from an instant on; nothing before changes. Raises `Invalid` or `NotFound` when it cannot."""
        self._check(at_us, at_us)
        fault = checked(fault, self.site)
        until = None if fault.lasts_s is None else at_us + int(fault.lasts_s * SECOND_US)
        active = Active(fault, at_us, until)
        self._change([*self.world.actives, active], at_us)
        return active

    def clear(self, machine: str, at_us: int | None = None) -> int:
        """End a machine's faults, planted ones too, at an instant (None: the end of the latest frame); returns how many."""
        self.site.place(machine)
        at = self._shown_us if at_us is None else at_us
        open_ = [a for a in self.world.actives if a.fault.machine == machine and (a.to_us is None or a.to_us > at)]
        ended = [replace(a, to_us=max(at, a.from_us)) if a in open_ else a for a in self.world.actives]
        self._change(ended, at)
        return len(open_)

    def truth(self, from_us: int, to_us: int, step_s: float = 1.0) -> Truth:
        """What really happened in [from_us, to_us), and how many samples `frame` gives of each signal at `step_s`."""
        self._check(from_us, to_us)
        found = truth_of(self.world, self.meters, from_us, to_us)
        told = tuple(s for s in self.stories if s.from_us < to_us and (s.to_us is None or s.to_us > from_us))
        emitted = {s.name: self._emitted(s, from_us, to_us, step_s) for s in self.site.signals}
        return replace(found, stories=told, emitted=emitted)

    def _check(self, from_us: int, to_us: int) -> None:
        if to_us < from_us:
            raise Invalid(f"The window ends ({to_us}) before it begins ({from_us}).")
        self.world.check(from_us)

    def _change(self, actives: list[Active], from_us: int) -> None:
        self.world.change(actives, from_us)
        self.meters.forget(from_us)

    def _model(self, slug: str, at_us: np.ndarray) -> Model:
        return model_of(self.site.place(slug))(self.world, slug, at_us)

    def _grid(self, signal: Signal, from_us: int, to_us: int, step_s: float) -> np.ndarray:
        """When a measured signal is sampled: a fixed grid, shifted by the machine, without the time it was disconnected."""
        step = int(max(step_s, signal.interval_s or 0.0) * SECOND_US)
        shift = (noise.key_of(self.seed, "stagger", signal.machine) % _STAGGER_MS) * 1000
        at = np.arange(from_us + (shift - from_us) % step, to_us, step)
        for active in self.world.suffers(signal.machine, "disconnect"):
            at = at[~active.holds(at)]
        return at

    def _machine(self, slug: str, from_us: int, to_us: int, step_s: float) -> Iterator[tuple[str, Series]]:
        models: dict[float, Model] = {}
        for signal in self.site.signals_of(slug):
            if signal.interval_s is None:
                continue
            every = max(step_s, signal.interval_s)
            if every not in models:
                models[every] = self._model(slug, self._grid(signal, from_us, to_us, step_s))
            model = models[every]
            if len(model.at_us):
                yield signal.name, _series(model.at_us, self._measured(model, signal))
        for signal, at, values in changes.between(self.world, slug, from_us, to_us):
            yield signal.name, Series(at, values, np.full(len(at), GOOD, dtype=np.uint32))

    def _measured(self, model: Model, signal: Signal) -> np.ndarray:
        found = self._value(model, signal)
        for active in self.world.suffers(signal.machine, "flat_line", signal.key):
            stuck = self._value(self._model(signal.machine, np.array([active.from_us])), signal)[0]
            found = np.where(active.holds(model.at_us), stuck, found)
        return found

    def _value(self, model: Model, signal: Signal) -> np.ndarray:
        if signal.key in FLOWS:
            return self.meters.reading(signal.machine, signal.key, model.at_us)
        found = model.values(signal.key)
        return found if signal.kind is not ValueKind.FLOAT else np.round(found, signal.decimals or 0)

    def _emitted(self, signal: Signal, from_us: int, to_us: int, step_s: float) -> int:
        if signal.interval_s is None:
            return changes.count(self.world, signal, from_us, to_us)
        return len(self._grid(signal, from_us, to_us, step_s))

    def _orders(self, from_us: int, to_us: int) -> tuple[dict[str, Any], ...]:
        found = []
        for line in LINES:
            first = weeks.week_of(from_us, line.weekday)
            last = weeks.week_of(to_us + DAY_US * 7, line.weekday)
            for week in range(first, last + 1):
                found += [o for o in stories.orders_of(self.world, line, week) if from_us <= o.release_us < to_us]
        return tuple(o.record for o in sorted(found, key=lambda o: (o.release_us, o.record["number"])))

    def _silent(self, at_us: int) -> frozenset[str]:
        lost = [a for a in self.world.actives if a.fault.kind == "disconnect"]
        at = np.array([at_us])
        return frozenset(a.fault.machine for a in lost if a.holds(at)[0])


def _series(at_us: np.ndarray, values: np.ndarray) -> Series:
    return Series(at_us, values, np.full(len(at_us), GOOD, dtype=np.uint32))
