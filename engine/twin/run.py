"""One batch on one line: stops drawn from distributions, and what each machine of the line does meanwhile.

The line has one plan of stops. The machine that stops is held (short) or aborts (a failure); its neighbours run on until the
buffer between is full or empty, then are suspended. Rates are set so that counts fit: what one machine passes on is what the
next one takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from engine.twin.timeline import (
    ABORTED,
    ABORTING,
    CHANGEOVER,
    CLEANING,
    CLEARING,
    COMPLETE,
    COMPLETING,
    EXECUTE,
    HELD,
    HOLDING,
    IDLE,
    RESETTING,
    STARTING,
    STOPPED,
    STOPPING,
    SUSPENDED,
    SUSPENDING,
    UNHOLDING,
    UNSUSPENDING,
    Segment,
    Track,
)

Windows = Sequence[tuple[float, float]]
EVERYBODY = -1


@dataclass(frozen=True, slots=True)
class Flow:
    """Machines in a row. `passes`: units out for one in (0.5: two blisters make a carton); `weights`: who stops how often."""

    machines: tuple[str, ...]
    rejects: tuple[float, ...]
    weights: tuple[float, ...]
    passes: tuple[float, ...]
    between_stops_s: float
    failure_share: float
    transit_s: float = 20.0
    buffer_s: float = 25.0


@dataclass(frozen=True, slots=True)
class Stop:
    """Line time [start, end) without output. `unit` is the index of the machine at fault, or EVERYBODY (end of shift)."""

    start_s: float
    end_s: float
    unit: int
    failure: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A batch on a line in line time; machine j is `j * transit_s` later."""

    start_s: float
    end_s: float
    quantity: float
    job: int
    phase: str
    stops: tuple[Stop, ...] = field(default=())


def plan_run(rng: Random, flow: Flow, run: Run, rate: float, windows: Windows, limit_s: float) -> Run:
    """The run with its stops and its end: `quantity` at `rate` (units a second) takes its net time, at most until the limit."""
    now, net, stops = run.start_s, run.quantity / rate, []
    while net > 0 and now < limit_s:
        closes = next((end for start, end in windows if start <= now < end), None)
        if closes is None:
            opens = min((start for start, _ in windows if start >= now), default=limit_s)
            stops.append(Stop(now, opens, EVERYBODY, False))
            now = opens
            continue
        piece = min(max(15.0, rng.expovariate(1 / flow.between_stops_s)), net, closes - now, limit_s - now)
        now, net = now + piece, net - piece
        if net > 0 and now < min(closes, limit_s):
            stops.append(_stop(rng, flow, now))
            now = stops[-1].end_s
    made = run.quantity - max(net, 0.0) * rate
    return Run(run.start_s, min(now, limit_s), made, run.job, run.phase, tuple(s for s in stops if s.end_s < limit_s))


def _stop(rng: Random, flow: Flow, now: float) -> Stop:
    unit = rng.choices(range(len(flow.machines)), flow.weights)[0]
    failure = rng.random() < flow.failure_share
    length = rng.lognormvariate(6.75, 0.6) if failure else rng.lognormvariate(3.9, 0.7)
    return Stop(now, now + min(max(length, 15.0), 7200.0), unit, failure)


def play(flow: Flow, run: Run, tracks: dict[str, Track]) -> float:
    """Write the run into the tracks of the line's machines; returns the good units that leave the last one."""
    entering = run.quantity
    for unit, name in enumerate(flow.machines):
        segments = list(_segments(flow, run, unit))
        ends = [s.start_s for s in segments[1:]] + [segments[-1].start_s]
        lengths = [b - a for a, b in zip([s.start_s for s in segments], ends, strict=True)]
        net = sum(length for s, length in zip(segments, lengths, strict=True) if s.state == EXECUTE)
        rate = entering * flow.passes[unit] / net if net else 0.0
        good = 0.0
        for segment, length in zip(segments, lengths, strict=True):
            if segment.state == EXECUTE:
                segment.rate = rate
                segment.reject = min(flow.rejects[unit] * segment.reject, 1.0)
                good += rate * length * (1 - segment.reject)
            tracks[name].add(segment)
        entering = good
    return entering


