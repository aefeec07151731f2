"""Trying a source before it is configured: a real OPC UA server and a real broker are looked at, within limits."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors import listen as listening
from connectors.clock import KINDS, Runner
from connectors.listen import Heard, Topics, fields_of
from connectors.opcua import browse as browsing
from connectors.reach import refuse_secrets, refuse_unreachable
from connectors.twin.broker import Broker, mosquitto
from db import job
from db.store import Store
from engine.access import SYSTEM
from engine.connect import Found, found_of
from engine.errors import Invalid, Unavailable
from engine.job import JobRun, JobState
from engine.tag import ValueKind
from settings import Settings
from tests.connectors.collecting import free_port, publish, publisher
from tests.connectors.opcua_server import NAMESPACE, START, Plant

AT_US = int(START.timestamp() * 1e6)


@pytest.fixture(scope="module")
def plant() -> Iterator[Plant]:
    made = Plant(free_port(), before=("urn:first", "urn:second"))
    yield made
    made.stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    if mosquitto() is None:
        pytest.skip("Mosquitto is not installed")
    made = Broker(tmp_path / "broker", free_port(), "mosquitto")
    made.start()
    yield made
    made.stop()


def tried(store: Store, folder: Path, kind: str, arguments: dict[str, Any]) -> JobRun:
    """The run at its end, as a worker brings it there."""
    number = job.enqueue(store, kind, arguments, "ines")
    runner = Runner(store, Settings(data=folder), "w", {kind: KINDS[kind]})
    assert runner.work(kind)
    return next(run for run in job.runs(SYSTEM, store) if run.id == number)


def found_in(run: JobRun) -> dict[str, Found]:
    return {found.path[-1]: found for found in map(found_of, run.best["found"])}


def test_a_server_shows_its_variables_with_first_values_and_addresses_by_namespace(
    store: Store, plant: Plant, tmp_path: Path
) -> None:
    plant.write("speed", 41.5, START)
    run = tried(store, tmp_path, "browse", {"settings": {"url": plant.url}})
    assert run.state is JobState.DONE, run.message
    speed = found_in(run)["speed"]
    assert (speed.address, speed.kind, speed.shown) == (f"nsu={NAMESPACE};s=speed", ValueKind.FLOAT, "41.5")
    assert speed.at_us == AT_US
    assert found_in(run)["batch"].kind is ValueKind.TEXT
    assert found_in(run)["count"].kind is ValueKind.INT
    assert run.message == "3 values in 1 folders; 3 folders were not opened." or "not opened" in run.message
    assert ["Server"] in [place["path"] for place in run.best["unopened"]], "the server's own objects are told, not opened"


def test_what_was_not_opened_is_opened_by_its_address(store: Store, plant: Plant, tmp_path: Path) -> None:
    run = tried(store, tmp_path, "browse", {"settings": {"url": plant.url}, "start": "i=2253", "path": ["Server"]})
    assert any(found.path[:2] == ("Server", "ServerStatus") or found.path[0] == "Server" for found in found_in(run).values())


def test_the_number_of_values_is_limited(store: Store, plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "MOST_VALUES", 2)
    run = tried(store, tmp_path, "browse", {"settings": {"url": plant.url}})
    assert len(run.best["found"]) == 2


def test_a_wrong_password_variable_is_said_before_anything_is_sent(
    store: Store, plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIAL_PASSWORD", "right")
    settings = {"url": plant.url, "user": "collector", "password_env": "TRIAL_PASSWORD"}
    run = tried(store, tmp_path, "browse", {"settings": settings})
    assert run.state is JobState.DONE, run.message
    assert "right" not in json.dumps([run.arguments, run.best, run.message])
    missing = tried(store, tmp_path, "browse", {"settings": settings | {"password_env": "NOBODY_SET_THIS"}})
    assert (missing.state, "password_env" in missing.message) == (JobState.FAILED, True)


@pytest.mark.parametrize("url", ["http://127.0.0.1/x", "opc.tcp://", "file:///etc/passwd", ""])
def test_only_opc_tcp_is_spoken(store: Store, tmp_path: Path, url: str) -> None:
    assert tried(store, tmp_path, "browse", {"settings": {"url": url}}).state is JobState.FAILED


def test_nobody_answers_within_the_time(store: Store, tmp_path: Path) -> None:
    began = time.monotonic()
    run = tried(store, tmp_path, "browse", {"settings": {"url": f"opc.tcp://127.0.0.1:{free_port()}/x", "timeout_s": 2}})
    assert run.state is JobState.FAILED
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("host", ["169.254.169.254", "224.0.0.1", "0.0.0.0", "fe80::1"])
def test_addresses_that_no_source_has_are_refused(host: str) -> None:
    with pytest.raises(Invalid):
        refuse_unreachable(host, 80)


def test_a_private_address_is_allowed_and_an_unknown_name_is_said() -> None:
    refuse_unreachable("127.0.0.1", 4840)
    refuse_unreachable("10.1.2.3", 4840)
    with pytest.raises(Unavailable):
        refuse_unreachable("no-such-host.invalid", 4840)


def test_own_variables_and_files_outside_the_folder_are_sent_to_nobody(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="belongs to Plantglass"):
        refuse_secrets({"password_env": "PLANTGLASS_DATABASE_URL"}, tmp_path)
    for file in ("/etc/passwd", str(tmp_path / "secrets" / ".." / "secret")):
        with pytest.raises(Invalid, match="password file"):
            refuse_secrets({"password_file": file}, tmp_path)
    refuse_secrets({"password_file": str(tmp_path / "secrets" / "line-1")}, tmp_path)


# ------------------------------------------------------------------ a broker
def test_topics_are_heard_with_values_units_times_and_intervals(store: Store, broker: Broker, tmp_path: Path) -> None:
    sender = publisher(broker.port)
    stop = threading.Event()

    def speak() -> None:
        n = 0
        while not stop.wait(0.3):
            n += 1
            stamp = datetime.now(UTC).isoformat()
            publish(sender, "acme/dublin/press-2/force", [json.dumps({"ts": stamp, "value": 14.0 + n, "unit": "kN"}).encode()])
            publish(sender, "acme/dublin/press-2/batch", [b"B26117"])

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    arguments = {"settings": {"host": "127.0.0.1", "port": broker.port, "topics": ["acme/#"]}, "seconds": 3}
    run = tried(store, tmp_path, "listen", arguments)
    stop.set()
    thread.join()
    sender.disconnect()
    sender.loop_stop()
    assert run.state is JobState.DONE, run.message
    force, batch = found_in(run)["force"], found_in(run)["batch"]
    assert (force.kind, force.unit, force.decode) == (ValueKind.FLOAT, "kN", {"value": "value", "time": "ts"})
    assert force.at_us is not None
    assert abs(force.at_us - time.time() * 1e6) < 60e6
    assert force.interval_s is not None
    assert 0.2 <= force.interval_s <= 2
    assert (batch.kind, batch.shown, batch.decode) == (ValueKind.TEXT, "B26117", {"format": "plain"})


def test_a_broker_that_is_not_there_is_said(store: Store, tmp_path: Path) -> None:
    run = tried(store, tmp_path, "listen", {"settings": {"host": "127.0.0.1", "port": free_port()}, "seconds": 2})
    assert run.state is JobState.FAILED
    assert "127.0.0.1" in run.message


def test_a_cancelled_listening_keeps_what_it_heard(store: Store, broker: Broker, tmp_path: Path) -> None:
    number = job.enqueue(store, "listen", {"settings": {"host": "127.0.0.1", "port": broker.port}, "seconds": 60}, "ines")
    threading.Timer(2, lambda: job.cancel(store, number)).start()
    runner = Runner(store, Settings(data=tmp_path), "w", {"listen": KINDS["listen"]})
    began = time.monotonic()
    assert runner.work("listen")
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("payload", "kinds"),
    [
        (b'{"a": {"b": 1.5, "c": true}, "time": "x"}', {"b": ValueKind.FLOAT, "c": ValueKind.BOOL, "time": ValueKind.TEXT}),
        (b"12", {"topic": ValueKind.INT}),
        (b"12.5", {"topic": ValueKind.FLOAT}),
        (b"true", {"topic": ValueKind.BOOL}),
        (b"\xff\xfe\x00", {"topic": None}),
        (b"[1, 2]", {"topic": None}),
        (b"<xml/>", {"topic": None}),
        (b"", {"topic": None}),
    ],
)
def test_any_payload_is_told_as_what_it_looks_like(payload: bytes, kinds: dict[str, ValueKind | None]) -> None:
    heard = Heard(1, 5, 5, payload, len(payload))
    assert {found.path[-1]: found.kind for found in fields_of("a/topic", heard)} == kinds


def test_more_topics_than_are_kept_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    import paho.mqtt.client as paho

    monkeypatch.setattr(listening, "MOST_TOPICS", 2)
    topics = Topics()
    for n in range(5):
        message = paho.MQTTMessage(topic=f"t/{n}".encode())
        message.payload = b"1"
        topics.take(message)
    message = paho.MQTTMessage(topic=b"spBv1.0/dublin/NDATA/edge")
    topics.take(message)
    assert (len(topics.heard), topics.left_out, topics.sparkplug) == (2, 3, 1)
