"""The audit trail: filtering, one entry, checking the chain."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, no_update

from callbacks.export import rows
from callbacks.registry import Request, callback, clientside
from components import audit, live
from components.admin import ids, parts
from components.export import Sheet
from components.panel import body_id, sub_id
from components.text import t
from components.view import Context, context_of
from db import audit as trail
from db import job, people
from engine.access import SYSTEM, Scope
from engine.audit import PEOPLE, AuditEntry, AuditFilter
from engine.errors import Conflict
from engine.job import JobState

READ = "audit.read"
MOST, MOST_SAVED = 100, 100_000

clientside("live.watch", Output(ids.AUDIT_SINK, "data"), Input(ids.AUDIT_WATCH, "data"))
clientside(
    "admin.filter",
    Output(ids.AUDIT_FILTER, "data"),
    Input(ids.AUDIT_ACTOR, "value"),
    Input(ids.AUDIT_TABLE, "value"),
    Input(ids.AUDIT_ACTION, "value"),
    Input(ids.AUDIT_WORDS, "value"),
)


def _here(place: dict[str, Any] | None) -> Context | None:
    here = context_of(place)
    return here if here and here.page == parts.AUDIT else None


def _reach(request: Request) -> Scope:
    """Every entry for whoever may read at every site; else those of records at the reader's places."""
    return SYSTEM if people.whole(request.scope, request.store) else request.scope


def _filter(request: Request, here: Context) -> AuditFilter:
    view = here.view(request.now_us)
    return audit.filter_of(here.search, view.from_us, view.to_us)


@callback(
    Output(ids.options_id(ids.AUDIT_ACTOR), "children"),
    Output(ids.options_id(ids.AUDIT_TABLE), "children"),
    Output(ids.AUDIT_ACTOR, "value"),
    Output(ids.AUDIT_TABLE, "value"),
    Output(ids.AUDIT_ACTION, "value"),
    Output(ids.AUDIT_WORDS, "value"),
    Input(live.PLACE, "data"),
    permission=READ,
)
def show_filters(request: Request, place: dict[str, Any] | None) -> Any:
    """What there is to filter by, and what the address asks for."""
    here = _here(place)
    if here is None:
        return (no_update,) * 6
    actors, tables = trail.choices(_reach(request), request.store)
    asked = _filter(request, here)
    wanted = f"{asked.table}:{asked.record}" if asked.record else asked.table
    who = parts.options([(PEOPLE, t("People only")), *actors])
    return who, parts.options(tables), asked.actor, wanted, asked.action, asked.words


@callback(
    Output(body_id(ids.AUDIT_LIST), "children"),
    Output(sub_id(ids.AUDIT_LIST), "children"),
    Output(body_id(ids.AUDIT_ENTRY), "children"),
    Output(ids.AUDIT_SENTENCE, "children"),
    Input(live.PLACE, "data"),
    Input(live.REFRESH, "data"),
    permission=READ,
)
def show_entries(request: Request, place: dict[str, Any] | None, _again: Any) -> Any:
    """The newest entries that fit, and the chosen one."""
    here = _here(place)
    if here is None:
        return (no_update,) * 4
    view, reach = here.view(request.now_us), _reach(request)
    found = trail.entries(reach, request.store, _filter(request, here), MOST)
    said = t("Newest first, {zone} time", zone=view.zone)
    listed = audit.entries(found, here.search, view.zone, request.now_us, MOST)
    chosen = audit.entry(_chosen(request, reach, here, found), view.zone)
    return listed, said, chosen, audit.sentence(found, MOST, trail.last_check(request.store))


def _chosen(request: Request, reach: Scope, here: Context, found: list[AuditEntry]) -> AuditEntry | None:
    asked = parts.asked(here.search).get("sel", "")
    if not asked.isdecimal() or len(asked) > 15:
        return None
    return next((e for e in found if e.id == int(asked)), None) or trail.entry(reach, request.store, int(asked))


@callback(
    Output(body_id(ids.AUDIT_CHECK), "children"),
    Input(live.PLACE, "data"),
    Input(live.LIVE, "data"),
    permission=READ,
)
def show_check(request: Request, place: dict[str, Any] | None, _live: Any) -> Any:
    """What recomputing the chain said."""
    here = _here(place)
    if here is None:
        return no_update
    found = trail.last_check(request.store)
    return audit.check(found, here.view(request.now_us).zone, request.now_us, under_way=_under_way(request))


def _under_way(request: Request) -> bool:
    runs = job.runs(request.scope, request.store, ["audit"], 5)
    return any(run.state in (JobState.WAITING, JobState.RUNNING) for run in runs)


@callback(
    Output(ids.AUDIT_NOW, "children"),
    Output(ids.AUDIT_NOW, "disabled"),
    Input(ids.AUDIT_NOW, "n_clicks"),
    permission=READ,
    prevent_initial_call=True,
)
def check_now(request: Request, clicks: int | None) -> Any:
    """Ask a worker to recompute the chain."""
    if not clicks:
        return no_update, no_update
    if _under_way(request):
        raise Conflict(t("A check is under way already."))
    job.enqueue(request.store, "audit", {}, request.user.name)
    return t("Checking"), True


@rows(ids.AUDIT_LIST, permission=READ)
def entry_rows(request: Request, here: Context) -> Sheet:
    """The entries of the range that fit the filters, for a table or file."""
    asked = _filter(request, here)
    return audit.sheet(trail.entries(_reach(request), request.store, asked, MOST_SAVED), asked)
