"""The virtual plant on MQTT: plain JSON in the unified namespace. Retained, QoS 1, MQTT 3.1.1 (any broker speaks it)."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from typing import Any

import paho.mqtt.client as mqtt

from engine.errors import Unavailable
from engine.tag import GOOD, ValueKind
from engine.time import moment_of
from engine.twin.site import SITE, Signal, Site

KEEP_ALIVE_S = 30
DRAIN_S = 5.0


def connected(client_id: str) -> mqtt.Client:
    """A paho client that comes back within seconds and forgets nothing that it was given while away."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv311)
    client.reconnect_delay_set(1, 5)
    client.max_inflight_messages_set(1000)
    return client


class Publisher:
    """Publishes the "mqtt" signals of the site, one message a sample, in order of time each."""

    def __init__(self, host: str, port: int, site: Site = SITE, client_id: str = "plantglass-plant") -> None:
        self.host, self.port = host, port
        self.signals = {s.name: s for s in site.signals if s.route == "mqtt"}
        self.client = connected(client_id)
        self.client.on_publish = lambda *_: self._acknowledge()
        self.handed_over = self.acknowledged = 0

    def start(self) -> None:
        """Connect, and go on trying in the background when the connection is lost; raises `Unavailable` at the start."""
        connect(self.client, self.host, self.port)

    def stop(self) -> None:
        """Hand over what is still queued (for up to 5 s), then disconnect."""
        until = time.monotonic() + DRAIN_S
        while self.acknowledged < self.handed_over and self.client.is_connected() and time.monotonic() < until:
            time.sleep(0.02)
        self.client.disconnect()
        self.client.loop_stop()

    def write(self, series: Mapping[str, Any]) -> None:
        """Publish samples by signal name; signals of other routes are passed over."""
        for name, samples in series.items():
            signal = self.signals.get(name)
            if signal is None:
                continue
            for at_us, value, status in zip(samples.at_us, samples.values, samples.status, strict=True):
                self.publish(signal.address, message(signal, int(at_us), value, int(status)))

    def publish(self, topic: str, payload: bytes) -> None:
        """One retained message at QoS 1; kept and sent later while the broker is away."""
        self.handed_over += 1
        self.client.publish(topic, payload, qos=1, retain=True)

    def _acknowledge(self) -> None:
        self.acknowledged += 1


def connect(client: mqtt.Client, host: str, port: int) -> None:
    """Open the connection and start the client's thread."""
    try:
        client.connect(host, port, KEEP_ALIVE_S)
    except OSError as error:
        raise Unavailable(f"The MQTT broker at {host}:{port} does not answer: {error}.") from error
    client.loop_start()


def message(signal: Signal, at_us: int, value: Any, status: int = GOOD) -> bytes:
    """The JSON of a sample: `ts`, `value`, `unit`, and `quality` (the OPC UA status code) unless it is good."""
    body: dict[str, Any] = {"ts": stamp(at_us), "value": plain(signal.kind, value), "unit": signal.unit}
    if status != GOOD:
        body["quality"] = status
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def stamp(at_us: int) -> str:
    """ISO 8601 UTC with ms, or µs where the instant needs them."""
    precision = "milliseconds" if at_us % 1000 == 0 else "microseconds"
    return moment_of(at_us).replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def plain(kind: ValueKind, value: Any) -> Any:
    """The value as JSON has it; NaN and infinities are null, which JSON lacks."""
    match kind:
        case ValueKind.FLOAT:
            return float(value) if math.isfinite(value) else None
        case ValueKind.BOOL:
            return bool(value)
        case ValueKind.TEXT:
            return str(value)
    return int(value)
