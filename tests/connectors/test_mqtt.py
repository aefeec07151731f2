"""The MQTT collector against a real Mosquitto: nothing is acknowledged that is not on disk, and nothing is lost."""

from __future__ import annotations

import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from connectors.mqtt import JsonReader, Message, MqttCollector
from connectors.sparkplug import BD_SEQ, DataType, MessageType, Metric, Payload, Topic, encode
from connectors.sparkplug_host import SparkplugReader
from connectors.twin.broker import Broker, mosquitto
from engine.errors import Invalid
from engine.historian.block import DeadLetter
from engine.tag import BAD_NO_COMMUNICATION, Source, ValueKind
from tests.connectors.collecting import Bench, channel, eventually, free_port, publish, publisher

pytestmark = pytest.mark.skipif(mosquitto() is None, reason="Mosquitto is not installed")


def source(port: int, **more: object) -> Source:
    return Source(5, 1, "broker", "mqtt", {"host": "127.0.0.1", "port": port, "topics": ["plant/#"], "keepalive_s": 5} | more)


def collecting(bench: Bench, *, member: int = 0, topic: str = "plant/a") -> MqttCollector:
    bench.inlet.stopping.clear()
    reader = JsonReader(bench.source, [channel(topic, value="v", time="t", time_format="us")])
    made = MqttCollector(bench.source, reader, bench.receipt, bench.inlet, member)
    made.start()
    eventually(lambda: bench.condition.state == "connected", "the connection")
    return made


def numbers(start: int, stop: int) -> list[bytes]:
    return [json.dumps({"v": n, "t": 1_795_000_000_000_000 + n}).encode() for n in range(start, stop)]


def test_messages_arrive_in_the_spool_in_order_and_once(broker: Broker, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "spool", source(broker.port))
    collector, sender = collecting(bench), publisher(broker.port)
    publish(sender, "plant/a", numbers(0, 500))
    eventually(lambda: len(bench.bits()) >= 500)
    assert bench.bits() == list(range(500))
    assert bench.condition.facts["mqtt"] == "5"
    assert bench.condition.skew_us is not None
    collector.stop()
    sender.disconnect()
    sender.loop_stop()
    bench.spool.close()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_the_broker_keeps_what_comes_while_nobody_collects(broker: Broker, tmp_path: Path, version: str) -> None:
    bench = Bench(tmp_path / "spool", source(broker.port, version=version))
    sender = publisher(broker.port)
    collecting(bench).stop()
    publish(sender, "plant/a", numbers(0, 1500))
    again = collecting(bench)
    eventually(lambda: len(bench.bits()) >= 1500)
    assert bench.bits() == list(range(1500))
    assert bench.intake().gaps == ()
    again.stop()
    sender.disconnect()
    sender.loop_stop()
    bench.spool.close()


def test_what_is_not_on_disk_is_not_acknowledged(broker: Broker, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "spool", source(broker.port, receive_maximum=10))
    pages = bench.spool._db.execute("pragma page_count").fetchone()[0]
    bench.spool._db.execute(f"pragma max_page_count = {pages}")
    collector, sender = collecting(bench), publisher(broker.port)
    publish(sender, "plant/a", numbers(0, 200))
    eventually(lambda: "cannot be written" in bench.condition.facts.get("spool", ""), "the full disk")
    kept = len(bench.bits())
    assert kept < 200
    bench.inlet.stopping.set()
    collector.stop()
    bench.spool._db.execute("pragma max_page_count = 100000")
    again = collecting(bench)
    eventually(lambda: len(set(bench.bits())) >= 200)
    assert sorted(set(bench.bits())) == list(range(200))
    again.stop()
    sender.disconnect()
    sender.loop_stop()
    bench.spool.close()


def test_a_spool_that_fails_for_once_stops_nothing_and_loses_nothing(broker: Broker, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "spool", source(broker.port))
    collector, sender = collecting(bench), publisher(broker.port)
    publish(sender, "plant/a", numbers(0, 10))
    eventually(lambda: len(bench.bits()) == 10)
    bench.spool._db.execute("create trigger t before insert on record begin select raise(abort, 'broken'); end")
    publish(sender, "plant/a", numbers(10, 20))
    eventually(lambda: "Messages could not be kept: IntegrityError: broken" in bench.condition.detail, "the state")
    bench.spool._db.execute("drop trigger t")
    publish(sender, "plant/a", numbers(20, 30))
    eventually(lambda: set(bench.bits()) == set(range(30)), "the rest")
    eventually(lambda: bench.condition.state == "connected")
    assert any("could not be kept" in g.reason for g in bench.intake().gaps)
    collector.stop()
    bench.spool.close()
    sender.disconnect()
    sender.loop_stop()


