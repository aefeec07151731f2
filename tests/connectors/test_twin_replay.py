"""Replays of recordings through a real OPC UA server and a real broker."""

from __future__ import annotations

import asyncio
import csv
import gzip
import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client, ua

from connectors.twin.broker import Broker
from connectors.twin.recording import NAMESPACE, read_map, read_recording
from connectors.twin.replay import RECORDS, Playing, offset_of, play, span_of
from connectors.twin.run import now_us
from connectors.twin.server import quieten, url_of
from engine.errors import Invalid
from tests.connectors.test_twin_mqtt import Listener, free_port, until

EXAMPLE = Path(__file__).parents[2] / "connectors" / "twin" / "example"
TABLETS = Path(__file__).parents[3] / "shared" / "data" / "anomaly" / "pharma_tablets" / "timeseries_product3.csv.gz"
TABLET_MAP = Path(__file__).parents[1] / "data" / "tablet_press.toml"
MQTT_MAP = """
[file]
time = "t"
[target]
route = "mqtt"
at = "acme/dublin/solid-dose/press-9"
[[column]]
name = "v"
tag = "press-9.speed"
scale = 2.0
offset = 1.0
"""

quieten()


def written(folder: Path, recording: str, chart: str = MQTT_MAP) -> tuple[Path, Path]:
    (folder / "r.csv").write_text(recording, encoding="utf-8")
    (folder / "m.toml").write_text(chart, encoding="utf-8")
    return folder / "r.csv", folder / "m.toml"


class Heard:
    def __init__(self) -> None:
        self.got: dict[str, list[tuple[int, Any]]] = defaultdict(list)

    def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
        stamp = data.monitored_item.Value.SourceTimestamp
        if value is not None:
            self.got[node.nodeid.Identifier].append((round(stamp.timestamp() * 1e6), value))


def test_the_example_plays_over_opc_ua_and_ends_now(tmp_path: Path) -> None:
    chart = read_map(EXAMPLE / "press.toml")
    recording = read_recording(EXAMPLE / "press.csv", chart)
    first, last = span_of(recording)

    async def main() -> None:
        playing = Playing(tmp_path, free_port(), speed=400.0)
        begun = now_us()
        task = asyncio.create_task(play(EXAMPLE / "press.csv", chart, recording, playing))
        heard = Heard()
        async with await connected(playing.port) as client:
            index = await client.get_namespace_index(NAMESPACE)
            subscription = await client.create_subscription(50, heard)
            node = client.get_node(ua.NodeId("press-9.produced", index))
            await subscription.subscribe_data_change(node, queuesize=100)
            while not heard.got or heard.got["press-9.produced"][-1][1] != recording["press-9.produced"].values[-1]:
                await asyncio.sleep(0.05)
        assert await task == sum(len(s.at_us) for s in recording.values())
        stamps = [at for at, _ in heard.got["press-9.produced"]]
        assert all(a < b for a, b in pairwise(stamps))
        assert max(stamps) <= now_us()
        (note,) = [json.loads(line) for line in (tmp_path / RECORDS).read_text().splitlines()]
        assert note["offset_us"] == pytest.approx(begun + (last - first) / 400 - last, abs=30e6)
        produced = dict(zip(recording["press-9.produced"].at_us.tolist(), recording["press-9.produced"].values, strict=True))
        assert all(produced[at - note["offset_us"]] == value for at, value in heard.got["press-9.produced"])

    asyncio.run(asyncio.wait_for(main(), 90))


async def connected(port: int) -> Client:
    while True:
        client = Client(url_of(port))
        try:
            await client.connect()
        except OSError:
            await asyncio.sleep(0.1)
            continue
        await client.disconnect()
        return Client(url_of(port))


