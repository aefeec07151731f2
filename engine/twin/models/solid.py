"""Solid dose: granulator, blender, tablet press, coater."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import numpy as np

from engine.time import SECOND_US
from engine.twin import noise
from engine.twin.models.model import Model, Values


class Granulator(Model):
    """Wet granulation raises torque; drying takes moisture out until the product warms."""

    KW: ClassVar = (1.0, 3.0, 30.0)
    SHAKE: ClassVar = (0.2, 1.5)

    def load(self) -> Values:
        return self.by_phase({"Dry mixing": 0.8, "Wet granulation": 1.0, "Drying": 0.5, "Discharge": 0.2}, 0.0)

    def power_kw(self) -> Values:
        return self.by_phase(
            {"Dry mixing": 24.0, "Wet granulation": 44.0, "Drying": 31.0, "Discharge": 8.0, "Charging": 4.0}, 1.2
        )

    def impeller_speed(self) -> Values:
        speed = self.lag_phase("impeller", {"Dry mixing": 120.0, "Wet granulation": 240.0}, 0.0, 4.0)
        return speed * (1.0 + self.white("impeller", 0.003))

    def impeller_torque(self) -> Values:
        wet = self.by_phase({"Wet granulation": 1.0}, 0.0) * np.clip(self.phase_s / 1500.0, 0.0, 1.1)
        dry = self.by_phase({"Dry mixing": 24.0, "Wet granulation": 30.0}, 0.0)
        return (dry + 48.0 * wet**1.6) * (1.0 + self.white("torque", 0.03))

    def inlet_air_temperature(self) -> Values:
        return self.lag_phase("inlet", {"Drying": 65.0}, 24.0, 240.0) + self.white("inlet", 0.25)

    def moisture(self) -> Values:
        start = 12.0 + self.wander("water", 6, 0.5)
        dried = 1.6 + (start - 1.6) * np.exp(-self.phase_s / 1150.0)
        level = self.by_phase({"Dry mixing": 2.6, "Charging": 2.6, "Wet granulation": np.nan, "Drying": np.nan}, 2.0)
        wetting = 2.6 + (start - 2.6) * np.clip(self.phase_s / 1500.0, 0.0, 1.0)
        drying = self.by_phase({"Drying": 1.0}, 0.0) > 0
        wet = self.by_phase({"Wet granulation": 1.0}, 0.0) > 0
        return np.where(drying, dried, np.where(wet, wetting, level)) + self.white("moisture", 0.05)

    def product_temperature(self) -> Values:
        late = self.by_phase({"Drying": 1.0}, 0.0) * np.clip(self.phase_s / 3600.0, 0.0, 1.2)
        cooling = self.by_phase({"Discharge": 1.0}, 0.0) * np.exp(-self.phase_s / 300.0)
        bed = self.lag_phase("bed", {"Drying": 34.0, "Wet granulation": 29.0}, 22.0, 420.0)
        return bed + 12.0 * (late**3 + cooling) + self.white("bed", 0.15)


class Blender(Model):
    """A bin that turns; torque with the load."""

    KW: ClassVar = (0.3, 0.8, 6.0)

    def power_kw(self) -> Values:
        return self.by_phase({"Blending": 6.2, "Lubrication": 6.0, "Docking": 1.5, "Discharge": 1.2}, 0.35)

    def speed(self) -> Values:
        return self.lag_phase("turn", {"Blending": 12.0, "Lubrication": 12.0}, 0.0, 6.0) * (1.0 + self.white("turn", 0.004))

    def torque(self) -> Values:
        return 58.0 * self.speed() * (1.0 + self.wander("torque", 1, 0.03)) + np.abs(self.white("torque", 4.0))


CONTROL_US = 20 * 60 * SECOND_US
"""How often the weight control corrects the fill depth."""


class Press(Model):
    """Granule density wanders; the weight control follows it with the fill depth, always a little late.

    Weight = density × depth; force rises steeply with weight at a constant gap; hardness follows force, thickness both.
    """

    KW: ClassVar = (1.0, 3.2, 15.0)
    SHAKE: ClassVar = (0.25, 1.45)
    COUPLED: ClassVar = frozenset({"tablet_weight"})
    seen: Press

    def _density(self, at_us: np.ndarray) -> Values:
        slow = noise.smooth(self.key("density"), at_us, 3 * 3600 * SECOND_US)
        return 1.0 + 0.008 * slow + 0.002 * noise.smooth(self.key("density", "fast"), at_us, 1500 * SECOND_US)

    @cached_property
    def _depth(self) -> Values:
        return 9.15 / self._density(self.at_us // CONTROL_US * CONTROL_US)

    @cached_property
    def _weight(self) -> Values:
        starved = 8.0 * (self.pace - 0.95)
        return 250.0 * self._density(self.at_us) * self._depth / 9.15 - starved + self.drift("tablet_weight")

    @cached_property
    def _force(self) -> Values:
        return 14.2 + 0.34 * (self._weight - 250.0) + 1.2 * (self.pace - 0.95) + self.white("force", 0.13)

    def main_force(self) -> Values:
        return self.seen._force

    def pre_force(self) -> Values:
        return 3.2 + 0.045 * (self.seen._weight - 250.0) + self.seen.white("pre", 0.05)

    def ejection_force(self) -> Values:
        at = self.seen
        return 0.40 + 0.012 * (at._force - 14.2) + at.wander("lubrication", 5, 0.018) + at.white("ejection", 0.007)

    def turret_speed(self) -> Values:
        return 48.0 / 44.0 * self.lag("turret", lambda line: line["rate"], 3.0) * (1.0 + self.white("turret", 0.0015))

    def tablet_weight(self) -> Values:
        return self.seen._weight + self.seen.white("weight", 0.35)

    def fill_depth(self) -> Values:
        return self.seen._depth

    def hardness(self) -> Values:
        return 93.0 + 5.0 * (self.seen._force - 14.2) + self.seen.wander("hardness", 4, 1.2) + self.seen.white("hardness", 1.3)

    def thickness(self) -> Values:
        at = self.seen
        return 3.90 + 0.010 * (at._weight - 250.0) - 0.016 * (at._force - 14.2) + at.white("thickness", 0.004)

    def feeder_speed(self) -> Values:
        return self.lag_pace("feeder", 0.0, 3.0) * (33.0 + 9.0 * (self.pace - 0.95)) + self.running * self.white("feeder", 0.15)

    def hopper_level(self) -> Values:
        return 82.0 - 48.0 * (self.produced() % 90_000) / 90_000.0 + self.white("hopper", 0.6)


_SPRAY = {"Spraying": 240.0}
_COAT_INLET = {"Preheating": 58.0, "Spraying": 62.0, "Drying": 60.0, "Cooling": 26.0}


class Coater(Model):
    """Spray cools the bed against the inlet air."""

    KW: ClassVar = (1.0, 4.0, 45.0)
    SHAKE: ClassVar = (0.2, 1.6)

    def load(self) -> Values:
        return self.by_phase({"Preheating": 0.7, "Spraying": 1.0, "Drying": 0.9, "Cooling": 0.8, "Loading": 0.2}, 0.0)

    def power_kw(self) -> Values:
        return self.by_phase({"Preheating": 48.0, "Spraying": 46.0, "Drying": 45.0, "Cooling": 18.0, "Loading": 5.0}, 1.5)

    def inlet_air_temperature(self) -> Values:
        return self.lag_phase("inlet", _COAT_INLET, 23.0, 200.0) + self.wander("inlet", 1, 0.6) + self.white("inlet", 0.25)

    def bed_temperature(self) -> Values:
        warm = self.lag_phase("bed", {"Preheating": 45.0, "Spraying": 44.0, "Drying": 47.0, "Cooling": 28.0}, 22.0, 480.0)
        return warm - 0.018 * (self.spray_rate() - self.lag_phase("spray", _SPRAY, 0.0, 12.0)) + self.white("bed", 0.2)

    def spray_rate(self) -> Values:
        return self.lag_phase("spray", _SPRAY, 0.0, 12.0) * (
            1.0 + self.wander("spray", 0.5, 0.015) + self.white("spray", 0.008)
        )

    def pan_speed(self) -> Values:
        turn = self.lag_phase("pan", {"Preheating": 3.0, "Spraying": 8.0, "Drying": 4.0, "Cooling": 3.0}, 0.0, 8.0)
        return turn * (1.0 + self.white("pan", 0.004))

    def pan_pressure(self) -> Values:
        drawn = self.lag_phase(
            "draught", {"Preheating": -22.0, "Spraying": -25.0, "Drying": -24.0, "Cooling": -20.0}, -2.0, 15.0
        )
        return drawn + self.white("draught", 0.9)