def test_a_restart_of_the_broker_loses_nothing(broker: Broker, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "spool", source(broker.port))
    collector, sender = collecting(bench), publisher(broker.port)
    publish(sender, "plant/a", numbers(0, 100))
    broker.stop()
    eventually(lambda: bench.condition.state == "disconnected", "the loss of the connection")
    assert "connection" in bench.condition.detail or "answers" in bench.condition.detail
    broker.start()
    eventually(lambda: bench.condition.state == "connected", "the reconnection")
    eventually(sender.is_connected)
    publish(sender, "plant/a", numbers(100, 200))
    eventually(lambda: len(set(bench.bits())) >= 200)
    assert sorted(set(bench.bits())) == list(range(200))
    assert bench.intake().gaps == ()
    collector.stop()
    sender.disconnect()
    sender.loop_stop()
    bench.spool.close()


def test_a_broker_that_forgot_the_session_is_a_declared_gap(broker: Broker, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "spool", source(broker.port))
    collector, sender = collecting(bench), publisher(broker.port)
    publish(sender, "plant/a", numbers(0, 10))
    eventually(lambda: len(bench.bits()) >= 10)
    broker.stop()
    (broker.folder / "mosquitto.db").unlink()
    broker.start()
    eventually(lambda: bench.intake().gaps, "the gap")
    [gap] = bench.intake().gaps
    assert gap.reason == "the broker had kept no session"
    assert gap.tag_id is None
    assert gap.from_us == bench.condition.heard_us
    assert gap.to_us > gap.from_us
    collector.stop()
    sender.disconnect()
    sender.loop_stop()
    bench.spool.close()


def test_garbage_becomes_dead_letters_and_the_rest_goes_on(broker: Broker, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "spool", source(broker.port, max_payload_kb=64))
    collector, sender = collecting(bench), publisher(broker.port)
    publish(sender, "plant/a", [b"x" * 10_000_000, b"\xff\x00", b"[" * 50_000, b""])
    publish(sender, "plant/unknown", [b"1"])
    publish(sender, "plant/a", numbers(0, 1))
    eventually(lambda: len(bench.bits()) == 1)
    letters = bench.intake().dead
    assert [d.address for d in letters] == ["plant/a"] * 4 + ["plant/unknown"]
    assert "10000000 bytes" in letters[0].reason
    assert max(len(d.raw) for d in letters) == 4096
    collector.stop()
    sender.disconnect()
    sender.loop_stop()
    bench.spool.close()


def test_a_topic_that_is_no_utf_8_is_a_dead_letter(tmp_path: Path) -> None:
    port = free_port()
    topic = b"plant/\xc3\x28"
    body = len(topic).to_bytes(2, "big") + topic + b"\x00" + b"payload"
    answers = [b"\x20\x03\x00\x00\x00", b"\x30" + bytes([len(body)]) + body]
    server = socket.create_server(("127.0.0.1", port))
    threading.Thread(target=_answer, args=[server, answers], daemon=True).start()
    bench = Bench(tmp_path / "spool", source(port))
    collector = collecting(bench)
    eventually(lambda: bench.intake().dead, "the dead letter")
    [letter] = bench.intake().dead
    assert letter.address == "invalid UTF-8: b'plant/\\xc3('"
    assert letter.raw == b"payload"
    collector.stop()
    server.close()
    bench.spool.close()


def _answer(server: socket.socket, answers: list[bytes]) -> None:
    with server.accept()[0] as connection:
        for answer in answers:
            connection.recv(4096)
            connection.sendall(answer)
        while connection.recv(4096):
            pass


def test_two_members_of_a_shared_subscription_share_the_messages(broker: Broker, tmp_path: Path) -> None:
    wide = source(broker.port, shared=2)
    one, other = (Bench(tmp_path / name, wide) for name in ("one", "other"))
    first, second = collecting(one, member=0), collecting(other, member=1)
    sender = publisher(broker.port)
    publish(sender, "plant/a", numbers(0, 400))
    eventually(lambda: len(one.bits()) + len(other.bits()) >= 400)
    assert sorted(one.bits() + other.bits()) == list(range(400))
    assert min(len(one.bits()), len(other.bits())) > 0
    for collector, bench in ((first, one), (second, other)):
        collector.stop()
        bench.spool.close()
    sender.disconnect()
    sender.loop_stop()


def test_a_broker_of_mqtt_3_1_1_only_is_spoken_to_in_its_version(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "broker", free_port(), "embedded")
    broker.start()
    try:
        bench = Bench(tmp_path / "spool", source(broker.port))
        collector = collecting(bench)
        assert bench.condition.facts["mqtt"] == "3.1.1"
        collector.stop()
        bench.spool.close()
    finally:
        broker.stop()


