"""The state of the plant as a function of time: timelines with faults and counters, week by week, and what acts on values."""

from __future__ import annotations

from math import log

import numpy as np

from engine.errors import Invalid
from engine.time import DAY_US, HOUR_US, moment_of
from engine.twin import noise, weeks
from engine.twin.areas import LINE_OF, LINES, Line, WeekPlan, plan_week
from engine.twin.faults import Active, applied, band_of
from engine.twin.record import Site
from engine.twin.timeline import Timeline, counted, joined

HISTORY_DAYS = 98
"""The plant is commissioned about this long before its anchor."""
WEAR_FACTOR = 5.0
"""Vibration of a bearing at the end of its `bearing_wear` hours, as a multiple."""


class World:
    """Caches only; everything is a function of (seed, anchor, faults)."""

    def __init__(self, seed: int, anchor_us: int, site: Site, history_days: int = HISTORY_DAYS) -> None:
        self.seed, self.anchor_us, self.site = seed, anchor_us, site
        self.actives: list[Active] = []
        self._first = {line.name: weeks.week_of(anchor_us - history_days * DAY_US, line.weekday) for line in LINES}
        self._weeks: dict[tuple[str, int], dict[str, Timeline]] = {}
        self._joined: dict[tuple[str, int, int], Timeline] = {}

    @property
    def commissioned_us(self) -> int:
        """The first instant of the plant's life: a UTC midnight."""
        latest = max(weeks.start_of(self._first[line.name], line.weekday) for line in LINES)
        return -(-latest // DAY_US) * DAY_US

    def check(self, at_us: int) -> None:
        """Raise `Invalid` for an instant before the plant existed."""
        if at_us < self.commissioned_us:
            born = moment_of(self.commissioned_us).isoformat()
            raise Invalid(f"The virtual plant began at {born}; it has nothing at {moment_of(at_us).isoformat()}.")

    def plan(self, line: Line, week: int) -> WeekPlan:
        """The plan of a line's week, without faults."""
        return plan_week(line, week, self.seed)

    def week(self, line: Line, week: int) -> dict[str, Timeline]:
        """What a line's machines do in a week, with faults and counters."""
        done = week
        while done > self._first[line.name] and (line.name, done - 1) not in self._weeks:
            done -= 1
        for each in range(done, week + 1):
            if (line.name, each) not in self._weeks:
                self._weeks[line.name, each] = self._count(line, each)
        return self._weeks[line.name, week]

    def _count(self, line: Line, week: int) -> dict[str, Timeline]:
        found = applied(line, self.plan(line, week).timelines, self.actives)
        before = self._weeks.get((line.name, week - 1))
        return {m: counted(t, *(before[m].totals() if before else self._age(m))) for m, t in found.items()}

    def _age(self, machine: str) -> tuple[float, float]:
        made = float(noise.key_of(self.seed, "made", machine) % 5_000_000)
        return made, float(int(made * 0.004))

    def timeline(self, slug: str, from_us: int, to_us: int) -> Timeline:
        """The timeline of a machine or room that covers [from_us, to_us); whole weeks."""
        line = LINE_OF[slug]
        first, last = weeks.week_of(from_us, line.weekday), weeks.week_of(max(from_us, to_us - 1), line.weekday)
        if first == last:
            return self.week(line, first)[slug]
        key = (slug, first, last)
        if key not in self._joined:
            self._joined[key] = joined([self.week(line, w)[slug] for w in range(first, last + 1)])
        return self._joined[key]

    def column(self, slug: str, name: str, at_us: np.ndarray) -> np.ndarray:
        """A column of a machine's timeline at ascending instants."""
        line = self.timeline(slug, int(at_us[0]), int(at_us[-1]) + 1)
        return line[name][line.rows_at(at_us)]

    def suffers(self, slug: str, kind: str, signal: str | None = None) -> list[Active]:
        """The faults of a kind at a machine (at one of its signals)."""
        of = [a for a in self.actives if a.fault.machine == slug and a.fault.kind == kind]
        return [a for a in of if signal is None or a.fault.signal == signal]

    def change(self, actives: list[Active], from_us: int) -> None:
        """Replace the faults; nothing before `from_us` may differ."""
        self.actives = actives
        self._joined.clear()
        for line in LINES:
            for key in [k for k in self._weeks if k[0] == line.name and weeks.start_of(k[1] + 1, line.weekday) > from_us]:
                del self._weeks[key]

    def drift(self, slug: str, key: str, at_us: np.ndarray) -> np.ndarray | float:
        """What drift faults add to a signal, in its unit; 0.0 where there are none."""
        total: np.ndarray | float = 0.0
        for active in self.suffers(slug, "drift", key):
            band = band_of(self.site.signal(f"{slug}.{key}")) or 0.0
            hours = (at_us - active.from_us) / HOUR_US
            total = total + np.where(active.holds(at_us), hours * band * (active.fault.size or 0.5), 0.0)
        return total

    def wear(self, slug: str, at_us: np.ndarray) -> np.ndarray | float:
        """By how much a worn bearing multiplies vibration; 1.0 when sound."""
        factor: np.ndarray | float = 1.0
        for active in self.suffers(slug, "bearing_wear"):
            share = (at_us - active.from_us) / ((active.fault.size or 2.0) * HOUR_US)
            factor = factor * np.where(active.holds(at_us), np.exp(np.clip(share, 0.0, 1.3) * log(WEAR_FACTOR)), 1.0)
        return factor
