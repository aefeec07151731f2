"""Revisions, stale ranges and runs of jobs: how work is found, done and shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from db.store import Store
from engine.access import Scope
from engine.errors import Conflict, NotFound
from engine.job import JobRun, JobState, Stale, merged

DEAD_AFTER_S = 30.0
"""A worker whose heartbeat is older is taken for dead; its runs wait again."""
_STILL_OURS = "id = :id and state = 'running' and worker = :worker"


# ------------------------------------------------------------------ revisions
def raise_revision(connection: Connection, topic: str, location_id: int = 0) -> None:
    """Raise the number that browsers compare, in the transaction that saves the result (0: the topic as a whole)."""
    raise_revisions(connection, topic, (location_id,))


def raise_revisions(connection: Connection, topic: str, location_ids: Iterable[int]) -> None:
    """The same for several nodes, in a fixed order, so that two transactions never wait for each other in a circle."""
    connection.execute(
        text(
            "insert into revision (topic, location_id) select :topic, n from unnest(cast(:nodes as int[])) n order by n"
            " on conflict (topic, location_id) do update set number = revision.number + 1, at = now()"
        ),
        {"topic": topic, "nodes": sorted(set(location_ids))},
    )


def revisions(store: Store, pairs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """The numbers of (topic, location_id) pairs; 0 for what has never been raised."""
    asked = list(dict.fromkeys(pairs))
    found = dict.fromkeys(asked, 0)
    with store.read() as connection:
        rows = connection.execute(
            text(
                "select r.topic, r.location_id, r.number from revision r join"
                " unnest(cast(:topics as text[]), cast(:nodes as int[])) as a (topic, node)"
                " on r.topic = a.topic and r.location_id = a.node"
            ),
            {"topics": [t for t, _ in asked], "nodes": [n for _, n in asked]},
        )
        found.update({(row.topic, row.location_id): row.number for row in rows})
    return found


# ------------------------------------------------------------------ stale ranges
def mark_stale(  # the columns of one row
    connection: Connection, capability: str, site_id: int, location_id: int, from_us: int, to_us: int, cause: str
) -> None:
    """Note in the transaction that makes something outdated that [from_us, to_us) of a node must be computed again."""
    connection.execute(
        text(
            "insert into stale (capability, site_id, location_id, from_us, to_us, cause)"
            " values (:capability, :site, :node, :from_us, :to_us, :cause)"
        ),
        {
            "capability": capability,
            "site": site_id,
            "node": location_id,
            "from_us": int(from_us),
            "to_us": int(to_us),
            "cause": cause,
        },
    )


def postpone(connection: Connection, stale: Stale, seconds: float) -> None:
    """Put back what was taken and cannot be computed now: nobody takes it before `seconds` have passed."""
    connection.execute(
        text(
            "insert into stale (capability, site_id, location_id, from_us, to_us, cause, at)"
            " select :capability, :site, :node, :from_us, :to_us, c, now() + make_interval(secs => :seconds)"
            " from unnest(cast(:causes as text[])) c"
        ),
        {
            "capability": stale.capability,
            "site": stale.site_id,
            "node": stale.location_id,
            "from_us": stale.from_us,
            "to_us": stale.to_us,
            "seconds": seconds,
            "causes": sorted(stale.causes),
        },
    )


def take_stale(connection: Connection, capability: str, limit: int = 1000) -> list[Stale]:
    """Take up to `limit` rows of work out of the list, merged; they come back when the transaction fails.

    A node is taken by one transaction at a time (advisory lock until its end), so that two workers never
    compute neighbouring ranges of one node at once.
    """
    nodes = _lock_nodes(connection, capability, limit, "id")
    rows = connection.execute(
        text(
            "delete from stale where id in (select id from stale where capability = :capability"
            " and location_id = any(:nodes) and at <= now() order by location_id, from_us limit :limit for update skip locked)"
            " returning capability, site_id, location_id, from_us, to_us, cause"
        ),
        {"capability": capability, "nodes": nodes, "limit": limit},
    )
    return merged(Stale(r.capability, r.site_id, r.location_id, r.from_us, r.to_us, frozenset({r.cause})) for r in rows)


def take_newest(connection: Connection, capability: str, since_us: int, limit: int = 1000) -> list[Stale]:
    """The same, but the ranges that end last come first, and none that ends at or before `since_us`.

    For work whose present matters more than its history.
    """
    nodes = _lock_nodes(connection, capability, limit, "to_us desc", since_us)
    rows = connection.execute(
        text(
            "delete from stale where id in (select id from stale where capability = :capability and to_us > :since"
            " and location_id = any(:nodes) and at <= now() order by to_us desc limit :limit for update skip locked)"
            " returning capability, site_id, location_id, from_us, to_us, cause"
        ),
        {"capability": capability, "nodes": nodes, "limit": limit, "since": since_us},
    )
    return merged(Stale(r.capability, r.site_id, r.location_id, r.from_us, r.to_us, frozenset({r.cause})) for r in rows)


def _lock_nodes(connection: Connection, capability: str, limit: int, first: str, since_us: int = -(2**63)) -> list[int]:
    rows = connection.execute(
        text(
            "with waiting as materialized (select distinct location_id from (select location_id from stale"
            f" where capability = :capability and at <= now() and to_us > :since order by {first} limit :limit) s)"
            " select location_id from waiting where pg_try_advisory_xact_lock(hashtext('stale ' || :capability), location_id)"
        ),
        {"capability": capability, "limit": limit, "since": since_us},
    )
    return [row.location_id for row in rows]


def stale_waiting(store: Store, capability: str) -> bool:
    """True when there is work to take now."""
    with store.read() as connection:
        asked = text("select exists (select 1 from stale where capability = :capability and at <= now())")
        return bool(connection.execute(asked, {"capability": capability}).scalar())


# ------------------------------------------------------------------ runs
def enqueue(store: Store, kind: str, arguments: dict[str, Any], started_by: str) -> int:
    """Ask for a run; returns its id. A worker takes it within seconds."""
    with store.write() as connection:
        return enqueue_in(connection, kind, arguments, started_by)


def enqueue_in(connection: Connection, kind: str, arguments: dict[str, Any], started_by: str) -> int:
    """The same within an open transaction: asked for only when that is committed."""
    number = connection.execute(
        text("insert into job_run (kind, arguments, started_by) values (:kind, cast(:arguments as jsonb), :by) returning id"),
        {"kind": kind, "arguments": json.dumps(arguments), "by": started_by},
    ).scalar_one()
    raise_revision(connection, "job")
    return int(number)


def take(store: Store, kinds: Sequence[str], worker: str) -> JobRun | None:
    """The oldest waiting run of these kinds, now running here; None when there is none."""
    with store.write() as connection:
        row = (
            connection.execute(
                text(
                    "update job_run set state = 'running', worker = :worker, started_at = now() where id ="
                    " (select id from job_run where state = 'waiting' and kind = any(:kinds) order by id limit 1"
                    " for update skip locked) returning *"
                ),
                {"kinds": list(kinds), "worker": worker},
            )
            .mappings()
            .first()
        )
        if row is None:
            return None
        raise_revision(connection, "job")
        return _run(row)


def progress(store: Store, run: JobRun, share: float, message: str = "", best: Any = None) -> bool:
    """Show how far a run is, in a transaction of its own; False when it must stop.

    It must when its cancellation was asked for, and when it is no longer this worker's (`run` is what `take` returned).
    """
    with store.write() as connection:
        cancelled = connection.execute(
            text(
                "update job_run set progress = :share, message = :message, best = coalesce(cast(:best as jsonb), best)"
                f" where {_STILL_OURS} returning cancel_requested"
            ),
            {
                "id": run.id,
                "worker": run.worker,
                "share": min(1.0, max(0.0, share)),
                "message": message,
                "best": None if best is None else json.dumps(best),
            },
        ).scalar()
        raise_revision(connection, "job")
    return cancelled is False


def finish(store: Store, run: JobRun, message: str = "") -> None:
    """The run ended: done, or cancelled when that was asked for and it stopped before its end."""
    _end(store, run, "case when cancel_requested and progress < 1 then 'cancelled' else 'done' end", message)


def fail(store: Store, run: JobRun, message: str) -> None:
    """The run failed; the message says why."""
    _end(store, run, "'failed'", message)


def _end(store: Store, run: JobRun, state: str, message: str) -> None:
    with store.write() as connection:
        connection.execute(
            text(
                f"update job_run set state = {state}, message = :message, ended_at = now(),"
                f" progress = case when {state} = 'done' then 1 else progress end where {_STILL_OURS}"
            ),
            {"id": run.id, "worker": run.worker, "message": message},
        )
        raise_revision(connection, "job")


def give_back(store: Store, run: JobRun) -> None:
    """Let a run wait again that could not go on here."""
    with store.write() as connection:
        connection.execute(
            text(f"update job_run set state = 'waiting', worker = null, started_at = null where {_STILL_OURS}"),
            {"id": run.id, "worker": run.worker},
        )
        raise_revision(connection, "job")


def cancel(store: Store, run_id: int) -> None:
    """Ask a run to stop; one that still waits is cancelled at once. Raises `NotFound`, `Conflict` when it has ended."""
    with store.write() as connection:
        cancel_in(connection, run_id)


def cancel_in(connection: Connection, run_id: int) -> None:
    """The same within an open transaction."""
    state = connection.execute(
        text(
            "update job_run set cancel_requested = true,"
            " ended_at = case when state = 'waiting' then now() else ended_at end,"
            " state = case when state = 'waiting' then 'cancelled' else state end"
            " where id = :id and state in ('waiting', 'running') returning state"
        ),
        {"id": run_id},
    ).scalar()
    if state is None:
        _say_why_not(connection, run_id)
    raise_revision(connection, "job")


def _say_why_not(connection: Connection, run_id: int) -> None:
    state = connection.execute(text("select state from job_run where id = :id"), {"id": run_id}).scalar()
    if state is None:
        raise NotFound(f"There is no job run {run_id}.")
    raise Conflict(f"Job run {run_id} has ended already: {state}.")


def runs(scope: Scope, store: Store, kinds: Sequence[str] | None = None, limit: int = 50) -> list[JobRun]:
    """The newest runs first. Runs belong to no place; the permission `job.read` guards them, not the scope."""
    del scope
    with store.read() as connection:
        rows = connection.execute(
            text(
                "select * from job_run where cast(:kinds as text[]) is null or kind = any(cast(:kinds as text[]))"
                " order by id desc limit :limit"
            ),
            {"kinds": None if kinds is None else list(kinds), "limit": limit},
        ).mappings()
        return [_run(row) for row in rows]


def run_of(store: Store, run_id: int) -> JobRun:
    """One run; raises `NotFound`."""
    with store.read() as connection:
        row = connection.execute(text("select * from job_run where id = :id"), {"id": run_id}).mappings().first()
    if row is None:
        raise NotFound(f"There is no job run {run_id}.")
    return _run(row)


def requeue_orphans(store: Store, restarted: str = "", dead_after_s: float = DEAD_AFTER_S) -> int:
    """Let the runs of dead workers, and of one that has `restarted` or is leaving, wait again; returns how many."""
    with store.write() as connection:
        count = connection.execute(
            text(
                "update job_run r set state = 'waiting', worker = null, started_at = null where state = 'running'"
                " and (r.worker = :restarted or not exists (select 1 from worker w where w.id = r.worker"
                " and w.seen_at > now() - make_interval(secs => :dead)))"
            ),
            {"dead": dead_after_s, "restarted": restarted},
        ).rowcount
        if count:
            raise_revision(connection, "job")
    return count


def forget_runs(store: Store, days: float) -> int:
    """Delete runs that ended more than `days` days ago; returns how many."""
    with store.write() as connection:
        return connection.execute(
            text("delete from job_run where ended_at < now() - make_interval(secs => :seconds)"), {"seconds": days * 86_400}
        ).rowcount


def _run(row: RowMapping) -> JobRun:
    fields = {name: row[name] for name in JobRun.__slots__}
    return JobRun(**(fields | {"state": JobState(row["state"])}))
