"""The process of the virtual plant: asks the plant what happened since the last tick and lets the outside say it.

A tick covers whole steps of plant time, follows the last one without gap or overlap, and never reaches into the future.
A late plant catches up in blocks that no client's queue overflows on.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from connectors.twin import orders, state
from connectors.twin.outside import BROKER, SERVER, Options, Outside
from connectors.twin.server import quieten
from engine.errors import Invalid, PlantError
from engine.time import DAY_US, HOUR_US, SECOND_US, moment_of
from engine.twin.faults import Fault
from engine.twin.plant import Plant, Series
from engine.twin.site import SITE

log = logging.getLogger(__name__)

BLOCK_STEPS = 10
"""Steps in one block: with a publishing interval of 0.5 s and queues of 20, two blocks fit into each client's queue."""
PAUSE_S = 0.5
"""Between two blocks while catching up: one publishing interval."""
LEDGER_EVERY_S = 5.0
FAST_START_US = 8 * HOUR_US
"""How far in the past a plant begins that runs faster than the clock."""

RELEASED_US = 21 * DAY_US
"""At its first start a plant also hands over the orders of the last three weeks: some of them are under way."""


def now_us() -> int:
    """µs since 1970 UTC by the system's clock."""
    return time.time_ns() // 1000


@dataclass(slots=True)
class Clock:
    """Plant time: `speed` times as fast as the wall clock from `begin_us` on until it has caught up, then live."""

    begin_us: int
    speed: float
    started_us: int
    now: Callable[[], int] = now_us
    live: bool = False

    def __call__(self) -> int:
        """The plant's present, never later than the wall clock's."""
        wall = self.now()
        there = self.begin_us + int((wall - self.started_us) * self.speed)
        self.live = self.live or there >= wall
        return wall if self.live else there

    @property
    def step_s(self) -> int:
        """Distance of sampled values: 1 s live, longer while time flies, so that a second holds ten steps at most."""
        return 1 if self.live else min(60, max(1, round(self.speed / BLOCK_STEPS)))


def apply(plant: Plant, command: state.Command) -> None:
    """Do a command of the channel to the plant; raises `Invalid` or `NotFound` for what it cannot suffer."""
    if command.machine in (SERVER, BROKER):
        return  # the outside alone knows these
    if command.do == "clear":
        caused = {a.fault.machine for a in plant.faults if not a.planted}
        for machine in caused if command.machine is None else (command.machine,):
            plant.clear(machine, command.at_us)
        return
    if command.machine is None:
        raise Invalid("A fault needs a machine or room.")
    fault = Fault(command.kind, command.machine, command.signal, command.size, command.lasts_s)
    plant.inject(fault, command.at_us)


