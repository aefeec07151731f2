"""A whole demo plant as its own processes, on free ports and in a folder of its own, for tests and pictures."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Running:
    """Where a running demo plant is found."""

    url: str
    folder: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `plantglass <words>` against this plant."""
        return subprocess.run(
            [sys.executable, "-m", "app", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def demo(days: int = 1, folder: Path | None = None) -> Iterator[Running]:
    """Start the demo with so many days of history; ends all its processes and removes a folder that it made."""
    made = folder or Path(tempfile.mkdtemp(prefix="plantglass-demo-"))
    made.mkdir(parents=True, exist_ok=True)
    made.chmod(0o755)
    port = free_port()
    environment = os.environ | {
        "PLANTGLASS_PORT": str(port),
        "PLANTGLASS_DATA": str(made),
        "PLANTGLASS_PLANT_PORT": str(free_port()),
        "PLANTGLASS_BROKER_PORT": str(free_port()),
        "PLANTGLASS_DEMO": "true",
    }
    environment.pop("PLANTGLASS_DATABASE_URL", None)
    with (made / "demo.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "demo", "--days", str(days)], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process, made / "demo.log")
        yield Running(f"http://127.0.0.1:{port}", made, environment, process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
        if folder is None:
            shutil.rmtree(made, ignore_errors=True)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path, limit_s: float = 120) -> None:
    """Wait until the address answers 200; fails with the end of the log."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
    raise AssertionError(f"{url} did not answer:\n{log.read_text(errors='replace')[-4000:]}")
