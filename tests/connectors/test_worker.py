"""Workers: signals reach the store, duties have one holder each, and whatever dies is taken over."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from connectors.spool import Spool
from connectors.twin.broker import Broker, mosquitto
from connectors.worker import Duty, share
from db import health, job, source
from db.historian import accounting, last_values, load
from db.store import Store
from engine.access import SYSTEM
from engine.historian.block import Intake, SampleBlock
from engine.job import JobState
from tests.connectors.collecting import eventually, publish, publisher
from tests.connectors.plant_store import add_tag, furnish, stored
from tests.connectors.workers import WorkerProcess

pytestmark = pytest.mark.skipif(mosquitto() is None, reason="Mosquitto is not installed")
START = 1_795_000_000_000_000


def plant(store: Store, broker: Broker, **more: object) -> None:
    settings = {"host": "127.0.0.1", "port": broker.port, "topics": ["plant/#"], "keepalive_s": 5} | more
    furnish(store, ("broker", "mqtt", settings), ("orders", "folder", {"path": "drop"}))


def numbers(start: int, stop: int) -> list[bytes]:
    return [json.dumps({"v": n, "t": START + n}).encode() for n in range(start, stop)]


def holders(store: Store, role: str) -> list[str]:
    return [w.id for w in health.workers(store) if role in w.roles and w.age_s < 20]


def connected(store: Store, name: str = "broker") -> bool:
    return any(s.name == name and s.state == "connected" for s in source.states(SYSTEM, store))


def test_a_source_that_breaks_stops_neither_the_heartbeat_nor_the_others(
    store: Store, database_url: str, broker: Broker, tmp_path: Path, started: list[WorkerProcess]
) -> None:
    settings = {"host": "127.0.0.1", "port": broker.port, "topics": ["plant/#"], "keepalive_s": 5}
    furnish(store, ("broker", "mqtt", settings), ("odd", "mqtt", settings | {"max_payload_kb": "many"}))
    block = SampleBlock(*(np.full(1, n) for n in (1, START, 0, 7, 0, START)))
    load(store, 1, block)
    with store.write() as connection:
        connection.execute(text("update chunk set checksum = checksum # 1"))
    started.append(WorkerProcess(database_url, tmp_path / "data"))
    eventually(lambda: connected(store), "the connection")
    eventually(lambda: any(s.state == "refused" and "ValueError" in s.detail for s in source.states(SYSTEM, store)), "odd")
    assert holders(store, "source broker")
    sender = publisher(broker.port)
    publish(sender, "plant/0", numbers(-1, 0))
    words = "Stored samples of signal 1 are damaged"
    eventually(lambda: any(words in s.detail for s in source.states(SYSTEM, store) if s.name == "broker"), "the state")
    sender.disconnect()
    sender.loop_stop()


def test_signals_orders_and_batches_reach_the_store(
    store: Store, database_url: str, broker: Broker, tmp_path: Path, started: list[WorkerProcess]
) -> None:
    plant(store, broker)
    worker = WorkerProcess(database_url, tmp_path / "data")
    started.append(worker)
    eventually(lambda: connected(store), "the connection")
    sender = publisher(broker.port)
    publish(sender, "plant/0", numbers(0, 100))
    publish(sender, "plant/batch", [json.dumps({"v": "B7", "t": START}).encode()])
    publish(sender, "plant/0", [b"garbage"])
    order = {"number": "WO-1", "product": "P1", "quantity": 5, "unit": "vials", "due_at": "2026-12-01T00:00:00Z"}
    (tmp_path / "data" / "drop").mkdir(exist_ok=True)
    (tmp_path / "data" / "drop" / "WO-1.json").write_text(json.dumps(order))
    eventually(lambda: len(stored(store)[1]) == 100, "the samples")
    eventually(lambda: _count(store, "work_order") == 1, "the order")
    eventually(lambda: _count(store, "occupation") == 1, "the occupation")
    counts = eventually(lambda: accounting(store, 1) if accounting(store, 1).received == 102 else None, "the accounts")
    assert (counts.stored, counts.dead_lettered) == (101, 1)
    assert last_values(SYSTEM, store, [1])[1].value == 99
    state = eventually(lambda: next(s for s in source.states(SYSTEM, store) if s.name == "broker" and s.last_sample_us))
    assert state.skew_us is not None
    assert state.facts["bindings"] == 5
    [seen] = health.workers(store)
    assert set(seen.roles) == {"clock", "source broker", "source orders"}
    assert worker.stop() == 0
    assert health.workers(store) == []
    assert {s.state for s in source.states(SYSTEM, store)} == {"disconnected"}
    sender.disconnect()
    sender.loop_stop()


def _count(store: Store, table: str) -> int:
    with store.read() as connection:
        return int(connection.execute(text(f"select count(*) from {table}")).scalar_one())


def test_a_dead_worker_is_taken_over_with_its_duties_its_spool_and_its_runs(
    store: Store, database_url: str, broker: Broker, tmp_path: Path, started: list[WorkerProcess]
) -> None:
    plant(store, broker)
    started.append(WorkerProcess(database_url, tmp_path / "data"))
    eventually(lambda: connected(store))
    [first] = eventually(lambda: holders(store, "source broker"))
    started.append(WorkerProcess(database_url, tmp_path / "data"))
    eventually(lambda: len(health.workers(store)) == 2, "the second worker")
    assert holders(store, "clock") == [first]
    sender = publisher(broker.port)
    publish(sender, "plant/0", numbers(0, 50))
    started[0].kill()
    publish(sender, "plant/0", numbers(50, 100))
    dead = Spool(tmp_path / "data" / "spool" / f"{first}.sqlite", 10**9)  # as it left it
    at = START + np.arange(500, 520)
    dead.append([Intake(1, 1, SampleBlock(np.ones(20), at, np.zeros(20), np.arange(500, 520), np.zeros(20), at))])
    dead.close()
    eventually(lambda: stored(store)[1] == [*range(100), *range(500, 520)], "everything, from both")
    eventually(lambda: any(w.id != first and {"clock", "source broker"} <= set(w.roles) for w in health.workers(store)))
    sender.disconnect()
    sender.loop_stop()


def test_edits_of_the_configuration_take_effect_without_a_restart(
    store: Store, database_url: str, broker: Broker, tmp_path: Path, started: list[WorkerProcess]
) -> None:
    plant(store, broker)
    started.append(WorkerProcess(database_url, tmp_path / "data"))
    eventually(lambda: connected(store))
    sender = publisher(broker.port)
    with store.change("test", "a new signal") as change:
        new = add_tag(change.connection, 1, "m.new", "int", "plant/new")
    eventually(lambda: any(s.facts.get("bindings") == 6 for s in source.states(SYSTEM, store)), "the new binding")
    publish(sender, "plant/new", numbers(0, 3))
    eventually(lambda: stored(store)[new] == [0, 1, 2])
    with store.change("test", "off") as change:
        change.connection.execute(text("update source set active = false where name = 'broker'"))
    off = eventually(
        lambda: next((s for s in source.states(SYSTEM, store) if "switched off" in s.detail), None), "the end of the source"
    )
    assert off.state == "disconnected"
    with store.change("test", "wrong") as change:
        wrong = "update source set active = true, settings = settings || '{\"colour\": \"red\"}' where name = 'broker'"
        change.connection.execute(text(wrong))
    eventually(lambda: any("“colour” that does not exist" in s.detail for s in source.states(SYSTEM, store)), "the refusal")
    sender.disconnect()
    sender.loop_stop()


def test_two_workers_share_a_shared_subscription(
    store: Store, database_url: str, broker: Broker, tmp_path: Path, started: list[WorkerProcess]
) -> None:
    plant(store, broker, shared=2)
    started += [WorkerProcess(database_url, tmp_path / "data") for _ in range(2)]
    eventually(lambda: len(holders(store, "source broker")) == 2, "the sharing")
    sender = publisher(broker.port)
    publish(sender, "plant/0", numbers(0, 200))
    eventually(lambda: stored(store)[1] == list(range(200)))
    started[0].kill()
    publish(sender, "plant/0", numbers(200, 400))
    eventually(lambda: stored(store)[1] == list(range(400)), "both halves, from one worker")
    sender.disconnect()
    sender.loop_stop()


def test_a_run_that_somebody_asked_for_is_run(
    store: Store, database_url: str, broker: Broker, tmp_path: Path, started: list[WorkerProcess]
) -> None:
    plant(store, broker)
    number = job.enqueue(store, "generate", {"days": -1}, "ines")
    started.append(WorkerProcess(database_url, tmp_path / "data"))
    eventually(lambda: next(r for r in job.runs(SYSTEM, store) if r.id == number).ended_at, "its end")


def test_a_worker_ends_soon_in_the_middle_of_long_work_and_loses_nothing(
    store: Store, database_url: str, broker: Broker, tmp_path: Path, started: list[WorkerProcess]
) -> None:
    plant(store, broker)
    worker = WorkerProcess(database_url, tmp_path / "data")
    started.append(worker)
    eventually(lambda: connected(store), "the connection")
    sender = publisher(broker.port)
    with store.write() as hindrance:
        hindrance.execute(text("lock table sample_hot in access exclusive mode"))  # storing and sealing wait
        hindrance.execute(text("lock table stale in access exclusive mode"))  # and so does what derives
        number = job.enqueue(store, "rebuild", {"tags": [1]}, "ines")
        publish(sender, "plant/0", numbers(0, 200))
        eventually(lambda: next(r for r in job.runs(SYSTEM, store) if r.id == number).worker, "the run")
        before = time.monotonic()
        assert worker.stop() == 0, worker.log()
        assert time.monotonic() - before < 12
        assert "leaves unfinished work" in worker.log()
    started.append(WorkerProcess(database_url, tmp_path / "data"))
    eventually(lambda: len(stored(store)[1]) == 200, "the samples, from the spool")
    eventually(lambda: next(r for r in job.runs(SYSTEM, store) if r.id == number).ended_at, "the run")
    assert stored(store)[1] == list(range(200))
    sender.disconnect()
    sender.loop_stop()


def test_a_run_that_its_worker_cannot_end_waits_for_the_next_one(
    store: Store, database_url: str, broker: Broker, tmp_path: Path, started: list[WorkerProcess]
) -> None:
    plant(store, broker)
    worker = WorkerProcess(database_url, tmp_path / "data")
    started.append(worker)
    eventually(lambda: connected(store), "the connection")
    with store.write() as hindrance:
        hindrance.execute(text("lock table chunk in access exclusive mode"))
        job.enqueue(store, "rebuild", {"tags": [1]}, "ines")
        eventually(lambda: job.runs(SYSTEM, store)[0].state is JobState.RUNNING, "the run")
        before = time.monotonic()
        assert worker.stop() == 0, worker.log()
        assert time.monotonic() - before < 10
        [run] = job.runs(SYSTEM, store)
        assert (run.state, run.worker) == (JobState.WAITING, None)
    assert health.workers(store) == []


def test_without_a_database_the_command_ends_with_one_sentence(tmp_path: Path) -> None:
    worker = WorkerProcess("postgresql+psycopg://nobody@127.0.0.1:1/none", tmp_path / "data")
    assert worker.process.wait(60) == 1
    assert worker.log().startswith("plantglass: The database does not answer")
    assert "Traceback" not in worker.log()


# ------------------------------------------------------------------ shares
def test_one_worker_holds_everything() -> None:
    wanted = [Duty(1), Duty(2, 0), Duty(2, 1)]
    assert share(wanted, [], 1) == set(wanted)


def test_of_a_shared_subscription_a_worker_keeps_its_part_only() -> None:
    wanted = [Duty(2, n) for n in range(4)]
    assert share(wanted, wanted[:3], 2) == set(wanted[:2])
    assert share(wanted, wanted[:1], 2) == set(wanted)


@given(st.integers(1, 8), st.integers(1, 5))
def test_all_workers_together_may_hold_every_duty(duties: int, living: int) -> None:
    wanted = [Duty(1, n) for n in range(duties)]
    held: list[set[Duty]] = [set() for _ in range(living)]
    for _ in range(duties + 1):
        for mine in held:
            free = [d for d in wanted if not any(d in other for other in held)]
            mine &= share(wanted, mine, living)
            mine |= set([d for d in free if d in share(wanted, mine, living)][:1])
    assert set().union(*held) == set(wanted)
