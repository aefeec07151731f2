"""Counting, late and corrected samples, bulk history, sealing, checking."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from db import historian
from db.historian import shapes
from db.historian.seal import seal_tags
from db.store import Store
from engine.access import SYSTEM, scope_of
from engine.errors import Damaged, Invalid, NotFound, Unavailable
from engine.historian.block import DeadLetter, Gap, Intake, SampleBlock
from tests.db.historian_site import SITE, SOURCE, T0, S, balanced, block_of, floats, make_site, whole


@pytest.fixture
def ids(store: Store) -> dict[str, int]:
    return make_site(store)


def test_what_is_received_is_counted_exactly_once(store: Store, ids: dict[str, int]) -> None:
    tag = ids["temperature"]
    first = Intake(SITE, SOURCE, floats(tag, [1.0, 2.0, 3.0]), dead=(DeadLetter("x", "no number", b"?" * 9000, T0),))
    again = Intake(SITE, SOURCE, SampleBlock.join([floats(tag, [1.0, 2.5, 3.0]), floats(tag, [7.0]), floats(99, [1.0])]))
    assert historian.ingest(store, "w", 5, first).stored == 3
    assert historian.ingest(store, "w", 5, first).received == 0
    historian.ingest(store, "w", 6, again)
    counts = historian.accounting(store, SOURCE)
    assert balanced(counts)
    assert (counts.received, counts.stored, counts.duplicates, counts.superseded, counts.dead_lettered) == (9, 3, 2, 2, 2)
    assert historian.progress_of(store, "w", SOURCE) == 6
    with store.read() as connection:
        sizes = connection.execute(text("select length(raw), raw_size from dead_letter order by id")).all()
    assert sizes[0] == (4096, 9000)


def test_a_time_that_is_no_date_becomes_a_dead_letter(store: Store, ids: dict[str, int]) -> None:
    odd = block_of([(ids["state"], 2**62, 0, 1, 0), (ids["state"], T0, 0, 1, 0)])
    counts = historian.ingest(store, "w", 1, Intake(SITE, SOURCE, odd))
    assert (counts.stored, counts.dead_lettered, balanced(counts)) == (1, 1, True)


def test_a_gap_is_kept(store: Store, ids: dict[str, int]) -> None:
    historian.ingest(store, "w", 1, Intake(SITE, SOURCE, gaps=(Gap(None, T0, T0 + S, None, "queue overflow"),)))
    with store.read() as connection:
        assert connection.execute(text("select reason from gap")).scalars().all() == ["queue overflow"]


def test_nan_and_infinity_are_stored_with_their_bits_and_left_out_of_means(store: Store, ids: dict[str, int]) -> None:
    tag = ids["temperature"]
    odd = np.array([0x7FF0000000000001], np.int64).view(np.float64)[0]
    block = floats(tag, [20.0, odd, np.inf, -0.0, 20.0])
    historian.ingest(store, "w", 1, Intake(SITE, SOURCE, block))
    for _ in range(2):
        found = historian.raw_window(SYSTEM, store, tag, T0, T0 + 60 * S)
        assert found.values.view(np.int64).tolist() == block.bits.tolist()
        trace = historian.reduce(SYSTEM, store, [tag], T0, T0 + 60 * S, 2, T0 + 50 * S)[tag]
        assert trace.count.sum() == 5
        assert np.nanmax(trace.max) == 20.0
        historian.seal(store, T0 + 100 * S, least=1)


def test_a_stamp_from_the_future_neither_hides_later_values_nor_makes_them_late(store: Store, ids: dict[str, int]) -> None:
    tag, far = ids["temperature"], T0 + 10**15
    wrong = block_of([(tag, far, 0, int(np.float64(9).view(np.int64)), 0x40950000)])
    wrong = SampleBlock(wrong.tag_id, wrong.at_us, wrong.seq, wrong.bits, wrong.status, np.array([T0]))
    historian.ingest(store, "w", 1, Intake(SITE, SOURCE, wrong))
    historian.seal(store, T0 + 3600 * S, least=1)
    later = floats(tag, [1.0, 2.0], T0 + 3601 * S)
    historian.ingest(store, "w", 2, Intake(SITE, SOURCE, later))
    assert historian.last_values(SYSTEM, store, [tag])[tag].value == 2.0
    with store.read() as connection:
        assert connection.execute(text("select count(*) from sample_hot")).scalar() == 3
        assert connection.execute(text("select count(*) from stale where capability = 'order'")).scalar() == 1


def test_late_samples_mark_their_node_stale_and_raise_its_revision(store: Store, ids: dict[str, int]) -> None:
    tag = ids["state"]
    historian.ingest(store, "w", 1, Intake(SITE, SOURCE, whole(tag, [1, 2, 3], T0 + 1000 * S)))
    historian.seal(store, T0 + 9000 * S, least=1)
    historian.ingest(store, "w", 2, Intake(SITE, SOURCE, whole(tag, [5, 6], T0)))
    with store.read() as connection:
        stale = connection.execute(text("select capability, location_id, from_us, to_us from stale order by id")).all()
        number = connection.execute(text("select number from revision where topic = 'tag' and location_id = 3")).scalar()
    assert stale[0] == ("state", 3, T0 + 1000 * S, T0 + 1020 * S + 1)  # states are derived from every sample, in time or late
    assert sorted(stale[1:]) == [(what, 3, T0, T0 + 10 * S + 1) for what in ("alarm", "order", "state")]
    assert number == 2
    assert historian.check(store) == []


def test_a_correction_is_a_revision_with_author_reason_and_audit_entry(store: Store, ids: dict[str, int]) -> None:
    tag = ids["temperature"]
    historian.load(store, SITE, floats(tag, [20.0] * 50))
    fresh = floats(tag, [21.0], T0 + 500 * S)
    historian.ingest(store, "w", 1, Intake(SITE, SOURCE, fresh))
    bits = int(np.float64(25.0).view(np.int64))
    for at in (T0 + 100 * S, T0 + 500 * S):
        with store.change("ines", "probe was unplugged") as change:
            historian.correct(SYSTEM, change, tag, (at, 0), (bits, 0))
    found = historian.raw_window(SYSTEM, store, tag, T0, T0 + 1000 * S)
    assert [found.values[10], found.values[50]] == [25.0, 25.0]
    assert historian.check(store) == []
    historian.ingest(store, "w", 2, Intake(SITE, SOURCE, fresh))
    assert historian.last_values(SYSTEM, store, [tag])[tag].value == 25.0
    with store.read() as connection:
        old = connection.execute(text("select actor, reason from superseded order by at_us")).all()
        audit = connection.execute(
            text("select actor, new ->> 'new_bits' from audit_entry where table_name = 'sample_correction'")
        ).all()
    assert old == [("ines", "probe was unplugged")] * 2
    assert audit == [("ines", str(bits))] * 2


def test_a_correction_of_nothing_or_to_the_same_is_refused(store: Store, ids: dict[str, int]) -> None:
    tag = ids["state"]
    historian.load(store, SITE, whole(tag, [1]))
    with pytest.raises(NotFound), store.change("ines", "typo") as change:
        historian.correct(SYSTEM, change, tag, (T0 + 1, 0), (2, 0))
    with pytest.raises(Invalid, match="already"), store.change("ines", "typo") as change:
        historian.correct(SYSTEM, change, tag, (T0, 0), (1, 0))
    with pytest.raises(NotFound), store.change("ines", "typo") as change:
        historian.correct(scope_of([2]), change, tag, (T0, 0), (2, 0))


def test_loading_twice_stores_nothing_twice_and_older_blocks_fit_to_newer_ones(store: Store, ids: dict[str, int]) -> None:
    tag = ids["produced"]
    pieces = [whole(tag, list(range(i * 1000, i * 1000 + 1000)), T0 + i * 10_000 * S) for i in range(6)]
    for piece in (pieces[5], pieces[3], pieces[4], pieces[0], pieces[2], pieces[1]):
        assert historian.load(store, SITE, piece) == 1000
        assert historian.load(store, SITE, piece) == 0
    assert historian.check(store) == []
    end = T0 + 60_000 * S
    assert historian.counter_increase(SYSTEM, store, [tag], T0, end, end)[tag] == 5999
    with store.read() as connection:
        assert connection.execute(text("select count(*) from chunk")).scalar() <= 2


def test_loading_refuses_a_tag_of_another_kind(store: Store, ids: dict[str, int]) -> None:
    with pytest.raises(Invalid, match="no signal"):
        historian.load(store, SITE, whole(ids["batch"], [1]))


def test_check_finds_a_flipped_byte_a_missing_and_a_changed_bucket(store: Store, ids: dict[str, int]) -> None:
    tag = ids["temperature"]
    historian.load(store, SITE, floats(tag, [20.0, 21.0] * 5000))
    assert historian.check(store) == []
    with store.write() as connection:
        connection.execute(text("update rollup set level = 9 where level = 3"))
    assert any("Level 3" in f.message for f in historian.check(store))
    historian.rebuild(store, tag)
    with store.write() as connection:
        connection.execute(text("delete from rollup where level = 9"))
    assert historian.check(store) == []
    with store.write() as connection:
        connection.execute(text("update chunk set data = set_byte(data, 40, get_byte(data, 40) # 1)"))
    assert any("checksum" in f.message for f in historian.check(store))
    with pytest.raises(Damaged, match="damaged"):
        historian.raw_window(SYSTEM, store, tag, T0, T0 + S)


def test_one_damaged_chunk_holds_up_the_sealing_of_no_other_signal(store: Store, ids: dict[str, int]) -> None:
    bad, good = ids["temperature"], ids["pressure"]
    historian.load(store, SITE, floats(bad, [20.0] * 100))
    with store.write() as connection:
        connection.execute(text("update chunk set data = set_byte(data, 40, get_byte(data, 40) # 1)"))
    later = T0 + 2000 * S
    for n, tag in enumerate((bad, good)):
        historian.ingest(store, "w", n, Intake(SITE, SOURCE, floats(tag, [1.0] * 300, later)))
    sealed = historian.seal(store, later + 10**10, least=1)
    assert (sealed.tags, sealed.samples) == (1, 300)
    assert f"Signal {bad} could not be sealed: Stored samples of signal {bad} are damaged" in sealed.left[0]
    assert len(historian.raw_window(SYSTEM, store, good, later, later + 10**10)) == 300
    with store.read() as connection:
        assert connection.execute(text("select distinct tag_id from sample_hot")).scalars().all() == [bad]


def test_damaged_rollups_are_told_as_damage(store: Store, ids: dict[str, int]) -> None:
    tag = ids["temperature"]
    historian.load(store, SITE, floats(tag, [20.0, 21.0] * 5000))
    with store.write() as connection:
        connection.execute(text("update rollup set data = set_byte(data, 9, get_byte(data, 9) # 1)"))
    with pytest.raises(Damaged, match=f"Stored buckets of signal {tag} are damaged"):
        historian.reduce(SYSTEM, store, [tag], T0, T0 + 100_000 * S, 100, T0 + 100_000 * S)


def test_a_dead_letter_counts_for_all_that_it_stands_for(store: Store, ids: dict[str, int]) -> None:
    letters = (DeadLetter("a/b", "no JSON", b"{", T0, 7), DeadLetter("", "", b"", T0, 100))
    counts = historian.ingest(store, "w", 1, Intake(SITE, SOURCE, floats(ids["temperature"], [1.0]), dead=letters))
    assert (counts.received, counts.stored, counts.dead_lettered) == (108, 1, 107)
    assert balanced(counts)
    with store.read() as connection:
        assert connection.execute(text("select address from dead_letter")).scalars().all() == ["a/b"]


def test_readers_are_not_blocked_and_see_one_truth_while_sealing_goes_on(store: Store, ids: dict[str, int]) -> None:
    tag = ids["temperature"]
    historian.ingest(store, "w", 1, Intake(SITE, SOURCE, floats(tag, [1.0] * 500)))
    with store.read() as before:
        begun = before.execute(text("select count(*) from sample_hot")).scalar()
        with store.write() as writer:
            seal_tags(writer, shapes.known(writer, [tag]), T0 + 10**10)
            assert len(historian.raw_window(SYSTEM, store, tag, T0, T0 + 10**10)) == 500
        assert len(historian.raw_window(SYSTEM, store, tag, T0, T0 + 10**10)) == 500
        assert before.execute(text("select count(*) from sample_hot")).scalar() == begun == 500


def cut_off(database_url: str, pid: int) -> None:
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
    engine.dispose()


def test_sealing_that_is_cut_off_leaves_everything_as_it_was(store: Store, database_url: str, ids: dict[str, int]) -> None:
    tag = ids["temperature"]
    historian.ingest(store, "w", 1, Intake(SITE, SOURCE, floats(tag, [1.0] * 500)))
    with pytest.raises(Unavailable), store.write() as writer:  # noqa: PT012  # the cut comes after the work
        seal_tags(writer, shapes.known(writer, [tag]), T0 + 10**10)
        cut_off(database_url, writer.execute(text("select pg_backend_pid()")).scalar_one())
        writer.execute(text("select 1"))
    assert len(historian.raw_window(SYSTEM, store, tag, T0, T0 + 10**10)) == 500
    assert historian.seal(store, T0 + 10**10, least=1).samples == 500
    assert historian.seal(store, T0 + 10**10, least=1).samples == 0
    assert len(historian.raw_window(SYSTEM, store, tag, T0, T0 + 10**10)) == 500


def test_seal_waits_for_enough_samples_or_age(store: Store, ids: dict[str, int]) -> None:
    historian.ingest(store, "w", 1, Intake(SITE, SOURCE, floats(ids["temperature"], [1.0] * 10)))
    assert historian.seal(store, T0 + 100 * S).tags == 0
    assert historian.seal(store, T0 + 1000 * S).tags == 1


def test_a_window_that_ends_before_it_starts_is_refused(store: Store, ids: dict[str, int]) -> None:
    with pytest.raises(Invalid, match="before it starts"):
        historian.raw_window(SYSTEM, store, ids["state"], T0, T0)


def test_ingest_sealing_and_reading_at_once_lose_and_repeat_nothing(store: Store, ids: dict[str, int]) -> None:
    tag, batches, size = ids["pressure"], 30, 40

    def collect(worker: str) -> None:
        for i in range(batches):
            block = floats(tag, [float(i)] * size, T0 + i * size * S, 1.0)
            historian.ingest(store, worker, i, Intake(SITE, SOURCE, block))

    seen: list[int] = []
    with ThreadPoolExecutor(3) as pool:
        work = [pool.submit(collect, "one"), pool.submit(collect, "two")]
        while not all(w.done() for w in work):
            historian.seal(store, T0 + 10**10, least=1)
            series = historian.raw_window(SYSTEM, store, tag, T0, T0 + 10**10)
            assert np.array_equal(series.at_us, T0 + np.arange(len(series)) * S)
            seen.append(len(series))
        for w in work:
            w.result()
    counts = historian.accounting(store, SOURCE)
    assert (counts.stored, counts.duplicates, balanced(counts)) == (batches * size, batches * size, True)
    assert seen == sorted(seen)
    assert historian.check(store) == []
