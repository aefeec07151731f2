"""History of the virtual plant through the bulk door of a real store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from commands.demo import demo_config
from connectors.twin import state
from connectors.twin.generate import (
    COARSE_S,
    FINE_S,
    MARKER,
    Window,
    addressing,
    generate,
    generate_window,
    plan,
    windows,
)
from connectors.twin.run import now_us, plant_of
from db import config as kept
from db import job
from db.historian import raw_window, texts_between
from db.store import Store
from engine.access import SYSTEM
from engine.errors import Invalid
from engine.time import DAY_US, HOUR_US, SECOND_US
from engine.twin.site import SITE
from settings import Settings


@pytest.fixture
def demo(store: Store, tmp_path: Path) -> Store:
    config = demo_config(Settings(data=tmp_path))
    with store.change("test", "demo plant") as change:
        kept.apply(change, kept.read_config(store), config)
    return store


def test_windows_cover_everything_once_newest_first_and_fine_in_the_last_week() -> None:
    newest = 100 * DAY_US
    found = windows([(0, newest)], newest)
    assert found[0] == Window(newest - HOUR_US, newest, FINE_S)
    assert [b.to_us for b in found[1:]] == [a.from_us for a in found[:-1]]
    assert found[-1].from_us == 0
    assert {w.step_s for w in found if w.from_us >= newest - 7 * DAY_US} == {FINE_S}
    assert {w.step_s for w in found if w.from_us < newest - 7 * DAY_US} == {COARSE_S}
    assert max(w.to_us - w.from_us for w in found if w.step_s == FINE_S) == DAY_US


def test_ninety_days_stay_below_fifty_million_samples(tmp_path: Path) -> None:
    newest = now_us() // SECOND_US * SECOND_US
    plant = plant_of(tmp_path)
    found = windows([(newest - 90 * DAY_US, newest)], newest)
    sample = {step: plant.frame(newest - 2 * DAY_US, newest - DAY_US, step).samples for step in (FINE_S, COARSE_S)}
    assert sum(sample[w.step_s] * (w.to_us - w.from_us) / DAY_US for w in found) < 5e7


def test_a_window_is_stored_as_the_plant_tells_it_and_the_second_time_nothing_happens(demo: Store, tmp_path: Path) -> None:
    end = now_us() // SECOND_US * SECOND_US
    plant, tags = plant_of(tmp_path), addressing(demo)
    window = Window(end - HOUR_US, end, FINE_S)
    frame = plant.frame(window.from_us, window.to_us, window.step_s)
    assert generate_window(demo, plant, window, tags, tmp_path) == frame.samples
    assert generate_window(demo, plant, window, tags, tmp_path) == 0
    for name in (MARKER, "press-1.state", "chiller-1.energy", "press-2.produced"):
        stored = raw_window(SYSTEM, demo, tags[name].id, window.from_us, window.to_us)
        told = frame.series.get(name)
        assert np.array_equal(stored.at_us, [] if told is None else told.at_us), name
        if told is not None:
            assert np.array_equal(np.asarray(stored.values, dtype=float), np.asarray(told.values, dtype=float)), name
    texts = [s.name for s in SITE.signals if s.kind == "text" and s.name in frame.series]
    for name in texts[:5]:
        events = texts_between(SYSTEM, demo, tags[name].id, window.from_us, window.to_us)
        assert [e.text for e in events] == list(frame.series[name].values)


def test_a_run_fills_recent_hours_first_shows_progress_and_may_be_repeated(demo: Store, tmp_path: Path) -> None:
    for _ in range(2):
        job.enqueue(demo, "generate", {"days": 0.2}, "test")
        run = job.take(demo, ["generate"], "w1")
        assert run is not None
        job.finish(demo, run, generate(demo, run, tmp_path, now_us()))
    second, first = job.runs(SYSTEM, demo, ["generate"])
    assert first.progress == 1
    assert "samples in 3 windows" in first.message
    assert second.message == "0 samples in 3 windows"


def test_progress_is_the_share_of_the_days_that_lie_behind(
    demo: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.twin.generate.generate_window", lambda *_: 0)
    job.enqueue(demo, "generate", {"days": 20}, "test")
    run = job.take(demo, ["generate"], "w1")
    assert run is not None
    seen: list[float] = []

    def note(_store: Store, _run: object, share: float, _message: str) -> bool:
        seen.append(round(20 * share, 1))
        return True

    monkeypatch.setattr("db.job.progress", note)
    generate(demo, run, tmp_path, now_us())
    assert seen == [0.0, 0.2, 0.5, 1, 2, 3, 4, 5, 6, 7, 12, 17, 20]


def test_a_cancelled_run_stops_between_two_windows(demo: Store, tmp_path: Path) -> None:
    job.enqueue(demo, "generate", {"days": 0.2}, "test")
    run = job.take(demo, ["generate"], "w1")
    assert run is not None
    job.cancel(demo, run.id)
    assert generate(demo, run, tmp_path, now_us()).startswith("stopped after")
    newest = state.birth(tmp_path, 0).anchor_us
    marker = addressing(demo)[MARKER].id
    assert len(raw_window(SYSTEM, demo, marker, newest - HOUR_US, newest).at_us)
    assert not len(raw_window(SYSTEM, demo, marker, newest - 2 * HOUR_US, newest - HOUR_US).at_us)


def test_times_when_the_plant_did_not_run_are_filled_too(tmp_path: Path) -> None:
    anchor = state.birth(tmp_path, 1000 * DAY_US).anchor_us
    runs = [[anchor, anchor + HOUR_US], [anchor + 5 * HOUR_US, anchor + 6 * HOUR_US]]
    state.write_ledger(tmp_path, state.Ledger(runs))
    found = plan(tmp_path, 1, anchor + 7 * HOUR_US)
    assert (found[0].to_us, found[0].from_us) == (anchor + 5 * HOUR_US, anchor + 4 * HOUR_US)
    assert sum(w.to_us - w.from_us for w in found) == DAY_US + 4 * HOUR_US


def test_a_configuration_without_the_plants_tags_is_refused(store: Store) -> None:
    with pytest.raises(Invalid, match="no tags of the virtual plant"):
        addressing(store)