def plant_of(folder: Path, seed: int | None = None) -> Plant:
    """The plant of a data folder with all its recorded faults: the same values and truth as the running one."""
    made = state.birth(folder, now_us() // SECOND_US * SECOND_US, seed)
    plant = Plant(made.seed, made.anchor_us, SITE)
    for command in state.Channel(folder).new():
        _try(plant, command)
    return plant


def _try(plant: Plant, command: state.Command) -> None:
    try:
        apply(plant, command)
    except PlantError as error:
        log.warning("The fault command %s was refused: %s", command.id, error)


class Run:
    """One life of the process. `start`, then `tick` again and again, then `stop`."""

    def __init__(self, options: Options, clock: Callable[[], int] = now_us) -> None:
        self.options = options
        wall = clock() // SECOND_US * SECOND_US
        self.ledger = state.read_ledger(options.folder)
        past = wall - FAST_START_US if options.speed > 1 else wall
        self.through_us = min(wall, max(past, self.ledger.through_us))
        self.clock = Clock(self.through_us, options.speed, clock(), clock, options.speed <= 1)
        self.plant = plant_of(options.folder, options.seed)
        self.channel = state.Channel(options.folder)
        self.outside = Outside(options)
        self._outages = Outages(self.channel.new())
        self._saved = 0.0

    async def start(self) -> None:
        """Open the outside with the values that stand at the beginning."""
        standing = self.plant.snapshot(self.through_us)
        await self.outside.open(standing)
        self._count(standing)
        if not self.ledger.runs:
            released = self.plant.frame(self.through_us - RELEASED_US, self.through_us, 3600).orders
            orders.drop(self.outside.orders, released)
        self.ledger.ran(self.through_us, self.through_us)
        self._save(always=True)
        log.info("The virtual plant runs from %s.", moment_of(self.through_us).isoformat())

    async def tick(self) -> bool:
        """Send one block; returns whether the plant is still behind its clock."""
        self._obey()
        there = self.clock() // SECOND_US * SECOND_US
        step_s = self.clock.step_s
        until = min(there, self.through_us + BLOCK_STEPS * step_s * SECOND_US)
        if until > self.through_us:
            await self._keep_up()
            frame = await asyncio.to_thread(self.plant.frame, self.through_us, until, step_s)
            self._count(await self.outside.send(frame))
            self.ledger.ran(self.through_us, until)
            self.through_us = until
        self._save()
        return until < there

    async def live(self, stopping: asyncio.Event) -> None:
        """Tick until told to stop."""
        while not stopping.is_set():
            behind = await self.tick()
            pause = PAUSE_S if behind else 1.0 - time.time() % 1.0 + 0.005
            try:
                await asyncio.wait_for(stopping.wait(), pause)
            except TimeoutError:
                continue

    async def stop(self) -> None:
        """Close the outside and keep the ledger."""
        await self.outside.close()
        self._save(always=True)

    def _obey(self) -> None:
        for command in self.channel.new():
            if command.at_us < self.through_us:
                self.channel.moved(command, self.through_us)
                command = replace(command, at_us=self.through_us)
            self._outages.add(command)
            _try(self.plant, command)

    async def _keep_up(self) -> None:
        """Close or open the OPC UA server and the broker as their outages begin and end."""
        outside, at_us = self.outside, self.through_us
        if self._outages.holds(SERVER, at_us):
            await outside.unserve()
        elif outside.server is None:
            standing = self.plant.snapshot(at_us)
            await outside.serve(standing)
            self._count({n: s for n, s in standing.items() if SITE.signal(n).route == "opcua"})
        if outside.broker is not None:
            away = self._outages.holds(BROKER, at_us)
            await asyncio.to_thread(outside.broker.stop if away else outside.broker.start)

    def _count(self, series: Mapping[str, Series]) -> None:
        for name, samples in series.items():
            self.ledger.count(name, samples.at_us.tolist())

    def _save(self, *, always: bool = False) -> None:
        if always or time.monotonic() - self._saved >= LEDGER_EVERY_S:
            state.write_ledger(self.options.folder, self.ledger)
            self._saved = time.monotonic()


class Outages:
    """When the OPC UA server and the broker are away by command: `disconnect line-server`, `disconnect site-broker`."""

    def __init__(self, commands: list[state.Command]) -> None:
        self._away: dict[str, list[list[float]]] = {SERVER: [], BROKER: []}
        for command in commands:
            self.add(command)

    def add(self, command: state.Command) -> None:
        """Take note of a command; those of machines and rooms are passed over."""
        for name, away in self._away.items():
            if command.machine not in (name, None):
                continue
            if command.do == "clear":
                for window in away:
                    window[1] = min(window[1], max(window[0], command.at_us))
            elif command.kind == "disconnect":
                lasts = float("inf") if command.lasts_s is None else command.lasts_s * SECOND_US
                away.append([command.at_us, command.at_us + lasts])

    def holds(self, name: str, at_us: int) -> bool:
        """Whether it is away at an instant."""
        return any(begin <= at_us < end for begin, end in self._away[name])


async def serve(options: Options) -> None:
    """Run a plant until the process is asked to end; raises `Unavailable` when a port is taken."""
    quieten()
    run, stopping = Run(options), asyncio.Event()
    _on_signal(stopping)
    try:
        await run.start()
        await run.live(stopping)
    finally:
        await run.stop()


def _on_signal(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopping.set))
