"""The command palette: what is found for the words typed, and without any: what was opened last, pages, views, actions."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, no_update

from callbacks.registry import Request, callback
from components import format as show
from components import frame, live, location, palette
from components.palette import ACTIONS, Found
from components.text import t
from components.view import DEFAULT_FROM, Context, View, context_of, href, place_href, stamp
from db import access
from db import search as finding
from db import view as kept
from db.search import PlaceFound, RunFound, TagFound
from engine.location import NodeKind
from engine.time import HOUR_US

RECENT, MOST_RECENT, LONGEST_WORDS = "recent", 8, 80


@callback(
    Output(palette.LIST, "children"),
    Output(palette.TOLD, "children"),
    Input(palette.SOUGHT, "value"),
    Input(palette.OPENED, "data"),
    State(live.PLACE, "data"),
    permission="location.read",
    prevent_initial_call=True,
)
def show_found(request: Request, words: str | None, _opened: Any, place: dict[str, Any] | None) -> Any:
    """The list of the palette."""
    here = context_of(place)
    if here is None:
        return no_update, no_update
    listed = found(request, here, str(words or "").replace("\x00", "")[:LONGEST_WORDS].strip())
    return palette.entries(listed), palette.told(len(listed))


def found(request: Request, here: Context, words: str) -> list[Found]:
    """Everything that the words mean; without words what is near at hand."""
    view = here.view(request.now_us)
    holds = access.holdings(request.store, request.user)
    pages = [_page(page, here) for page in frame.allowed(holds.permissions)]
    views = [_view(v) for v in kept.views(request.scope, request.store, request.user.name, holds.roles)]
    if len(words) < palette.LEAST_LETTERS:
        recent = kept.preferences(request.store, request.user.id).get(RECENT, [])
        return palette.matching([*_recent(recent, here), *pages, *views, *_actions()], words)
    hits = finding.search(request.scope, request.store, words)
    near = palette.matching([*pages, *views, *_actions()], words)
    return [
        *(_place(p, view) for p in hits.places),
        *(_signal(tag, view) for tag in hits.tags),
        *(_run(run, view, "Batches", "flask") for run in hits.batches),
        *(_run(run, view, "Work orders", "work") for run in hits.orders),
        *near,
    ]


def _page(page: frame.Page, here: Context) -> Found:
    keys = f"g {page.letter}" if page.letter else ""
    return Found("Pages", page.icon, t(page.title), keys, page.path + frame.carried(here.search))


def _view(view: kept.SavedView) -> Found:
    return Found("Saved views", "save", view.name, view.owner, view.href)


def _actions() -> list[Found]:
    return [Found(a.group, a.icon, t(a.title), a.detail, do=a.do) for a in ACTIONS]


def _recent(recent: list[list[str]], here: Context) -> list[Found]:
    return [Found("Opened last", "clock", name, path, to) for name, path, to in recent if path != here.path]


def _place(place: PlaceFound, view: View) -> Found:
    kind = t(location.KIND_WORDS[NodeKind(place.kind)])
    return Found("Places", "pin", place.name, _joined(kind, place.above), place_href(view, place.path, place.kind))


def _signal(tag: TagFound, view: View) -> Found:
    unit = f" ({tag.unit})" if tag.unit else ""
    to = href(view, "/machine", at=tag.path, sel=(tag.name,), tab="live")
    return Found("Signals", "chart", f"{tag.title}{unit}", tag.place, to)


def _run(run: RunFound, view: View, group: str, icon: str) -> Found:
    """A batch or order leads to the machine that it was on last, over that time with an hour around it."""
    if run.path is None or run.from_us is None:
        to = href(view, "/location", sel=(), tab="live")
        return Found(group, icon, run.number, _joined(run.product, t("not yet on a machine")), to)
    end = "now" if run.to_us is None else stamp(run.to_us + HOUR_US)
    to = href(view, "/machine", at=run.path, start=stamp(run.from_us - HOUR_US), end=end, sel=(), tab="live")
    return Found(group, icon, run.number, _joined(run.product, run.place, show.day_and_clock(run.from_us, view.zone)), to)


def _joined(*parts: str | None) -> str:
    return " · ".join(part for part in parts if part)


@callback(Output(palette.OPENED, "data"), Input(live.PLACE, "data"), permission="location.read", prevent_initial_call=True)
def note_visit(request: Request, place: dict[str, Any] | None) -> Any:
    """Remember the place that was opened, newest first; the list is read when the palette opens."""
    here = context_of(place)
    if here is None or here.node is None or not request.scope.covers(here.node):
        return no_update
    visit = [here.name, here.path, place_href(View(at=here.path, start=DEFAULT_FROM), here.path, here.kind)]
    kept.prefer(request.store, request.user.id, RECENT, lambda known: _visited(known, visit))
    return no_update


def _visited(known: list[list[str]] | None, visit: list[str]) -> list[list[str]]:
    return [visit, *(v for v in known or [] if v[1] != visit[1])][:MOST_RECENT]
