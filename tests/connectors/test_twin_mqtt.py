"""The virtual plant's MQTT side against real brokers and real clients."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import paho.mqtt.client as mqtt
import pytest

from connectors.sparkplug import EdgeSession, MessageType, decode, parse_topic, rebirth_command
from connectors.twin.broker import Broker, mosquitto
from connectors.twin.edge import EdgeNode
from connectors.twin.publisher import Publisher, stamp
from engine.errors import Unavailable
from engine.tag import BAD_SENSOR_FAILURE, GOOD, ValueKind
from engine.twin.site import SITE

AT_US = 1_795_340_400_000_000
GROUP, NODE = "dublin", "rooms-edge"
needs_mosquitto = pytest.mark.skipif(mosquitto() is None, reason="Mosquitto is not installed (apt install mosquitto)")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(params=["mosquitto", "embedded"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    if request.param == "mosquitto" and mosquitto() is None:
        pytest.skip("Mosquitto is not installed (apt install mosquitto)")
    started = Broker(tmp_path / "broker", free_port(), request.param)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def mosquitto_broker(tmp_path: Path) -> Iterator[Broker]:
    started = Broker(tmp_path / "broker", free_port(), "mosquitto")
    started.start()
    yield started
    started.stop()


class Listener:
    """A real client that keeps what it hears; on Sparkplug topics it is a host with an `EdgeSession`."""

    def __init__(self, port: int, topic: str, name: str = "listener", *, session: bool = False) -> None:
        self.heard: list[mqtt.MQTTMessage] = []
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, clean_session=not session, protocol=mqtt.MQTTv311)
        self.client.on_message = lambda _client, _userdata, message: self.heard.append(message)
        ready = threading.Event()
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.on_connect = lambda *_: self.client.subscribe(topic, 1)
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert ready.wait(10)

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        self.client.on_message = self.client.on_subscribe = self.client.on_connect = None  # no cycle keeps its sockets

    def verbs(self) -> list[str]:
        return [parse_topic(m.topic).verb.value for m in self.heard]

    def values(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for message in self.heard:
            found.setdefault(message.topic, []).append(json.loads(message.payload)["value"])
        return found


def until(condition: Callable[[], Any], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def series(*values: Any, at_us: int = AT_US, step_us: int = 1_000_000, status: int = GOOD) -> SimpleNamespace:
    stamps = [at_us + i * step_us for i in range(len(values))]
    return SimpleNamespace(at_us=stamps, values=list(values), status=[status] * len(values))


def float_signal(route: str) -> str:
    return next(s.name for s in SITE.signals if s.route == route and s.kind is ValueKind.FLOAT)


def test_messages_are_retained_json_in_the_unified_namespace(broker: Broker) -> None:
    name = float_signal("mqtt")
    early = Listener(broker.port, "acme/#", "early")
    publisher = Publisher("127.0.0.1", broker.port)
    publisher.start()
    publisher.write({name: series(1.5, 2.5), "filler-1.fill_weight": series(10.0)})
    until(lambda: len(early.heard) == 2)
    publisher.stop()
    early.stop()
    late = Listener(broker.port, "acme/#")
    until(lambda: late.heard)
    late.stop()
    (message,) = late.heard
    body = json.loads(message.payload)
    assert message.topic == SITE.signal(name).address
    assert message.retain
    assert body == {"ts": "2026-11-22T09:40:01.000Z", "value": 2.5, "unit": SITE.signal(name).unit}


def test_a_bad_sample_says_so_and_nan_is_null(mosquitto_broker: Broker) -> None:
    name = float_signal("mqtt")
    listener = Listener(mosquitto_broker.port, "acme/#")
    publisher = Publisher("127.0.0.1", mosquitto_broker.port)
    publisher.start()
    publisher.write({name: series(float("nan"), status=BAD_SENSOR_FAILURE)})
    until(lambda: listener.heard)
    publisher.stop()
    listener.stop()
    body = json.loads(listener.heard[0].payload)
    assert body["value"] is None
    assert body["quality"] == BAD_SENSOR_FAILURE


def test_time_stamps_keep_microseconds_where_there_are_any() -> None:
    assert stamp(AT_US) == "2026-11-22T09:40:00.000Z"
    assert stamp(AT_US + 1) == "2026-11-22T09:40:00.000001Z"


@needs_mosquitto
def test_nothing_published_while_the_broker_restarts_is_lost(mosquitto_broker: Broker) -> None:
    name = float_signal("mqtt")
    listener = Listener(mosquitto_broker.port, "acme/#", session=True)
    publisher = Publisher("127.0.0.1", mosquitto_broker.port)
    publisher.start()
    publisher.write({name: series(*range(50))})
    mosquitto_broker.stop()
    publisher.write({name: series(*range(50, 100))})
    mosquitto_broker.start()
    topic = SITE.signal(name).address
    until(lambda: set(listener.values().get(topic, [])) >= set(map(float, range(100))))
    publisher.stop()
    listener.stop()


class Host:
    """A Sparkplug host on a real connection."""

    def __init__(self, port: int, name: str = "listener") -> None:
        self.session = EdgeSession(GROUP, NODE)
        self.listener = Listener(port, f"spBv1.0/{GROUP}/#", name)
        self._read = 0
        self.readings: list[Any] = []
        self.stale: list[Any] = []
        self.rebirths: list[str] = []

    def catch_up(self) -> Host:
        for message in self.listener.heard[self._read :]:
            self._read += 1
            topic = parse_topic(message.topic)
            if topic.verb is not MessageType.NCMD:
                received = self.session.receive(topic, message.payload)
                self.readings += received.readings
                self.stale += received.stale
                self.rebirths += [received.rebirth] if received.rebirth else []
        return self

    def said(self, verb: str) -> int:
        return self.listener.verbs().count(verb)


@pytest.fixture
def edge_and_host(broker: Broker) -> Iterator[tuple[EdgeNode, Host]]:
    host = Host(broker.port)
    edge = EdgeNode("127.0.0.1", broker.port)
    edge.start()
    until(lambda: host.said("DBIRTH") == len(edge.devices))
    yield edge, host
    edge.stop()
    host.listener.stop()


def test_the_edge_node_is_born_then_sends_data_by_alias(edge_and_host: tuple[EdgeNode, Host]) -> None:
    edge, host = edge_and_host
    name = float_signal("sparkplug")
    edge.write({name: series(20.5, 20.6)})
    until(lambda: host.said("DDATA"))
    assert host.listener.verbs()[0] == "NBIRTH"
    data = decode(next(m.payload for m in host.listener.heard if "/DDATA/" in m.topic))
    assert [m.name for m in data.metrics] == ["", ""]
    host.catch_up()
    got = [(r.device, r.metric, r.value, r.at_us) for r in host.readings if r.value is not None]
    device, metric = SITE.signal(name).address.split("/")[2].split(":")
    assert got == [(device, metric, 20.5, AT_US), (device, metric, 20.6, AT_US + 1_000_000)]
    assert host.rebirths == []


def test_the_sequence_stays_gapless_over_a_wrap(edge_and_host: tuple[EdgeNode, Host]) -> None:
    edge, host = edge_and_host
    for i in range(600):
        edge.write({float_signal("sparkplug"): series(float(i), at_us=AT_US + i * 1_000_000)})
    until(lambda: host.said("DDATA") == 600)
    assert host.catch_up().rebirths == []
    assert [r.value for r in host.readings if r.value is not None] == [float(i) for i in range(600)]


def test_a_rebirth_command_is_obeyed_with_current_values(edge_and_host: tuple[EdgeNode, Host]) -> None:
    edge, host = edge_and_host
    edge.write({float_signal("sparkplug"): series(21.0)})
    until(lambda: host.said("DDATA"))
    topic, command = rebirth_command(GROUP, NODE, AT_US // 1000)
    host.listener.client.publish(topic, b"\xff\xff garbage", 1)
    host.listener.client.publish(topic, command, 1)
    until(lambda: host.said("NBIRTH") == 2 and host.said("DBIRTH") == 2 * len(edge.devices))
    host.catch_up()
    assert [r.value for r in host.readings if r.value is not None] == [21.0, 21.0]
    assert host.rebirths == []


def test_a_lost_connection_sends_the_will_and_new_births_with_the_next_bd_seq(edge_and_host: tuple[EdgeNode, Host]) -> None:
    edge, host = edge_and_host
    host.catch_up()
    first = host.session.bd_seq
    edge.cut()
    until(lambda: host.said("NBIRTH") == 2 and host.said("DBIRTH") == 2 * len(edge.devices))
    assert "NDEATH" in host.listener.verbs()
    host.catch_up()
    assert host.session.bd_seq == (first + 1) % 256
    assert host.session.online
    assert host.stale


def test_values_of_an_outage_come_as_historical(mosquitto_broker: Broker) -> None:
    name = float_signal("sparkplug")
    edge = EdgeNode("127.0.0.1", mosquitto_broker.port)
    edge.start()
    until(edge.client.is_connected)
    mosquitto_broker.stop()
    until(lambda: not edge.client.is_connected())
    edge.write({name: series(1.0, 2.0)})
    edge.write({name: series(3.0, at_us=AT_US + 2_000_000)})
    mosquitto_broker.start()
    host = Host(mosquitto_broker.port)
    topic, command = rebirth_command(GROUP, NODE, AT_US // 1000)
    until(edge.client.is_connected)
    host.listener.client.publish(topic, command, 1)
    until(lambda: host.said("NBIRTH") >= 1)
    edge.stop()
    until(lambda: "NDEATH" in host.listener.verbs())
    host.catch_up()
    historical = [r.value for r in host.readings if r.historical]
    assert historical in ([1.0, 2.0, 3.0], [])  # the host may have come after the flush
    assert any(r.value == 3.0 for r in host.readings)
    host.listener.stop()


def test_a_silent_device_dies_and_is_born_again(edge_and_host: tuple[EdgeNode, Host]) -> None:
    edge, host = edge_and_host
    device = edge.devices[0]
    edge.silence(device)
    edge.write({next(n for n, p in edge.points.items() if p.device == device): series(1)})
    edge.resume(device)
    until(lambda: host.said("DBIRTH") == len(edge.devices) + 1)
    assert host.said("DDEATH") == 1
    assert host.said("DDATA") == 0
    assert {d for d, _ in host.catch_up().stale} == {device}
    assert host.rebirths == []


def test_a_taken_port_is_one_clear_sentence(mosquitto_broker: Broker, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=f"already listens on the MQTT port {mosquitto_broker.port}"):
        Broker(tmp_path / "second", mosquitto_broker.port).start()


def test_a_broker_that_is_away_at_the_start_is_one_clear_sentence() -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        Publisher("127.0.0.1", free_port()).start()


@pytest.mark.faults
@pytest.mark.parametrize("kind", ["mosquitto", "embedded"])
def test_the_broker_ends_with_its_parent(kind: str, tmp_path: Path) -> None:
    port = free_port()
    script = (
        "import sys, time, pathlib; from connectors.twin.broker import Broker;"
        f"Broker(pathlib.Path({str(tmp_path)!r}), {port}, {kind!r}).start(); print('up', flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline().strip() == b"up"
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not _answers(port))


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.3)
        return probe.connect_ex(("127.0.0.1", port)) == 0
