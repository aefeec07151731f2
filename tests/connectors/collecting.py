"""What the tests of collectors share: ports, a spool with its inlet, and what has arrived in it."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from connectors.collect import Condition, Inlet
from connectors.decode import Channel, Receipt, options_of
from connectors.spool import Spool, claim
from engine.historian.block import Intake
from engine.reading import plausible
from engine.tag import Source, Tag, ValueKind

WAIT_S = 30.0


def free_port() -> int:
    """A port that nobody listens on, below the range that outgoing connections take theirs from."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def eventually(true: Callable[[], Any], what: str = "it") -> Any:
    """Wait until something is true, up to a generous limit."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        found = true()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {WAIT_S:.0f} s")


class Bench:
    """A spool with an inlet for one source."""

    def __init__(
        self, folder: Path, source: Source, *, limit: int = 10**9, patience_s: float = 30, gxp: tuple[int, ...] = ()
    ) -> None:
        self.source = source
        self.spool: Spool = claim(folder, limit)
        self.condition = Condition()
        self.inlet = Inlet(self.spool, self.condition, gxp, patience_s)
        self.receipt = Receipt(source, plausible(400, 60))

    def intake(self) -> Intake:
        """Everything in the spool."""
        batch = self.spool.read(self.source.id, samples=10**9)
        return batch.intake if batch is not None else Intake(self.source.site_id, self.source.id)

    def bits(self) -> list[int]:
        """The bits of all samples, in order of arrival."""
        return list(self.intake().samples.bits.tolist())


def channel(address: str, kind: ValueKind = ValueKind.INT, number: int = 1, **more: Any) -> Channel:
    """A tag bound to an address."""
    codes = more.pop("codes", None)
    gxp = more.pop("gxp", False)
    return Channel(Tag(number, 1, 2, f"tag-{number}", "", kind, gxp=gxp), address, options_of(more), codes)


def publisher(port: int, **tls: Any) -> paho.Client:
    """A connected MQTT 5 client."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    if tls:
        client.tls_set(**tls)
    client.connect("127.0.0.1", port)
    client.loop_start()
    eventually(client.is_connected, "the connection of the publisher")
    return client


def publish(client: paho.Client, topic: str, payloads: list[bytes], qos: int = 1) -> None:
    """Publish and wait until the broker has them all."""
    for done in [client.publish(topic, p, qos=qos) for p in payloads]:
        done.wait_for_publish(WAIT_S)
