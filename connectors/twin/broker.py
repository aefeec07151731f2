"""The demo's MQTT broker: Mosquitto where it is installed, else the embedded `iotcore`; 127.0.0.1 only.

Mosquitto is preferred because it keeps queued messages over a restart; `iotcore` (rumqttd) does not, and speaks
MQTT 3.1.1 only.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from engine.errors import Unavailable

HOST = "127.0.0.1"
START_S, STOP_S = 15.0, 15.0
PLACES = (
    "/usr/sbin",
    "/usr/local/sbin",
    "/opt/homebrew/sbin",
    r"C:\Program Files\mosquitto",
    r"C:\Program Files (x86)\mosquitto",
)
QUEUED = 1_000_000
"""Messages that Mosquitto keeps for a client that is away; its default of 1,000 drops the rest silently."""


def mosquitto() -> str | None:
    """The Mosquitto program of this machine, or None."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=os.pathsep.join(PLACES))


class Broker:
    """One broker of the demo. `kind` is "auto", "mosquitto" or "embedded"; `folder` keeps its queue and log."""

    def __init__(self, folder: Path, port: int, kind: str = "auto") -> None:
        self.folder, self.port = folder, port
        self.program = None if kind == "embedded" else mosquitto()
        if kind == "mosquitto" and self.program is None:
            raise Unavailable("Mosquitto is not installed on this machine.")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """Which broker it is."""
        return "iotcore" if self.program is None else "mosquitto"

    @property
    def running(self) -> bool:
        """Whether the broker's process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it answers; raises `Unavailable` when the port is taken or it does not come up."""
        if self.running:
            return
        if _answers(self.port):
            raise Unavailable(f"Something else already listens on the MQTT port {self.port} of {HOST}.")
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(self._command(), stdin=subprocess.PIPE, stderr=log)
        self._wait()

    def stop(self) -> None:
        """Stop it and wait until its queue is saved; safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _command(self) -> list[str]:
        if self.program is None:
            return [sys.executable, str(Path(__file__).with_name("embedded_broker.py")), str(self.port)]
        file = self.folder / "mosquitto.conf"
        file.write_text(self._configuration(), encoding="utf-8")
        return [sys.executable, str(Path(__file__).with_name("guard.py")), self.program, "-c", str(file)]

    def _configuration(self) -> str:
        lines = [
            f"listener {self.port} {HOST}",
            "allow_anonymous true",
            "persistence true",
            f"persistence_location {self.folder.as_posix()}/",
            "autosave_interval 15",
            f"max_queued_messages {QUEUED}",
            "max_queued_bytes 0",
            f"log_dest file {(self.folder / 'mosquitto.log').as_posix()}",
            "log_type error",
            "log_type warning",
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            lines.append(f"user {getpass.getuser()}")  # as root it would change to an account that cannot write here
        return "\n".join(lines) + "\n"

    def _wait(self) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if _answers(self.port):
                return
            if not self.running:
                raise Unavailable(f"The MQTT broker {self.name} ended at its start; see {self.folder}.")
            time.sleep(0.05)
        self.stop()
        raise Unavailable(f"The MQTT broker {self.name} did not answer within {START_S:.0f} s on port {self.port}.")


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=0.3):
            return True
    except OSError:
        return False
