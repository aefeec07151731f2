"""The spool keeps every record until the store has it: through kills, full disks and damaged files."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.record import pack, unpack
from connectors.spool import SpoolFull, claim, orphans
from engine.errors import Invalid, Unavailable
from engine.historian.block import COLUMNS, DeadLetter, Gap, Intake, SampleBlock, TextEvent

MB = 1_000_000
int64 = st.integers(-(2**63), 2**63 - 1)
word = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@st.composite
def intakes(draw: st.DrawFn) -> Intake:
    n = draw(st.integers(0, 20))
    column = {
        np.int32: st.integers(-(2**31), 2**31 - 1),
        np.int64: int64,
        np.uint32: st.integers(0, 2**32 - 1),
    }
    block = SampleBlock(*(np.array(draw(st.lists(column[kind], min_size=n, max_size=n)), kind) for _, kind in COLUMNS))
    small = st.integers(0, 2**31 - 1)
    texts = draw(st.lists(st.builds(TextEvent, small, int64, small, word, st.integers(0, 2**32 - 1), int64), max_size=3))
    dead = draw(st.lists(st.builds(DeadLetter, word, word, st.binary(max_size=50), int64, st.integers(1, 2**31)), max_size=3))
    gaps = draw(st.lists(st.builds(Gap, st.none() | small, int64, int64, st.none() | small, word), max_size=3))
    return Intake(3, 7, block, tuple(texts), tuple(dead), tuple(gaps))


@given(intakes())
def test_a_record_is_the_same_after_its_way_through_bytes(intake: Intake) -> None:
    assert same(unpack(3, 7, pack(intake)), intake)


@given(intakes(), st.data())
def test_a_damaged_record_is_recognised(intake: Intake, data: st.DataObject) -> None:
    body = bytearray(pack(intake))
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Invalid, match="damaged"):
        unpack(3, 7, bytes(body))


def same(one: Intake, other: Intake) -> bool:
    columns = all(np.array_equal(getattr(one.samples, name), getattr(other.samples, name)) for name, _ in COLUMNS)
    return columns and (one.texts, one.dead, one.gaps) == (other.texts, other.dead, other.gaps)


def some(n: int, start: int = 0, source_id: int = 7) -> Intake:
    at = np.arange(start, start + n)
    return Intake(3, source_id, SampleBlock(np.ones(n), at, np.zeros(n), at, np.zeros(n), at))


def test_records_come_back_in_order_joined_and_by_source(tmp_path: Path) -> None:
    spool = claim(tmp_path, MB)
    spool.append([some(3, 0), some(2, 100, source_id=8), some(3, 3)])
    assert spool.sources() == [7, 8]
    batch = spool.read(7)
    assert batch is not None
    assert batch.intake.samples.at_us.tolist() == [0, 1, 2, 3, 4, 5]
    spool.delete(batch)
    assert spool.read(7) is None
    assert spool.waiting == 1
    spool.close()


def test_a_batch_ends_before_it_grows_too_large_but_takes_at_least_one_record(tmp_path: Path) -> None:
    spool = claim(tmp_path, MB)
    spool.append([some(50), some(50, 50), some(50, 100)])
    batches = []
    while (batch := spool.read(7, samples=100)) is not None:
        batches.append(len(batch.intake.samples))
        spool.delete(batch)
    assert batches == [100, 50]
    spool.append([some(500)])
    batch = spool.read(7, samples=100)
    assert batch is not None
    assert len(batch.intake.samples) == 500
    spool.close()


def test_numbers_are_never_used_again_not_even_after_a_restart(tmp_path: Path) -> None:
    seen: list[int] = []
    for _ in range(3):
        spool = claim(tmp_path, MB)
        spool.append([some(1)])
        batch = spool.read(7)
        assert batch is not None
        seen.append(batch.through)
        spool.delete(batch)
        spool.close()
    assert seen == sorted(set(seen))


def test_a_spool_has_one_owner_and_passes_on_when_the_owner_goes(tmp_path: Path) -> None:
    one, other = claim(tmp_path, MB), claim(tmp_path, MB)
    assert one.worker != other.worker
    one.append([some(2)])
    assert list(orphans(tmp_path, MB)) == []
    one.close()
    found = [(o.worker, o.waiting) for o in orphans(tmp_path, MB)]
    assert found == [(one.worker, 1)]
    again = claim(tmp_path, MB)
    assert again.worker == one.worker
    assert again.waiting == 1
    other.close()
    again.close()


CHILD = """
import os, sys
from pathlib import Path
from tests.connectors.test_spool import some
from connectors.spool import claim
spool = claim(Path(sys.argv[1]), 10**9)
for n in range(10**9):
    spool.append([some(5, 5 * n)])
    print(n, flush=True)