def test_a_broker_that_is_not_there_is_named(tmp_path: Path) -> None:
    port = free_port()
    bench = Bench(tmp_path / "spool", source(port))
    made = MqttCollector(bench.source, JsonReader(bench.source, []), bench.receipt, bench.inlet)
    made.start()
    eventually(lambda: bench.condition.detail == f"No MQTT broker answers at 127.0.0.1:{port}.")
    made.stop()
    bench.spool.close()


def test_tls_and_credentials_are_used_and_wrong_ones_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Secured(tmp_path / "broker", free_port())
    broker.start()
    try:
        options = {"tls": {"ca": str(broker.folder / "ca.pem")}, "user": "collector", "password_env": "PLANT_BROKER_PASSWORD"}
        monkeypatch.setenv("PLANT_BROKER_PASSWORD", "right")
        bench = Bench(tmp_path / "spool", source(broker.port, **options))
        collecting(bench).stop()
        monkeypatch.setenv("PLANT_BROKER_PASSWORD", "wrong")
        made = MqttCollector(bench.source, JsonReader(bench.source, []), bench.receipt, bench.inlet)
        made.start()
        eventually(lambda: bench.condition.state == "refused", "the refusal")
        assert "The broker refused the connection: Not authorized." in bench.condition.detail
        made.stop()
        bench.spool.close()
    finally:
        broker.stop()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"hots": "x"}, "setting “hots” that does not exist"),
        ({"user": "u", "password_env": "NOBODY_SET_THIS"}, "environment variable NOBODY_SET_THIS, which is not set"),
        ({"user": "u", "password_file": "/nowhere"}, "password file /nowhere .* cannot be read"),
        ({"tls": {"ca": "/nowhere"}}, "TLS files .* cannot be used"),
    ],
)
def test_wrong_settings_are_refused_in_a_sentence(tmp_path: Path, settings: dict[str, object], words: str) -> None:
    bench = Bench(tmp_path / "spool", source(1, **settings))
    with pytest.raises(Invalid, match=words):
        MqttCollector(bench.source, JsonReader(bench.source, []), bench.receipt, bench.inlet)
    bench.spool.close()


class Secured(Broker):
    """Mosquitto with TLS and a password."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder, port, "mosquitto")
        folder.mkdir(parents=True)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test broker")])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        (folder / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (folder / "key.pem").write_bytes(pem)
        # mosquitto_passwd -b: collector / right
        (folder / "passwords").write_text(_hashed("collector", "right"))

    def _configuration(self) -> str:
        base = super()._configuration().replace("allow_anonymous true", "allow_anonymous false")
        files = f"cafile {self.folder}/ca.pem\ncertfile {self.folder}/ca.pem\nkeyfile {self.folder}/key.pem\n"
        return base + files + f"password_file {self.folder}/passwords\n"


def _hashed(user: str, password: str) -> str:
    """A line of Mosquitto's password file: PBKDF2-SHA512, format 7."""
    import base64
    import hashlib

    salt = b"0123456789ab"
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101)
    return f"{user}:$7$101${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}\n"


# ------------------------------------------------------------------ Sparkplug B
EDGE = ("plant", "edge")


def edge_message(verb: MessageType, seq: int | None, *metrics: Metric, device: str | None = None) -> tuple[str, bytes]:
    return str(Topic(EDGE[0], verb, EDGE[1], device)), encode(Payload(metrics, 1_795_000_000_000, seq))


