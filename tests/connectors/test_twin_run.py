"""The process of the virtual plant, with real servers and real clients: what was sent is what the plant says happened."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asyncua import Client, ua

from commands import twin as command_line
from connectors.sparkplug import rebirth_command
from connectors.twin import state
from connectors.twin.broker import mosquitto
from connectors.twin.outside import Options
from connectors.twin.run import Clock, Outages, Run, plant_of
from connectors.twin.server import quieten, url_of
from engine.errors import Invalid, Unavailable
from engine.tag import BAD_NO_COMMUNICATION
from engine.time import SECOND_US
from engine.twin.site import NAMESPACE, SITE
from settings import Settings
from tests.connectors.test_twin_mqtt import Host, Listener, free_port, until

MORNING_US = 1_795_340_400_000_000
"""2026-11-22 09:40 UTC."""

quieten()


class Wall:
    """A clock that the test moves."""

    def __init__(self, at_us: int = MORNING_US) -> None:
        self.at_us = at_us

    def __call__(self) -> int:
        return self.at_us


@asynccontextmanager
async def running(folder: Path, wall: Wall, **more: Any) -> AsyncIterator[Run]:
    run = Run(Options(folder, free_port(), free_port(), **more), wall)
    try:
        await run.start()
        yield run
    finally:
        await run.stop()


class Samples:
    """Everything that an OPC UA client is told, by signal name: source time to (value, status)."""

    def __init__(self) -> None:
        self.got: dict[str, dict[int, tuple[Any, int]]] = defaultdict(dict)

    def datachange_notification(self, node: Any, _value: Any, data: Any) -> None:
        told = data.monitored_item.Value
        at_us = int(told.SourceTimestamp.timestamp() * 1e6 + 0.5)
        self.got[node.nodeid.Identifier][at_us] = (told.Value.Value, told.StatusCode.value)

    async def subscribe(self, client: Client) -> None:
        index = await client.get_namespace_index(NAMESPACE)
        subscription = await client.create_subscription(50, self)
        every_sample = ua.DataChangeFilter(Trigger=ua.DataChangeTrigger.StatusValueTimestamp)
        items = [
            ua.MonitoredItemCreateRequest(
                ItemToMonitor=ua.ReadValueId(NodeId=ua.NodeId(s.name, index), AttributeId=ua.AttributeIds.Value),
                MonitoringMode=ua.MonitoringMode.Reporting,
                RequestedParameters=ua.MonitoringParameters(
                    ClientHandle=number, SamplingInterval=50.0, QueueSize=20, Filter=every_sample
                ),
            )
            for number, s in enumerate(s for s in SITE.signals if s.route == "opcua")
        ]
        assert all(isinstance(number, int) for number in await subscription.create_monitored_items(items))


def merged(frames: list[Any], name: str) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for frame in frames:
        if name in frame.series:
            series = frame.series[name]
            found |= dict(zip(series.at_us.tolist(), list(series.values), strict=True))
    return found


def test_opc_ua_mqtt_and_sparkplug_say_what_the_plant_says(tmp_path: Path) -> None:
    async def main() -> None:
        wall = Wall()
        async with running(tmp_path, wall) as run, Client(url_of(run.options.opcua_port)) as client:
            opcua, topics = Samples(), Listener(run.options.mqtt_port, "acme/#")
            await opcua.subscribe(client)
            host = Host(run.options.mqtt_port, "host")
            host.listener.client.publish(*rebirth_command("dublin", "rooms-edge", 0), 1)
            until(lambda: host.said("DBIRTH") == len(run.outside.edge.devices))
            begin = run.through_us
            for _ in range(70):
                wall.at_us += SECOND_US
                await run.tick()
                await asyncio.sleep(0.03)
            await asyncio.sleep(0.5)
            frames = [plant_of(tmp_path).frame(begin, wall.at_us, 1)]
            for name in (s.name for s in SITE.signals if s.route == "opcua"):
                told = {at: value for at, (value, _) in opcua.got[name].items() if at >= begin}
                expected = merged(frames, name)
                at_first = {} if begin in expected or SITE.signal(name).interval_s is None else {begin}
                assert set(told) - set(at_first) == set(expected), name
                assert [told[at] for at in expected] == list(expected.values()), name
            check_topics(topics, frames)
            host.catch_up()
            assert host.rebirths == []
            check_rooms(host, frames, begin)
            topics.stop()
            host.listener.stop()

    asyncio.run(asyncio.wait_for(main(), 120))


def check_topics(topics: Listener, frames: list[Any]) -> None:
    heard = topics.values()
    for signal_ in (s for s in SITE.signals if s.route == "mqtt"):
        expected = merged(frames, signal_.name)
        if expected:
            assert heard[signal_.address][-len(expected) :] == [v.item() for v in expected.values()], signal_.name


def check_rooms(host: Host, frames: list[Any], begin: int) -> None:
    by_metric = defaultdict(dict)
    for reading in host.readings:
        if reading.value is not None and reading.at_us >= begin:
            by_metric[f"dublin/rooms-edge/{reading.device}:{reading.metric}"][reading.at_us] = reading.value
    for signal_ in (s for s in SITE.signals if s.route == "sparkplug"):
        expected = {at // 1000 * 1000: v for at, v in merged(frames, signal_.name).items()}
        told = by_metric[signal_.address]
        assert {at: told.get(at) for at in expected} == expected, signal_.name


def test_the_ledger_counts_what_was_sent_and_a_restart_counts_nothing_twice(tmp_path: Path) -> None:
    async def main() -> None:
        wall = Wall()
        async with running(tmp_path, wall) as run:
            begin = run.through_us
            for _ in range(3):
                wall.at_us += 7 * SECOND_US
                await run.tick()
            first = {name: tuple(kept) for name, kept in run.ledger.emitted.items()}
        wall.at_us += 3600 * SECOND_US
        async with running(tmp_path, wall) as run:
            assert run.through_us == wall.at_us
            wall.at_us += 5 * SECOND_US
            await run.tick()
        ledger = state.read_ledger(tmp_path)
        assert ledger.runs == [[begin, begin + 21 * SECOND_US], [wall.at_us - 5 * SECOND_US, wall.at_us]]
        assert ledger.gaps(begin, wall.at_us) == [(begin + 21 * SECOND_US, wall.at_us - 5 * SECOND_US)]
        plant = plant_of(tmp_path)
        sent, stood = plant.frame(begin, begin + 21 * SECOND_US, 1).series, plant.snapshot(begin)
        for name, (count, _) in first.items():
            stamps = set(sent[name].at_us.tolist()) if name in sent else set()
            assert count == len(stamps | set(stood[name].at_us.tolist())), name

    asyncio.run(asyncio.wait_for(main(), 120))


def test_a_disconnected_machine_has_no_communication_and_comes_back(tmp_path: Path) -> None:
    async def main() -> None:
        wall = Wall()
        async with running(tmp_path, wall) as run, Client(url_of(run.options.opcua_port)) as client:
            index = await client.get_namespace_index(NAMESPACE)
            node = client.get_node(ua.NodeId("press-2.state", index))
            tell(tmp_path, "fault", "disconnect", "press-2", "--minutes", "1")
            await forward(run, wall, 2)
            read = await node.read_data_value(raise_on_bad_status=False)
            assert read.StatusCode.value == BAD_NO_COMMUNICATION
            await forward(run, wall, 65)
            read = await node.read_data_value()
            assert read.Value.Value == int(plant_of(tmp_path).snapshot(wall.at_us - 1)["press-2.state"].values[0])

    asyncio.run(asyncio.wait_for(main(), 60))


def test_the_line_server_can_be_taken_away_and_comes_back(tmp_path: Path) -> None:
    async def main() -> None:
        wall = Wall()
        async with running(tmp_path, wall) as run:
            tell(tmp_path, "fault", "disconnect", "line-server")
            for _ in range(3):
                await forward(run, wall, 1)
            assert not answers(run.options.opcua_port)
            counted = run.ledger.emitted["filler-1.fill_weight"][0]
            await forward(run, wall, 3)
            assert run.ledger.emitted["filler-1.fill_weight"][0] == counted
            tell(tmp_path, "fault", "clear", "line-server")
            for _ in range(10):
                await forward(run, wall, 1)
            async with Client(url_of(run.options.opcua_port)) as client:
                index = await client.get_namespace_index(NAMESPACE)
                value = await client.get_node(ua.NodeId("filler-1.produced", index)).read_value()
                assert value > 0

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_fault_command_reaches_the_running_plant_and_the_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        wall = Wall()
        async with running(tmp_path, wall, broker="auto") as run:
            tell(tmp_path, "fault", "jam", "press-2", "--minutes", "10")
            await forward(run, wall, 30)
            live = run.plant.truth(MORNING_US, wall.at_us)
            again = plant_of(tmp_path).truth(MORNING_US, wall.at_us)
            assert live.states == again.states
            assert [a.fault.kind for a in again.faults if not a.planted] == ["jam"]
            tell(tmp_path, "fault", "clear")
            await forward(run, wall, 2)

    asyncio.run(asyncio.wait_for(main(), 60))
    capsys.readouterr()
    tell(tmp_path, "truth", "--from", "2026-11-22T09:40:00Z", "--to", "2026-11-22T09:41:00Z", "--json")
    told = json.loads(capsys.readouterr().out)
    (jam,) = [a for a in told["truth"]["faults"] if not a["planted"]]
    assert jam["fault"]["machine"] == "press-2"
    assert jam["to_us"] < MORNING_US + 60 * SECOND_US
    assert sum(count for count, _ in told["emitted"].values()) > 402


async def forward(run: Run, wall: Wall, seconds: int) -> None:
    wall.at_us += seconds * SECOND_US
    while await run.tick():
        pass


def tell(folder: Path, *words: str) -> None:
    """`plantglass plant …` in this process."""
    import argparse

    parser = argparse.ArgumentParser()
    command_line.add(parser.add_subparsers())
    chosen = parser.parse_args(["plant", *words])
    assert chosen.run(chosen, Settings(data=folder)) == 0


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.3)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_command_that_comes_too_late_moves_and_says_so(tmp_path: Path) -> None:
    channel, reader = state.Channel(tmp_path), state.Channel(tmp_path)
    command = state.Command("a1", 1000, "fault", "press-2", "jam", lasts_s=60.0)
    channel.send(command)
    assert reader.new() == [command]
    channel.moved(command, 5000)
    assert reader.new() == []
    assert [c.at_us for c in state.Channel(tmp_path).new()] == [5000]


def test_half_a_line_waits_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    channel = state.Channel(tmp_path)
    whole = b'{"id":"x","at_us":1,"do":"clear"}\n'
    channel.file.write_bytes(whole + b'{"id":"y","at_')
    assert [c.id for c in channel.new()] == ["x"]
    channel.file.write_bytes(whole + b'{"id":"y","at_us":2,"do":"clear"}\n')
    assert [c.id for c in channel.new()] == ["y"]
    channel.file.write_bytes(b"nonsense\n")
    with pytest.raises(Invalid, match="nonsense"):
        state.Channel(tmp_path).new()


def test_a_fast_clock_begins_in_the_past_catches_up_and_never_passes_the_present() -> None:
    wall = Wall(10_000 * SECOND_US)
    clock = Clock(wall.at_us - 600 * SECOND_US, 60.0, wall.at_us, wall)
    shown = []
    for _ in range(15):
        wall.at_us += SECOND_US
        shown.append(clock())
        assert shown[-1] <= wall.at_us
    assert shown[0] == 10_000 * SECOND_US - 540 * SECOND_US
    assert clock.live
    assert clock.step_s == 1
    assert shown[-1] == wall.at_us
    assert np.all(np.diff(shown) > 0)


def test_a_fast_plant_sends_every_step_once(tmp_path: Path) -> None:
    async def main() -> None:
        wall = Wall()
        async with running(tmp_path, wall, speed=600.0) as run:
            begin = run.through_us
            assert begin == MORNING_US - 8 * 3600 * SECOND_US
            for _ in range(3):
                wall.at_us += SECOND_US
                while await run.tick():
                    pass
            assert state.read_ledger(tmp_path).runs[0][0] == begin
            assert run.ledger.runs == [[begin, begin + 1800 * SECOND_US]]

    asyncio.run(asyncio.wait_for(main(), 60))


def test_an_outage_lasts_as_long_as_it_was_asked_for() -> None:
    away = Outages([state.Command("a", 100, "fault", "line-server", "disconnect", lasts_s=2e-4)])
    assert [away.holds("line-server", at) for at in (99, 100, 299, 300)] == [False, True, True, False]
    away.add(state.Command("b", 200, "clear"))
    assert not away.holds("line-server", 200)


def test_another_seed_needs_another_folder(tmp_path: Path) -> None:
    state.birth(tmp_path, 5, 1)
    assert state.birth(tmp_path, 9).anchor_us == 5
    with pytest.raises(Invalid, match="seed 1"):
        state.birth(tmp_path, 9, 2)


def test_a_taken_opc_ua_port_ends_the_start_with_one_sentence(tmp_path: Path) -> None:
    async def main() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            run = Run(Options(tmp_path, taken.getsockname()[1], free_port()), Wall())
            with pytest.raises(Unavailable, match="OPC UA port"):
                await run.start()
            await run.stop()

    asyncio.run(asyncio.wait_for(main(), 60))


@pytest.mark.faults
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.skipif(mosquitto() is None, reason="Mosquitto is not installed (apt install mosquitto)")
def test_a_killed_plant_goes_on_where_it_was_and_leaves_no_broker_behind(tmp_path: Path) -> None:
    opcua, broker = free_port(), free_port()
    settings = {"DATA": str(tmp_path), "PLANT_PORT": str(opcua), "BROKER_PORT": str(broker)}
    environment = os.environ | {f"PLANTGLASS_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "app", "plant", "run"]
    first = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        until(lambda: (tmp_path / state.LEDGER).exists() and answers(opcua), 40)
    finally:
        first.kill()
        first.wait()
    until(lambda: not answers(broker), 20)
    through = state.read_ledger(tmp_path).through_us
    second = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        until(lambda: state.read_ledger(tmp_path).through_us > through + 1_000_000, 40)
    finally:
        second.send_signal(signal.SIGTERM)
        ended = second.wait(20)
    assert ended == 0
    assert len(state.read_ledger(tmp_path).runs) == 2
    assert time.time_ns() // 1000 >= state.read_ledger(tmp_path).through_us
