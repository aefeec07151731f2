"""Jobs: turns of the clock, runs that were asked for, starting and cancelling them."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, no_update

from callbacks.admin.act import Action, action
from callbacks.admin.asked import held, here_of, reason_of, rights
from callbacks.export import rows
from callbacks.registry import Request, callback
from components import live
from components.admin import ids, jobs
from components.export import Sheet
from components.panel import body_id
from components.text import t
from components.view import Context
from db import clock, health, job
from engine.errors import Conflict, NotFound
from engine.job import JobRun, JobState

READ, RUN = "job.read", "job.run"
CLOCK = "clock"
UNDER_WAY = (JobState.WAITING, JobState.RUNNING)


@callback(
    Output(body_id(ids.TURNS), "children"),
    Output(body_id(ids.RUNS), "children"),
    Output(ids.sentence_id("jobs"), "children"),
    Input(live.PLACE, "data"),
    Input(live.BEAT, "data"),
    Input(live.LIVE, "data"),
    State(ids.HELD, "data"),
    permission=READ,
)
def show_jobs(request: Request, place: dict[str, Any] | None, _beat: Any, _live: Any, works: Any) -> Any:
    """Every job of the clock, and the newest runs."""
    here = here_of(place, "jobs")
    if here is None or held(works):
        return (no_update,) * 3
    may = RUN in rights(request)
    turns, found = clock.turns(request.store), job.runs(request.scope, request.store)
    clock_is_held = any(CLOCK in worker.roles for worker in health.workers(request.store, 30.0))
    shown = jobs.turns(turns, here.zone, request.now_us, may), jobs.runs(found, here.zone, request.now_us, may)
    return *shown, jobs.sentence(turns, found, clock_is_held)


@rows(ids.TURNS, permission=READ)
def turn_rows(request: Request, _here: Context) -> Sheet:
    """The jobs, for a table or file."""
    return jobs.turns_sheet(clock.turns(request.store))


@rows(ids.RUNS, permission=READ)
def run_rows(request: Request, _here: Context) -> Sheet:
    """The runs, for a table or file."""
    return jobs.runs_sheet(job.runs(request.scope, request.store, limit=1000))


# ------------------------------------------------------------------ doing
def _told(request: Request, key: str) -> str:
    turn = clock.turn_of(request.store, key)
    return t("“{title}” runs now instead of at its next turn.", title=t(turn.title)) + (_WHY if turn.gxp else "")


_WHY = " It writes regulated records, so that a reason is needed."


@action(Action(jobs.RUN, RUN, "Run a job now", _told))
def run_job(request: Request, key: str, reason: str) -> str:
    """Ask the clock for a turn of a job; on record where the job writes GxP records."""
    turn = clock.turn_of(request.store, key)
    if any(run.arguments.get("job") == key and run.state in UNDER_WAY for run in _turns_asked(request)):
        raise Conflict(t("Somebody has asked for this job already; it runs in a moment."))
    if turn.gxp:
        with request.store.change(request.user.name, reason_of(reason)) as change:
            number = job.enqueue_in(change.connection, jobs.TURN, {"job": key}, request.user.name)
            clock.note_request(change, "run", key, number)
    else:
        job.enqueue(request.store, jobs.TURN, {"job": key}, request.user.name)
    return t("“{title}” is asked for.", title=t(turn.title))


def _turns_asked(request: Request) -> list[JobRun]:
    return job.runs(request.scope, request.store, [jobs.TURN], 100)


def _run_told(request: Request, on: str) -> str:
    run = _run(request, on)
    return t("Run {id} ({title}) stops as soon as it can; what it has done stays.", id=run.id, title=jobs.title(run))


def _run(request: Request, on: str) -> JobRun:
    if not on.isdecimal() or len(on) > 15:
        raise NotFound(t("There is no such run."))
    return job.run_of(request.store, int(on))


@action(Action(jobs.CANCEL, RUN, "Cancel a run", _run_told))
def cancel_run(request: Request, on: str, reason: str) -> str:
    """Ask a run to stop; on record where it is one of a job that writes GxP records."""
    run = _run(request, on)
    if run.state is JobState.RUNNING and not jobs.can_stop(run):
        raise Conflict(t("This run goes on to its end: a turn of a job cannot be broken off."))
    key = str(run.arguments.get("job", ""))
    if run.kind == jobs.TURN and clock.turn_of(request.store, key).gxp:
        with request.store.change(request.user.name, reason_of(reason)) as change:
            job.cancel_in(change.connection, run.id)
            clock.note_request(change, "cancel", key, run.id)
    else:
        job.cancel(request.store, run.id)
    return t("Run {id} is asked to stop.", id=run.id)
