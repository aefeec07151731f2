"""Zero-loss accounting through kills and cuts: what was emitted is stored, dead-lettered, declared as a gap, or waits.

emitted  = stored unique + dead-lettered + declared gaps + still in the spool
received = stored unique + duplicates + dead-lettered + still in the spool
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from connectors.twin.broker import Broker, mosquitto
from db import embedded, source
from db.historian import accounting, raw_window
from db.store import Store, migrate
from engine.access import SYSTEM
from engine.time import us_of
from tests.connectors.collecting import eventually, free_port, publisher
from tests.connectors.opcua_server import NAMESPACE, Plant
from tests.connectors.plant_store import TAGS, furnish, stored
from tests.connectors.workers import WorkerProcess

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(mosquitto() is None, reason="Mosquitto is not installed"),
]


class Emitter:
    """Publishes a gapless sequence on each topic, in a thread, and keeps its own ledger."""

    def __init__(self, port: int, per_second: int = 400) -> None:
        self.client = publisher(port)
        self.ledger: dict[int, list[int]] = {n: [] for n in range(TAGS)}
        self._pause, self._stopping = 1 / per_second, threading.Event()
        self._arrived = 0
        self.client.on_publish = lambda *_: self._count()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        n = 0
        while not self._stopping.is_set():
            topic, value = n % TAGS, n // TAGS
            payload = json.dumps({"v": value, "t": time.time_ns() // 1000})
            self.client.publish(f"plant/{topic}", payload, qos=1)
            self.ledger[topic].append(value)
            n += 1
            self._stopping.wait(self._pause)

    def _count(self) -> None:
        self._arrived += 1

    @property
    def emitted(self) -> int:
        return sum(len(values) for values in self.ledger.values())

    def stop(self) -> None:
        """End, when the broker has everything."""
        self._stopping.set()
        self._thread.join()
        eventually(lambda: self._arrived >= self.emitted, "the last publication")
        self.client.disconnect()
        self.client.loop_stop()


def plant(store: Store, broker: Broker) -> None:
    furnish(store, ("broker", "mqtt", {"host": "127.0.0.1", "port": broker.port, "topics": ["plant/#"], "keepalive_s": 5}))


def connected(store: Store) -> bool:
    return any(s.state == "connected" for s in source.states(SYSTEM, store))


def everything_is_there(store: Store, emitter: Emitter) -> None:
    """The identity, per tag and in total, with no tolerance; and nothing that was never sent."""
    eventually(lambda: accounting(store, 1).stored >= emitter.emitted, "the arrival of everything")
    assert stored(store) == {n + 1: values for n, values in emitter.ledger.items()}
    counts = accounting(store, 1)
    assert counts.received == counts.stored + counts.duplicates + counts.superseded + counts.dead_lettered
    assert (counts.stored, counts.superseded, counts.dead_lettered) == (emitter.emitted, 0, 0)
    with store.read() as connection:
        assert connection.execute(text("select count(*) from gap")).scalar() == 0


def killed_at_random(kills: int, store: Store, url: str, broker: Broker, data: Path, started: list[WorkerProcess]) -> None:
    plant(store, broker)
    rng = random.Random(kills)
    started.append(WorkerProcess(url, data))
    eventually(lambda: connected(store))
    emitter = Emitter(broker.port)
    for n in range(kills):
        if n % 2:  # every other time it has come far enough to bring something into the store
            before = accounting(store, 1).stored
            eventually(lambda before=before: accounting(store, 1).stored > before, "new samples")
        time.sleep(rng.uniform(0.05, 2.5))
        started[-1].kill()
        started.append(WorkerProcess(url, data))
    emitter.stop()
    everything_is_there(store, emitter)


def test_a_worker_killed_at_random_moments_loses_nothing(
    store: Store, database_url: str, broker: Broker, tmp_path: Path, started: list[WorkerProcess]
) -> None:
    killed_at_random(4, store, database_url, broker, tmp_path / "data", started)


@pytest.mark.proof
def test_a_worker_killed_200_times_loses_nothing(
    store: Store, database_url: str, broker: Broker, tmp_path: Path, started: list[WorkerProcess]
) -> None:
    killed_at_random(200, store, database_url, broker, tmp_path / "data", started)


def test_a_broker_that_restarts_loses_nothing(
    store: Store, database_url: str, broker: Broker, tmp_path: Path, started: list[WorkerProcess]
) -> None:
    plant(store, broker)
    started.append(WorkerProcess(database_url, tmp_path / "data"))
    eventually(lambda: connected(store))
    emitter = Emitter(broker.port, per_second=200)
    for _ in range(2):
        time.sleep(1)
        broker.stop()
        time.sleep(1)
        broker.start()
    emitter.stop()
    everything_is_there(store, emitter)


def test_while_the_database_is_away_the_spool_grows_and_then_drains(
    broker: Broker, tmp_path: Path, started: list[WorkerProcess]
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="plantglass-test-"))
    folder.chmod(0o755)
    url = embedded.start(folder / "pg")
    store = Store(url)
    try:
        migrate(url)
        plant(store, broker)
        started.append(WorkerProcess(url, tmp_path / "data"))
        eventually(lambda: connected(store))
        emitter = Emitter(broker.port, per_second=200)
        time.sleep(1)
        embedded.stop(folder / "pg")
        eventually(lambda: _waiting(tmp_path / "data") > 5, "the growth of the spool")
        time.sleep(1)
        assert started[-1].process.poll() is None
        started[-1].kill()  # and now the worker too: what it had taken in is on its disk
        assert embedded.start(folder / "pg") == url
        started.append(WorkerProcess(url, tmp_path / "data"))
        time.sleep(1)
        emitter.stop()
        everything_is_there(store, emitter)
        eventually(lambda: _waiting(tmp_path / "data") == 0, "the empty spool")
    finally:
        for worker in started:
            if worker.process.poll() is None:
                worker.kill()
        store.close()
        embedded.stop(folder / "pg")
        shutil.rmtree(folder, ignore_errors=True)


def _waiting(data: Path) -> int:
    found = 0
    for file in (data / "spool").glob("*.sqlite"):
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        found += connection.execute("select count(*) from record").fetchone()[0]
        connection.close()
    return found


def test_opc_ua_values_are_stored_or_lie_in_a_declared_gap(
    store: Store, database_url: str, tmp_path: Path, started: list[WorkerProcess]
) -> None:
    port = free_port()
    server = Plant(port)
    settings = {"url": server.url, "publishing_ms": 200, "sampling_ms": 50, "queue": 1000}
    furnish(store, ("line", "opcua", settings))
    with store.change("test", "addresses") as change:
        change.connection.execute(
            text(f"update tag_binding set address = 'nsu={NAMESPACE};s=count', decode = '{{}}' where id = 1")
        )
        change.connection.execute(text("delete from tag_binding where id > 1"))
    ledger: dict[int, int] = {}
    stopping = threading.Event()

    def emit() -> None:
        while not stopping.is_set():
            at = datetime.now(UTC)
            ledger[us_of(at)] = len(ledger) + 1
            server.write("count", len(ledger), at)
            time.sleep(0.01)

    started.append(WorkerProcess(database_url, tmp_path / "data"))
    eventually(lambda: connected(store))
    emitting = threading.Thread(target=emit)
    emitting.start()
    try:
        for pause in (1.0, 1.7):
            time.sleep(pause)
            started[-1].kill()
            time.sleep(0.5)
            started.append(WorkerProcess(database_url, tmp_path / "data"))
            now = time.time_ns() // 1000
            eventually(lambda now=now: _later_than(store, now), "values after the restart")
    finally:
        stopping.set()
        emitting.join()
    last = max(ledger)
    eventually(lambda: _later_than(store, last - 1), "the last value")
    with store.read() as connection:
        rows = connection.execute(text("select from_us, to_us from gap where source_id = 1")).all()
    series = raw_window(SYSTEM, store, 1, 0, 2**60)
    found = dict(zip(series.at_us.tolist(), series.values.tolist(), strict=True))
    assert len(rows) == 2
    missing = {at for at in ledger if at not in found}
    uncovered = sorted(at for at in missing if not any(r.from_us <= at < r.to_us for r in rows))
    assert uncovered == [], rows
    assert {at: bits for at, bits in found.items() if at in ledger} == {at: n for at, n in ledger.items() if at in found}
    assert len(found) > 100
    started[-1].stop()
    server.stop()


def _later_than(store: Store, at_us: int) -> bool:
    with store.read() as connection:
        return bool(connection.execute(text("select max(at_us) > :at from last_value"), {"at": at_us}).scalar())


def test_a_data_folder_that_cannot_be_written_is_one_clear_sentence(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "spool").write_text("in the way")
    worker = WorkerProcess(database_url, tmp_path / "data")
    assert worker.process.wait(60) == 1
    assert "spool folder" in worker.log()
    assert "Traceback" not in worker.log()
