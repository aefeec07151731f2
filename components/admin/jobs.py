"""Jobs: turns of the clock, and the runs that people asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from dash import html

from components import format as show
from components.admin import ids, parts
from components.export import Column, Sheet
from components.panel import panel
from components.shape import shape
from components.states import empty, skeleton
from components.text import t
from engine.job import JobRun, JobState
from engine.time import us_of

if TYPE_CHECKING:
    from datetime import datetime

    from db.clock import Turn

RUN, CANCEL = "job.run", "job.cancel"
TURN = "turn"
KINDS = {
    "generate": "Fill in history",
    "rebuild": "Compute rollups anew",
    "browse": "Look around in an OPC UA server",
    "listen": "Listen to a broker",
    "audit": "Recompute the hash chain of the audit trail",
    TURN: "Run a job now",
}
STATES = {
    JobState.WAITING: "Waiting",
    JobState.RUNNING: "Running",
    JobState.DONE: "Done",
    JobState.FAILED: "Failed",
    JobState.CANCELLED: "Cancelled",
}


def tab(_rights: Collection[str]) -> Any:
    """The skeleton."""
    told = (
        t("One worker holds the clock and starts each job at its interval, never beside itself."),
        t("A job that failed runs again at its next turn; the failure stays here until another one follows."),
    )
    return [
        parts.across(panel(ids.TURNS, t("Jobs of the clock"), skeleton(6), wide=True, main=True, rows=True, explain=told)),
        parts.across(panel(ids.RUNS, t("Runs that somebody asked for"), skeleton(4), wide=True, rows=True)),
    ]


_TURN = (
    ("Job", "adm-wrap"),
    ("Every", "num"),
    ("Last run", ""),
    ("Took", "num"),
    ("Next run", ""),
    ("Runs", "num"),
    ("Failures", "num"),
    ("Newest failure", "adm-wrap"),
    ("", ""),
)


def turns(found: Sequence[Turn], zone: str, now_us: int, may_run: bool) -> Any:
    """Each job of the clock and its newest turn."""
    if not found:
        return empty(
            t(
                "Shows each job with its last and next run. No worker has held the clock yet;"
                " start one with “plantglass worker”."
            )
        )
    return parts.table(_TURN, [_turn(turn, zone, now_us, may_run) for turn in found], t("Jobs of the clock"))


def _turn(turn: Turn, zone: str, now_us: int, may_run: bool) -> list[Any]:
    last: Any = t("running") if turn.running else [parts.ago(turn.ended_at, now_us), t(" ago")]
    failed = turn.failed_last
    mark = [shape("error", hidden=True)] if failed else []
    return [
        [html.Div(t(turn.title), className="med"), html.Code(turn.key, className="cap t2")],
        parts.seconds(turn.every_s),
        html.Span([*mark, html.Span(last)], className="state_chip"),
        parts.seconds(turn.duration_s),
        _next(turn, zone, now_us),
        parts.count(turn.turns),
        parts.count(turn.failures),
        _failure(turn, zone, now_us),
        parts.act(RUN, turn.key, t("Run now")) if may_run else "",
    ]


def _next(turn: Turn, zone: str, now_us: int) -> str:
    if turn.next_at is None:
        return show.NOTHING
    ahead = us_of(turn.next_at) - now_us
    if ahead < -2 * max(60.0, turn.every_s) * 1e6:
        return t("overdue")
    return t("now") if ahead <= 0 else t("in {time}", time=show.duration(ahead))


def _failure(turn: Turn, zone: str, now_us: int) -> Any:
    if not turn.failure:
        return ""
    return html.Details(
        [html.Summary(parts.moment(turn.failed_at, zone, now_us)), html.P(turn.failure, className="adm-break")],
        className="adm-more",
    )


def turns_sheet(found: Sequence[Turn]) -> Sheet:
    """The same as rows."""
    columns = (
        Column(t("Job")),
        Column(t("Key")),
        Column(t("Every"), "number", "s"),
        Column(t("Last run"), "time"),
        Column(t("Took"), "number", "s", 3),
        Column(t("Next run"), "time"),
        Column(t("Runs"), "number"),
        Column(t("Failures"), "number"),
        Column(t("Newest failure")),
    )
    rows = [
        [x.title, x.key, x.every_s, _us(x.began_at), x.duration_s, _us(x.next_at), x.turns, x.failures, x.failure]
        for x in found
    ]
    return Sheet(t("Jobs of the clock"), columns, rows)


def _us(at: datetime | None) -> int | None:
    return None if at is None else us_of(at)


def sentence(found: Sequence[Turn], runs: Sequence[JobRun], held: bool) -> str:
    """What matters first."""
    failing = [turn.title for turn in found if turn.failed_last]
    said = [t("{n} jobs", n=len(found)) if held else t("no worker holds the clock: jobs stand still")]
    said += [t("failed last time: {names}", names=", ".join(failing[:3]))] if failing else []
    running = sum(run.state is JobState.RUNNING for run in runs)
    return "; ".join([*said, *([t("{n} runs under way", n=running)] if running else [])])


_RUN = (
    ("Run", "adm-wrap"),
    ("State", ""),
    ("Progress", ""),
    ("What it says", "adm-wrap"),
    ("Asked for by", ""),
    ("At", ""),
    ("Took", "num"),
    ("", ""),
)


def runs(found: Sequence[JobRun], zone: str, now_us: int, may_cancel: bool) -> Any:
    """The newest runs."""
    if not found:
        return empty(
            t("Shows what somebody asked for: history, rollups, looking around in a source. Nobody has asked for anything yet.")
        )
    return parts.table(_RUN, [_run(run, zone, now_us, may_cancel) for run in found], t("Runs"))


def _run(run: JobRun, zone: str, now_us: int, may_cancel: bool) -> list[Any]:
    failed = run.state is JobState.FAILED
    stops = may_cancel and can_stop(run)
    asked_off = run.cancel_requested and run.state is JobState.RUNNING
    return [
        [html.Div(title(run), className="med"), html.Span(f"{run.id}", className="cap t2")],
        html.Span(
            [*([shape("error", hidden=True)] if failed else []), t("Stopping") if asked_off else t(STATES[run.state])],
            className="state_chip",
        ),
        progress(run),
        html.Span(run.message, className="adm-break"),
        run.started_by,
        parts.moment(run.queued_at, zone, now_us),
        _took(run, now_us),
        parts.act(CANCEL, str(run.id), t("Cancel")) if stops else "",
    ]


def title(run: JobRun) -> str:
    """What is run, in words."""
    said = t(KINDS.get(run.kind, run.kind))
    return f"{said}: {run.arguments.get('job', '')}" if run.kind == TURN else said


def can_stop(run: JobRun) -> bool:
    """A run that waits, or one that looks whether it should stop; a turn of the clock runs to its end."""
    if run.cancel_requested:
        return False
    return run.state is JobState.WAITING or (run.state is JobState.RUNNING and run.kind not in (TURN, "audit"))


def progress(run: JobRun) -> Any:
    """A bar while it runs; nothing after its end."""
    if run.state is not JobState.RUNNING:
        return ""
    percent = round(100 * run.progress)
    bar = html.Span(html.I(), className="meter", style={"--x": f"{percent}%"})
    return html.Span([bar, t("{n} %", n=percent)], className="cov")


def _took(run: JobRun, now_us: int) -> str:
    if run.started_at is None:
        return show.NOTHING
    end = now_us if run.ended_at is None else us_of(run.ended_at)
    return parts.seconds(max(0, end - us_of(run.started_at)) / 1e6)


def runs_sheet(found: Sequence[JobRun]) -> Sheet:
    """The same as rows."""
    columns = (
        Column(t("Number"), "number"),
        Column(t("Run")),
        Column(t("State")),
        Column(t("Progress"), "share"),
        Column(t("What it says")),
        Column(t("Asked for by")),
        Column(t("Asked for at"), "time"),
        Column(t("Begun"), "time"),
        Column(t("Ended"), "time"),
        Column(t("Worker")),
    )
    rows = [
        [
            r.id,
            title(r),
            t(STATES[r.state]),
            r.progress,
            r.message,
            r.started_by,
            us_of(r.queued_at),
            _us(r.started_at),
            _us(r.ended_at),
            r.worker,
        ]
        for r in found
    ]
    return Sheet(t("Runs that somebody asked for"), columns, rows)
