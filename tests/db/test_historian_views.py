"""Views: bounded work, exact sums, local days, nothing outside the scope."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, datetime
from unittest.mock import patch
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from db import historian
from db.historian import chunks, gather, read, rollups, shapes, trace, wire
from db.store import Store
from engine.access import SYSTEM, scope_of
from engine.errors import NotFound
from engine.historian import sealing
from engine.historian.block import Intake, SampleBlock, TextEvent
from engine.tag import BAD
from engine.time import us_of
from tests.db.historian_site import SITE, SOURCE, T0, TAGS, S, balanced, block_of, floats, make_site, whole


@pytest.fixture
def ids(store: Store) -> dict[str, int]:
    return make_site(store)


def test_texts_have_the_same_identity_and_the_one_in_force_comes_first(store: Store, ids: dict[str, int]) -> None:
    tag = ids["batch"]
    events = tuple(TextEvent(tag, T0 + i * 100 * S, 0, f"B{i}\0", 0, T0) for i in range(3))
    other = TextEvent(tag, T0, 0, "B0-corrected", 0, T0)
    counts = historian.ingest(store, "w", 1, Intake(SITE, SOURCE, texts=(*events, events[1], other)))
    assert (counts.stored, counts.duplicates, counts.superseded, balanced(counts)) == (3, 1, 1, True)
    assert historian.ingest(store, "w", 2, Intake(SITE, SOURCE, texts=(events[0],))).duplicates == 1
    found = historian.texts_between(SYSTEM, store, tag, T0 + 50 * S, T0 + 150 * S)
    assert [e.text for e in found] == ["B0-corrected", "B1␀"]
    assert historian.last_values(SYSTEM, store, [tag])[tag].value == "B2␀"
    assert historian.load_texts(store, SITE, [TextEvent(tag, T0 - S, 0, "older", 0, T0), events[2]]) == 1


def test_state_durations_sum_to_the_window(store: Store, ids: dict[str, int]) -> None:
    tag = ids["state"]
    historian.ingest(store, "w", 1, Intake(SITE, SOURCE, whole(tag, [6, 2, 6], T0, 100.0)))
    historian.ingest(store, "w", 2, Intake(SITE, SOURCE, block_of([(tag, T0 + 250 * S, 0, 4, BAD)])))
    for _ in range(2):
        found = historian.state_durations(SYSTEM, store, [tag], T0 - 50 * S, T0 + 400 * S, T0 + 300 * S)[tag]
        assert found == {6: 150.0, 2: 100.0, None: 200.0}
        historian.seal(store, T0 + 9000 * S, least=1)


def test_no_view_shows_a_tag_outside_the_scope(store: Store, ids: dict[str, int]) -> None:
    historian.load(store, SITE, SampleBlock.join([floats(ids["temperature"], [1.0]), whole(ids["state"], [1])]))
    historian.load_texts(store, SITE, [TextEvent(ids["batch"], T0, 0, "B", 0, T0)])
    scope, everything, window = scope_of([2]), list(ids.values()), (T0, T0 + S)
    seen = {ids[name] for name in TAGS if TAGS[name][5] == 2}
    assert set(historian.last_values(scope, store, everything)) <= seen
    assert set(historian.reduce(scope, store, everything, *window, 100, T0)) == seen
    for view in (historian.state_durations, historian.counter_increase, historian.time_weighted_mean):
        assert set(view(scope, store, everything, *window, T0)) == seen
    for view in (historian.raw_window, historian.texts_between):
        with pytest.raises(NotFound):
            view(scope, store, ids["batch"], *window)
    with pytest.raises(NotFound):
        historian.hour_day_grid(scope, store, ids["state"], date(2026, 9, 21), 1, "UTC", T0)


def test_the_newest_texts_are_few_in_order_and_of_visible_tags(store: Store, ids: dict[str, int]) -> None:
    tag = ids["batch"]
    historian.load_texts(store, SITE, [TextEvent(tag, T0 + i * S, 0, f"B{i}", 0, T0) for i in range(9)])
    found = historian.newest_texts(SYSTEM, store, ids.values(), T0 + 6 * S, 3)
    assert [event.text for event in found] == ["B3", "B4", "B5"]
    assert historian.newest_texts(scope_of([2]), store, [tag], T0 + 9 * S, 3) == []


def test_a_counter_of_which_nothing_is_known_counted_not_zero(store: Store, ids: dict[str, int]) -> None:
    tag = ids["produced"]
    historian.load(store, SITE, whole(tag, [5, 5, 7]))
    rises = historian.counter_increase(SYSTEM, store, [tag], T0 - S, T0 + 3600 * S, T0 + 3600 * S)
    unknown = historian.counter_increase(SYSTEM, store, [tag], T0 + 3600 * S, T0 + 7200 * S, T0 + 7200 * S)
    assert (rises[tag], np.isnan(unknown[tag])) == (2.0, True)


def test_days_on_which_clocks_change_have_23_and_25_hours(store: Store, ids: dict[str, int]) -> None:
    tag = ids["door"]
    for first, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25)):
        begin = us_of(datetime(first.year, first.month, first.day, tzinfo=ZoneInfo("Europe/Dublin")))
        historian.load(store, SITE, whole(tag, [1], begin))
        grid = historian.hour_day_grid(SYSTEM, store, tag, first, 1, "Europe/Dublin", begin + 2 * 86_400 * S)
        assert np.isfinite(grid.mean[0]).sum() == hours
        assert grid.good_fraction[0, :hours].tolist() == [1.0] * hours
        assert np.nansum(grid.integral) == hours * 3600
    assert grid.hour[0].tolist() == [0, 1, 1, *range(2, 24)]


def test_a_grid_cell_holds_its_own_hour(store: Store, ids: dict[str, int]) -> None:
    tag, day = ids["produced"], date(2026, 9, 1)
    begin = us_of(datetime(2026, 9, 1, tzinfo=ZoneInfo("America/New_York")))
    historian.load(store, SITE, whole(tag, list(range(8640 * 2)), begin))
    grid = historian.hour_day_grid(SYSTEM, store, tag, day, 2, "America/New_York", begin + 2 * 86_400 * S)
    assert grid.increase[0, :24].tolist() == [359.0, *[360.0] * 23]
    assert grid.max[1, 0] == 8640 + 359
    assert np.isnan(grid.mean[:, 24]).all()


@pytest.mark.parametrize("hours", [1, 8, 24, 24 * 7, 24 * 30, 24 * 90, 24 * 400])
def test_a_trace_touches_at_most_32_rows_and_has_at_most_2000_points(store: Store, ids: dict[str, int], hours: int) -> None:
    end = T0 + 400 * 86_400 * S
    slower = 1 if hours <= 24 * 30 else 4
    for name, step in (("temperature", 10.0 * slower), ("pressure", 5.0 * slower)):
        n = int(min(hours * 3600 * 1.1, 400 * 86_400) / step)
        at = end - (np.arange(n)[::-1] + 1) * round(step * S)
        values = np.round(np.sin(np.arange(n) / 500), 2).view(np.int64)
        full = np.full(n, ids[name])
        historian.load(store, SITE, SampleBlock(full, at, np.zeros(n), values, np.zeros(n), at))
    for points in (100, 1000, 2000, 9999):
        found = historian.reduce(SYSTEM, store, [ids["temperature"], ids["pressure"]], end - hours * 3600 * S, end, points, end)
        for drawn in found.values():
            assert 0 < len(drawn) <= min(points, 2000)
            assert drawn.rows_touched <= 32
            assert np.nanmax(drawn.max) <= 1.0


def test_a_dense_signal_that_has_no_fine_level_still_touches_few_rows(
    store: Store, ids: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_SAMPLES", 64)
    monkeypatch.setattr(sealing, "CHUNK_SAMPLES", 64)
    historian.load(store, SITE, whole(ids["state"], [i % 7 for i in range(7000)], T0, 1.0))
    trace = historian.reduce(SYSTEM, store, [ids["state"]], T0, T0 + 7000 * S, 1000, T0 + 7000 * S)[ids["state"]]
    assert trace.rows_touched <= 32
    assert trace.kind == "bucket"


def test_reads_cost_the_same_number_of_queries_for_one_tag_and_for_many(store: Store, ids: dict[str, int]) -> None:
    historian.load(
        store, SITE, SampleBlock.join([floats(ids["temperature"], [1.0] * 20_000), floats(ids["pressure"], [1.0] * 20_000)])
    )
    one = queries(lambda: historian.reduce(SYSTEM, store, [1], T0, T0 + 200_000 * S, 50, T0 + 200_000 * S))
    many = queries(lambda: historian.reduce(SYSTEM, store, range(1, 7), T0, T0 + 200_000 * S, 50, T0 + 200_000 * S))
    assert many <= one + 3  # a second level at most: its open end and its rows


def queries(call: Callable[[], object]) -> int:
    seen = []

    def counted(*arguments):  # type: ignore[no-untyped-def]
        seen.append(arguments[1])
        return wire.rows(*arguments)

    with ExitStack() as stack:
        for module in (trace, gather, rollups, shapes, read):
            stack.enter_context(patch.object(module, "rows", counted))
        call()
    return len(seen)
