"""The virtual plant's Sparkplug B edge node: one device a room, births with aliases, data by alias, rebirth on command.

Source: Sparkplug specification 3.0.0, chapter 5. Values that come while the broker is away are kept and sent
as historical after the next births (5.8, store and forward).
"""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt

from connectors.sparkplug import BD_SEQ, REBIRTH, DataType, MessageType, Metric, Payload, Topic, decode, encode
from connectors.twin.publisher import connect, connected, plain
from engine.errors import Invalid
from engine.tag import ValueKind
from engine.twin.site import SITE, Signal, Site

DATA_TYPES = {
    ValueKind.FLOAT: DataType.DOUBLE,
    ValueKind.INT: DataType.INT64,
    ValueKind.BOOL: DataType.BOOLEAN,
    ValueKind.STATE: DataType.INT32,
    ValueKind.TEXT: DataType.STRING,
}
KEPT = 100_000
"""Messages that are kept while the broker is away; the oldest go first."""


@dataclass(slots=True)
class Point:
    """A metric of the edge node: where it belongs, its alias, and its last value (a `Metric` with its name)."""

    device: str | None
    alias: int
    kind: ValueKind
    last: Metric


def points_of(signals: tuple[Signal, ...]) -> dict[str, Point]:
    """The metrics of the "sparkplug" signals, by signal name; aliases count from 1 over the whole node."""
    found: dict[str, Point] = {}
    for signal in (s for s in signals if s.route == "sparkplug"):
        place, _, name = signal.address.partition(":")
        _, _, device = place.partition("/")[2].partition("/")
        kind = DATA_TYPES[signal.kind]
        alias = len(found) + 1
        found[signal.name] = Point(device or None, alias, signal.kind, Metric(name, None, kind, alias, is_null=True))
    return found


