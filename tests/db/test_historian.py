"""Whatever comes in whichever order, reads equal a plain ordered table, and buckets equal their recomputation."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from db import historian
from db.historian import chunks
from db.store import OWNER, Store
from engine.access import SYSTEM
from engine.historian import sealing
from engine.historian.block import Intake, SampleBlock
from engine.historian.bucket import Span, bucketize
from engine.historian.shape import Shape
from engine.tag import BAD, ValueKind
from tests.db.historian_site import SITE, SOURCE, T0, TAGS, S, balanced, block_of, make_site

NUMERIC = [name for name in TAGS if name != "batch"]


@pytest.fixture
def ids(store: Store) -> dict[str, int]:
    return make_site(store)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "CHUNK_SAMPLES", 8)
    monkeypatch.setattr(sealing, "_ROOMY", 6)
    monkeypatch.setattr(chunks, "CHUNK_SAMPLES", 8)


@dataclass
class Table:
    """The plain table: for each key all its values in the order of arrival."""

    rows: dict[tuple[int, int, int], list[tuple[int, int]]] = field(default_factory=dict)

    def put(self, block: SampleBlock) -> tuple[int, int, int]:
        """Stored, superseded, duplicates."""
        counts = [0, 0, 0]
        for tag, at, seq, bits, status in zip(
            *(getattr(block, c).tolist() for c in ("tag_id", "at_us", "seq", "bits", "status")), strict=True
        ):
            values = self.rows.setdefault((tag, at, seq), [])
            counts[2 if (bits, status) in values else (1 if values else 0)] += 1
            if (bits, status) not in values:
                values.append((bits, status))
        return counts[0], counts[1], counts[2]

    def of(self, tag: int, from_us: int = -(2**62), to_us: int = 2**62) -> SampleBlock:
        keys = sorted(k for k in self.rows if k[0] == tag and from_us <= k[1] < to_us)
        return block_of([(k[0], k[1], k[2], *self.rows[k][-1]) for k in keys])


SAMPLE = st.tuples(
    st.integers(1, 6),  # tag, in the order of TAGS
    st.one_of(st.integers(0, 120).map(lambda n: n * 60), st.integers(0, 7200), st.integers(0, 40_000)),
    st.integers(0, 1),  # sequence
    st.integers(0, 3),  # value
    st.sampled_from([0, 0, 0, BAD]),
)
STEP = st.one_of(
    st.tuples(st.sampled_from(["ingest", "ingest", "load"]), st.lists(SAMPLE, min_size=1, max_size=25)),
    st.tuples(st.just("seal"), st.just([])),
)


def samples_of(rows: list[tuple[int, int, int, int, int]]) -> SampleBlock:
    kinds = list(TAGS.values())
    made = []
    for tag, second, seq, value, status in rows:
        bits = int(np.float64(value + 0.25).view(np.int64)) if kinds[tag - 1][0] == "float" else value
        made.append((tag, T0 + second * S, seq, bits, status))
    return block_of(made)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, min_size=1, max_size=8))
def test_any_order_of_arrival_reads_like_a_plain_table(
    store: Store, ids: dict[str, int], small_chunks: None, steps: list[tuple[str, list]]
) -> None:
    assert list(ids.values()) == [1, 2, 3, 4, 5, 6, 7]
    wipe(store)
    table, now, total = Table(), T0 + 50_000 * S, historian.accounting(store, SOURCE)
    for number, (what, rows) in enumerate(steps):
        block = samples_of(rows)
        if what == "seal":
            historian.seal(store, now, least=1)
        elif what == "load":
            block = block.take(np.lexsort((block.seq, block.at_us, block.tag_id)))
            assert historian.load(store, SITE, block) == table.put(block)[0]
        else:
            counts = historian.ingest(store, "w", number, Intake(SITE, SOURCE, block))
            block = block.take(np.lexsort((block.seq, block.at_us, block.tag_id)))
            assert (counts.stored, counts.superseded, counts.duplicates) == table.put(block)
            assert balanced(counts)
            total += counts
    assert historian.accounting(store, SOURCE) == total
    assert historian.check(store) == []
    compare(store, ids, table, now)
    historian.seal(store, now, least=1)
    assert historian.check(store) == []
    compare(store, ids, table, now)
    with store.read() as connection:
        kept = connection.execute(text("select count(*) from superseded")).scalar()
    assert kept == sum(len(values) - 1 for values in table.rows.values())


def compare(store: Store, ids: dict[str, int], table: Table, now: int) -> None:
    """Every view against the table."""
    for name in NUMERIC:
        tag, shape = ids[name], shape_of(ids, name)
        for begin, end in ((T0 - S, now), (T0 + 3600 * S, T0 + 5000 * S)):
            found, wanted = historian.raw_window(SYSTEM, store, tag, begin, end), table.of(tag, begin, end)
            assert found.at_us.tolist() == wanted.at_us.tolist()
            assert found.seq.tolist() == wanted.seq.tolist()
            assert found.values.tolist() == _values(shape, wanted.bits).tolist()
            assert found.status.tolist() == wanted.status.tolist()
        plain = table.of(tag)
        for begin, end in ((T0, now), (T0 + 1234 * S, T0 + 39_000 * S)):
            one = bucketize(plain, shape, Span(2**62, begin, end, min(now, end)))
            mean = historian.time_weighted_mean(SYSTEM, store, [tag], begin, end, now)[tag]
            rise = historian.counter_increase(SYSTEM, store, [tag], begin, end, now)[tag]
            known = int(one.good_us.sum())
            if known:
                assert mean == pytest.approx(one.integral.sum() / (known / S), rel=1e-9)
            wanted_rise = one.increase.sum() if one.good.sum() else float("nan")
            assert rise == pytest.approx(wanted_rise, rel=1e-9, nan_ok=True)
    last = historian.last_values(SYSTEM, store, ids.values())
    for name in NUMERIC:
        plain = table.of(ids[name])
        assert (ids[name] in last) == (len(plain) > 0)
        if len(plain):
            assert (last[ids[name]].at_us, last[ids[name]].seq) == (plain.at_us[-1], plain.seq[-1])
            assert last[ids[name]].value == _values(shape_of(ids, name), plain.bits)[-1]
    compare_levels(store, ids, table, now)


def compare_levels(store: Store, ids: dict[str, int], table: Table, now: int) -> None:
    """Stored levels and the open end together equal buckets of the table."""
    from db.historian.trace import level_buckets
    from engine.historian.shape import QUARTER

    shapes = [shape_of(ids, name) for name in NUMERIC]
    span = Span(QUARTER.width_us, T0 - QUARTER.width_us, T0 + 60 * QUARTER.width_us, now)
    with store.read() as connection:
        found, _ = level_buckets(connection, shapes, QUARTER, span)
    for shape in shapes:
        wanted = bucketize(table.of(shape.tag_id), shape, Span(span.width_us, span.from_us, span.to_us, min(now, span.to_us)))
        for name in wanted.__dataclass_fields__:
            np.testing.assert_allclose(getattr(found[shape.tag_id], name), getattr(wanted, name), rtol=1e-9, err_msg=name)


def shape_of(ids: dict[str, int], name: str) -> Shape:
    kind, interpolation, counter, rollover, interval_s, node = TAGS[name]
    return Shape(ids[name], SITE, node, ValueKind(kind), interpolation == "linear", counter, rollover, interval_s)


def _values(shape: Shape, bits: np.ndarray) -> np.ndarray:
    return bits.view(np.float64) if shape.kind is ValueKind.FLOAT else (bits != 0 if shape.kind is ValueKind.BOOL else bits)


def wipe(store: Store) -> None:
    """As the owner of the tables: the application may not delete what was superseded."""
    owner = Store(store.url, role=OWNER)
    with owner.write() as connection:
        for name in ("sample_hot", "chunk", "rollup", "superseded", "last_value", "ingest_count", "spool_progress", "stale"):
            connection.execute(text(f"delete from {name}"))
    owner.close()
