"""Work is found once, shown while it runs, and comes back when its worker dies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import job, worker
from db.store import Store
from engine.access import SYSTEM
from engine.errors import Conflict, Invalid, NotFound
from engine.job import JobRun, JobState, Stale, merged


def test_a_revision_counts_up_per_topic_and_node(store: Store) -> None:
    with store.write() as connection:
        job.raise_revision(connection, "tag", 7)
        job.raise_revisions(connection, "tag", [9, 7, 7])
    found = job.revisions(store, [("tag", 7), ("tag", 9), ("oee", 7)])
    assert found == {("tag", 7): 2, ("tag", 9): 1, ("oee", 7): 0}


def test_asking_for_no_revision_answers_nothing(store: Store) -> None:
    assert job.revisions(store, []) == {}


def test_a_revision_of_a_failed_transaction_was_never_raised(store: Store) -> None:
    with store.write() as connection:
        job.raise_revision(connection, "tag")
        connection.get_transaction().rollback()  # type: ignore[union-attr]
    assert job.revisions(store, [("tag", 0)]) == {("tag", 0): 0}


def test_stale_ranges_of_a_node_are_taken_merged_and_once(store: Store) -> None:
    with store.write() as connection:
        job.mark_stale(connection, "order", 1, 5, 10, 20, "late")
        job.mark_stale(connection, "order", 1, 5, 15, 30, "new text")
        job.mark_stale(connection, "order", 1, 5, 40, 50, "late")
        job.mark_stale(connection, "order", 1, 6, 15, 30, "late")
        job.mark_stale(connection, "oee", 1, 5, 15, 30, "late")
    with store.write() as connection:
        taken = job.take_stale(connection, "order", 10)
    assert taken == [
        Stale("order", 1, 5, 10, 30, frozenset({"late", "new text"})),
        Stale("order", 1, 5, 40, 50, frozenset({"late"})),
        Stale("order", 1, 6, 15, 30, frozenset({"late"})),
    ]
    assert not job.stale_waiting(store, "order")
    assert job.stale_waiting(store, "oee")


def test_stale_work_comes_back_when_its_transaction_fails(store: Store) -> None:
    with store.write() as connection:
        job.mark_stale(connection, "order", 1, 5, 10, 20, "late")
    with store.write() as connection:
        assert job.take_stale(connection, "order", 10)
        connection.get_transaction().rollback()  # type: ignore[union-attr]
    assert job.stale_waiting(store, "order")


def test_two_workers_never_compute_one_node_at_once(store: Store) -> None:
    with store.write() as connection:
        for at in (10, 30):
            job.mark_stale(connection, "order", 1, 5, at, at + 10, "late")
            job.mark_stale(connection, "order", 1, 6, at, at + 10, "late")
    with store.write() as one, store.write() as other:
        assert [s.location_id for s in job.take_stale(one, "order", 1)] == [5]
        assert {s.location_id for s in job.take_stale(other, "order", 10)} == {6}


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 50), st.integers(1, 10)), max_size=20))
def test_merged_ranges_cover_exactly_the_same_instants(parts: list[tuple[int, int, int]]) -> None:
    given_ranges = [Stale("order", 1, node, start, start + length, frozenset()) for node, start, length in parts]
    result = merged(given_ranges)
    assert _instants(result) == _instants(given_ranges)
    assert sum(s.to_us - s.from_us for s in result) == len(_instants(result))


def _instants(ranges: list[Stale]) -> set[tuple[int, int]]:
    return {(s.location_id, at) for s in ranges for at in range(s.from_us, s.to_us)}


def test_an_empty_stale_range_is_refused() -> None:
    with pytest.raises(Invalid, match="must end after it starts"):
        Stale("order", 1, 5, 10, 10)


def a_run(store: Store, kind: str = "generate", worker: str = "w1") -> JobRun:
    taken = job.take(store, [kind], worker)
    assert taken is not None
    return taken


def test_a_run_is_taken_once_reports_and_ends(store: Store) -> None:
    number = job.enqueue(store, "generate", {"days": 3}, "ines")
    taken = a_run(store)
    assert (taken.id, taken.state, taken.arguments, taken.worker) == (number, JobState.RUNNING, {"days": 3}, "w1")
    assert job.take(store, ["generate"], "w2") is None
    assert job.progress(store, taken, 0.4, "day 2", best={"score": 3})
    [run] = job.runs(SYSTEM, store)
    assert (run.progress, run.message, run.best) == (0.4, "day 2", {"score": 3})
    job.finish(store, taken, "3 days")
    [run] = job.runs(SYSTEM, store)
    assert (run.state, run.progress, run.message) == (JobState.DONE, 1.0, "3 days")


def test_a_worker_takes_only_the_kinds_it_knows(store: Store) -> None:
    job.enqueue(store, "schedule", {}, "pia")
    assert job.take(store, ["generate"], "w1") is None


def test_a_cancelled_run_hears_of_it_at_its_next_report(store: Store) -> None:
    waiting, running = (job.enqueue(store, kind, {}, "ines") for kind in ("waits", "runs"))
    taken = a_run(store, "runs")
    job.cancel(store, waiting)
    job.cancel(store, running)
    assert not job.progress(store, taken, 0.5)
    job.finish(store, taken, "stopped half-way")
    assert {run.state for run in job.runs(SYSTEM, store)} == {JobState.CANCELLED}
    with pytest.raises(Conflict, match="ended already"):
        job.cancel(store, running)
    with pytest.raises(NotFound, match="no job run 99"):
        job.cancel(store, 99)


def test_a_dead_workers_run_waits_again(store: Store) -> None:
    worker.beat(store, "alive", [], "1", (0, 0))
    for name in ("alive", "dead"):
        job.enqueue(store, "generate", {}, "ines")
        job.take(store, ["generate"], name)
    assert job.requeue_orphans(store) == 1
    again = job.take(store, ["generate"], "alive")
    assert again is not None
    assert {run.worker for run in job.runs(SYSTEM, store)} == {"alive"}
    assert job.requeue_orphans(store, restarted="alive") == 2


def test_a_run_that_cannot_go_on_waits_for_another_try(store: Store) -> None:
    number = job.enqueue(store, "generate", {}, "ines")
    job.give_back(store, a_run(store))
    again = job.take(store, ["generate"], "w2")
    assert again is not None
    assert (again.id, again.worker) == (number, "w2")


def test_a_worker_that_was_taken_for_dead_cannot_end_its_successors_run(store: Store) -> None:
    job.enqueue(store, "generate", {}, "ines")
    stalled = a_run(store)
    job.requeue_orphans(store)
    now = a_run(store, worker="w2")
    assert not job.progress(store, stalled, 0.9)
    job.finish(store, stalled, "late")
    job.fail(store, stalled, "late")
    job.give_back(store, stalled)
    [run] = job.runs(SYSTEM, store)
    assert (run.state, run.worker, run.progress, run.message) == (JobState.RUNNING, "w2", 0, "")
    assert job.progress(store, now, 0.5)


def test_what_is_postponed_is_taken_after_its_time_only(store: Store) -> None:
    item = Stale("order", 1, 5, 10, 20, frozenset({"late", "new text"}))
    with store.write() as connection:
        job.postpone(connection, item, 60)
    assert not job.stale_waiting(store, "order")
    with store.write() as connection:
        assert job.take_stale(connection, "order") == []
        connection.exec_driver_sql("update stale set at = at - interval '60 seconds'")
        assert job.take_stale(connection, "order") == [item]


def test_workers_unseen_for_long_are_forgotten_and_those_whose_spool_may_come_back_later(store: Store) -> None:
    for name, days, waiting in (("new", 1, 0), ("old", 31, 0), ("full", 31, 5), ("spool", 31, 0), ("gone", 91, 5)):
        worker.beat(store, name, [], "1", (waiting, 0))
        with store.write() as connection:
            connection.exec_driver_sql(f"update worker set seen_at = now() - interval '{days} days' where id = '{name}'")
            if name in ("new", "spool", "gone"):
                connection.exec_driver_sql(f"insert into spool_progress (worker, source_id, through) values ('{name}', 1, 9)")
    assert worker.forget_unseen(store, days=30, spool_days=90) == 2
    with store.read() as connection:
        kept = connection.exec_driver_sql("select id from worker order by id").scalars().all()
        spools = connection.exec_driver_sql("select worker from spool_progress order by worker").scalars().all()
    assert (kept, spools) == (["full", "new", "spool"], ["new", "spool"])


def test_old_runs_are_forgotten_and_new_ones_kept(store: Store) -> None:
    job.enqueue(store, "generate", {}, "ines")
    job.fail(store, a_run(store), "The plant is closed.")
    assert job.forget_runs(store, days=1) == 0
    assert job.forget_runs(store, days=-1) == 1