def test_a_fast_replay_over_mqtt_sends_every_sample_and_the_last_is_now(tmp_path: Path) -> None:
    file, chart_file = written(tmp_path, "t,v\n2020-01-01T00:00:00Z,1\n2020-01-01T00:00:10Z,\n2020-01-01T00:00:20Z,3.5\n")
    chart = read_map(chart_file)
    recording = read_recording(file, chart)
    broker = Broker(tmp_path / "broker", free_port())
    broker.start()
    listener = Listener(broker.port, "acme/#")
    begun = now_us()
    sent = asyncio.run(play(file, chart, recording, Playing(tmp_path, broker.port, speed=None)))
    until(lambda: len(listener.heard) == 2)
    listener.stop()
    broker.stop()
    assert sent == 2
    assert listener.values() == {"acme/dublin/solid-dose/press-9/speed": [3.0, 8.0]}
    offset = json.loads((tmp_path / RECORDS).read_text())["offset_us"]
    assert begun <= span_of(recording)[1] + offset <= now_us()


def test_live_speed_begins_now_and_faster_ones_end_now(tmp_path: Path) -> None:
    file, chart = written(tmp_path, "t,v\n2020-01-01T00:00:00Z,1\n2020-01-01T01:00:00Z,2\n")
    recording = read_recording(file, read_map(chart))
    first, last = span_of(recording)
    hour = last - first
    assert first + offset_of(recording, 1.0, 10**15) == 10**15
    assert last + offset_of(recording, None, 10**15) == 10**15
    assert last + offset_of(recording, 60.0, 10**15) == 10**15 + hour // 60


@pytest.mark.parametrize(
    ("recording", "sentence"),
    [
        ("t,w\n2020-01-01,1\n", "no column “v”"),
        ("t,v\n2020-01-01,x\n", "Line 2, column v: “x” is no float"),
        ("t,v\nyesterday,1\n", "Line 2: “yesterday” is no time stamp"),
        ("t,v\n2020-01-01\n", "Line 2 has 1 cells instead of 2"),
        ("t,v\n", "holds no samples"),
    ],
)
def test_a_wrong_recording_is_refused_with_line_and_reason(tmp_path: Path, recording: str, sentence: str) -> None:
    file, chart = written(tmp_path, recording)
    with pytest.raises(Invalid, match=sentence):
        read_recording(file, read_map(chart))


@pytest.mark.parametrize(
    ("chart", "sentence"),
    [
        ("[file", "is no TOML"),
        (MQTT_MAP.replace('"mqtt"', '"pigeon"'), "pigeon"),
        (MQTT_MAP.replace('tag = "press-9.speed"', ""), "tag"),
        (MQTT_MAP.replace('time = "t"', 'time = "t"\nzone = "Mars/North"'), "Mars/North"),
    ],
)
def test_a_wrong_map_is_refused_with_its_reason(tmp_path: Path, chart: str, sentence: str) -> None:
    _, file = written(tmp_path, "t,v\n", chart)
    with pytest.raises(Invalid, match=sentence):
        read_map(file)


def test_the_public_tablet_press_series_plays(tmp_path: Path) -> None:
    if not TABLETS.exists():
        pytest.skip("../shared/data/anomaly/pharma_tablets is not there: the public tablet-press series cannot be played")
    chart = read_map(TABLET_MAP)
    short = tmp_path / "series.csv"
    with gzip.open(TABLETS, "rt", encoding="utf-8") as stream:
        short.write_text("".join(line for line, _ in zip(stream, range(1201), strict=False)), encoding="utf-8")
    assert len(read_recording(TABLETS, chart)["press-9.main_force"].at_us) == 53_057
    recording = read_recording(short, chart)
    broker = Broker(tmp_path / "broker", free_port())
    broker.start()
    listener = Listener(broker.port, "acme/#")
    sent = asyncio.run(play(short, chart, recording, Playing(tmp_path, broker.port, speed=None)))
    until(lambda: len(listener.heard) == sent, 120)
    listener.stop()
    broker.stop()
    with short.open(encoding="utf-8") as stream:
        forces = [float(row["main_comp"]) for row in csv.DictReader(stream, delimiter=";")]
    assert listener.values()["acme/dublin/solid-dose/press-9/main_force"] == forces
    assert len(forces) == 1200
