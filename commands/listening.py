"""The addresses that this product listens on, looked at before anything is started."""

from __future__ import annotations

import errno
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from settings import Settings

PATIENCE_S = 3.0
"""How long a port may still be taken: when a supervisor is killed, its children need a moment to end."""
LOCAL = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Listening:
    """An address that this product wants to listen on: what for, and which settings change it."""

    what: str
    host: str
    port: int
    settings: str

    def check(self) -> None:
        """Raises `Unavailable` when it cannot be listened on, also after a moment: processes of a killed run are ending."""
        patient_until = time.monotonic() + PATIENCE_S
        while (error := self._taken()) is not None:
            if error.errno != errno.EADDRINUSE or time.monotonic() > patient_until:
                reason = "another program listens there" if error.errno == errno.EADDRINUSE else error.strerror
                where = f"[{self.host}]" if ":" in self.host else self.host
                raise Unavailable(
                    f"The {self.what} cannot use the address {where}:{self.port}: {reason}. Set {self.settings} to another one."
                ) from error
            time.sleep(0.1)

    def _taken(self) -> OSError | None:
        with socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET) as probe:
            if sys.platform != "win32":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
                probe.listen()
            except OSError as error:
                return error
        return None


def web(settings: Settings) -> Listening:
    """Where the pages are."""
    return Listening("web server", settings.host, settings.port, "PLANTGLASS_PORT or PLANTGLASS_HOST")


def plant(settings: Settings) -> tuple[Listening, Listening]:
    """Where the virtual plant shows itself."""
    return (
        Listening("virtual plant's OPC UA server", LOCAL, settings.plant_port, "PLANTGLASS_PLANT_PORT"),
        Listening("demo's MQTT broker", LOCAL, settings.broker_port, "PLANTGLASS_BROKER_PORT"),
    )


def check(wanted: Sequence[Listening]) -> None:
    """Raises `Unavailable` for the first that is taken, `Invalid` when two of them have the same port."""
    for number, one in enumerate(wanted):
        for other in wanted[:number]:
            if one.port == other.port:
                raise Invalid(
                    f"The {other.what} and the {one.what} have the same port {one.port}. Set {one.settings} to another one."
                )
    for one in wanted:
        one.check()
