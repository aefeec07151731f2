"""Order files: taken in once, refused with a reason, never lost."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.folder import FolderCollector, read_orders
from db import order
from db.store import Store
from engine.access import SYSTEM
from engine.errors import Invalid, PlantError, Unavailable
from engine.tag import Source
from tests.connectors.collecting import Bench, eventually
from tests.connectors.plant_store import furnish

RECORD = {
    "number": "WO-1",
    "product": "P1",
    "quantity": 5,
    "unit": "vials",
    "due_at": "2026-12-01T00:00:00Z",
    "batches": ["B1"],
}
SOURCE = Source(1, 1, "orders", "folder", {"path": "drop/orders"})


@pytest.fixture
def plant(store: Store) -> Store:
    furnish(store, ("orders", "folder", {"path": "drop/orders"}))
    return store


def watching(store: Store, folder: Path) -> tuple[FolderCollector, Bench]:
    bench = Bench(folder / "spool", SOURCE)
    return FolderCollector(SOURCE, store, bench.receipt, bench.inlet, folder), bench


def drop(collector: FolderCollector, name: str, content: Any) -> Path:
    collector.folder.mkdir(parents=True, exist_ok=True)
    file = collector.folder / name
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return file


def settled(collector: FolderCollector) -> None:
    """Two looks: a file must not change between them."""
    collector.look()
    collector.look()


def test_an_order_file_is_taken_in_and_moved_to_done(plant: Store, tmp_path: Path) -> None:
    collector, bench = watching(plant, tmp_path)
    drop(collector, "WO-1.json", RECORD)
    drop(collector, "list.json", [RECORD | {"number": "WO-2"}, RECORD | {"number": "WO-3"}])
    drop(collector, "WO-4.csv", b"number,product,quantity,unit,due_at\nWO-4,P1,7,vials,2026-12-01T00:00:00Z\n")
    drop(collector, "WO-5.json.part", RECORD | {"number": "WO-5"})
    settled(collector)
    assert [o.number for o in order.orders(SYSTEM, plant)] == ["WO-1", "WO-2", "WO-3", "WO-4"]
    assert sorted(f.name for f in (collector.folder / "done").iterdir()) == ["WO-1.json", "WO-4.csv", "list.json"]
    assert (collector.folder / "WO-5.json.part").exists()
    bench.spool.close()


def test_the_same_file_twice_changes_nothing(plant: Store, tmp_path: Path) -> None:
    collector, bench = watching(plant, tmp_path)
    for _ in range(2):
        drop(collector, "WO-1.json", RECORD)
        settled(collector)
    with plant.read() as connection:
        assert connection.exec_driver_sql("select count(*), max(version) from work_order").one() == (1, 1)
    assert sorted(f.name for f in (collector.folder / "done").iterdir()) == ["WO-1.json", "WO-1~1.json"]
    bench.spool.close()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.json", b"{", "The file is no JSON"),
        ("a.json", b"\xff\xfe\xff", "The file is no JSON"),
        ("a.json", [1], "holds '1' where an order should be"),
        ("a.json", RECORD | {"quantity": 0}, "quantity above 0"),
        ("a.json", RECORD | {"product": "P9"}, "“P9”, which is not configured"),
        ("a.csv", b"number;product\n", "holds no order"),
        ("a.csv", b'"' + b"x" * 200_000, "The file is no CSV"),
        ("a.json", b"[" * 100_000, "The file is no JSON"),
    ],
)
def test_a_bad_file_fails_with_its_reason_and_a_dead_letter(
    plant: Store, tmp_path: Path, name: str, content: Any, words: str
) -> None:
    collector, bench = watching(plant, tmp_path)
    drop(collector, name, content)
    settled(collector)
    assert words in (collector.folder / "failed" / f"{name}.reason.txt").read_text()
    assert (collector.folder / "failed" / name).exists()
    [letter] = bench.intake().dead
    assert (letter.address, words in letter.reason) == (name, True)
    assert order.orders(SYSTEM, plant) == []
    bench.spool.close()


def test_one_bad_order_in_a_file_takes_none_of_it(plant: Store, tmp_path: Path) -> None:
    collector, bench = watching(plant, tmp_path)
    drop(collector, "two.json", [RECORD, RECORD | {"number": "WO-2", "product": "P9"}])
    settled(collector)
    assert order.orders(SYSTEM, plant) == []
    bench.spool.close()


def test_a_file_that_still_grows_is_left_alone(plant: Store, tmp_path: Path) -> None:
    collector, bench = watching(plant, tmp_path)
    file = drop(collector, "WO-1.json", RECORD)
    assert collector.look() == 0
    file.write_bytes(file.read_bytes() + b" ")
    assert collector.look() == 0
    assert collector.look() == 1
    bench.spool.close()


def test_while_the_database_is_away_files_wait(plant: Store, tmp_path: Path) -> None:
    away, bench = watching(Store("postgresql+psycopg://nobody@127.0.0.1:1/none"), tmp_path)
    file = drop(away, "WO-1.json", RECORD)
    away.look()
    with pytest.raises(Unavailable):
        away.look()
    assert file.exists()
    collector = FolderCollector(SOURCE, plant, bench.receipt, bench.inlet, tmp_path)
    settled(collector)
    assert len(order.orders(SYSTEM, plant)) == 1
    bench.spool.close()


def test_a_file_that_cannot_be_read_holds_up_no_other(plant: Store, tmp_path: Path) -> None:
    collector, bench = watching(plant, tmp_path)
    drop(collector, "b.json", RECORD)
    (collector.folder / "a.json").symlink_to("/proc/self/mem")
    collector.start()
    eventually((collector.folder / "done" / "b.json").exists, "the good file")
    eventually(lambda: "The file a.json cannot be taken in" in bench.condition.detail, "the state")
    assert bench.condition.state == "connected"
    collector.stop()
    bench.spool.close()


def test_it_watches_by_itself_until_stopped(plant: Store, tmp_path: Path) -> None:
    collector, bench = watching(plant, tmp_path)
    collector.start()
    drop(collector, "WO-1.json", RECORD)
    eventually(lambda: order.orders(SYSTEM, plant), "the order")
    assert bench.condition.state == "connected"
    collector.stop()
    drop(collector, "WO-2.json", RECORD | {"number": "WO-2"})
    time.sleep(0.1)
    assert (collector.folder / "WO-2.json").exists()
    bench.spool.close()


def test_settings_are_checked(plant: Store, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "spool", SOURCE)
    with pytest.raises(Invalid, match="has no setting “path”"):
        FolderCollector(Source(1, 1, "orders", "folder", {}), plant, bench.receipt, bench.inlet, tmp_path)
    bench.spool.close()


csv_like = st.text(st.sampled_from('number,product\r\n\x00";1é'), max_size=60).map(str.encode)


@settings(max_examples=60)
@given(st.binary(max_size=300) | csv_like, st.sampled_from([".json", ".csv"]))
def test_any_bytes_are_orders_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str) -> None:
    file = tmp_path_factory.mktemp("orders") / f"x{suffix}"
    file.write_bytes(content)
    try:
        read_orders(file)
    except PlantError as error:
        shown = str(error)
        assert shown.endswith(".")
