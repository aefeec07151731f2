"""Jobs start at their intervals, once each; runs that people ask for reach an end that tells what happened."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import pytest

from connectors.clock import JOBS, KINDS, Clock, Kind, Runner
from db import job
from db.store import Collision, Store
from engine.access import SYSTEM
from engine.errors import Invalid, Unavailable
from engine.job import Job, JobRun, JobState
from settings import Settings
from tests.connectors.collecting import eventually


def test_every_job_has_a_key_a_title_and_an_interval() -> None:
    assert len({j.key for j in JOBS}) == len(JOBS)
    assert all(j.title and j.every_s >= 1 for j in JOBS)
    assert "generate" in KINDS


def test_the_clock_starts_jobs_at_once_and_again_but_never_beside_themselves(store: Store) -> None:
    running = threading.Semaphore(1)
    starts: list[float] = []
    overlaps: list[float] = []

    def slow(_store: Store) -> None:
        if not running.acquire(blocking=False):
            overlaps.append(time.monotonic())
            return
        starts.append(time.monotonic())
        time.sleep(0.3)
        running.release()

    clock = Clock(store, (Job("slow", "Slow", 0.1, slow),))
    clock.start()
    clock.start()
    eventually(lambda: len(starts) >= 3)
    clock.stop()
    assert overlaps == []
    seen = len(starts)
    time.sleep(0.4)
    assert len(starts) == seen
    assert not clock.running


def test_a_job_that_fails_runs_again_and_disturbs_no_other(store: Store) -> None:
    seen: list[str] = []

    def fails(_store: Store) -> None:
        seen.append("fails")
        raise RuntimeError("broken")

    clock = Clock(store, (Job("fails", "Fails", 0.2, fails), Job("works", "Works", 0.2, lambda _store: seen.append("works"))))
    clock.start()
    eventually(lambda: seen.count("fails") >= 2 and seen.count("works") >= 2)
    clock.stop()


def test_a_job_that_takes_long_keeps_nobody_waiting_and_never_runs_beside_itself(store: Store) -> None:
    release, begun = threading.Event(), threading.Semaphore(0)
    running: list[int] = []

    def long(_store: Store) -> None:
        running.append(len([t for t in threading.enumerate() if t.name == "job long"]))
        begun.release()
        release.wait(30)

    clock = Clock(store, (Job("long", "Long", 0.1, long),))
    clock.start()
    assert begun.acquire(timeout=30)
    before = time.monotonic()
    clock.stop(0.2)
    assert time.monotonic() - before < 5
    assert not clock.running
    clock.start()
    time.sleep(0.5)
    assert running == [1]
    release.set()
    assert begun.acquire(timeout=30)
    clock.stop(30)
    assert set(running) == {1}


def test_the_real_jobs_run_on_an_empty_store(store: Store) -> None:
    for entry in JOBS:
        entry.run(store)


def ran(store: Store, kinds: Mapping[str, Kind]) -> JobRun:
    number = job.enqueue(store, "kind", {"n": 3}, "ines")
    runner = Runner(store, Settings(), "w", kinds)
    assert runner.work("kind")
    assert not runner.work("kind")
    [found] = [r for r in job.runs(SYSTEM, store) if r.id == number]
    return found


def test_a_run_ends_with_what_it_did(store: Store) -> None:
    found = ran(store, {"kind": lambda _store, _settings, run: f"did {run.arguments['n']}"})
    assert (found.state, found.message, found.progress) == (JobState.DONE, "did 3", 1.0)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (Invalid("The days must be above 0."), "The days must be above 0."),
        (KeyError("days"), "KeyError: 'days'"),
        (Unavailable("The plant does not answer."), "The plant does not answer."),
    ],
)
def test_a_run_that_fails_says_why(store: Store, error: Exception, message: str) -> None:
    def fails(_store: Store, _settings: Settings, _run: JobRun) -> str:
        raise error

    found = ran(store, {"kind": fails})
    assert (found.state, found.message) == (JobState.FAILED, message)


def test_a_run_that_stops_when_asked_is_cancelled(store: Store) -> None:
    def stops(store: Store, _settings: Settings, run: JobRun) -> str:
        job.cancel(store, run.id)
        assert not job.progress(store, run, 0.5)
        return "stopped half-way"

    found = ran(store, {"kind": stops})
    assert (found.state, found.message, found.progress) == (JobState.CANCELLED, "stopped half-way", 0.5)


def test_the_runner_finds_runs_by_itself(store: Store) -> None:
    runner = Runner(store, Settings(), "w", {"kind": lambda *_: "done"})
    runner.start()
    job.enqueue(store, "kind", {}, "ines")
    eventually(lambda: job.runs(SYSTEM, store)[0].state is JobState.DONE)
    runner.stop()


def test_a_run_that_ends_while_its_worker_does_is_noted(store: Store) -> None:
    begun = threading.Event()

    def ends(*_: object) -> str:
        begun.set()
        time.sleep(0.3)
        return "done"

    runner = Runner(store, Settings(), "w", {"kind": ends})
    job.enqueue(store, "kind", {}, "ines")
    runner.start()
    assert begun.wait(30)
    runner.stop(30)
    assert job.runs(SYSTEM, store)[0].state is JobState.DONE


def test_a_kind_that_takes_long_holds_no_other_up(store: Store) -> None:
    release = threading.Event()

    def long(*_: object) -> str:
        release.wait(30)
        return "at last"

    runner = Runner(store, Settings(), "w", {"long": long, "short": lambda *_: "done"})
    runner.start()
    job.enqueue(store, "long", {}, "ines")
    eventually(lambda: job.runs(SYSTEM, store)[0].state is JobState.RUNNING)
    job.enqueue(store, "short", {}, "ines")
    eventually(lambda: job.runs(SYSTEM, store)[0].state is JobState.DONE)
    assert job.runs(SYSTEM, store)[1].state is JobState.RUNNING
    release.set()
    runner.stop()


def test_a_cancelled_rebuild_says_how_far_it_came(store: Store) -> None:
    with store.change("test", "three tags") as change:
        change.connection.exec_driver_sql(
            "insert into location (site_id, slug, path, name, kind) values (1, 'a', 'a', 'A', 'site');"
            " insert into tag (site_id, location_id, name, title, kind) select 1, 1, n, n, 'float'"
            " from unnest(array['x', 'y', 'z']) n"
        )
    job.enqueue(store, "rebuild", {"tags": [1, 2, 3]}, "ines")
    run = job.take(store, ["rebuild"], "w")
    assert run is not None
    job.cancel(store, run.id)
    done = KINDS["rebuild"](store, Settings(), run)
    assert done == "Cancelled: rollups of 1 of 3 tags are computed anew."
    job.finish(store, run, done)
    assert job.runs(SYSTEM, store)[0].state is JobState.CANCELLED


def test_a_run_that_met_another_change_waits_for_another_try(store: Store) -> None:
    def collides(_store: Store, _settings: Settings, _run: JobRun) -> str:
        raise Collision("Another change was in the way; try again.")

    number = job.enqueue(store, "kind", {}, "ines")
    assert Runner(store, Settings(), "w", {"kind": collides}).work("kind")
    [found] = job.runs(SYSTEM, store)
    assert (found.id, found.state) == (number, JobState.WAITING)


def test_the_first_start_and_the_next_are_one_entry(store: Store) -> None:
    running = threading.Semaphore(1)
    overlaps: list[bool] = []
    starts: list[float] = []

    def slow(_store: Store) -> None:
        starts.append(time.monotonic())
        overlaps.append(not running.acquire(blocking=False))
        time.sleep(1.5)
        running.release()

    clock = Clock(store, tuple(Job(key, key, 1.0, slow if key == "slow" else lambda _: None) for key in ("a", "slow", "b")))
    clock.start()
    eventually(lambda: len(starts) >= 2)
    clock.stop()
    assert not any(overlaps)
