"""Meters: registers that integrate a flow of their machine, exactly the same whichever day is asked for first.

The flow (noise-free, units an hour) is taken at the middle of each minute; a day's total is kept as a checkpoint, so that a
reading costs one day of minutes. Registers start again from 0 at their rollover.
"""

from __future__ import annotations

import numpy as np

from engine.time import DAY_US, MINUTE_US
from engine.twin import noise
from engine.twin.catalogue import METER_ROLLOVER
from engine.twin.models import model_of
from engine.twin.world import World

FLOWS = {
    "energy": "power_kw",
    "cooling_energy": "cooling_kw",
    "air_volume": "air_m3h",
    "water_volume": "water_m3h",
    "steam_mass": "steam_kgh",
}
"""Meter signals, and the method of the model that gives what they integrate."""
MINUTES = DAY_US // MINUTE_US
_BLOCK_DAYS = 7
_KEPT_DAYS = 600


class Meters:
    """Readings of all meters of a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.first_day = world.commissioned_us // DAY_US
        self._totals: dict[tuple[str, str], list[float]] = {}
        self._curves: dict[tuple[str, str, int], np.ndarray] = {}

    def forget(self, from_us: int) -> None:
        """Drop what was computed for the day of an instant and later ones."""
        day = from_us // DAY_US
        self._curves = {key: curve for key, curve in self._curves.items() if key[2] < day}
        for totals in self._totals.values():
            del totals[max(1, day - self.first_day + 1) :]

    def reading(self, slug: str, key: str, at_us: np.ndarray) -> np.ndarray:
        """The register, float64[n], with rollovers."""
        total = self._start(slug, key) + self.used(slug, key, at_us)
        for active in self.world.suffers(slug, "meter_rollover") if key == "energy" else ():
            since = self.used(slug, key, np.array([active.from_us]))[0]
            total = np.where(at_us >= active.from_us, self.used(slug, key, at_us) - since, total)
        return np.round(total % METER_ROLLOVER, 2) % METER_ROLLOVER

    def used(self, slug: str, key: str, at_us: np.ndarray) -> np.ndarray:
        """What has flowed since commissioning, float64[n], never decreasing."""
        found = np.empty(len(at_us))
        days = at_us // DAY_US
        for day in np.unique(days).tolist():
            inside = days == day
            minute = (at_us[inside] - day * DAY_US) / MINUTE_US
            found[inside] = self._before(slug, key, day) + np.interp(
                minute, np.arange(MINUTES + 1), self._curve(slug, key, day)
            )
        return found

    def _start(self, slug: str, key: str) -> float:
        return float(noise.key_of(self.world.seed, "register", slug, key) % int(METER_ROLLOVER))

    def _flow(self, slug: str, key: str, day: int, days: int) -> np.ndarray:
        at = day * DAY_US + MINUTE_US // 2 + np.arange(days * MINUTES) * MINUTE_US
        model = model_of(self.world.site.place(slug))(self.world, slug, at)
        return np.asarray(getattr(model, FLOWS[key])()).reshape(days, MINUTES) / 60.0

    def _before(self, slug: str, key: str, day: int) -> float:
        totals = self._totals.setdefault((slug, key), [0.0])
        wanted = day - self.first_day
        while len(totals) <= wanted:
            done = len(totals) - 1
            days = min(_BLOCK_DAYS, wanted - done)
            for total in self._flow(slug, key, self.first_day + done, days).sum(axis=1).tolist():
                totals.append(totals[-1] + total)
        return totals[wanted]

    def _curve(self, slug: str, key: str, day: int) -> np.ndarray:
        found = self._curves.get((slug, key, day))
        if found is None:
            if len(self._curves) >= _KEPT_DAYS:
                self._curves.pop(next(iter(self._curves)))
            found = np.concatenate([[0.0], np.cumsum(self._flow(slug, key, day, 1)[0])])
            self._curves[slug, key, day] = found
        return found
