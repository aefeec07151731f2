"""Packaging lines: blister machine, cartoner, checkweigher, serialisation and case packer."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from engine.twin.models.model import Model, Values


class Blister(Model):
    """Heats while a batch is on, cools between; sealing pressure sinks a little with speed."""

    KW: ClassVar = (1.5, 7.0, 16.0)
    SHAKE: ClassVar = (0.15, 1.1)

    def forming_temperature(self) -> Values:
        return (
            22.0
            + 120.0 * self.lag_work("forming", 0.12, 420.0)
            + self.wander("forming", 0.5, 0.7)
            + self.white("forming", 0.25)
        )

    def sealing_temperature(self) -> Values:
        heat = 22.0 + 158.0 * self.lag_work("sealing", 0.12, 540.0)
        return heat - 1.5 * self.running + self.wander("sealing", 0.7, 0.8) + self.white("sealing", 0.3)

    def sealing_pressure(self) -> Values:
        closed = self.lag_pace("pressure", 0.0, 3.0)
        return closed * (4.05 - 0.12 * (self.pace - 0.95) + self.wander("pressure", 1.5, 0.05)) + np.abs(
            self.white("pressure", 0.02)
        )


class Cartoner(Model):
    """Suction cups: vacuum while running."""

    KW: ClassVar = (0.6, 1.6, 5.6)

    def vacuum(self) -> Values:
        return -565.0 * self.lag_pace("vacuum", 0.15, 4.0) + self.wander("vacuum", 2, 12.0) + self.white("vacuum", 5.0)


class Checkweigher(Model):
    """Weight of the carton last seen: blisters and leaflet; a heavy tail where something is missing."""

    KW: ClassVar = (0.2, 0.4, 0.9)
    COUPLED: ClassVar = frozenset({"carton_weight"})

    def carton_weight(self) -> Values:
        at = self.seen
        short = at.white("missing", 1.0) < -2.95
        return 18.5 + at.wander("weight", 1.5, 0.06) + at.white("weight", 0.11) - 0.75 * short + at.drift("carton_weight")


class Casepacker(Model):
    """Serialisation camera and case packer; the camera reads worse as it gets dirty, and is cleaned every shift."""

    KW: ClassVar = (0.5, 1.1, 4.0)

    def read_rate(self) -> Values:
        at = self.seen
        dirt = (at.at_us % (8 * 3600 * 1_000_000)) / (8 * 3600 * 1_000_000)
        return np.clip(
            99.93 - 0.18 * dirt - np.abs(at.white("read", 0.05)) - 0.08 * np.abs(at.wander("read", 3, 1.0)), 0.0, 100.0
        )