def _segments(flow: Flow, run: Run, unit: int) -> Iterator[Segment]:
    """States of one machine; `reject` holds the multiple of the usual share until `play` scales it."""

    def at(start: float, state: int, reject: float = 0.0) -> Segment:
        return Segment(start, state, job=run.job, phase=run.phase, reject=reject)

    late = unit * flow.transit_s
    start, end = run.start_s + late, run.end_s + late
    yield at(start - 20.0, STARTING)
    yield at(start, EXECUTE, 6.0)
    warm = start + 120.0
    free = start
    for stop in run.stops:
        begin, over = _felt(flow, stop, unit, late)
        if begin < free + 1.0 or over > end or over - begin < 6.0:
            continue
        if free < warm < begin:
            yield at(warm, EXECUTE, 1.0)
        yield from (at(when, state) for when, state in _halt(stop, unit, begin, over))
        yield at(over, EXECUTE, 4.0 if stop.failure and stop.unit == unit else 1.0)
        free, warm = over, over + 60.0
    if free < warm < end:
        yield at(warm, EXECUTE, 1.0)
    yield at(end, COMPLETING)
    yield at(end + 12.0, COMPLETE)


def _felt(flow: Flow, stop: Stop, unit: int, late: float) -> tuple[float, float]:
    """When a machine stands still because of a stop: neighbours later by the buffers between."""
    delay = 0.0 if stop.unit == EVERYBODY else abs(unit - stop.unit) * flow.buffer_s
    return stop.start_s + late + delay, stop.end_s + late


def _halt(stop: Stop, unit: int, begin: float, over: float) -> list[tuple[float, int]]:
    if stop.unit == EVERYBODY:
        return [(begin, STOPPING), (begin + 5, STOPPED), (over - 40, RESETTING), (over - 25, IDLE), (over - 15, STARTING)]
    if stop.unit != unit:
        return [(begin, SUSPENDING), (begin + 2, SUSPENDED), (over - 2, UNSUSPENDING)]
    if not stop.failure:
        return [(begin, HOLDING), (begin + 2, HELD), (over - 3, UNHOLDING)]
    clear = begin + (over - begin) * 0.8
    mend = (over - clear) / 4
    mending = [(clear, CLEARING), (clear + mend, STOPPED), (clear + 2 * mend, RESETTING), (over - mend, STARTING)]
    return [(begin, ABORTING), (begin + 2, ABORTED), *mending]


def between(track: Track, start_s: float, work: Sequence[tuple[int, float, str]], job: int) -> float:
    """Work after a batch: (mode, seconds, phase) one after another, then idle. Returns the end."""
    now = max(start_s, track.end_s)
    for mode, length, phase in work:
        track.add(Segment(now, STOPPED, mode, job=job, phase=phase))
        now += length
    track.add(Segment(now, RESETTING))
    track.add(Segment(now + 20.0, IDLE))
    return now + 30.0


CLEAR = "Line clearance"
CLEAN = "Cleaning"
CHANGE = "Changeover"


def clearance(rng: Random, same_product: bool, usual_s: float) -> list[tuple[int, float, str]]:
    """What is done between two batches: clearance always, cleaning and changeover of formats with a new product."""
    short = [(CHANGEOVER, rng.uniform(0.7, 1.3) * usual_s * 0.4, CLEAR)]
    if same_product:
        return short
    return [
        *short,
        (CLEANING, rng.uniform(0.8, 1.3) * usual_s, CLEAN),
        (CHANGEOVER, rng.uniform(0.8, 1.4) * usual_s * 0.6, CHANGE),
    ]