def test_sparkplug_births_data_deaths_and_rebirth(broker: Broker, tmp_path: Path) -> None:
    bench = Bench(
        tmp_path / "spool", Source(5, 1, "rooms", "sparkplug", {"host": "127.0.0.1", "port": broker.port, "group": "plant"})
    )
    bound = [channel("plant/edge/room:temperature", ValueKind.FLOAT), channel("plant/edge:load", ValueKind.INT, 2)]
    collector = MqttCollector(bench.source, SparkplugReader(bench.source, bound, bench.condition), bench.receipt, bench.inlet)
    heard: list[tuple[str, bytes]] = []
    sender = publisher(broker.port)
    sender.on_message = lambda _client, _data, message: heard.append((message.topic, message.payload))
    sender.subscribe([("spBv1.0/STATE/#", 1), ("spBv1.0/plant/NCMD/edge", 1)])
    collector.start()
    eventually(
        lambda: any(t == "spBv1.0/STATE/plantglass-rooms" and b'"online":true' in p for t, p in heard), "the host's STATE"
    )
    for topic, payload in (
        edge_message(MessageType.DDATA, 7, Metric("", 1.0, DataType.DOUBLE, alias=2), device="room"),
        edge_message(MessageType.NBIRTH, 0, Metric(BD_SEQ, 0, DataType.INT64), Metric("load", 7, DataType.INT64, alias=1)),
        edge_message(MessageType.DBIRTH, 1, Metric("temperature", 20.5, DataType.DOUBLE, alias=2), device="room"),
        edge_message(MessageType.DDATA, 2, Metric("", 21.5, DataType.DOUBLE, alias=2), device="room"),
        edge_message(MessageType.DDATA, 3, Metric("", 22.5, DataType.DOUBLE, alias=99), device="room"),
        edge_message(MessageType.DDEATH, 4, device="room"),
    ):
        publish(sender, topic, [payload], qos=0)
    eventually(lambda: len(bench.intake().samples) >= 4, "the samples")
    found = bench.intake()
    values = found.samples.bits.view("float64").tolist()
    assert values[1:3] == [20.5, 21.5]
    assert (found.samples.bits[0], found.samples.tag_id[0]) == (7, 2)
    assert found.samples.status.tolist() == [0, 0, 0, BAD_NO_COMMUNICATION]
    assert len(found.dead) == 2
    assert any("alias 99" in d.reason for d in found.dead)
    eventually(lambda: any(t == "spBv1.0/plant/NCMD/edge" for t, _ in heard), "the rebirth request")
    collector.stop()
    bench.spool.close()
    sender.disconnect()
    sender.loop_stop()


def test_a_sparkplug_message_that_cannot_be_used_is_one_dead_letter(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "spool", Source(5, 1, "rooms", "sparkplug", {"host": "h", "group": "plant"}))
    reader = SparkplugReader(bench.source, [channel("plant/edge:m7", ValueKind.INT)], bench.condition)
    metrics = [Metric(f"m{n}", n, DataType.INT64) for n in range(500)]

    def hear(verb: MessageType, seq: int, payload: list[Metric]) -> list[DeadLetter]:
        topic, content = edge_message(verb, seq, *payload)
        reader.read(Message(topic, content, len(content), False, 0, 0, 1, 1_795_000_000_000_000), bench.receipt)
        intake = bench.receipt.take()
        assert intake is not None
        assert intake.received == 500
        return list(intake.dead)

    [early] = hear(MessageType.NDATA, 3, metrics)
    assert (early.count, early.address) == (500, "spBv1.0/plant/NDATA/edge")
    born = hear(MessageType.NBIRTH, 0, [Metric(BD_SEQ, 0, DataType.INT64), *metrics])
    assert [d.count for d in born] == [1] * 10 + [489]
    unknown = hear(MessageType.NDATA, 1, [Metric("", n, DataType.INT64, alias=1000 + n) for n in range(500)])
    assert [d.count for d in unknown] == [500]
    bench.spool.close()


def test_a_host_that_comes_back_asks_the_nodes_it_knew_to_be_born_again(broker: Broker, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "spool", Source(5, 1, "rooms", "sparkplug", {"host": "127.0.0.1", "port": broker.port}))
    bench.condition.facts["edge_nodes"] = {"plant/edge": True}
    heard: list[str] = []
    sender = publisher(broker.port)
    sender.on_message = lambda _client, _data, message: heard.append(message.topic)
    sender.subscribe("spBv1.0/plant/NCMD/#", 1)
    collector = MqttCollector(bench.source, SparkplugReader(bench.source, [], bench.condition), bench.receipt, bench.inlet)
    collector.start()
    eventually(lambda: heard == ["spBv1.0/plant/NCMD/edge"], "the rebirth request")
    collector.stop()
    bench.spool.close()
    sender.disconnect()
    sender.loop_stop()


def test_a_host_that_dies_without_a_word_leaves_its_will(broker: Broker, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "spool", Source(5, 1, "rooms", "sparkplug", {"host": "127.0.0.1", "port": broker.port}))
    collector = MqttCollector(bench.source, SparkplugReader(bench.source, [], bench.condition), bench.receipt, bench.inlet)
    collector.start()
    eventually(lambda: bench.condition.state == "connected")
    heard: list[dict[str, object]] = []
    sender = publisher(broker.port)
    sender.on_message = lambda _client, _data, message: heard.append(json.loads(message.payload))
    sender.subscribe("spBv1.0/STATE/#", 1)
    eventually(lambda: len(heard) == 1)
    connection = collector._client.socket()
    assert connection is not None
    connection.shutdown(socket.SHUT_RDWR)
    eventually(lambda: [h["online"] for h in heard][:3] == [True, False, True], "will and new birth")
    assert heard[1]["timestamp"] == heard[0]["timestamp"]
    collector.stop()
    bench.spool.close()
    sender.disconnect()
    sender.loop_stop()
