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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.twin.plant import Plant

from connectors.twin import orders, state
from connectors.twin.broker import HOST, Broker
from connectors.twin.edge import EdgeNode
from connectors.twin.publisher import Publisher
from connectors.twin.server import PlantServer, quieten
from engine.errors import Invalid, PlantError
from engine.time import HOUR_US, MINUTE_US, SECOND_US, moment_of
from engine.twin.faults import Fault
from engine.twin.site import SITE

log = logging.getLogger(__name__)

BLOCK_STEPS = 10
"""Steps in one block: with a publishing interval of 0.5 s and queues of 20, two blocks fit into each client's queue."""
PAUSE_S = 0.5
"""Between two blocks while catching up: one publishing interval."""
LEDGER_EVERY_S = 5.0
FAST_START_US = 8 * HOUR_US
"""How far in the past a plant begins that runs faster than the clock."""
STANDING_US = 24 * HOUR_US
"""How far to look back for the standing values of signals that are sent on change only."""


def now_us() -> int:
    """µs since 1970 UTC by the system's clock."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Options:
    """Where and how a plant runs. `broker`: "auto", "mosquitto", "embedded", or "none" when one runs elsewhere."""

    folder: Path
    opcua_port: int = 4840
    mqtt_port: int = 1884
    speed: float = 1.0
    seed: int | None = None
    broker: str = "auto"


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
    if command.do == "clear":
        plant.clear(command.machine, command.at_us)
        return
    if command.machine is None:
        raise Invalid("A fault needs a machine or room.")
    fault = Fault(command.kind, command.machine, command.signal, command.size, command.lasts_s)
    plant.inject(fault, command.at_us)


def plant_of(folder: Path, seed: int | None = None) -> Plant:
    """The plant of a data folder with all its recorded faults: the same values and truth as the running one."""
    made = state.birth(folder, now_us(), seed)
    plant = Plant(made.seed, made.anchor_us, SITE)
    for command in state.Channel(folder).new():
        apply(plant, command)
    return plant


@dataclass
class Outside:
    """Server, publisher, edge node and drop folder: everything that a frame goes to."""

    options: Options
    broker: Broker | None = None
    server: PlantServer | None = None
    publisher: Publisher | None = None
    edge: EdgeNode | None = None
    standing: dict[str, Any] = field(default_factory=dict)

    async def open(self, standing: Mapping[str, Any]) -> None:
        """Start everything, showing the standing values; raises `Unavailable` with one sentence when a port is taken."""
        options = self.options
        if options.broker != "none":
            self.broker = Broker(options.folder / "broker", options.mqtt_port, options.broker)
            await asyncio.to_thread(self.broker.start)
        self.publisher = Publisher(HOST, options.mqtt_port)
        self.edge = EdgeNode(HOST, options.mqtt_port)
        await self.serve(standing)
        self.publisher.start()
        self.publisher.write(standing)
        self.edge.write(standing)
        self.edge.start()

    async def serve(self, standing: Mapping[str, Any]) -> None:
        """Start the OPC UA server; its first values are there before it listens."""
        server = PlantServer(self.options.folder / "plant-opcua", self.options.opcua_port)
        await server.build()
        await server.write(standing)
        await server.listen()
        self.server = server

    async def send(self, frame: Any) -> None:
        """Let everybody say what happened."""
        if self.server is not None:
            await self.server.write(frame.series)
        if self.publisher is not None:
            self.publisher.write(frame.series)
        if self.edge is not None:
            self.edge.write(frame.series)
        orders.drop(self.options.folder / "drop" / "orders", frame.orders)

    async def close(self) -> None:
        """Stop everything, the broker last."""
        if self.edge is not None:
            await asyncio.to_thread(self.edge.stop)
        if self.publisher is not None:
            await asyncio.to_thread(self.publisher.stop)
        if self.server is not None:
            await self.server.close()
        if self.broker is not None:
            await asyncio.to_thread(self.broker.stop)


class Run:
    """One life of the process. `start`, then `tick` again and again, then `stop`."""

    def __init__(self, options: Options, clock: Callable[[], int] = now_us) -> None:
        self.options = options
        folder = options.folder
        wall = clock() // SECOND_US * SECOND_US
        self.ledger = state.read_ledger(folder)
        past = wall - FAST_START_US if options.speed > 1 else wall
        begin = min(wall, max(past, self.ledger.through_us))
        made = state.birth(folder, wall, options.seed)
        self.plant = Plant(made.seed, made.anchor_us, SITE)
        self.channel = state.Channel(folder)
        self.clock = Clock(begin, options.speed, clock(), clock)
        self.through_us = begin
        self.outside = Outside(options)
        self._saved = 0.0

    async def start(self) -> None:
        """Take up recorded faults and open the outside."""
        for command in self.channel.new():
            apply(self.plant, command)
        series = await asyncio.to_thread(self.standing)
        await self.outside.open(series)
        self._count(series)
        log.info("The virtual plant runs from %s.", moment_of(self.through_us).isoformat())

    def standing(self) -> dict[str, Any]:
        """The last value of each signal as it stands at the beginning, so that nobody waits for the first change."""
        rare = self.plant.frame(self.through_us - STANDING_US, self.through_us, 60).series
        often = self.plant.frame(self.through_us - 2 * MINUTE_US, self.through_us, 1).series
        return {name: _last(series) for name, series in (rare | often).items() if len(series.at_us)}

    async def tick(self) -> bool:
        """Send one block; returns whether the plant is still behind its clock."""
        self._obey()
        step_us = self.clock.step_s * SECOND_US
        there = self.clock() // SECOND_US * SECOND_US
        until = min(there, self.through_us + BLOCK_STEPS * step_us)
        if until > self.through_us:
            frame = await asyncio.to_thread(self.plant.frame, self.through_us, until, self.clock.step_s)
            await self.outside.send(frame)
            self.ledger.ran(self.through_us, until)
            self._count(frame.series)
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
                names = {n: getattr(command, n) for n in state.Command.__dataclass_fields__}
                command = state.Command(**(names | {"at_us": self.through_us}))
            try:
                apply(self.plant, command)
            except PlantError as error:
                log.warning("A fault command was refused: %s", error)

    def _count(self, series: Mapping[str, Any]) -> None:
        for name, samples in series.items():
            self.ledger.count(name, samples.at_us)

    def _save(self, *, always: bool = False) -> None:
        if always or time.monotonic() - self._saved >= LEDGER_EVERY_S:
            state.write_ledger(self.options.folder, self.ledger)
            self._saved = time.monotonic()


def _last(samples: Any) -> Any:
    return type(samples)(samples.at_us[-1:], samples.values[-1:], samples.status[-1:])


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