class EdgeNode:
    """One edge node with its own connection. Numbers its messages 0 to 255; safe to use beside paho's thread."""

    def __init__(self, host: str, port: int, address: str = "dublin/rooms-edge", site: Site = SITE) -> None:
        self.host, self.port = host, port
        self.group, self.node = address.split("/")
        self.points = points_of(site.signals)
        self.client = connected(f"plantglass-{self.node}")
        self.client.on_pre_connect = lambda client, _: self._announce_will(client)
        self.client.on_connect = lambda *_: self._on_connect()
        self.client.on_message = lambda *got: self._on_command(got[2])
        self._lock = threading.RLock()
        self._seq, self._bd_seq = 0, int(time.time()) % 256
        self._alive = False
        self._silent: set[str] = set()
        self._kept: deque[tuple[str | None, tuple[Metric, ...]]] = deque(maxlen=KEPT)
        self.client.on_disconnect = lambda *_: self._on_disconnect()

    @property
    def devices(self) -> list[str]:
        """The devices, in their order."""
        return list(dict.fromkeys(p.device for p in self.points.values() if p.device is not None))

    def start(self) -> None:
        """Connect and be born; raises `Unavailable` when the broker does not answer."""
        connect(self.client, self.host, self.port)

    def stop(self) -> None:
        """Die in order: NDEATH, then disconnect."""
        with self._lock:
            if self._alive:
                self._send(MessageType.NDEATH, None, self._death(), numbered=False, qos=1)
            self._alive = False
        self.client.disconnect()
        self.client.loop_stop()

    def write(self, series: Mapping[str, Any]) -> None:
        """Send samples by signal name, one message a device; signals of other routes are passed over."""
        by_device: dict[str | None, list[Metric]] = {}
        with self._lock:
            for name, samples in series.items():
                if name in self.points:
                    point = self.points[name]
                    by_device.setdefault(point.device, []).extend(_metrics(point, samples))
            for device, metrics in by_device.items():
                self._data(device, tuple(metrics))

    def remember(self, series: Mapping[str, Any]) -> None:
        """Take values for the births without sending them as data."""
        for name, samples in series.items():
            if name in self.points:
                _metrics(self.points[name], samples)

    def silence(self, device: str) -> None:
        """The device loses its connection to the edge node: DDEATH, and no data until `resume`."""
        with self._lock:
            self._silent.add(device)
            if self._alive:
                self._send(MessageType.DDEATH, device, ())

    def resume(self, device: str) -> None:
        """The device is back: DBIRTH."""
        with self._lock:
            self._silent.discard(device)
            if self._alive:
                self._birth(device)

    def cut(self) -> None:
        """Lose the connection without a word: the broker sends the will. The client comes back by itself."""
        connection: Any = self.client.socket()
        if connection is not None:
            connection.shutdown(socket.SHUT_RDWR)

    # ------------------------------------------------------------------ connection, in paho's thread
    def _announce_will(self, client: mqtt.Client) -> None:
        with self._lock:
            self._bd_seq = (self._bd_seq + 1) % 256
            topic = str(Topic(self.group, MessageType.NDEATH, self.node))
            client.will_set(topic, encode(Payload(self._death(), _now_ms())), qos=1)

    def _on_connect(self) -> None:
        self.client.subscribe(str(Topic(self.group, MessageType.NCMD, self.node)), 1)
        with self._lock:
            self._alive = True
            self._births()
            while self._kept:
                device, metrics = self._kept.popleft()
                self._send(_data_verb(device), device, tuple(_historical(m) for m in metrics))

    def _on_disconnect(self) -> None:
        with self._lock:
            self._alive = False

    def _on_command(self, got: mqtt.MQTTMessage) -> None:
        try:
            wish = decode(bytes(got.payload)).metric(REBIRTH)
        except Invalid:
            return  # a command that cannot be read is not obeyed
        if wish is not None and wish.value is True:
            with self._lock:
                self._births()

    # ------------------------------------------------------------------ messages
    def _births(self) -> None:
        self._seq = 0
        own = (Metric(BD_SEQ, self._bd_seq, DataType.INT64), Metric(REBIRTH, False, DataType.BOOLEAN))
        self._send(MessageType.NBIRTH, None, own + self._standing(None))
        for device in self.devices:
            if device not in self._silent:
                self._birth(device)

    def _birth(self, device: str) -> None:
        self._send(MessageType.DBIRTH, device, self._standing(device))

    def _standing(self, device: str | None) -> tuple[Metric, ...]:
        return tuple(p.last for p in self.points.values() if p.device == device)

    def _death(self) -> tuple[Metric, ...]:
        return (Metric(BD_SEQ, self._bd_seq, DataType.INT64),)

    def _data(self, device: str | None, metrics: tuple[Metric, ...]) -> None:
        if not metrics or device in self._silent:
            return
        if self._alive:
            self._send(_data_verb(device), device, metrics)
        else:
            self._kept.append((device, metrics))

    def _send(
        self, verb: MessageType, device: str | None, metrics: tuple[Metric, ...], *, numbered: bool = True, qos: int = 0
    ) -> None:
        payload = Payload(metrics, _now_ms(), self._seq if numbered else None)
        self.client.publish(str(Topic(self.group, verb, self.node, device)), encode(payload), qos)
        if numbered:
            self._seq = (self._seq + 1) % 256


def _metrics(point: Point, samples: Any) -> list[Metric]:
    found = []
    for at_us, value, status in zip(samples.at_us, samples.values, samples.status, strict=True):
        read = plain(point.kind, value)
        null = read is None or int(status) >> 31 == 1
        at_ms = int(at_us) // 1000
        datatype = point.last.datatype
        found.append(Metric("", None if null else read, datatype, point.alias, at_ms, is_null=null))
        point.last = Metric(point.last.name, None if null else read, datatype, point.alias, at_ms, is_null=null)
    return found


def _historical(metric: Metric) -> Metric:
    return Metric(metric.name, metric.value, metric.datatype, metric.alias, metric.timestamp_ms, metric.is_null, True)


def _data_verb(device: str | None) -> MessageType:
    return MessageType.NDATA if device is None else MessageType.DDATA


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
