"""Figures of the historian: each against a reference of the same server in the same run (../shared/design/storage.md 8)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sqlalchemy import create_engine, text

from connectors.collect import BATCH_SAMPLES
from db import historian
from db.historian import wire
from db.store import Store
from engine.access import SYSTEM
from engine.historian.block import Intake, SampleBlock

Figure = dict[str, Any]
S = 1_000_000
T0 = 1_790_000_400 * S
TAGS = 200
LOADED = 20
ROUNDS = 5
_COPIED = {
    "chunk": "t0_us, t1_us, n, good, good_bits, last_seq, last_bits, last_status, data, checksum",
    "rollup": "level, b0_us, n, data, checksum",
    "last_value": "at_us, seq, bits, text, status, received_us",
}
_SHAPE = "(site_id int, tag_id int, at_us bigint, seq int, bits bigint, status int, received_us bigint)"


# ------------------------------------------------------------------ the plant
def make_tags(store: Store, count: int, interval_s: float) -> None:
    """Site 1 with one machine and `count` float tags, ids from 1 on."""
    with store.change("bench", "tags to measure with") as change:
        run = change.connection.execute
        run(
            text(
                "insert into location (id, site_id, slug, path, name, kind) overriding system value"
                " values (1, 1, 'site', 'site', 'Site', 'site')"
            )
        )
        run(text("insert into source (site_id, name, kind) values (1, 'line', 'opcua')"))
        run(
            text(
                "insert into tag (site_id, location_id, name, title, kind, interval_s)"
                " select 1, 1, 't' || n, 't' || n, 'float', :interval from generate_series(1, :count) n"
            ),
            {"count": count, "interval": interval_s},
        )


def signals(tag: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """A realistic mix by tag number: of ten, four loops of 0.01, two temperatures of 0.1, setpoint, meter, state, noise."""
    kind = tag % 10
    if kind < 4:
        return np.round(50 + np.cumsum(rng.normal(0, 0.02, n)), 2)
    if kind < 6:
        return np.round(20 + np.cumsum(rng.normal(0, 0.02, n)), 1)
    if kind == 6:
        return np.repeat(np.round(rng.uniform(10, 90, n // 600 + 1), 1), 600)[:n]
    if kind == 7:
        return np.round(np.cumsum(rng.uniform(0, 0.05, n)), 3)
    if kind == 8:
        return np.repeat(rng.integers(0, 18, n // 200 + 1), 200)[:n].astype(np.float64)
    return rng.normal(0, 1, n)


def block_of(tags: range, n: int, step_s: float, begin_us: int = T0) -> SampleBlock:
    """n samples of each tag, every `step_s`, received within half a second."""
    rng = np.random.default_rng(7)
    at = begin_us + np.arange(n) * round(step_s * S)
    total = len(tags) * n
    received = np.tile(at, len(tags)) + rng.integers(5, 500, total) * 1_000
    values = np.concatenate([signals(tag, n, rng) for tag in tags])
    ids = np.repeat(np.array(tags), n)
    return SampleBlock(ids, np.tile(at, len(tags)), np.zeros(total), values.view(np.int64), np.zeros(total), received)


# ------------------------------------------------------------------ figures
def ingest_sealed(database_url: str) -> Figure:
    """Samples in memory to committed chunks, rollups and last values, against raw COPY of the same rows."""
    store = Store(database_url)
    make_tags(store, TAGS, 1.0)
    n = 10_000
    ours, raw = [], []
    for turn in range(ROUNDS):
        block = block_of(range(1, TAGS + 1), n, 1.0, T0 + turn * n * S)
        raw.append(_rate(len(block), lambda block=block: _raw_copy(database_url, [block])))
        ours.append(_rate(len(block), lambda block=block: historian.load(store, 1, block)))
    store.close()
    return _figure("historian.ingest_sealed", float(np.median(ours)), "samples/s", float(np.median(raw)), (1.0, ">="))


def ingest_hot(database_url: str) -> Figure:
    """Live intakes to committed hot rows with last values, counts and revisions, against raw COPY of the same rows."""
    store = Store(database_url)
    make_tags(store, 1_000, 1.0)
    ours, raw = [], []
    for turn in range(ROUNDS):
        blocks = [_arrivals(turn * 10 + i) for i in range(10)]
        total = sum(len(b) for b in blocks)
        raw.append(_rate(total, lambda blocks=blocks: _raw_copy(database_url, blocks)))
        ours.append(_rate(total, lambda blocks=blocks, turn=turn: _ingest(store, turn, blocks)))
        _empty(database_url, "sample_hot")
    store.close()
    return _figure("historian.ingest_hot", float(np.median(ours)), "samples/s", float(np.median(raw)), (0.25, ">="))


def bytes_per_sample(database_url: str) -> Figure:
    """Chunks with their index, against the same samples as rows with a primary key."""
    store = Store(database_url)
    make_tags(store, TAGS, 1.0)
    block = block_of(range(1, TAGS + 1), 16_384, 1.0)
    historian.load(store, 1, block)
    some = block.take(slice(0, 500_000))
    _raw_copy(database_url, [some], keyed=True)
    chunk, heap = _size(database_url, "chunk_local"), _size(database_url, "raw_copy")
    store.close()
    return _figure("historian.bytes_per_sample", chunk / len(block), "bytes", heap / len(some), (1 / 30, "<="))


def view_8_hours(database_url: str) -> Figure:
    """8 hours of one tag in 1,000 points after 5e7 samples, against the same view after 1e6."""
    return _view(database_url, "historian.view_8h", 8.0)


def view_everything(database_url: str) -> Figure:
    """The whole history of one tag in 1,000 points after 5e7 samples, against the same view after 1e6."""
    return _view(database_url, "historian.view_whole", None)


FIGURES: dict[str, Callable[[str], Figure]] = {
    "historian.ingest_sealed": ingest_sealed,
    "historian.ingest_hot": ingest_hot,
    "historian.bytes_per_sample": bytes_per_sample,
    "historian.view_8h": view_8_hours,
    "historian.view_whole": view_everything,
}


# ------------------------------------------------------------------ how
def _view(database_url: str, name: str, hours: float | None) -> Figure:
    """200 tags of 10 s: 5,000 samples each are 1e6, about 14 hours; 250,000 each are 5e7, 29 days."""
    store = Store(database_url)
    make_tags(store, TAGS, 10.0)
    small = _fill(store, 0, 5_000)
    reference = _view_s(store, small, hours)
    large = _fill(store, 5_000, 250_000)
    value = _view_s(store, large, hours)
    store.close()
    return _figure(name, value * 1e3, "ms", reference * 1e3, (1.5, "<="))


def _fill(store: Store, begin: int, end: int) -> int:
    """Load samples number [begin, end) of the first tags, and give the others the same rows; returns the present."""
    historian.load(store, 1, block_of(range(1, LOADED + 1), end - begin, 10.0, T0 + begin * 10 * S))
    with store.write() as connection:
        for table, columns in _COPIED.items():
            connection.execute(text(f"delete from {table} where tag_id > {LOADED}"))
            connection.execute(
                text(
                    f"insert into {table} (site_id, tag_id, {columns}) select site_id, tag_id + {LOADED} * k, {columns}"
                    f" from {table}, generate_series(1, {TAGS // LOADED - 1}) k"
                )
            )
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("reset role")
        connection.exec_driver_sql("vacuum analyze")
    return T0 + end * 10 * S


def _view_s(store: Store, now_us: int, hours: float | None) -> float:
    """Median seconds of a view, over tags of every sort, after a first round that warms the caches."""
    begin = T0 if hours is None else now_us - round(hours * 3600 * S)
    taken = []
    for turn in range(60):
        started = time.perf_counter()
        historian.reduce(SYSTEM, store, [1 + turn % 20], begin, now_us, 1_000, now_us)
        taken.append(time.perf_counter() - started)
    return float(np.median(taken[20:]))


def _arrivals(number: int) -> SampleBlock:
    """1,000 tags in order of arrival, as many samples as a forwarder hands over at once when it drains its spool."""
    seconds = BATCH_SAMPLES // 1_000
    block = block_of(range(1, 1_001), seconds, 1.0, T0 + number * seconds * S)
    return block.take(np.argsort(block.at_us, kind="stable"))


def _ingest(store: Store, turn: int, blocks: list[SampleBlock]) -> None:
    for i, block in enumerate(blocks):
        historian.ingest(store, "bench", turn * len(blocks) + i, Intake(1, 1, block))


def _raw_copy(database_url: str, blocks: list[SampleBlock], *, keyed: bool = False) -> None:
    """Binary COPY of the same rows into a table of the same shape without an index, a transaction for each block."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text(f"create table if not exists raw_copy {_SHAPE}"))
    _empty(database_url, "raw_copy")
    for block in blocks:
        with engine.begin() as connection:
            wire.copy_columns(connection, "raw_copy", wire.sample_columns(1, block))
    if keyed:
        with engine.begin() as connection:
            connection.execute(text("alter table raw_copy add primary key (site_id, tag_id, at_us, seq)"))
    engine.dispose()


def _empty(database_url: str, table: str) -> None:
    """Every round begins alike: no dead rows of the round before."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text(f"truncate {table}"))
    engine.dispose()


def _size(database_url: str, table: str) -> int:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        size = connection.execute(text("select pg_total_relation_size(cast(:t as regclass))"), {"t": table}).scalar_one()
    engine.dispose()
    return int(size)


def _rate(count: int, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


def _figure(name: str, value: float, unit: str, reference: float, goal: tuple[float, str]) -> Figure:
    limit, sign = goal
    ratio = value / reference
    return {
        "name": name,
        "value": round(value, 4),
        "unit": unit,
        "reference": round(reference, 4),
        "ratio": round(ratio, 4),
        "goal": f"{sign} {limit:.3g}",
        "ok": ratio >= limit if sign == ">=" else ratio <= limit,
    }