"""


def test_what_was_appended_survives_kill_9_at_any_moment(tmp_path: Path) -> None:
    promised = -1
    for pause in (1, 7, 30):
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for _ in range(pause):
            promised = int(child.stdout.readline())
        child.kill()
        tail = child.communicate()[0].split()
        promised = int(tail[-1]) if tail else promised
        spool = claim(tmp_path, MB)
        batch = spool.read(7, samples=10**9)
        assert batch is not None
        stored = batch.intake.samples.at_us.tolist()
        assert stored == list(range(len(stored)))
        assert len(stored) in (5 * (promised + 1), 5 * (promised + 2))
        spool.delete(batch)
        spool.close()


def test_a_full_disk_refuses_whole_appends_and_recovers(tmp_path: Path) -> None:
    spool = claim(tmp_path, 10 * MB)
    pages = spool._db.execute("pragma page_count").fetchone()[0]
    spool._db.execute(f"pragma max_page_count = {pages + 4}")
    kept = 0
    with suppress(SpoolFull):
        for n in range(100):
            spool.append([some(20, 20 * n), some(20, 20 * n, source_id=8)])
            kept += 1
    assert 0 < kept < 100
    assert spool.waiting == 2 * kept
    spool._db.execute("pragma max_page_count = 100000")
    spool.append([some(20, 20 * kept)])
    batch = spool.read(7)
    assert batch is not None
    assert batch.intake.samples.at_us.tolist() == list(range(20 * (kept + 1)))
    spool.close()


def test_what_was_shed_becomes_one_gap_a_tag(tmp_path: Path) -> None:
    spool = claim(tmp_path, 1)
    spool.append([some(1)])
    assert not spool.has_room
    for at in range(100):
        spool.append([], Intake(3, 7, gaps=(Gap(1, at, at + 1, 1, ""), Gap(2, at, at + 1, 2, ""))))
    spool.close()
    spool = claim(tmp_path, MB)
    assert spool.has_shed
    spool.release_shed()
    batch = spool.read(7)
    assert batch is not None
    assert batch.intake.gaps == (Gap(1, 0, 100, 100, "the spool was full"), Gap(2, 0, 100, 200, "the spool was full"))
    assert not spool.has_shed
    spool.close()


def test_a_damaged_record_goes_to_the_dead_letters_and_the_rest_goes_on(tmp_path: Path) -> None:
    spool = claim(tmp_path, MB)
    spool.append([some(2), some(2, 2), some(2, 4)])
    spool._db.execute("update record set body = substr(body, 1, 40) where number = 2")
    batch = spool.read(7)
    assert batch is not None
    assert batch.intake.samples.at_us.tolist() == [0, 1, 4, 5]
    assert [d.address for d in batch.intake.dead] == ["spool record 2"]
    spool.close()


def test_a_damaged_file_is_put_aside_and_a_new_one_is_made(tmp_path: Path) -> None:
    (tmp_path / "w-1.sqlite").write_bytes(b"this is no database" * 100)
    spool = claim(tmp_path, MB)
    assert spool.worker != "w-1"
    assert (tmp_path / "w-1.damaged").exists()
    spool.close()


def test_what_can_be_read_of_a_damaged_spool_is_taken_over_and_the_rest_is_a_gap(tmp_path: Path) -> None:
    first = claim(tmp_path, 100 * MB)
    first.append([some(50, 50 * n) for n in range(2000)])
    first._db.execute("pragma wal_checkpoint(truncate)")
    file = first.file
    first.close()
    content = bytearray(file.read_bytes())
    place = len(content) * 3 // 4
    content[place:] = b"\xff" * (len(content) - place)
    file.write_bytes(content)
    file.with_name(file.name + "-wal").write_bytes(b"")
    second = claim(tmp_path, 100 * MB)
    assert second.worker != first.worker
    assert file.with_suffix(".damaged").read_bytes()[place:] == content[place:]
    assert not list(tmp_path.glob(f"{file.name}-*"))
    [heir] = orphans(tmp_path, 100 * MB)
    heir = claim(tmp_path, 100 * MB)
    batch = heir.read(7, samples=10**9)
    assert batch is not None
    kept = batch.intake.samples.at_us.tolist()
    assert 1000 < len(kept) < 100_000
    assert kept == list(range(len(kept)))
    [gap] = batch.intake.gaps
    assert (gap.from_us, gap.tag_id, gap.missing) == (kept[-1], None, None)
    assert "was damaged" in gap.reason
    heir.close()
    second.close()


def test_a_spool_that_is_locked_is_no_damaged_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.spool.BUSY_S", 0.1)
    spool = claim(tmp_path, MB)
    spool.append([some(2)])
    file = spool.file
    spool.close()
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("pragma locking_mode = exclusive")
    other.execute("begin exclusive")
    with pytest.raises(Unavailable, match="cannot be opened: database is locked"):
        claim(tmp_path, MB)
    assert list(orphans(tmp_path, MB)) == []
    assert file.exists()
    other.close()
    again = claim(tmp_path, MB)
    assert (again.file, again.waiting) == (file, 1)
    again.close()


def test_replaced_records_move_to_the_end_with_new_numbers(tmp_path: Path) -> None:
    spool = claim(tmp_path, MB)
    spool.append([some(4), some(1, 4)])
    batch = spool.read(7, samples=1)
    assert batch is not None
    spool.replace(batch, [some(2, 0), some(2, 2)])
    rest = spool.read(7)
    assert rest is not None
    assert rest.numbers == (2, 3, 4)
    assert rest.intake.samples.at_us.tolist() == [4, 0, 1, 2, 3]
    spool.close()


def test_the_counters_tell_what_the_file_holds(tmp_path: Path) -> None:
    spool = claim(tmp_path, MB)
    spool.append([some(4), some(1, 4)])
    before = spool.bytes
    batch = spool.read(7, samples=1)
    assert batch is not None
    spool.delete(batch)
    spool.tidy()
    assert 0 < spool.bytes < before
    counted = (spool.waiting, spool.bytes)
    spool.close()
    again = claim(tmp_path, MB)
    assert (again.waiting, again.bytes) == counted
    again.close()


def test_the_spool_syncs_each_commit(tmp_path: Path) -> None:
    spool = claim(tmp_path, MB)
    assert spool._db.execute("pragma synchronous").fetchone()[0] == 2
    assert spool._db.execute("pragma journal_mode").fetchone()[0] == "wal"
    spool.close()


def test_an_unwritable_folder_is_one_clear_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(Unavailable, match=r"spool folder .* cannot be written"):
        claim(blocked / "spool", MB)
