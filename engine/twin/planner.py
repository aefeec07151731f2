"""The week of a line under construction: its tracks, jobs and orders, and what every area's plan is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.time import HOUR_US, moment_of
from engine.twin import weeks
from engine.twin.noise import random_of
from engine.twin.run import CHANGE, Flow, Run, Windows, plan_run, play
from engine.twin.timeline import CLEANING, EXECUTE, HELD, IDLE, MAINTENANCE, RESETTING, STARTING, STOPPED, Job, Segment, Track

HOUR_S = 3600.0
Phases = Sequence[tuple[str, float, float]]
"""(phase, seconds, units a second) one after another."""


@dataclass
class Order:
    """An order under planning; `ends_s` is when the present plan finishes it."""

    number: str
    product: str
    unit: str
    batches: list[dict[str, Any]] = field(default_factory=list)
    quantity: float = 0.0
    ends_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """An order as handed out (`record`, JSON values only), when, and when the plan finishes it."""

    record: dict[str, Any]
    release_us: int
    ends_us: int


class Planner:
    """Collects a week of one line. Times are seconds after the week's start."""

    def __init__(self, line: str, machines: tuple[str, ...], weekday: int, week: int, seed: int) -> None:
        self.line, self.week, self.weekday = line, week, weekday
        self.letter = "".join(part[0] for part in line.split("-")).upper()
        self.rng = random_of(seed, "plan", line, week)
        self.tracks = {machine: Track() for machine in machines}
        self.jobs: list[Job] = []
        self.orders: list[Order] = []
        self.length_s = (weeks.start_of(week + 1, weekday) - weeks.start_of(week, weekday)) / 1e6
        self.limit_s = self.length_s - 6 * HOUR_S

    def order(self, product: str, unit: str) -> Order:
        """A new order."""
        self.orders.append(
            Order(f"WO-{weeks.label(self.week, self.weekday)}-{self.letter}{len(self.orders) + 1:02d}", product, unit)
        )
        return self.orders[-1]

    def job(self, order: Order, quantity: float) -> int:
        """A new batch of an order; returns its index."""
        batch = f"B{weeks.label(self.week, self.weekday)}{self.letter}{len(self.jobs) + 1:02d}"
        self.jobs.append(Job(order.number, order.product, batch, quantity, f"{order.product}-M"))
        order.batches.append({"number": batch, "quantity": round(quantity)})
        order.quantity += quantity
        return len(self.jobs) - 1

    def fitting(self, now: float, quantity: float, rate: float, windows: Windows) -> float:
        """The quantity that the rest of the week has time for; 0 when less than a quarter."""
        left = sum(max(0.0, min(end, self.limit_s) - max(start, now)) for start, end in windows)
        most = left * rate / 1.45
        return 0.0 if most < 0.25 * quantity else float(round(min(quantity, most), -2))

    def run(self, flow: Flow, run: Run, rate: float, windows: Windows) -> tuple[float, float]:
        """A batch through machines in a row; returns (when all are done, good units)."""
        planned = plan_run(self.rng, flow, run, rate, windows, self.limit_s + HOUR_S)
        good = play(flow, planned, self.tracks)
        return max(self.tracks[m].end_s for m in flow.machines), good

    def cook(self, machine: str, start_s: float, job: int, phases: Phases) -> float:
        """A batch process of phases on one machine, held now and then; returns its end."""
        track, now = self.tracks[machine], max(start_s, self.tracks[machine].end_s + 60.0)
        track.add(Segment(now - 30.0, STARTING, job=job, phase=phases[0][0]))
        for name, length, rate in phases:
            track.add(Segment(now, EXECUTE, rate=rate, reject=0.004 if rate else 0.0, job=job, phase=name))
            if self.rng.random() < 0.12 and not rate:
                hold = min(self.rng.lognormvariate(5.2, 0.8), 1800.0)
                track.add(Segment(now + length * 0.4, HELD, job=job, phase=name))
                track.add(Segment(now + length * 0.4 + hold, EXECUTE, job=job, phase=name))
                now += hold
            now += length
        track.add(Segment(now, IDLE))
        return now

    def close(self) -> None:
        """The end of the week: cleaning and maintenance, then nothing until the week turns."""
        for track in self.tracks.values():
            start = max(track.end_s + 60.0, self.limit_s - 2 * HOUR_S)
            track.add(Segment(start, STOPPED, CLEANING, phase="Weekly cleaning"))
            track.add(Segment(start + self.rng.uniform(1.5, 2.5) * HOUR_S, STOPPED, MAINTENANCE, phase="Maintenance"))
            track.add(Segment(start + self.rng.uniform(3.5, 5.0) * HOUR_S, RESETTING, phase=CHANGE))
            track.add(Segment(self.length_s - 600.0, STOPPED))

    def released(self) -> tuple[PlannedOrder, ...]:
        """The orders as the plant's planning system hands them out, four days before the week begins, an hour apart."""
        begin = weeks.start_of(self.week, self.weekday)
        return tuple(
            self._released(order, begin - 96 * HOUR_US + n * HOUR_US, begin + int(order.ends_s * 1e6))
            for n, order in enumerate(o for o in self.orders if o.batches)
        )

    def _released(self, order: Order, release_us: int, ends_us: int) -> PlannedOrder:
        due_us = ends_us + int(self.rng.uniform(10, 72) * HOUR_US)
        record = {
            "number": order.number,
            "product": order.product,
            "quantity": round(order.quantity),
            "unit": order.unit,
            "priority": self.rng.choice((1, 2, 2, 3)),
            "release_at": moment_of(release_us).isoformat(),
            "due_at": moment_of(due_us // HOUR_US * HOUR_US).isoformat(),
            "recipe": f"{order.product}-M",
            "batches": order.batches,
            "line": self.line,
        }
        return PlannedOrder(record, release_us, ends_us)
