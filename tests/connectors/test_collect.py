"""Into the spool and out of it: back-pressure, shedding by class, and a queue that nothing can block."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from connectors.collect import FIRST_WAIT_S, RETRY_S, Condition, Forwarder, Inlet, count, part
from connectors.record import unpack
from connectors.spool import Spool, claim
from db.historian import accounting, ingest, load
from db.store import Collision, Store
from engine.errors import Unavailable
from engine.historian.block import DeadLetter, Gap, Intake, SampleBlock, TextEvent
from tests.connectors.plant_store import furnish, stored

START = 1_795_000_000_000_000


@pytest.fixture
def plant(store: Store) -> Store:
    furnish(store, ("broker", "mqtt", {"host": "h"}))
    return store


def samples(tag_id: int, first: int, n: int) -> SampleBlock:
    at = START + np.arange(first, first + n)
    return SampleBlock(np.full(n, tag_id), at, np.zeros(n), np.arange(first, first + n), np.zeros(n), at)


def filled(folder: Path, records: int, size: int = 100, limit: int = 10**9) -> Spool:
    spool = claim(folder, limit)
    spool.append([Intake(1, 1, samples(1, n * size, size)) for n in range(records)])
    return spool


def test_records_reach_the_store_in_order_and_leave_the_spool(plant: Store, tmp_path: Path) -> None:
    spool = filled(tmp_path, 30)
    forwarder = Forwarder(plant, spool)
    forwarder.drain(threading.Event())
    assert stored(plant)[1] == list(range(3000))
    assert spool.waiting == 0
    assert (accounting(plant, 1).received, accounting(plant, 1).stored) == (3000, 3000)
    spool.close()


def test_a_crash_between_commit_and_deletion_stores_nothing_twice(plant: Store, tmp_path: Path) -> None:
    spool = filled(tmp_path, 5)
    batch = spool.read(1, samples=250)
    assert batch is not None
    ingest(plant, spool.worker, batch.through, batch.intake)  # and here the power went
    Forwarder(plant, spool).drain(threading.Event())
    counts = accounting(plant, 1)
    assert (counts.received, counts.stored, counts.duplicates) == (500, 500, 0)
    assert stored(plant)[1] == list(range(500))
    spool.close()


def test_what_the_store_cannot_take_becomes_a_dead_letter_and_the_rest_goes_on(
    plant: Store, database_url: str, tmp_path: Path
) -> None:
    owner = create_engine(database_url)
    with owner.begin() as connection:
        connection.execute(text("alter table sample_hot_local add check (bits <> 333)"))
        connection.execute(text("alter table gap add check (missing <> 13)"))
    owner.dispose()
    spool = filled(tmp_path, 3)
    spool.append([Intake(1, 1, samples(1, 300, 50), gaps=(Gap(1, 1, 2, 1, "fine"), Gap(1, 5, 6, 13, "never")))])
    spool.append([Intake(1, 1, samples(1, 350, 50))])
    Forwarder(plant, spool).drain(threading.Event())
    assert spool.waiting == 0
    assert stored(plant)[1] == [n for n in range(400) if n != 333]
    counts = accounting(plant, 1)
    assert counts.received == counts.stored + counts.duplicates + counts.dead_lettered
    assert (counts.stored, counts.duplicates, counts.dead_lettered) == (399, 0, 2)
    with plant.read() as connection:
        letters = connection.execute(text("select address, reason, raw from dead_letter order by id")).all()
        assert connection.execute(text("select reason from gap")).scalars().all() == ["fine"]
    assert {row.address for row in letters} == {"tag 1", "a dead letter or a gap"}
    kept = next(unpack(1, 1, row.raw) for row in letters if row.address == "tag 1")
    assert kept.samples.bits.tolist() == [333]
    spool.close()


def test_a_transaction_that_lost_a_deadlock_is_tried_again_and_nothing_is_condemned(
    plant: Store, database_url: str, tmp_path: Path
) -> None:
    owner = create_engine(database_url)
    with owner.begin() as connection:
        connection.exec_driver_sql(
            "create function lose() returns trigger language plpgsql as $$ begin"
            " raise exception 'deadlock detected' using errcode = '40P01'; end $$"
        )
        connection.exec_driver_sql("create trigger lose before insert on sample_hot_local for each row execute function lose()")
    spool = filled(tmp_path, 1, size=1)
    forwarder = Forwarder(plant, spool)
    with pytest.raises(Collision):
        forwarder.step()
    assert spool.waiting == 1
    with owner.begin() as connection:
        connection.exec_driver_sql("drop trigger lose on sample_hot_local")
    owner.dispose()
    forwarder.drain(threading.Event())
    assert stored(plant)[1] == [0]
    assert accounting(plant, 1).dead_lettered == 0
    spool.close()


def test_a_store_that_takes_nothing_at_all_loses_nothing(plant: Store, database_url: str, tmp_path: Path) -> None:
    owner = create_engine(database_url)
    with owner.begin() as connection:
        connection.execute(text("alter table ingest_count rename to elsewhere"))
    spool = filled(tmp_path, 3, size=4)
    stopping = threading.Event()
    thread = threading.Thread(target=Forwarder(plant, spool).run, args=[stopping])
    thread.start()
    time.sleep(3)
    stopping.set()
    thread.join(30)
    with owner.begin() as connection:
        connection.execute(text("alter table elsewhere rename to ingest_count"))
    owner.dispose()
    Forwarder(plant, spool).drain(threading.Event())
    assert stored(plant)[1] == list(range(12))
    assert accounting(plant, 1).dead_lettered == 0
    spool.close()


def test_while_the_store_is_away_the_spool_keeps_everything(plant: Store, tmp_path: Path) -> None:
    spool = filled(tmp_path, 3)
    away = Store("postgresql+psycopg://nobody@127.0.0.1:1/none")
    forwarder = Forwarder(away, spool)
    with pytest.raises(Unavailable):
        forwarder.step()
    assert spool.waiting == 3
    stopping = threading.Event()
    thread = threading.Thread(target=forwarder.run, args=[stopping])
    thread.start()
    time.sleep(1)
    assert "does not answer" in forwarder.trouble
    stopping.set()
    thread.join(20)
    Forwarder(plant, spool).drain(threading.Event())
    assert stored(plant)[1] == list(range(300))
    spool.close()


def test_a_damaged_chunk_holds_up_only_its_own_source(plant: Store, tmp_path: Path) -> None:
    load(plant, 1, samples(1, 0, 100))
    with plant.write() as connection:
        connection.execute(text("update chunk set data = set_byte(data, 40, get_byte(data, 40) # 1)"))
    spool = claim(tmp_path, 10**9)
    spool.append([Intake(1, 1, samples(1, 50, 3)), Intake(1, 2, samples(2, 0, 50)), Intake(1, 3, samples(3, 0, 50))])
    forwarder = Forwarder(plant, spool)
    forwarder.drain(threading.Event())
    assert [accounting(plant, source).stored for source in (1, 2, 3)] == [0, 50, 50]
    assert spool.sources() == [1]
    assert "Stored samples of signal 1 are damaged" in forwarder.why_held(1)
    assert forwarder.why_held(2) == ""
    with plant.write() as connection:
        connection.execute(text("update chunk set data = set_byte(data, 40, get_byte(data, 40) # 1)"))
    time.sleep(FIRST_WAIT_S)
    forwarder.drain(threading.Event())
    assert (spool.waiting, forwarder.why_held(1)) == (0, "")
    assert accounting(plant, 1).received == 3
    spool.close()


def test_shedding_waits_for_a_full_disk_and_counts_each_value_once(tmp_path: Path) -> None:
    spool = filled(tmp_path, 1, limit=3000)
    pages = spool._db.execute("pragma page_count").fetchone()[0]
    spool._db.execute(f"pragma max_page_count = {pages}")
    inlet = Inlet(spool, Condition(), never_shed=[4], patience_s=0)
    mixed = SampleBlock.join([samples(2, 0, 10), samples(4, 0, 2000)])
    put = threading.Thread(target=inlet.put, args=[Intake(1, 1, mixed)])
    put.start()
    time.sleep(3 * RETRY_S)
    assert put.is_alive()
    spool._db.execute("pragma max_page_count = 100000")
    put.join(10)
    assert not put.is_alive()
    spool.release_shed()
    batch = spool.read(1)
    assert batch is not None
    assert [(g.tag_id, g.missing) for g in batch.intake.gaps] == [(2, 10)]
    spool.close()


def test_under_pressure_dead_letters_are_only_counted(tmp_path: Path) -> None:
    spool = filled(tmp_path, 1, limit=3000)
    inlet = Inlet(spool, Condition(), never_shed=[], patience_s=0)
    assert inlet.put(Intake(1, 1, dead=tuple(DeadLetter("a", "b", b"c" * 4096, START, 2) for _ in range(50))))
    batch = spool.read(1)
    assert batch is not None
    assert [d.count for d in batch.intake.dead] == [2, 2, 2, 94]
    assert batch.intake.received == 100 + 100
    spool.close()


def test_a_source_waits_for_room_before_anything_is_shed(plant: Store, tmp_path: Path) -> None:
    spool = filled(tmp_path, 3, limit=5000)
    assert not spool.has_room
    inlet = Inlet(spool, Condition(), never_shed=[], patience_s=30)
    put = threading.Thread(target=inlet.put, args=[Intake(1, 1, samples(1, 300, 10))])
    put.start()
    time.sleep(0.5)
    assert put.is_alive()
    assert inlet.condition.facts["spool"] == "full: waiting"
    Forwarder(plant, spool).drain(threading.Event())
    put.join(10)
    assert not put.is_alive()
    batch = spool.read(1)
    assert batch is not None
    assert batch.intake.samples.bits.tolist() == list(range(300, 310))
    spool.close()


def test_under_pressure_only_what_is_not_gxp_is_shed_and_declared(plant: Store, tmp_path: Path) -> None:
    spool = filled(tmp_path, 1, limit=3000)
    inlet = Inlet(spool, Condition(), never_shed=[4], patience_s=0)
    mixed = SampleBlock.join([samples(2, 0, 10), samples(4, 0, 10), samples(2, 10, 10)])
    words = (TextEvent(5, START, 0, "B1", 0, START),)
    letters = (DeadLetter("a", "b", b"c", START),)
    assert inlet.put(Intake(1, 1, mixed, words, letters))
    assert inlet.put(Intake(1, 1, samples(2, 20, 5)))
    Forwarder(plant, spool).drain(threading.Event())
    found = stored(plant)
    assert (found[2], found[4]) == ([], list(range(10)))
    with plant.read() as connection:
        gaps = connection.exec_driver_sql("select tag_id, from_us, to_us, missing, reason from gap order by tag_id").all()
    assert [tuple(g) for g in gaps] == [
        (2, START, START + 25, 25, "the spool was full"),
        (5, START, START + 1, 1, "the spool was full"),
    ]
    assert accounting(plant, 1).dead_lettered == 1
    spool.close()


def test_a_stopping_worker_does_not_wait_for_a_full_disk(tmp_path: Path) -> None:
    spool = claim(tmp_path, 10**9)
    pages = spool._db.execute("pragma page_count").fetchone()[0]
    spool._db.execute(f"pragma max_page_count = {pages}")
    inlet = Inlet(spool, Condition(), never_shed=[], patience_s=30)
    inlet.stopping.set()
    big = Intake(1, 1, samples(1, 0, 2000))
    assert inlet.put(big) is False
    assert "cannot be written" in inlet.condition.facts["spool"]
    spool.close()


def test_the_condition_tells_age_and_skew(tmp_path: Path) -> None:
    spool = claim(tmp_path, 10**9)
    inlet = Inlet(spool, Condition(), never_shed=[], patience_s=0)
    block = samples(1, 0, 3)
    late = SampleBlock(block.tag_id, block.at_us, block.seq, block.bits, block.status, block.at_us + 7)
    assert inlet.put(Intake(1, 1, late))
    assert inlet.condition.skew_us == 7
    assert inlet.condition.last_sample_us == START + 9
    assert inlet.condition.heard_us == START + 2
    assert spool.newest(1).bits.tolist() == [0, 1, 2]
    spool.close()


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.data())
def test_an_intake_is_the_sum_of_its_parts(n: int, texts: int, dead: int, gaps: int, data: st.DataObject) -> None:
    whole = Intake(
        1,
        1,
        samples(1, 0, n),
        tuple(TextEvent(1, i, 0, "", 0, 0) for i in range(texts)),
        tuple(DeadLetter(str(i), "", b"", 0) for i in range(dead)),
        tuple(Gap(1, i, i + 1, 1, "") for i in range(gaps)),
    )
    cut = data.draw(st.integers(0, count(whole)))
    one, other = part(whole, 0, cut), part(whole, cut, count(whole))
    assert (count(one), count(other)) == (cut, count(whole) - cut)
    assert [*one.samples.bits, *other.samples.bits] == list(range(n))
    assert (one.texts + other.texts, one.dead + other.dead, one.gaps + other.gaps) == (whole.texts, whole.dead, whole.gaps)
