"""Sources: states, accounting, workers, what was lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dash import Input, Output, State, no_update

from callbacks.admin.asked import held, here_of, picked
from callbacks.export import rows
from callbacks.registry import Request, callback
from components import live
from components.admin import accounting, ids, lost, page, sources
from components.export import Sheet
from components.panel import body_id, sub_id
from components.text import t
from components.view import Context
from db import health, loss, source
from db.health import Account
from db.source import SourceState

READ = "job.read"


@dataclass(frozen=True, slots=True)
class Seen:
    """The sources of the sites that the reader may see, and their accounts."""

    states: list[SourceState]
    accounts: list[Account]

    @property
    def missing(self) -> int:
        """Values that are unaccounted for."""
        return sum(abs(account.missing) for account in self.accounts)


def _seen(request: Request) -> Seen:
    found = source.states(request.scope, request.store)
    known = {state.source_id for state in found}
    return Seen(found, [a for a in health.accounts(request.store) if a.source_id in known])


@callback(
    Output(body_id(ids.SOURCES), "children"),
    Output(body_id(ids.SOURCE), "children"),
    Output(body_id(ids.ACCOUNTS), "children"),
    Output(ids.sentence_id("sources"), "children"),
    Input(live.PLACE, "data"),
    Input(live.BEAT, "data"),
    State(ids.HELD, "data"),
    permission=READ,
)
def show_sources(request: Request, place: dict[str, Any] | None, _beat: Any, works: Any) -> Any:
    """How every source is doing, and where its samples went."""
    here = here_of(place, "sources")
    if here is None or held(works):
        return (no_update,) * 4
    seen, now_us = _seen(request), request.now_us
    chosen = next((state for state in seen.states if state.name == picked(here)), None)
    waiting = {state.name: state.facts.get("spool_records") for state in seen.states}
    spools = sum(worker.spool_waiting for worker in health.workers(request.store))
    return (
        sources.table(seen.states, here.search, here.zone, now_us),
        sources.details(chosen, _settings(request, chosen)),
        accounting.accounts(seen.accounts, waiting, spools),
        sources.sentence(seen.states, seen.missing, now_us),
    )


def _settings(request: Request, chosen: SourceState | None) -> dict[str, Any]:
    if chosen is None:
        return {}
    return next((s.settings for s in source.sources(request.scope, request.store) if s.id == chosen.source_id), {})


@callback(
    Output(body_id(ids.WORKERS), "children"),
    Input(live.PLACE, "data"),
    Input(live.BEAT, "data"),
    State(ids.HELD, "data"),
    permission=READ,
)
def show_workers(request: Request, place: dict[str, Any] | None, _beat: Any, works: Any) -> Any:
    """Workers and their spools, on the tabs that have them."""
    here = here_of(place)
    if here is None or held(works) or page.tab_of(here.search).key not in ("sources", "system"):
        return no_update
    return accounting.workers(health.workers(request.store), request.now_us)


@callback(
    Output(body_id(ids.LETTERS), "children"),
    Output(body_id(ids.GAPS), "children"),
    Output(sub_id(ids.LETTERS), "children"),
    Output(sub_id(ids.GAPS), "children"),
    Input(live.PLACE, "data"),
    Input(ids.LETTER_WORDS, "value"),
    Input(live.REFRESH, "data"),
    permission=READ,
)
def show_lost(request: Request, place: dict[str, Any] | None, words: str | None, _again: Any) -> Any:
    """What came in and was not understood, and what is known to be lost."""
    here = here_of(place, "sources")
    if here is None:
        return (no_update,) * 4
    name = picked(here) or None
    letters = loss.letters(request.scope, request.store, name, (words or "")[:200])
    gaps = loss.gaps(request.scope, request.store, name)
    said = t("of {source}, newest first", source=name) if name else t("of all sources, newest first")
    shown = lost.letters(letters, here.zone, request.now_us), lost.gaps(gaps, here.zone, request.now_us)
    return *shown, said, said


@rows(ids.SOURCES, permission=READ)
def source_rows(request: Request, _here: Context) -> Sheet:
    """The sources, for a table or file."""
    return sources.sheet(source.states(request.scope, request.store))


@rows(ids.ACCOUNTS, permission=READ)
def account_rows(request: Request, _here: Context) -> Sheet:
    """The accounting, for a table or file."""
    return accounting.accounts_sheet(_seen(request).accounts)


@rows(ids.WORKERS, permission=READ)
def worker_rows(request: Request, _here: Context) -> Sheet:
    """The workers, for a table or file."""
    return accounting.workers_sheet(health.workers(request.store))


@rows(ids.LETTERS, permission=READ)
def letter_rows(request: Request, here: Context) -> Sheet:
    """Dead letters of the chosen source, or of all."""
    return lost.letters_sheet(loss.letters(request.scope, request.store, picked(here) or None), picked(here), "")


@rows(ids.GAPS, permission=READ)
def gap_rows(request: Request, here: Context) -> Sheet:
    """Gaps of the chosen source, or of all."""
    return lost.gaps_sheet(loss.gaps(request.scope, request.store, picked(here) or None))
