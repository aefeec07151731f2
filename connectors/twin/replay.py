"""Plays a recording through the virtual plant's own OPC UA server or MQTT publisher, at any speed.

Stamps keep their distances. They are shifted so that the last sample is now when the playing ends: at speed 1 the first
sample is now, faster replays begin in the past, and nothing is ever stamped in the future. The offset is recorded in
plant-replays.jsonl of the data folder.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from connectors.twin.broker import HOST
from connectors.twin.publisher import Publisher
from connectors.twin.recording import NAMESPACE, Map, Series
from connectors.twin.run import PAUSE_S, now_us
from connectors.twin.server import PlantServer
from engine.location import NodeKind
from engine.time import SECOND_US
from engine.twin.record import Place, Site

RECORDS = "plant-replays.jsonl"
ROWS_AT_ONCE = 10
"""Samples of one signal between two pauses over OPC UA: half a client's queue of 20."""


@dataclass(frozen=True, slots=True)
class Playing:
    """How to play: `speed` None as fast as possible; `loop` again and again, each time with a new offset."""

    folder: Path
    port: int
    speed: float | None = 1.0
    loop: bool = False


def span_of(recording: Mapping[str, Series]) -> tuple[int, int]:
    """First and last stamp of a recording, µs."""
    filled = [s.at_us for s in recording.values() if len(s.at_us)]
    return int(min(a[0] for a in filled)), int(max(a[-1] for a in filled))


def offset_of(recording: Mapping[str, Series], speed: float | None, start_us: int) -> int:
    """By how many µs stamps move, so that the last sample is the present when it is played."""
    first, last = span_of(recording)
    lasts = 0 if speed is None else int((last - first) / speed)
    return start_us + lasts - last


def note(folder: Path, file: Path, offset_us: int, start_us: int) -> None:
    """Record what was played and by how much it was shifted."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    line = {"file": file.name, "sha256": digest, "offset_us": offset_us, "started_us": start_us}
    with (folder / RECORDS).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")


class OpcUaTarget:
    """The replayed signals as nodes of a server of their own."""

    def __init__(self, playing: Playing, chart: Map) -> None:
        signals = tuple(c.signal for c in chart.columns)
        place = Place(signals[0].at, signals[0].at.rpartition("/")[2], NodeKind.MACHINE)
        site = Site((place,), signals, (), (), (), (), (), (), (), ())
        self._server = PlantServer(playing.folder / "plant-opcua", playing.port, site=site, namespace=NAMESPACE)

    async def open(self) -> None:
        """Build and listen; raises `Unavailable` when the port is taken."""
        await self._server.build()
        await self._server.listen()

    async def write(self, series: Mapping[str, Series]) -> None:
        """Show samples."""
        await self._server.write(series)

    async def close(self) -> None:
        """Stop the server, after clients had time to fetch the last values."""
        await asyncio.sleep(2 * PAUSE_S)
        await self._server.close()


class MqttTarget:
    """The replayed signals as topics of a broker that runs already."""

    def __init__(self, playing: Playing, chart: Map) -> None:
        signals = tuple(c.signal for c in chart.columns)
        site = Site((), signals, (), (), (), (), (), (), (), ())
        self._publisher = Publisher(HOST, playing.port, site, "plantglass-replay")

    async def open(self) -> None:
        """Connect; raises `Unavailable` when the broker does not answer."""
        await asyncio.to_thread(self._publisher.start)

    async def write(self, series: Mapping[str, Series]) -> None:
        """Publish samples."""
        await asyncio.to_thread(self._publisher.write, series)

    async def close(self) -> None:
        """Hand over what is queued and disconnect."""
        await asyncio.to_thread(self._publisher.stop)


TARGETS: dict[str, Callable[[Playing, Map], Any]] = {"opcua": OpcUaTarget, "mqtt": MqttTarget}


async def play(file: Path, chart: Map, recording: Mapping[str, Series], playing: Playing) -> int:
    """Play a recording to its end (for ever with `loop`); returns the number of samples sent."""
    target = TARGETS[chart.route](playing, chart)
    await target.open()
    sent = 0
    try:
        while True:
            start = now_us()
            offset = offset_of(recording, playing.speed, start)
            note(playing.folder, file, offset, start)
            shifted = {name: series.shifted(offset) for name, series in recording.items()}
            sent += await (_at_once(target, shifted) if playing.speed is None else _paced(target, shifted, playing.speed))
            if not playing.loop:
                return sent
    finally:
        await target.close()


async def _at_once(target: Any, recording: Mapping[str, Series]) -> int:
    stamps = np.unique(np.concatenate([s.at_us for s in recording.values()]))
    edges = [*stamps[::ROWS_AT_ONCE].tolist(), int(stamps[-1]) + 1]
    sent = 0
    for begin, end in pairwise(edges):
        sent += await _send(target, recording, begin, end)
        await asyncio.sleep(PAUSE_S if isinstance(target, OpcUaTarget) else 0)
    return sent


async def _paced(target: Any, recording: Mapping[str, Series], speed: float) -> int:
    first, last = span_of(recording)
    start, at, sent = now_us(), first, 0
    while at <= last:
        until = min(last, first + int((now_us() - start) * speed)) + 1
        sent += await _send(target, recording, at, until)
        at = until
        await asyncio.sleep(min(PAUSE_S, max(0.01, (last - at) / speed / SECOND_US)))
    return sent


async def _send(target: Any, recording: Mapping[str, Series], from_us: int, to_us: int) -> int:
    part = {name: piece for name, s in recording.items() if len((piece := s.within(from_us, to_us)).at_us)}
    await target.write(part)
    return sum(len(s.at_us) for s in part.values())
