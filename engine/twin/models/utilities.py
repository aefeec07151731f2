"""Utilities: they follow what the plant takes (cooling, air, water, steam) and the weather."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import numpy as np

from engine.time import DAY_US
from engine.twin.areas import RUNNING
from engine.twin.models.model import Model, Values
from engine.twin.models.weather import outdoor
from engine.twin.timeline import CLEANING, EXECUTE, Timeline

_AIR = {
    "compressor-1": {
        "washer-1": 55.0, "filler-1": 40.0, "capper-1": 25.0, "inspection-1": 8.0, "granulator-1": 60.0, "coater-1": 60.0,
        "press-1": 14.0, "press-2": 14.0, "press-3": 14.0, "blister-1": 60.0, "cartoner-1": 25.0, "casepacker-1": 12.0,
    },
    "compressor-2": {"blister-2": 120.0, "cartoner-2": 55.0, "casepacker-2": 25.0},
}  # fmt: skip
"""Compressed air that a machine takes while it runs, m³/h."""
_LEAK = {"compressor-1": 28.0, "compressor-2": 34.0}
_CAPACITY = 460.0
_WASH = {
    "washer-1": 0.5, "filler-1": 0.9, "capper-1": 0.3, "lyo-1": 1.1, "granulator-1": 0.7, "coater-1": 0.8, "press-1": 0.35,
    "press-2": 0.35, "press-3": 0.35, "blender-1": 0.4,
}  # fmt: skip
"""WFI that cleaning a machine takes, m³/h."""
_HEAT = {"lyo-1": 30.0, "press-1": 7.0, "press-2": 7.0, "press-3": 7.0, "coater-1": 15.0, "blister-1": 9.0, "blister-2": 9.0}
"""Process heat into the cooling water while a machine runs, kW."""
_STEAM = {"granulator-1": 320.0, "coater-1": 280.0}
"""Steam that a machine takes while it runs, kg/h."""


class Utility(Model):
    """A utility: what it serves, and the weather."""

    KW: ClassVar = (0.4, 1.0, 2.0)

    @cached_property
    def outside(self) -> Values:
        """Outdoor temperature, °C."""
        return outdoor(self.world.seed, self.at_us)

    @cached_property
    def on(self) -> Values:
        """1.0 where the utility runs."""
        return (self.col("state") == RUNNING).astype(np.float64)

    def load(self) -> Values:
        return self.on

    def served(self, shares: dict[str, float]) -> Values:
        """Sum of what running machines take."""
        total = np.zeros(len(self.at_us))
        for slug, share in shares.items():
            total += share * (self.world.column(slug, "state", self.at_us) == EXECUTE)
        return total

    def cleaned(self, shares: dict[str, float]) -> Values:
        """Sum of what machines under cleaning take."""
        total = np.zeros(len(self.at_us))
        for slug, share in shares.items():
            total += share * (self.world.column(slug, "mode", self.at_us) == CLEANING)
        return total


class Chiller(Utility):
    """Load: air handlers (more when it is warm) and process heat. The warmer outside, the less cooling a kW gives."""

    SHAKE: ClassVar = (0.4, 2.1)

    @cached_property
    def _kw(self) -> Values:
        return 105.0 + 7.5 * np.clip(self.outside - 4.0, 0.0, 30.0) + self.served(_HEAT)

    def load(self) -> Values:
        return np.clip(self._kw / 400.0, 0.3, 1.2)

    def cooling_kw(self) -> Values:
        """Cooling power without noise, for the meter."""
        return self._kw

    def power_kw(self) -> Values:
        return 9.0 + self._kw / (4.6 - 0.055 * (self.outside - 10.0))

    def cooling_power(self) -> Values:
        return self._kw * (1.0 + self.white("cooling", 0.01))

    def flow(self) -> Values:
        return 46.0 + 0.062 * self._kw + self.wander("flow", 1, 0.8) + self.white("flow", 0.25)

    @cached_property
    def _supply(self) -> Values:
        return 6.3 + 0.0016 * (self._kw - 200.0) + self.wander("supply", 0.4, 0.16) + self.white("supply", 0.03)

    def supply_temperature(self) -> Values:
        return self._supply

    def return_temperature(self) -> Values:
        return self._supply + self._kw / (1.163 * (46.0 + 0.062 * self._kw)) + self.white("return", 0.03)

    def outdoor_temperature(self) -> Values:
        return self.outside + self.white("outdoor", 0.08)


class Compressor(Utility):
    """Unloaded it still takes a third of its power; leaks are served as long as it runs."""

    SHAKE: ClassVar = (0.1, 1.9)

    @cached_property
    def _demand(self) -> Values:
        return self.on * (self.served(_AIR[self.slug]) + _LEAK[self.slug])

    def air_m3h(self) -> Values:
        """Air without noise, for the meter."""
        return self._demand

    def power_kw(self) -> Values:
        return 0.4 + self.on * (17.0 + 41.0 * self._demand / _CAPACITY)

    def air_flow(self) -> Values:
        return np.clip(self._demand * (1.0 + self.white("air", 0.02)), 0.0, None)

    def pressure(self) -> Values:
        held = self.lag("pressure", _is_on, 300.0)
        return held * (7.15 - 0.5 * self._demand / _CAPACITY) + 6.4 * (1.0 - held) + self.wander("pressure", 0.1, 0.08)

    def dew_point(self) -> Values:
        return -41.0 + 5.0 * self._demand / _CAPACITY + self.wander("dew", 2, 0.8) + self.white("dew", 0.15)

    def oil_temperature(self) -> Values:
        warm = 58.0 + 16.0 * self._demand / _CAPACITY
        return 23.0 + self.lag("oil", _is_on, 900.0) * (warm - 23.0 + 0.35 * (self.outside - 10.0)) + self.white("oil", 0.3)


def _is_on(line: Timeline) -> np.ndarray:
    return np.where(line["state"] == RUNNING, 1.0, 0.0)


def _is_cleaned(line: Timeline) -> np.ndarray:
    return np.where(line["mode"] == CLEANING, 1.0, 0.0)


class WaterStill(Utility):
    """WFI: drawn by the vial washer and by cleaning; the loop cools when much is drawn."""

    @cached_property
    def _drawn(self) -> Values:
        return 0.25 + self.cleaned(_WASH) + 1.3 * (self.world.column("washer-1", "state", self.at_us) == EXECUTE)

    def water_m3h(self) -> Values:
        """Water without noise, for the meter."""
        return self._drawn

    def power_kw(self) -> Values:
        return 5.0 + 4.2 * self._drawn

    def loop_flow(self) -> Values:
        return np.clip(self._drawn * (1.0 + self.white("flow", 0.03)), 0.0, None)

    def loop_temperature(self) -> Values:
        return 83.4 - 0.8 * self._drawn + self.wander("loop", 2, 0.4) + self.white("loop", 0.12)

    def conductivity(self) -> Values:
        return 0.52 + 0.02 * self._drawn + self.wander("conductivity", 9, 0.05) + self.white("conductivity", 0.006)

    def toc(self) -> Values:
        return 22.0 + self.wander("toc", 20, 6.0) + self.white("toc", 0.8)

    def tank_level(self) -> Values:
        emptied = np.zeros(len(self.at_us))
        for slug, share in _WASH.items():
            emptied += share * Model(self.world, slug, self.at_us).lag("wash", _is_cleaned, 2400.0)
        return np.clip(88.0 - 7.0 * emptied + self.wander("tank", 3, 4.0) + self.white("tank", 0.2), 0.0, 100.0)


class Boiler(Utility):
    """Steam for the WFI still, the heating of the air and the dryers."""

    @cached_property
    def _steam(self) -> Values:
        still = 140.0 * (0.25 + self.cleaned(_WASH) + 1.3 * (self.world.column("washer-1", "state", self.at_us) == EXECUTE))
        return 260.0 + still + 42.0 * np.clip(16.0 - self.outside, 0.0, 30.0) + self.served(_STEAM)

    def steam_kgh(self) -> Values:
        """Steam without noise, for the meter."""
        return self._steam

    def power_kw(self) -> Values:
        return 4.5 + 0.0042 * self._steam

    def steam_flow(self) -> Values:
        return self._steam * (1.0 + self.white("steam", 0.012))

    def pressure(self) -> Values:
        return 6.12 - 0.00009 * self._steam + self.wander("pressure", 0.15, 0.06) + self.white("pressure", 0.015)

    def feedwater_temperature(self) -> Values:
        return 103.0 + self.wander("feed", 2, 0.7) + self.white("feed", 0.15)

    def flue_gas_temperature(self) -> Values:
        return 118.0 + 0.024 * self._steam + self.wander("flue", 1, 2.0) + self.white("flue", 0.7)


FILTER_LIFE_US = 75 * DAY_US


class AirHandler(Utility):
    """Filters load over weeks, the fan speeds up to keep the flow; heating and humidifying follow the weather."""

    SHAKE: ClassVar = (0.2, 1.5)
    SIZE: ClassVar = {"ahu-1": 1.0, "ahu-2": 0.8, "ahu-3": 0.9}

    @cached_property
    def loading(self) -> Values:
        """Filter loading, 0 new to 1 due."""
        return ((self.at_us + self.key("filter") % FILTER_LIFE_US) % FILTER_LIFE_US) / FILTER_LIFE_US

    @cached_property
    def _fan(self) -> Values:
        return 68.0 + 11.0 * self.loading + self.wander("fan", 3, 0.6)

    def load(self) -> Values:
        return self._fan / 75.0

    def power_kw(self) -> Values:
        """The fan's power grows with the cube of its speed."""
        return self.SIZE[self.slug] * (4.0 + 24.0 * (self._fan / 75.0) ** 3 + 0.25 * np.abs(self.outside - 14.0))

    def fan_speed(self) -> Values:
        return self._fan + self.white("fan", 0.15)

    def filter_pressure(self) -> Values:
        return (95.0 + 105.0 * self.loading) * (1.0 + self.white("filter", 0.012))

    def supply_temperature(self) -> Values:
        return 18.0 + 0.035 * (self.outside - 10.0) + self.wander("supply", 0.7, 0.2) + self.white("supply", 0.04)

    def supply_humidity(self) -> Values:
        return 46.5 + 0.22 * (self.outside - 10.0) + self.wander("humidity", 5, 1.4) + self.white("humidity", 0.25)
