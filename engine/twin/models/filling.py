"""Sterile filling: washer, tunnel, filler, capper, freeze dryer, inspection."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from engine.twin.models.model import Model, Values


class Washer(Model):
    """Hot WFI jets while running; pressure sinks with the flow taken."""

    KW: ClassVar = (0.8, 5.0, 19.0)

    def wfi_pressure(self) -> Values:
        return 3.22 - 0.18 * self.lag_pace("flow", 0.0, 6.0) + self.wander("wfi", 2, 0.05) + self.white("wfi", 0.02)

    def water_temperature(self) -> Values:
        return 80.0 - 2.2 * self.lag_pace("water", 1.6, 300.0) + 2.2 + self.wander("water", 3, 0.7) + self.white("water", 0.25)


class Tunnel(Model):
    """Hot zone is kept hot all week; vials take heat out of it."""

    KW: ClassVar = (12.0, 34.0, 52.0)

    def zone_temperature(self) -> Values:
        cooled = 3.5 * (self.lag_pace("zone", 0.0, 240.0) - 0.8)
        return 322.0 - cooled + self.wander("zone", 1.2, 0.9) + self.white("zone", 0.35)

    def belt_speed(self) -> Values:
        return self.lag("belt", lambda line: line["rate"] * 60.0, 4.0) + self.running * self.white("belt", 0.8)

    def pressure(self) -> Values:
        return 5.2 + self.wander("pressure", 2, 0.5) + self.white("pressure", 0.15)


class Filler(Model):
    """Piston pumps: leak grows with hours since the adjustment at batch start and with pump wear; fast filling gives less."""

    KW: ClassVar = (0.8, 2.4, 9.2)
    SHAKE: ClassVar = (0.2, 1.3)
    COUPLED: ClassVar = frozenset({"fill_weight"})

    def fill_weight(self) -> Values:
        at = self.seen
        leak = 0.0035 * np.minimum(at.phase_s / 3600.0, 8.0)
        slip = 0.16 * (at.pace - 0.95)
        return 10.108 - leak - slip + at.wander("dose", 0.4, 0.006) + at.white("dose", 0.016) + at.drift("fill_weight")

    def pump_pressure(self) -> Values:
        worn = 0.6 * self.drift("fill_weight")
        return self.lag_pace("pump", 0.1, 3.0) * (0.62 + 0.65 * self.pace + worn) + np.abs(self.white("pump", 0.006))

    def product_temperature(self) -> Values:
        return 20.1 + 0.5 * self.lag_pace("product", 0.0, 900.0) + self.wander("product", 4, 0.35) + self.white("product", 0.05)

    def bowl_level(self) -> Values:
        refill = self.produced() % 900 / 900.0
        return 70.0 - 9.0 * refill + self.wander("bowl", 1, 1.0) + self.white("bowl", 0.3)


class Capper(Model):
    """Capping force of the last vial; the stopper bowl empties with every vial and is refilled."""

    KW: ClassVar = (0.6, 1.7, 6.6)

    def capping_force(self) -> Values:
        at = self.seen
        return 98.0 + 25.0 * (at.pace - 0.95) + at.wander("force", 2, 1.8) + at.white("force", 1.6)

    def stopper_level(self) -> Values:
        return np.clip(92.0 - 62.0 * (self.produced() % 6000) / 6000.0 + self.white("level", 0.7), 0.0, 100.0)


class Inspection(Model):
    """Camera inspection: the reject rate follows the share of bad vials; the lamp ages and is changed."""

    KW: ClassVar = (0.9, 2.0, 5.6)

    def reject_rate(self) -> Values:
        at = self.seen
        return np.clip(100.0 * at.col("reject") * (1.0 + at.wander("rate", 0.6, 0.18)) + at.white("rate", 0.05), 0.0, None)

    def light(self) -> Values:
        life_us = 40 * 86_400_000_000
        return 99.0 - 5.0 * (self.at_us % life_us) / life_us + self.white("light", 0.12)


_SHELF = {"Freezing": -48.0, "Primary drying": -18.0, "Secondary drying": 28.0, "Stoppering": 25.0, "Loading": 5.0}
_COLD = {"Freezing": -62.0, "Primary drying": -68.0, "Secondary drying": -72.0, "Stoppering": -60.0}
_LYO_KW = {
    "Loading": 18.0, "Freezing": 66.0, "Primary drying": 48.0, "Secondary drying": 44.0, "Stoppering": 30.0, "Unloading": 9.0,
    "CIP and SIP": 22.0,
}  # fmt: skip
PRIMARY_ENDS_S = 15.5 * 3600.0
"""When the last ice has gone, after the start of primary drying."""


class Lyophiliser(Model):
    """Freezing, primary and secondary drying. While ice is left, sublimation keeps the product well below the shelf."""

    KW: ClassVar = (4.0, 6.0, 60.0)
    SHAKE: ClassVar = (0.25, 1.4)

    def load(self) -> Values:
        return self.by_phase({"Freezing": 1.0, "Primary drying": 0.8, "Secondary drying": 0.75, "Stoppering": 0.5}, 0.05)

    def power_kw(self) -> Values:
        return self.by_phase(_LYO_KW, 5.0)

    def shelf_temperature(self) -> Values:
        return self.lag_phase("shelf", _SHELF, 20.0, 2700.0) + self.white("shelf", 0.12)

    def product_temperature(self) -> Values:
        followed = self.lag_phase("product", _SHELF, 20.0, 5400.0)
        ice = self.by_phase({"Primary drying": 1.0}, 0.0) / (1.0 + np.exp((self.phase_s - PRIMARY_ENDS_S) / 2400.0))
        chilled = 13.0 * ice * (1.0 - np.exp(-self.phase_s / 5400.0))
        return followed - chilled + self.wander("product", 2, 0.25) + self.white("product", 0.1)

    def chamber_pressure(self) -> Values:
        def logarithm(levels: dict[str, float]) -> dict[str, float]:
            return {name: float(np.log(value)) for name, value in levels.items()}

        vacuum = logarithm({"Primary drying": 0.12, "Secondary drying": 0.06, "Stoppering": 700.0})
        settled = self.lag_phase("vacuum", vacuum, float(np.log(1013.0)), 420.0)
        return np.exp(settled + self.white("vacuum", 0.012))

    def condenser_temperature(self) -> Values:
        return (
            self.lag_phase("condenser", _COLD, 15.0, 3000.0) + self.wander("condenser", 1, 0.8) + self.white("condenser", 0.2)
        )
