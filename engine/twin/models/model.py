"""What all models share: the timeline under the instants, noise, lags, power by state, vibration, counters."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import ClassVar

import numpy as np

from engine.time import HOUR_US, SECOND_US
from engine.twin import noise
from engine.twin.master import IDEAL_PER_MINUTE
from engine.twin.timeline import NOBODY, Timeline
from engine.twin.world import World

Values = np.ndarray
USUAL_PACE = 0.95
"""Assumed of the week's product before anything was made."""


class Model:
    """One machine at ascending instants int64[n], µs. A signal is the method of its name: values[n] in the tag's unit."""

    KW: ClassVar[tuple[float, float, float]] = (0.5, 1.0, 2.0)  # off, ready, running at the ideal rate
    SHAKE: ClassVar[tuple[float, float]] = (0.2, 1.2)  # vibration at rest and at the ideal rate, mm/s
    COUPLED: ClassVar[frozenset[str]] = frozenset()  # signals whose drift the equations take themselves

    def __init__(self, world: World, slug: str, at_us: np.ndarray) -> None:
        self.world, self.slug, self.at_us = world, slug, at_us

    @cached_property
    def line(self) -> Timeline:
        """The timeline that covers the instants."""
        return self.world.timeline(self.slug, int(self.at_us[0]), int(self.at_us[-1]) + 1)

    @cached_property
    def row(self) -> np.ndarray:
        """Index of the segment at each instant."""
        return self.line.rows_at(self.at_us)

    def col(self, name: str) -> np.ndarray:
        """A column of the timeline at each instant."""
        column: np.ndarray = self.line[name][self.row]
        return column

    @cached_property
    def running(self) -> Values:
        """1.0 where units are made, else 0.0."""
        return (self.col("rate") > 0).astype(np.float64)

    @cached_property
    def pace(self) -> Values:
        """Rate as a share of the ideal rate."""
        return self.col("rate") * 60.0 / IDEAL_PER_MINUTE.get(self.slug, 60.0)

    @cached_property
    def phase_s(self) -> Values:
        """Seconds since the phase began."""
        return (self.at_us - self.col("phase_us")) / SECOND_US

    @cached_property
    def seen(self) -> Model:
        """The same machine at the last instant of making: what a sensor at the product still shows."""
        found = type(self)(self.world, self.slug, np.where(self.col("rate") > 0, self.at_us, self.col("seen_us")))
        found.pace = np.where(found.pace > 0, found.pace, USUAL_PACE)
        return found

    def key(self, *names: str | int) -> int:
        """A noise key of this machine."""
        return noise.key_of(self.world.seed, self.slug, *names)

    def white(self, name: str, sigma: float) -> Values:
        """Noise from sample to sample."""
        return noise.normal(self.key(name), self.at_us) * sigma

    def wander(self, name: str, hours: float, sigma: float) -> Values:
        """Smooth noise that changes within some hours."""
        return noise.smooth(self.key(name, "smooth"), self.at_us, int(hours * HOUR_US)) * sigma

    def by_phase(self, levels: dict[str, float], otherwise: float) -> Values:
        """A level for each instant by the name of its phase."""
        table = np.array([levels.get(name, otherwise) for name in self.line.phases])
        return table[self.col("phase")]

    def lag(self, name: str, target: Callable[[Timeline], np.ndarray], tau_s: float) -> Values:
        """A first-order lag behind a target that is constant in each segment."""
        start, goal = self.line.lag(name, target, tau_s)
        start, goal = start[self.row], goal[self.row]
        gone = (self.at_us - self.col("start_us")) / (SECOND_US * tau_s)
        return goal + (start - goal) * np.exp(-gone)

    def lag_phase(self, name: str, levels: dict[str, float], otherwise: float, tau_s: float) -> Values:
        """A first-order lag behind a level by phase."""

        def target(line: Timeline) -> np.ndarray:
            return np.array([levels.get(phase, otherwise) for phase in line.phases])[line["phase"]]

        return self.lag(name, target, tau_s)

    def lag_pace(self, name: str, idle: float, tau_s: float) -> Values:
        """A first-order lag behind `idle` when standing and 1.0 when making."""
        return self.lag(name, lambda line: np.where(line["rate"] > 0, 1.0, idle), tau_s)

    def lag_work(self, name: str, idle: float, tau_s: float) -> Values:
        """A first-order lag behind `idle` without a batch and 1.0 with one."""
        return self.lag(name, lambda line: np.where((line["job"] != NOBODY) & (line["mode"] == 1), 1.0, idle), tau_s)

    def drift(self, key: str) -> Values | float:
        """What drift faults add to a signal."""
        return self.world.drift(self.slug, key, self.at_us)

    # signals and flows that many classes share

    def speed(self) -> Values:
        """Units a minute, with the drive's ramp."""
        ideal = IDEAL_PER_MINUTE[self.slug]
        ramp = self.lag("speed", lambda line: line["rate"] * 60.0, 2.5)
        return ramp + self.running * self.white("speed", 0.002 * ideal)

    def produced(self) -> np.ndarray:
        """Units made since commissioning, rejects included."""
        gone = (self.at_us - self.col("start_us")) / SECOND_US
        return np.floor(self.col("made") + gone * self.col("rate") + 1e-6).astype(np.int64)

    def rejected(self) -> np.ndarray:
        """Units rejected since commissioning."""
        gone = (self.at_us - self.col("start_us")) / SECOND_US
        return np.floor(self.col("rejected") + gone * self.col("rate") * self.col("reject") + 1e-6).astype(np.int64)

    def power_kw(self) -> Values:
        """Electric power by state, without noise; the meter integrates it."""
        off, ready, full = self.KW
        awake = (self.col("job") != NOBODY) | (self.col("mode") != 1) | (self.col("state") != 0)
        return off + (ready - off) * awake + (full - ready) * self.pace

    def power(self) -> Values:
        """Electric power as measured."""
        return self.power_kw() * (1.0 + self.white("power", 0.012))

    def load(self) -> Values:
        """How hard the drive works, 0 to 1; vibration follows it."""
        return self.pace

    def vibration(self) -> Values:
        """RMS velocity: grows with load and with a worn bearing."""
        rest, full = self.SHAKE
        usual = rest + (full - rest) * self.load() * (1.0 + 0.06 * self.wander("vibration", 8, 1.0))
        worn = 1.0 + (self.world.wear(self.slug, self.at_us) - 1.0) * np.clip(self.load(), 0.05, 1.0)
        return usual * worn * (1.0 + self.white("vibration", 0.045))

    def values(self, key: str) -> np.ndarray:
        """A signal by name, drift faults included."""
        found: np.ndarray = getattr(self, key)()
        return found if key in self.COUPLED or found.dtype != np.float64 else found + self.drift(key)
