"""Everything that the virtual plant shows to the world: OPC UA server, MQTT publisher, Sparkplug edge node, order files."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connectors.twin import orders
from connectors.twin.broker import HOST, Broker
from connectors.twin.edge import EdgeNode
from connectors.twin.publisher import Publisher
from connectors.twin.server import PlantServer
from engine.twin.plant import Frame, Series
from engine.twin.site import SITE

SERVER, BROKER = "line-server", "site-broker"
"""What may be disconnected besides machines and rooms: named as the sources that lose it."""


@dataclass(frozen=True, slots=True)
class Options:
    """Where and how a plant runs. `broker`: "auto", "mosquitto", "embedded", or "none" when one runs elsewhere."""

    folder: Path
    opcua_port: int = 4840
    mqtt_port: int = 1884
    speed: float = 1.0
    seed: int | None = None
    broker: str = "auto"


@dataclass
class Outside:
    """Opened once, then told of every frame."""

    options: Options
    broker: Broker | None = None
    server: PlantServer | None = None
    publisher: Publisher | None = None
    edge: EdgeNode | None = None
    silent: frozenset[str] = field(default_factory=frozenset)

    @property
    def orders(self) -> Path:
        """The folder that released orders are dropped into."""
        return orders.folder_of(self.options.folder)

    async def open(self, standing: Mapping[str, Series]) -> None:
        """Start everything, showing the standing values; raises `Unavailable` with one sentence when a port is taken."""
        options = self.options
        if options.broker != "none":
            self.broker = Broker(options.folder / "broker", options.mqtt_port, options.broker)
            await asyncio.to_thread(self.broker.start)
        await self.serve(standing)
        self.publisher = Publisher(HOST, options.mqtt_port)
        self.publisher.start()
        self.publisher.write(standing)
        self.edge = EdgeNode(HOST, options.mqtt_port)
        self.edge.remember(standing)
        self.edge.start()

    async def serve(self, standing: Mapping[str, Series]) -> None:
        """Start the OPC UA server; its first values are there before it listens."""
        server = PlantServer(self.options.folder / "plant-opcua", self.options.opcua_port)
        await server.build()
        await server.write(standing)
        await server.listen()
        self.server = server

    async def unserve(self) -> None:
        """Close the OPC UA server."""
        if self.server is not None:
            await self.server.close()
            self.server = None

    async def send(self, frame: Frame) -> dict[str, Series]:
        """Let everybody say what happened; returns what was really said (a closed OPC UA server says nothing)."""
        await self._hush(frame)
        if self.server is not None:
            await self.server.write(frame.series)
        if self.publisher is not None:
            self.publisher.write(frame.series)
        if self.edge is not None:
            self.edge.write(frame.series)
        orders.drop(self.orders, frame.orders)
        lost = () if self.server is not None else ("opcua",)
        return {name: series for name, series in frame.series.items() if SITE.signal(name).route not in lost}

    async def _hush(self, frame: Frame) -> None:
        """Machines and rooms whose controller went away or came back since the last frame."""
        rooms = set(self.edge.devices) if self.edge is not None else set()
        for slug in sorted(frame.disconnected - self.silent):
            if slug in rooms and self.edge is not None:
                self.edge.silence(slug)
            elif self.server is not None:
                await self.server.silence(slug, frame.to_us)
        for slug in sorted((self.silent - frame.disconnected) & rooms):
            if self.edge is not None:
                self.edge.resume(slug)
        self.silent = frame.disconnected

    async def close(self) -> None:
        """Stop everything, the broker last."""
        if self.edge is not None:
            await asyncio.to_thread(self.edge.stop)
        if self.publisher is not None:
            await asyncio.to_thread(self.publisher.stop)
        await self.unserve()
        if self.broker is not None:
            await asyncio.to_thread(self.broker.stop)
