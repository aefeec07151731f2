"""The virtual plant's OPC UA server against a real asyncua client."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.certificate import self_signed
from connectors.twin.certificate import USER, identity
from connectors.twin.server import PlantServer, quieten, url_of
from engine.errors import Unavailable
from engine.tag import BAD_NO_COMMUNICATION, BAD_SENSOR_FAILURE, GOOD, ValueKind
from engine.time import moment_of
from engine.twin.record import Site
from engine.twin.site import NAMESPACE, SITE

AT_US = 1_795_340_400_123_456
MACHINE = "filler-1"
FEW = tuple(s for s in SITE.signals_of(MACHINE) if s.route == "opcua")
SMALL = Site(SITE.places, FEW, (), (), (), (), (), (), (), ())
VALUES: dict[ValueKind, list[Any]] = {
    ValueKind.FLOAT: [10.1, 10.25],
    ValueKind.INT: [2**40, 2**40 + 1],
    ValueKind.BOOL: [True, False],
    ValueKind.STATE: [4, 15],
    ValueKind.TEXT: ["B-Ä1", "B-Ä2"],
}
CLIENT_URI = "urn:plantglass:test-client"

quieten()


def asynchronous(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    def run(tmp_path: Path) -> None:
        asyncio.run(asyncio.wait_for(test(tmp_path), 60))

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def series(values: list[Any], at_us: int = AT_US, status: int = GOOD) -> SimpleNamespace:
    stamps = [at_us + i * 1_000_000 for i in range(len(values))]
    return SimpleNamespace(at_us=stamps, values=values, status=[status] * len(values))


def everything(nth: slice = slice(0, 1)) -> dict[str, Any]:
    return {s.name: series(VALUES[s.kind][nth], AT_US + nth.start * 1_000_000) for s in FEW}


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[PlantServer]:
    server = PlantServer(folder, free_port(), SMALL)
    await server.build()
    await server.write(everything())
    await server.listen()
    try:
        yield server
    finally:
        await server.close()


async def nodes(client: Client) -> dict[str, Any]:
    index = await client.get_namespace_index(NAMESPACE)
    return {s.name: client.get_node(ua.NodeId(s.address.partition(";s=")[2], index)) for s in FEW}


@asynchronous
async def test_values_types_times_and_status_are_read_back(tmp_path: Path) -> None:
    types = {
        ValueKind.FLOAT: ua.VariantType.Double,
        ValueKind.INT: ua.VariantType.Int64,
        ValueKind.STATE: ua.VariantType.Int32,
        ValueKind.TEXT: ua.VariantType.String,
        ValueKind.BOOL: ua.VariantType.Boolean,
    }
    async with serving(tmp_path) as server, Client(url_of(server.port)) as client:
        for name, node in (await nodes(client)).items():
            read = await node.read_data_value()
            kind = SITE.signal(name).kind
            assert read.Value.Value == VALUES[kind][0]
            assert read.Value.VariantType == types[kind]
            assert read.SourceTimestamp == moment_of(AT_US)
            assert read.StatusCode.value == GOOD


@asynchronous
async def test_the_tree_shows_places_and_packml(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, Client(url_of(server.port)) as client:
        i = await client.get_namespace_index(NAMESPACE)
        path = ["Acme Pharma", "Dublin", "Sterile filling", "Line 1 Vials", "Vial filler 1"]
        machine = await client.nodes.objects.get_child([f"{i}:{name}" for name in path])
        state = await machine.get_child([f"{i}:PackML", f"{i}:StateCurrent"])
        item = await machine.get_child([f"{i}:MachineryBuildingBlocks", f"{i}:MachineryItemState"])
        weight = await machine.get_child([f"{i}:Monitoring", f"{i}:fill_weight"])
        assert state.nodeid.Identifier == "filler-1.state"
        assert item.nodeid.Identifier == "filler-1.item_state"
        unit = await (await weight.get_child(["0:EngineeringUnits"])).read_value()
        assert unit.DisplayName.Text == "g"


class Kept:
    def __init__(self) -> None:
        self.got: list[Any] = []

    def datachange_notification(self, node: Any, _value: Any, data: Any) -> None:
        self.got.append((node.nodeid.Identifier, data.monitored_item.Value))


@asynchronous
async def test_a_subscription_gets_every_sample_in_order(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, Client(url_of(server.port)) as client:
        kept = Kept()
        subscription = await client.create_subscription(100, kept)
        await subscription.subscribe_data_change((await nodes(client))["filler-1.fill_weight"], queuesize=20)
        values = [10 + i / 100 for i in range(15)]
        await server.write({"filler-1.fill_weight": series(values, AT_US + 5_000_000)})
        while len(kept.got) < 16:
            await asyncio.sleep(0.02)
        assert [v.Value.Value for _, v in kept.got[1:]] == values
        assert [v.SourceTimestamp for _, v in kept.got[1:]] == [moment_of(AT_US + (5 + i) * 1_000_000) for i in range(15)]


@asynchronous
async def test_a_bad_status_comes_without_value_and_a_silent_machine_has_no_communication(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, Client(url_of(server.port)) as client:
        known = await nodes(client)
        await server.write({"filler-1.fill_weight": series([9.0], status=BAD_SENSOR_FAILURE)})
        read = await known["filler-1.fill_weight"].read_data_value(raise_on_bad_status=False)
        assert (read.StatusCode.value, read.Value.Value) == (BAD_SENSOR_FAILURE, None)
        assert await server.silence(MACHINE, AT_US + 9_000_000) == len(FEW)
        read = await known["filler-1.produced"].read_data_value(raise_on_bad_status=False)
        assert (read.StatusCode.value, read.SourceTimestamp) == (BAD_NO_COMMUNICATION, moment_of(AT_US + 9_000_000))
        await server.write(everything(slice(1, 2)))
        assert await known["filler-1.produced"].read_value() == VALUES[ValueKind.INT][1]


@asynchronous
async def test_clients_cannot_write(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, Client(url_of(server.port)) as client:
        node = (await nodes(client))["filler-1.fill_weight"]
        with pytest.raises(ua.UaStatusCodeError):
            await node.write_value(99.0)


def client_certificate(folder: Path) -> tuple[Path, Path, bytes]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    der = self_signed(key, CLIENT_URI, "test client", 10).public_bytes(serialization.Encoding.DER)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "client.der").write_bytes(der)
    (folder / "client.pem").write_bytes(pem)
    return folder / "client.der", folder / "client.pem", der


async def secured(server: PlantServer, folder: Path) -> tuple[Client, bytes]:
    certificate, key, der = client_certificate(folder)
    client = Client(url_of(server.port), timeout=10)
    client.application_uri = CLIENT_URI
    await client.set_security(
        SecurityPolicyBasic256Sha256, str(certificate), str(key), server_certificate=str(server.identity.certificate)
    )
    return client, der


@asynchronous
async def test_encryption_needs_a_trusted_certificate_and_the_password(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        client, der = await secured(server, tmp_path)
        client.set_user(USER)
        client.set_password(server.identity.password)
        with pytest.raises(ua.UaStatusCodeError):
            await client.connect()
        (refused,) = (tmp_path / "rejected").glob("*.der")
        assert refused.read_bytes() == der
        refused.rename(server.identity.trusted / "client.der")
        async with client:
            assert await (await nodes(client))["filler-1.fill_weight"].read_value() == 10.1


@asynchronous
async def test_a_wrong_password_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        client, der = await secured(server, tmp_path)
        (server.identity.trusted / "client.der").write_bytes(der)
        client.set_user(USER)
        client.set_password("guess")
        with pytest.raises(ua.UaStatusCodeError):
            await client.connect()


@asynchronous
async def test_a_taken_port_is_one_clear_sentence(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        second = PlantServer(tmp_path, server.port, SMALL)
        await second.build()
        with pytest.raises(Unavailable, match=f"port {server.port} of 127.0.0.1 cannot be opened"):
            await second.listen()


def test_the_identity_is_made_once(tmp_path: Path) -> None:
    first, second = identity(tmp_path), identity(tmp_path)
    assert first.password == second.password
    assert len(first.password) >= 20
    assert (tmp_path / "own.pem").stat().st_mode & 0o077 == 0
