"""Rooms: pressure falls while a door is open, particles follow doors and people, climate follows doors and the weather."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import numpy as np

from engine.twin.catalogue import CLIMATE, PRESSURE
from engine.twin.models.model import Model, Values
from engine.twin.models.weather import outdoor
from engine.twin.timeline import EXECUTE, Timeline

GRADES = frozenset(PRESSURE)
_WORK = {"room-a1": "filler-1", "room-b1": "filler-1", "room-c1": "washer-1"}
_BACKGROUND = {"A": (60.0, 0.3), "B": (3_000.0, 22.0), "C": (140_000.0, 900.0)}
"""Particles at rest, ≥ 0.5 µm and ≥ 5 µm, 1/m³."""


def _open(line: Timeline) -> np.ndarray:
    return line["state"].astype(np.float64)


class Room(Model):
    """A classified room (grades A to D) or the packaging hall."""

    @cached_property
    def grade(self) -> str:
        """The room's grade."""
        return str(self.world.site.place(self.slug).attributes["grade"])

    def door(self) -> np.ndarray:
        return self.col("state") == 1

    def temperature(self) -> Values:
        weather = 0.02 * (outdoor(self.world.seed, self.at_us) - 10.0)
        doors = 0.5 * self.lag("warmth", _open, 400.0)
        return CLIMATE[self.grade][0] + weather + doors + self.wander("temperature", 3, 0.22) + self.white("temperature", 0.04)

    def humidity(self) -> Values:
        weather = 0.18 * (outdoor(self.world.seed, self.at_us) - 10.0)
        doors = 2.0 * self.lag("damp", _open, 500.0)
        return CLIMATE[self.grade][1] + weather + doors + self.wander("humidity", 4, 1.3) + self.white("humidity", 0.25)

    def pressure(self) -> Values:
        usual = PRESSURE[self.grade]
        lost = min(0.65 * usual, 16.0) * self.lag("pressure", _open, 5.0)
        return usual - lost + self.wander("pressure", 1.5, 0.5) + self.white("pressure", 0.3)

    @cached_property
    def _activity(self) -> Values:
        working = self.world.column(_WORK[self.slug], "state", self.at_us) == EXECUTE
        return 1.0 + 5.0 * working + 22.0 * self.lag("particles", _open, 240.0)

    def _particles(self, name: str, rest: float) -> Values:
        expected = rest * self._activity * np.exp(0.25 * self.wander(name, 2, 1.0))
        return np.clip(np.round(expected + np.sqrt(expected) * self.white(name, 1.0)), 0.0, None)

    def particles_05(self) -> Values:
        return self._particles("half", _BACKGROUND[self.grade][0])

    def particles_5(self) -> Values:
        return self._particles("five", _BACKGROUND[self.grade][1])


class ColdRoom(Model):
    """Air warms towards the warehouse while the door is open and is cooled back."""

    AMBIENT: ClassVar = 16.0

    def door(self) -> np.ndarray:
        return self.col("state") == 1

    def temperature(self) -> Values:
        gained = (self.AMBIENT - 5.0) * self.lag("cold", _open, 1800.0)
        return 4.9 + gained + 0.35 * self._defrost() + self.wander("cold", 1.0, 0.15) + self.white("cold", 0.03)

    def temperature_door(self) -> Values:
        gained = (self.AMBIENT + 1.0 - 5.0) * self.lag("cold door", _open, 1200.0)
        return 5.2 + gained + 0.3 * self._defrost() + self.wander("cold door", 0.8, 0.2) + self.white("cold door", 0.05)

    def _defrost(self) -> Values:
        hours = (self.at_us / 3.6e9) % 6.0
        return np.exp(-(((hours - 0.5) / 0.25) ** 2))
