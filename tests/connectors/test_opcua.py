"""The OPC UA collector against a real server: every change, its source time and status, through every trouble."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua as opcua
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.certificate import self_signed
from connectors.opcua.address import node_id
from connectors.opcua.collector import OpcuaCollector, queue_size
from connectors.opcua.security import APPLICATION_URI, own
from engine.errors import Invalid, NotFound
from engine.tag import BAD_NO_COMMUNICATION, Source, ValueKind, values_of
from engine.time import us_of
from tests.connectors.collecting import Bench, channel, eventually, free_port
from tests.connectors.opcua_server import NAMESPACE, SERVER_URI, START, Plant

ua: Any = opcua


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def plants(port: int) -> Iterator[Callable[..., Plant]]:
    """Makes servers on one port, and stops the last."""
    made: list[Plant] = []

    def make(**more: Any) -> Plant:
        made.append(Plant(port, **more))
        return made[-1]

    yield make
    if made and made[-1]._thread.is_alive():
        made[-1].stop()


CHANNELS = [
    channel(f"nsu={NAMESPACE};s=speed", ValueKind.FLOAT, 1),
    channel(f"nsu={NAMESPACE};s=count", ValueKind.INT, 2),
    channel(f"nsu={NAMESPACE};s=batch", ValueKind.TEXT, 3),
]


def source(port: int, **more: Any) -> Source:
    fast = {"url": f"opc.tcp://127.0.0.1:{port}/test", "publishing_ms": 200, "sampling_ms": 50}
    return Source(5, 1, "line", "opcua", fast | more)


@pytest.fixture
def bench(port: int, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "spool", source(port))
    yield made
    made.spool.close()


def collecting(bench: Bench, folder: Path, channels: list[Any] | None = None) -> OpcuaCollector:
    made = OpcuaCollector(bench.source, CHANNELS if channels is None else channels, bench.receipt, bench.inlet, folder / "pki")
    made.start()
    return made


def test_every_sample_arrives_with_its_source_time_and_status(plants: Any, port: int, tmp_path: Path) -> None:
    plant = plants()
    bench = Bench(tmp_path / "spool", source(port, queue=500))
    collector = collecting(bench, tmp_path)
    eventually(lambda: bench.condition.state == "connected")
    eventually(lambda: len(bench.intake().samples) == 2, "the initial values")
    times = [START + timedelta(milliseconds=n) for n in range(1, 201)]
    for n, at in enumerate(times):
        plant.write("speed", n // 2, at)
    plant.write("speed", 100.5, START + timedelta(seconds=1), 0x40000000)
    plant.write("speed", None, START + timedelta(seconds=2), BAD_NO_COMMUNICATION)
    plant.write("batch", "LOT-7", START + timedelta(seconds=3))
    eventually(lambda: len(bench.intake().samples) >= 204, "every change")
    block = bench.intake().samples
    speed = block.take(block.tag_id == 1)
    assert values_of(ValueKind.FLOAT, speed.bits)[:-1].tolist() == [0.0, *(n // 2 for n in range(200)), 100.5]
    assert speed.at_us.tolist()[1:201] == [us_of(at) for at in times]
    assert speed.status.tolist()[-2:] == [0x40000000, BAD_NO_COMMUNICATION]
    eventually(lambda: [t.text for t in bench.intake().texts] == ["none", "LOT-7"], "the texts")
    assert bench.condition.skew_us is not None
    collector.stop()
    bench.spool.close()


def test_what_the_server_made_of_our_wishes_is_read_back(plants: Any, bench: Bench, tmp_path: Path) -> None:
    plants()
    collector = collecting(bench, tmp_path)
    facts = eventually(lambda: bench.condition.facts if bench.condition.facts.get("items") else None)
    assert facts["items"] == 3
    assert facts["publishing_ms"] == 200
    assert facts["queue"] == [8, 8]
    assert facts["queue_too_small"] is False
    assert facts["sampling_ms"] is not None
    collector.stop()


def test_queues_hold_two_publishing_intervals() -> None:
    assert queue_size(500, 250, 0) == 4
    assert queue_size(500, 250, 20) == 20
    assert queue_size(1000, 0, 0) == 2


def test_an_unknown_node_is_reported_and_found_when_it_appears(
    plants: Any, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.opcua.collector.RETRY_UNKNOWN_S", 1.0)
    plant = plants()
    bound = [
        *CHANNELS,
        channel(f"nsu={NAMESPACE};s=later", ValueKind.FLOAT, 4),
        channel("nsu=urn:other;s=x", ValueKind.FLOAT, 5),
    ]
    collector = collecting(bench, tmp_path, bound)
    eventually(lambda: bench.condition.state == "connected")
    assert bench.condition.facts["unknown_count"] == 2
    assert bench.condition.facts["unknown"] == [bound[3].address, bound[4].address]
    assert "2 of 5 nodes are not there" in bench.condition.detail
    plant.add("later")
    eventually(lambda: bench.condition.facts["unknown_count"] == 1, "the late node")
    eventually(lambda: 4 in bench.intake().samples.tag_id)
    collector.stop()


def test_a_restart_with_other_namespaces_finds_its_nodes_again_and_declares_the_gap(
    plants: Any, bench: Bench, tmp_path: Path
) -> None:
    plant = plants()
    collector = collecting(bench, tmp_path)
    eventually(lambda: len(bench.intake().samples) == 2)
    plant.stop()
    eventually(lambda: bench.condition.state == "disconnected", "the loss")
    last = bench.condition.heard_us
    plant = plants(before=("urn:new:first", "urn:new:second"))
    eventually(lambda: bench.condition.state == "connected", "the reconnection")
    plant.write("count", 41, START + timedelta(seconds=5))
    eventually(lambda: 41 in bench.intake().samples.bits)
    [gap] = bench.intake().gaps
    assert (gap.tag_id, gap.from_us, gap.reason) == (None, last, "the OPC UA server was not connected")
    block = bench.intake().samples
    count = block.take(block.tag_id == 2)
    assert count.at_us[:2].tolist() == [us_of(START), us_of(START)]
    assert count.seq[:2].tolist() == [0, 0]
    collector.stop()


def test_a_server_that_is_not_there_is_named_and_waited_for(plants: Any, bench: Bench, tmp_path: Path, port: int) -> None:
    collector = collecting(bench, tmp_path)
    eventually(lambda: bench.condition.state == "disconnected")
    assert f"opc.tcp://127.0.0.1:{port}/test" in bench.condition.detail
    plants()
    eventually(lambda: bench.condition.state == "connected")
    collector.stop()


def test_values_of_the_wrong_kind_are_dead_letters(plants: Any, bench: Bench, tmp_path: Path) -> None:
    plant = plants()
    collector = collecting(bench, tmp_path, [channel(f"nsu={NAMESPACE};s=batch", ValueKind.FLOAT, 1)])
    eventually(lambda: len(bench.intake().dead) == 1)
    plant.write("batch", "LOT-8", START + timedelta(seconds=1))
    eventually(lambda: len(bench.intake().dead) == 2)
    assert bench.intake().dead[1].reason == "tag-1: 'LOT-8' is no number."
    collector.stop()


def test_while_the_disk_is_full_the_server_keeps_what_is_not_acknowledged(plants: Any, bench: Bench, tmp_path: Path) -> None:
    plant = plants()
    collector = collecting(bench, tmp_path)
    eventually(lambda: len(bench.intake().samples) == 2)
    pages = bench.spool._db.execute("pragma page_count").fetchone()[0]
    bench.spool._db.execute(f"pragma max_page_count = {pages}")
    for n in range(6):
        plant.write("count", n + 1, START + timedelta(seconds=n + 1))
    big = "x" * 4000
    for n in range(4):
        plant.write("batch", big + str(n), START + timedelta(seconds=n + 1))
    eventually(lambda: "cannot be written" in bench.condition.facts.get("spool", ""), "the full disk")
    bench.spool._db.execute("pragma max_page_count = 100000")
    eventually(lambda: len(bench.intake().texts) == 5, "the rest")
    block = bench.intake().samples
    assert block.take(block.tag_id == 2).bits.tolist() == [0, 1, 2, 3, 4, 5, 6]
    collector.stop()


def test_a_notification_that_could_not_be_kept_lies_in_a_declared_gap(plants: Any, bench: Bench, tmp_path: Path) -> None:
    plant = plants()
    collector = collecting(bench, tmp_path)
    eventually(lambda: len(bench.intake().samples) == 2)
    heard = bench.condition.heard_us
    bench.spool._db.execute("create trigger t before insert on record begin select raise(abort, 'broken'); end")
    plant.write("count", 41, START + timedelta(seconds=5))
    eventually(lambda: bench.condition.state == "disconnected", "the end of the session")
    bench.spool._db.execute("drop trigger t")
    eventually(lambda: bench.condition.state == "connected", "the new session")
    eventually(lambda: bench.intake().gaps, "the gap")
    assert bench.intake().gaps[0].from_us == heard
    eventually(lambda: 41 in bench.intake().samples.bits, "the value that still holds")
    collector.stop()


@pytest.mark.parametrize(
    "error", [TimeoutError(), ConnectionError(), ua.UaStatusCodeError(ua.StatusCodes.BadMessageNotAvailable)]
)
def test_missed_notifications_are_declared_as_gaps_to_the_last(bench: Bench, tmp_path: Path, error: Exception) -> None:
    class Broken:
        asked = 0

        async def republish(self, _subscription: int, _sequence: int) -> Any:
            self.asked += 1
            raise error

    collector = OpcuaCollector(bench.source, CHANNELS, bench.receipt, bench.inlet, tmp_path / "pki")
    collector._sequence, session = 7, Broken()
    asyncio.run(collector._catch_up(session, 1, 500))  # type: ignore[arg-type]
    intake = bench.receipt.take()
    assert intake is not None
    assert session.asked == (100 if isinstance(error, ua.UaError) else 1)
    assert len(intake.gaps) == session.asked + 1
    assert intake.gaps[-1].reason.endswith("to 499 were not asked for again")


# ------------------------------------------------------------------ addresses
def test_addresses_are_resolved_by_namespace_uri() -> None:
    spaces = ["http://opcfoundation.org/UA/", "urn:a", "urn:b;c"]
    assert node_id("nsu=urn:a;s=x;y=z", spaces) == ua.NodeId("x;y=z", 1)
    assert node_id("nsu=urn:b%3Bc;i=7", spaces) == ua.NodeId(7, 2)
    assert node_id("ns=2;s=x", spaces) == ua.NodeId("x", 2)
    assert node_id("i=2258", spaces) == ua.NodeId(2258, 0)
    with pytest.raises(NotFound, match="no namespace “urn:z”"):
        node_id("nsu=urn:z;s=x", spaces)
    for wrong in ("", "x", "nsu=urn:a", "ns=two;s=x", "i=seven"):
        with pytest.raises(Invalid):
            node_id(wrong, spaces)


# ------------------------------------------------------------------ security
def server_identity(folder: Path, uri: str = SERVER_URI, days: int = 10) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    made = self_signed(key, uri, "test server", days)
    (folder / "server.der").write_bytes(made.public_bytes(serialization.Encoding.DER))
    (folder / "server.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder


def secured(port: int, tmp_path: Path, **more: Any) -> Bench:
    return Bench(tmp_path / "spool", source(port, security="Basic256Sha256", **more))


def test_a_trusted_server_is_spoken_to_signed_and_encrypted(
    plants: Any, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = server_identity(tmp_path / "server")
    plants(secure=identity)
    own(tmp_path / "pki")
    monkeypatch.setenv("LINE_PASSWORD", "right")
    bench = secured(port, tmp_path, user="collector", password_env="LINE_PASSWORD")
    collector = collecting(bench, tmp_path)
    eventually(lambda: bench.condition.state == "refused", "the refusal of a server that nobody trusted")
    assert "Untrusted" in bench.condition.detail
    [rejected] = (tmp_path / "pki" / "rejected").iterdir()
    assert rejected.read_bytes() == (identity / "server.der").read_bytes()
    shutil.move(rejected, tmp_path / "pki" / "trusted" / rejected.name)
    eventually(lambda: bench.condition.state == "connected", "the connection after a person trusted it")
    eventually(lambda: len(bench.intake().samples) == 2)
    assert (tmp_path / "pki" / "own.pem").stat().st_mode & 0o077 == 0
    collector.stop()
    bench.spool.close()


@pytest.mark.parametrize(("uri", "days", "word"), [("urn:somebody:else", 10, "UriInvalid"), (SERVER_URI, -0.5, "TimeInvalid")])
def test_a_certificate_with_wrong_uri_or_expired_is_refused_even_when_trusted(
    plants: Any, port: int, tmp_path: Path, uri: str, days: float, word: str
) -> None:
    identity = server_identity(tmp_path / "server", uri, days)  # type: ignore[arg-type]
    plants(secure=identity)
    own(tmp_path / "pki")
    shutil.copy(identity / "server.der", tmp_path / "pki" / "trusted")
    bench = secured(port, tmp_path)
    collector = collecting(bench, tmp_path)
    eventually(lambda: bench.condition.state == "refused")
    assert word in bench.condition.detail
    collector.stop()
    bench.spool.close()


@pytest.mark.parametrize("policy", ["Basic128Rsa15", "Basic256", "none"])
def test_deprecated_policies_are_refused(plants: Any, port: int, tmp_path: Path, policy: str) -> None:
    bench = Bench(tmp_path / "spool", source(port, security=policy))
    collector = collecting(bench, tmp_path)
    eventually(lambda: bench.condition.state == "refused")
    assert f"The security policy “{policy}” is not accepted" in bench.condition.detail
    collector.stop()
    bench.spool.close()


def test_a_server_without_the_asked_security_is_not_spoken_to_without_it(plants: Any, port: int, tmp_path: Path) -> None:
    plants()
    bench = secured(port, tmp_path)
    collector = collecting(bench, tmp_path)
    eventually(lambda: bench.condition.state != "connecting")
    assert bench.condition.state in ("disconnected", "refused")
    assert len(bench.intake().samples) == 0
    collector.stop()
    bench.spool.close()


def test_a_wrong_password_is_refused(plants: Any, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plants()
    monkeypatch.setenv("LINE_PASSWORD", "wrong")
    bench = Bench(tmp_path / "spool", source(port, user="collector", password_env="LINE_PASSWORD"))
    collector = collecting(bench, tmp_path)
    eventually(lambda: bench.condition.state == "refused")
    collector.stop()
    bench.spool.close()


def test_wrong_settings_are_refused_in_a_sentence(bench: Bench, tmp_path: Path) -> None:
    bad = Bench(tmp_path / "spool", Source(5, 1, "line", "opcua", {"ulr": "x"}))
    with pytest.raises(Invalid, match="setting “ulr” that does not exist"):
        OpcuaCollector(bad.source, [], bad.receipt, bad.inlet, tmp_path)
    bad.spool.close()


def test_our_certificate_carries_our_uri(tmp_path: Path) -> None:
    certificate, _ = own(tmp_path / "pki")
    assert APPLICATION_URI.encode() in certificate.read_bytes()
    assert own(tmp_path / "pki")[0].read_bytes() == certificate.read_bytes()
