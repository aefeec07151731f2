"""What the tests of collectors and workers are given: a broker, and workers that end with the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.twin.broker import Broker
from tests.connectors.collecting import free_port
from tests.connectors.workers import WorkerProcess


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A Mosquitto of its own."""
    made = Broker(tmp_path / "broker", free_port(), "mosquitto")
    made.start()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def started() -> Iterator[list[WorkerProcess]]:
    """Worker processes of a test; what still runs is killed."""
    found: list[WorkerProcess] = []
    yield found
    for worker in found:
        if worker.process.poll() is None:
            worker.kill()
