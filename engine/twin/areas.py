"""How the areas of the site plan a week: packaging lines, sterile filling, solid dose, utilities and the doors of rooms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from engine.twin import master, weeks
from engine.twin.planner import HOUR_S, Order, PlannedOrder, Planner
from engine.twin.run import CLEAN, Flow, Run, Windows, between, clearance
from engine.twin.timeline import CLEANING, Segment, Timeline, timeline_of

RUNNING, RESTING = 3, 2
"""State numbers of OPC 40001-1 that the utilities use: Executing, NotExecuting."""


@dataclass(frozen=True, slots=True)
class Line:
    """Machines that are planned together. `kind` picks the plan; the week begins on `weekday` (0: Monday)."""

    name: str
    kind: str
    weekday: int
    machines: tuple[str, ...]


LINES: tuple[Line, ...] = (
    Line("filling", "filling", 1, ("washer-1", "tunnel-1", "filler-1", "capper-1", "lyo-1", "inspection-1")),
    Line("solid-dose", "solid", 2, ("granulator-1", "blender-1", "press-1", "press-2", "press-3", "coater-1")),
    Line("packaging-1", "packaging", 3, ("blister-1", "cartoner-1", "checkweigher-1", "casepacker-1")),
    Line("packaging-2", "packaging", 4, ("blister-2", "cartoner-2", "checkweigher-2", "casepacker-2")),
    Line("utilities", "utilities", 0,
         ("chiller-1", "compressor-1", "compressor-2", "wfi-1", "boiler-1", "ahu-1", "ahu-2", "ahu-3")),
    Line("rooms", "rooms", 0,
         ("room-a1", "room-b1", "room-c1", "room-d1", "room-d2", "room-p1", "cold-room-1")),
)  # fmt: skip
LINE_OF: dict[str, Line] = {machine: line for line in LINES for machine in line.machines}


@dataclass(frozen=True, slots=True)
class WeekPlan:
    """What a line does in a week, faults apart: a timeline a machine (counters from 0) and the orders."""

    timelines: dict[str, Timeline]
    orders: tuple[PlannedOrder, ...]


@lru_cache(maxsize=256)
def plan_week(line: Line, week: int, seed: int) -> WeekPlan:
    """The plan of one week; depends on nothing but its arguments. Nobody writes into it."""
    planner = Planner(line.name, line.machines, line.weekday, week, seed)
    _PLANS[line.kind](planner)
    start, until = weeks.start_of(week, line.weekday), weeks.start_of(week + 1, line.weekday)
    jobs = tuple(planner.jobs)
    timelines = {m: timeline_of(track.segments, start, until, jobs) for m, track in planner.tracks.items()}
    return WeekPlan(timelines, planner.released())


def _packaging(planner: Planner) -> None:
    two_shifts = planner.line == "packaging-2"
    between_stops_s, failures = (540.0, 0.05) if two_shifts else (720.0, 0.035)
    flow = Flow(tuple(planner.tracks), (0.004, 0.003, 0.004, 0.002), (5, 3, 1, 2), (1, 0.5, 1, 1), between_stops_s, failures)
    windows: Windows = weeks.local_hours(planner.week, planner.weekday, 6, 22) if two_shifts else [(0.0, planner.length_s)]
    rng, now, product = planner.rng, 300.0, ""
    while True:
        product = rng.choice([p for p in master.PACKS if p != product])
        order = planner.order(product, "cartons")
        for _ in range(rng.randint(2, 4)):
            rate = master.BLISTERS_PER_MINUTE / 60 * rng.uniform(0.91, 0.995)
            quantity = planner.fitting(now, rng.choice((60_000, 75_000, 90_000)), rate, windows)
            if not quantity:
                planner.close()
                return
            job = planner.job(order, quantity / master.BLISTERS_PER_CARTON)
            order.ends_s, _ = planner.run(flow, Run(now, 0, quantity, job, master.PACKING), rate, windows)
            work = clearance(rng, True, 2400.0)
            now = max(between(planner.tracks[m], order.ends_s, work, job) for m in flow.machines) + 60.0
        now = max(between(planner.tracks[m], now, clearance(rng, False, 2000.0), -1) for m in flow.machines)
        now += rng.expovariate(1 / 900.0)


_FILLING_REJECTS = (0.0008, 0.0, 0.002, 0.003)
_FILL = Flow(("washer-1", "tunnel-1", "filler-1", "capper-1"), _FILLING_REJECTS, (2, 1, 5, 4), (1, 1, 1, 1), 1000.0, 0.04, 40.0)
_FILL_OPEN = Flow(("washer-1", "tunnel-1", "filler-1"), _FILLING_REJECTS[:3], (2, 1, 5), (1, 1, 1), 1100.0, 0.04, 40.0)
_CAP = Flow(("capper-1",), (0.003,), (1,), (1,), 1500.0, 0.05)
_LOOK = Flow(("inspection-1",), (0.009,), (1,), (1,), 1500.0, 0.05)
_LYO_HOURS = (0.7, 3.5, 21.0, 6.5, 0.4)


class _Filling:
    """Sterile filling: liquid products go straight to the capper; lyophilised ones are capped when the freeze dryer is done."""

    def __init__(self, planner: Planner) -> None:
        self.planner, self.rng = planner, planner.rng
        self.windows: Windows = [(0.0, planner.length_s)]
        planner.limit_s -= 4 * HOUR_S
        self.capping: list[tuple[float, int, float, Order]] = []
        self.lyo_free, self.now = 300.0, 300.0

    def plan(self) -> None:
        while self._next():
            self.now += self.rng.expovariate(1 / 600.0)
        for ready, job, vials, order in self.capping:
            self.now = max(self.now, ready)
            self._cap(job, vials, order)
        self.planner.close()

    def _next(self) -> bool:
        if self.capping and self.capping[0][0] <= self.now:
            _, job, vials, order = self.capping.pop(0)
            self._cap(job, vials, order)
            return True
        if self.lyo_free <= self.now and self.now + 46 * HOUR_S < self.planner.limit_s:
            return self._fill("CF500", 24_000, 1)
        return self._fill(self.rng.choice(("VX10", "OR5")), 42_000, self.rng.randint(1, 2))

    def _fill(self, product: str, vials: int, batches: int) -> bool:
        order, flow = self.planner.order(product, "vials"), _FILL_OPEN if product == "CF500" else _FILL
        for n in range(batches):
            rate = master.VIALS_PER_MINUTE / 60 * self.rng.uniform(0.92, 0.995)
            quantity = self.planner.fitting(self.now, vials, rate, self.windows)
            if not quantity:
                return bool(n)
            job = self.planner.job(order, quantity)
            done, good = self.planner.run(flow, Run(self.now, 0, quantity, job, master.FILLING), rate, self.windows)
            if product == "CF500":
                self._dry(done, job, good, order)
            else:
                self._look(done, job, good, order)
            work = clearance(self.rng, n + 1 < batches, 3000.0)
            self.now = max(between(self.planner.tracks[m], done, work, job) for m in flow.machines) + 60.0
        return True

    def _dry(self, start_s: float, job: int, vials: float, order: Order) -> None:
        phases = [(n, h * HOUR_S, 0.0) for n, h in zip(master.FREEZE_DRYING, _LYO_HOURS, strict=False)]
        phases.append((master.FREEZE_DRYING[-1], 2700.0, vials / 2700.0))
        done = self.planner.cook("lyo-1", start_s + 300.0, job, phases)
        self.lyo_free = between(self.planner.tracks["lyo-1"], done, [(CLEANING, 4.5 * HOUR_S, "CIP and SIP")], job) + 600.0
        self.capping.append((done + 300.0, job, vials, order))

    def _cap(self, job: int, vials: float, order: Order) -> None:
        run = Run(self.now + 30.0, 0, vials, job, master.CAPPING)
        done, good = self.planner.run(_CAP, run, master.VIALS_PER_MINUTE / 60, self.windows)
        self.now = between(self.planner.tracks["capper-1"], done, clearance(self.rng, True, 1800.0), job) + 60.0
        self._look(done, job, good, order)

    def _look(self, start_s: float, job: int, vials: float, order: Order) -> None:
        track = self.planner.tracks["inspection-1"]
        rate = master.INSPECTED_PER_MINUTE / 60 * self.rng.uniform(0.94, 1.0)
        start = max(start_s + 1200.0, track.end_s + 60.0)
        done, _ = self.planner.run(_LOOK, Run(start, 0, vials, job, master.INSPECTION), rate, self.windows)
        between(track, done, clearance(self.rng, True, 1500.0), job)
        order.ends_s = max(order.ends_s, done)


_KG = 250.0
_GRANULATION_MIN = (20, 10, 25, 60, 15)
_BLENDING_MIN = (10, 25, 8, 15)
_COATING_MIN = (15, 15, 105, 15, 15, 15)
_PRESSES = ("press-1", "press-2", "press-3")


class _Solid:
    """Solid dose: granulator, blender, one of three presses, coater; each batch moves on when the next machine is free."""

    def __init__(self, planner: Planner) -> None:
        self.planner, self.rng = planner, planner.rng
        self.free = dict.fromkeys(planner.tracks, 300.0)
        self.last: dict[str, str] = {}
        self.count = 0

    def plan(self) -> None:
        product, going = "", True
        while going:
            product = self.rng.choice([p for p in master.TABLETS if p != product])
            order = self.planner.order(product, "tablets")
            for _ in range(self.rng.randint(3, 5)):
                going = going and self._batch(order)
        self.planner.close()

    def _batch(self, order: Order) -> bool:
        press = min(_PRESSES, key=lambda name: self.free[name])
        early = max(self.free["granulator-1"], self.free[press] - 5 * HOUR_S)
        ready = 0.0 if self.count < len(_PRESSES) else early + 4.6 * HOUR_S
        if max(ready, self.free[press]) + 10.5 * HOUR_S > self.planner.limit_s - 3 * HOUR_S:
            return False
        job = self.planner.job(order, _KG * 4000)
        if self.count >= len(_PRESSES):
            granulated = self._cook("granulator-1", early, job, self._phases(master.GRANULATION, _GRANULATION_MIN))
            ready = self._cook("blender-1", granulated + 600.0, job, self._phases(master.BLENDING, _BLENDING_MIN)) + 900.0
        self.count += 1
        order.ends_s = self._press(press, ready, job)
        if order.product != "TN100":
            order.ends_s = self._cook("coater-1", order.ends_s + 900.0, job, self._phases(master.COATING, _COATING_MIN))
        return True

    def _phases(self, names: tuple[str, ...], minutes: tuple[int, ...]) -> list[tuple[str, float, float]]:
        lengths = [m * 60.0 * self.rng.uniform(0.95, 1.12) for m in minutes]
        rates = [0.0] * (len(names) - 1) + [_KG / lengths[-1]]
        return list(zip(names, lengths, rates, strict=True))

    def _cook(self, machine: str, start_s: float, job: int, phases: list[tuple[str, float, float]]) -> float:
        done = self.planner.cook(machine, max(start_s, self.free[machine]), job, phases)
        self._clean(machine, done, job, 1100.0)
        return done

    def _press(self, press: str, ready_s: float, job: int) -> float:
        flow = Flow((press,), (0.004,), (1,), (1,), 1700.0, 0.05)
        rate = master.TABLETS_PER_MINUTE / 60 * self.rng.uniform(0.9, 0.99)
        run = Run(max(ready_s, self.free[press]), 0, _KG * 4000, job, master.COMPRESSION)
        done, _ = self.planner.run(flow, run, rate, [(0.0, self.planner.length_s)])
        self._clean(press, done, job, 2700.0)
        return done

    def _clean(self, machine: str, done: float, job: int, usual_s: float) -> None:
        product = self.planner.jobs[job].product
        work = clearance(self.rng, self.last.get(machine, product) == product, usual_s)
        self.last[machine] = product
        self.free[machine] = between(self.planner.tracks[machine], done, [*work, (CLEANING, usual_s * 0.3, CLEAN)], job) + 60.0


_OPENINGS_PER_HOUR = {"room-a1": 0.15, "room-b1": 1.0, "room-c1": 3.0, "room-d1": 3.0, "room-d2": 3.0, "room-p1": 8.0}
_OPENINGS_PER_HOUR |= {"cold-room-1": 1.5}


def _rooms(planner: Planner) -> None:
    """Doors: state 1 while open; fewer openings at night, none then in the cold room."""
    days = weeks.local_hours(planner.week, planner.weekday, 6, 22)
    for room, track in planner.tracks.items():
        now = planner.rng.expovariate(_OPENINGS_PER_HOUR[room] / HOUR_S)
        while now < planner.length_s - 900:
            by_day = any(start <= now < end for start, end in days)
            if by_day or (room != "cold-room-1" and planner.rng.random() < 0.4):
                length = min(planner.rng.lognormvariate(3.6 if room == "cold-room-1" else 2.3, 0.5), 150.0)
                track.add(Segment(now, 1, mode=0))
                track.add(Segment(now + length, 0, mode=0))
                now += length
            now += 5.0 + planner.rng.expovariate(_OPENINGS_PER_HOUR[room] / HOUR_S)


def _utilities(planner: Planner) -> None:
    """Utilities run day and night; compressor 2 serves packaging line 2 and rests with it."""
    for machine, track in planner.tracks.items():
        if machine != "compressor-2":
            track.add(Segment(0.0, RUNNING))
            continue
        track.add(Segment(0.0, RESTING))
        for start, end in weeks.local_hours(planner.week, planner.weekday, 5.5, 22.5):
            track.add(Segment(start, RUNNING))
            track.add(Segment(end, RESTING))


_PLANS = {
    "packaging": _packaging,
    "filling": lambda planner: _Filling(planner).plan(),
    "solid": lambda planner: _Solid(planner).plan(),
    "utilities": _utilities,
    "rooms": _rooms,
}
