"""The plant is a function of seed, anchor, faults and time alone; frames of any size adjoin."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import Invalid, NotFound
from engine.tag import ValueKind
from engine.time import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from engine.twin.faults import Fault
from engine.twin.plant import Frame, Plant
from engine.twin.site import SITE
from tests.engine.twin.conftest import ANCHOR_US, SEED


def values_of(frame: Frame, name: str) -> list[object]:
    series = frame.series[name]
    return list(zip(series.at_us.tolist(), list(series.values), strict=True))


def assert_equal(one: Frame, *parts: Frame) -> None:
    names = {name for part in parts for name in part.series}
    assert set(one.series) == names
    for name in names:
        together = [pair for part in parts if name in part.series for pair in values_of(part, name)]
        assert values_of(one, name) == together, name
    assert one.orders == tuple(order for part in parts for order in part.orders)


def test_the_same_seed_gives_the_same_plant_in_any_order(plant: Plant) -> None:
    other = Plant(SEED, ANCHOR_US)
    other.frame(ANCHOR_US, ANCHOR_US + MINUTE_US, 1.0)
    other.frame(ANCHOR_US - 40 * DAY_US, ANCHOR_US - 40 * DAY_US + HOUR_US, 60.0)
    at = ANCHOR_US - 12 * DAY_US
    assert_equal(plant.frame(at, at + 2 * HOUR_US, 10.0), other.frame(at, at + 2 * HOUR_US, 10.0))


def test_another_seed_gives_another_plant(plant: Plant) -> None:
    other = Plant(SEED + 1, ANCHOR_US).frame(ANCHOR_US, ANCHOR_US + HOUR_US, 10.0)
    mine = plant.frame(ANCHOR_US, ANCHOR_US + HOUR_US, 10.0)
    assert values_of(mine, "press-1.main_force") != values_of(other, "press-1.main_force")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start_s=st.integers(-14 * 86_400, 2 * 86_400),
    cuts=st.lists(st.integers(1, 5_400_000_000), min_size=1, max_size=4, unique=True),
    step=st.sampled_from([1.0, 10.0, 60.0]),
)
def test_a_frame_equals_its_parts_whatever_the_cuts(plant: Plant, start_s: int, cuts: list[int], step: float) -> None:
    start = ANCHOR_US + start_s * SECOND_US
    edges = [start, *(start + cut for cut in sorted(cuts)), start + 5_400_000_001]
    parts = [plant.frame(a, b, step) for a, b in itertools.pairwise(edges)]
    assert_equal(plant.frame(edges[0], edges[-1], step), *parts)


def test_a_frame_over_the_turn_of_every_lines_week_equals_its_days(plant: Plant) -> None:
    start = ANCHOR_US - 10 * DAY_US
    days = [plant.frame(start + n * DAY_US, start + (n + 1) * DAY_US, 600.0) for n in range(8)]
    assert_equal(plant.frame(start, start + 8 * DAY_US, 600.0), *days)


def test_times_ascend_lie_inside_and_keep_the_interval(plant: Plant) -> None:
    frame = plant.frame(ANCHOR_US, ANCHOR_US + 10 * MINUTE_US, 1.0)
    for signal in SITE.signals:
        if signal.name not in frame.series:
            continue
        at = frame.series[signal.name].at_us
        assert at[0] >= frame.from_us
        assert at[-1] < frame.to_us
        if signal.interval_s is None:
            assert (np.diff(at) > 0).all()
        else:
            assert (np.diff(at) == signal.interval_s * SECOND_US).all(), signal.name


def test_values_have_the_kind_of_their_signal_and_are_finite(plant: Plant) -> None:
    frame = plant.frame(ANCHOR_US - DAY_US, ANCHOR_US, 60.0)
    kinds = {ValueKind.FLOAT: "f", ValueKind.INT: "i", ValueKind.STATE: "i", ValueKind.BOOL: "b"}
    tables = {table.name: table.codes for table in SITE.state_tables}
    for name, series in frame.series.items():
        signal = SITE.signal(name)
        if signal.kind is ValueKind.TEXT:
            assert all(isinstance(value, str) for value in series.values)
            continue
        values = np.asarray(series.values)
        assert values.dtype.kind == kinds[signal.kind], name
        assert np.isfinite(values).all(), name
        assert signal.state_table is None or set(values.tolist()) <= set(tables[signal.state_table])


def test_counters_never_go_back_but_at_their_rollover(plant: Plant) -> None:
    frame = plant.frame(ANCHOR_US - 10 * DAY_US, ANCHOR_US, 600.0)
    for signal in (s for s in SITE.signals if s.counter):
        steps = np.diff(np.asarray(frame.series[signal.name].values))
        backwards = steps[steps < 0]
        assert len(backwards) == 0 or (signal.rollover and (backwards < -0.9 * signal.rollover).all()), signal.name


def test_on_change_signals_only_send_changes(plant: Plant) -> None:
    frame = plant.frame(ANCHOR_US - 8 * DAY_US, ANCHOR_US, 600.0)
    for signal in SITE.signals:
        if signal.interval_s is None and signal.name in frame.series:
            values = list(frame.series[signal.name].values)
            assert all(a != b for a, b in itertools.pairwise(values)), signal.name


def test_a_snapshot_has_every_signal_and_agrees_with_the_frames(plant: Plant) -> None:
    frame = plant.frame(ANCHOR_US - HOUR_US, ANCHOR_US, 60.0)
    shown = plant.snapshot(ANCHOR_US)
    assert set(shown) == {s.name for s in SITE.signals}
    for signal in SITE.signals:
        if signal.interval_s is None and signal.name in frame.series:
            assert values_of(frame, signal.name)[-1] == (shown[signal.name].at_us[0], next(iter(shown[signal.name].values)))


def test_orders_are_released_before_they_run_once_each(plant: Plant) -> None:
    frame = plant.frame(ANCHOR_US - 21 * DAY_US, ANCHOR_US + 7 * DAY_US, 3600.0)
    numbers = [order["number"] for order in frame.orders]
    assert len(numbers) == len(set(numbers)) > 40
    first_seen = {text: at for at, text in reversed([p for m in SITE.machines for p in _orders_at(frame, m)])}
    released = {order["number"]: order["release_at"] for order in frame.orders}
    ran = set(first_seen) & set(released)
    assert len(ran) > 20
    for number in ran:
        assert np.datetime64(released[number][:19]).astype("datetime64[us]").astype(int) < first_seen[number]


def _orders_at(frame: Frame, machine: str) -> list[tuple[int, str]]:
    series = frame.series.get(f"{machine}.order")
    return [] if series is None else list(zip(series.at_us.tolist(), series.values, strict=True))


def test_batches_that_run_belong_to_the_orders_that_name_them(plant: Plant) -> None:
    frame = plant.frame(ANCHOR_US - 21 * DAY_US, ANCHOR_US, 3600.0)
    order_of = {batch["number"]: order["number"] for order in frame.orders for batch in order["batches"]}
    truth = plant.truth(ANCHOR_US - 3 * DAY_US, ANCHOR_US)
    assert {o.batch for o in truth.occupations} <= set(order_of)
    assert all(order_of[o.batch] == o.order for o in truth.occupations)


def test_the_plant_has_nothing_before_it_existed(plant: Plant) -> None:
    assert plant.commissioned_us < ANCHOR_US - 91 * DAY_US
    assert plant.frame(plant.commissioned_us, plant.commissioned_us + HOUR_US, 60.0).samples > 0
    with pytest.raises(Invalid, match="began at"):
        plant.frame(plant.commissioned_us - 1, ANCHOR_US, 60.0)
    with pytest.raises(Invalid, match="before it begins"):
        plant.frame(ANCHOR_US, ANCHOR_US - 1, 60.0)
    assert plant.frame(ANCHOR_US, ANCHOR_US, 1.0).samples == 0


def test_impossible_faults_are_refused_with_a_sentence(fresh: Plant) -> None:
    with pytest.raises(Invalid, match="no fault “flood”"):
        fresh.inject(Fault("flood", "filler-1"), ANCHOR_US)
    with pytest.raises(NotFound, match="press-9"):
        fresh.inject(Fault("jam", "press-9"), ANCHOR_US)
    with pytest.raises(Invalid, match="cannot happen"):
        fresh.inject(Fault("jam", "chiller-1"), ANCHOR_US)
    with pytest.raises(Invalid, match="needs a measured value"):
        fresh.inject(Fault("flat_line", "filler-1", "produced"), ANCHOR_US)


def test_speed_is_printed_and_not_asserted(plant: Plant) -> None:
    plant.frame(ANCHOR_US, ANCHOR_US + MINUTE_US, 1.0)
    started = time.perf_counter()
    day = plant.frame(ANCHOR_US - 2 * DAY_US, ANCHOR_US - DAY_US, 10.0)
    print(f"history: {day.samples / (time.perf_counter() - started) / 1e6:.1f} M samples/s")
    started = time.perf_counter()
    for second in range(60, 90):
        plant.frame(ANCHOR_US + second * SECOND_US, ANCHOR_US + (second + 1) * SECOND_US, 1.0)
    print(f"live frame of 1 s: {(time.perf_counter() - started) / 30 * 1e3:.1f} ms")
