"""The machine page, live tab: header, current values, trend; each extended live."""

from __future__ import annotations

from typing import Any

from dash import ALL, Input, Output, State, no_update

from callbacks.export import rows
from callbacks.registry import Request, callback, clientside
from callbacks.signals import batch_now, machine_at, made, own_tags, readings, tables
from components import live, machine, panel, picker, sheet, trend
from components.course import Course, course, summary
from components.export import Sheet
from components.text import t
from components.view import Context, View, asked_place
from db import location as places
from db import order as orders
from db import tag as tags
from db.historian.read import last_values
from db.historian.trace import reduce
from engine.access import PERMISSIONS
from engine.order import Occupation
from engine.tag import Tag, ValueKind

POINTS = 1_000
MOST_FOUND = 40

clientside(
    "trend.draw",
    Output(trend.GRAPH, "figure"),
    Output(trend.AFTER, "data"),
    Input(trend.FIGURE, "data"),
    Input(trend.TICK, "data"),
    Input(live.THEME, "data"),
    State(trend.GRAPH, "id"),
)
clientside("trend.zoom", Output(trend.ZOOM, "data"), Input(trend.GRAPH, "relayoutData"), State(trend.FIGURE, "data"))
clientside("trend.busy", Output(machine.SINK, "data"), Input(live.ADDRESS, "data"))
for content in (Input(trend.FIGURE, "data"), *(Input(panel.body_id(n), "children") for n in machine.PANELS)):
    clientside("trend.rest", Output(machine.SINK, "data", allow_duplicate=True), content, prevent_initial_call=True)


def _chosen(request: Request, here: Context, view: View) -> list[Tag]:
    """The signals in the address, else a sensible few of the machine."""
    if not view.sel:
        return picker.default_choice(own_tags(request, here))
    return [tag for tag in tags.tags_named(request.scope, request.store, view.sel) if tag.kind is not ValueKind.TEXT]


def _found(request: Request, sought: str | None) -> list[Tag] | None:
    """The signals of the whole plant that match the words typed; None without words."""
    return tags.tags_like(request.scope, request.store, sought, MOST_FOUND) if sought else None


@callback(
    Output(machine.TITLE, "children"),
    Output(machine.TABS, "children"),
    Output(machine.REFUSED, "children"),
    Output(machine.CONTENT, "hidden"),
    Output(picker.PICKER, "children"),
    Output(live.WATCH, "data"),
    Input(live.PLACE, "data"),
    State(picker.SOUGHT, "value"),
    permission=machine.READ,
)
def show_machine(request: Request, place: dict[str, Any] | None, sought: str | None) -> Any:
    """Name, tabs, the choice of signals, and what the page watches; one panel where there is nothing to see."""
    here = machine_at(place)
    if here is None:
        return (no_update,) * 6
    if here.node is None or not request.scope.covers(here.node):
        return *_refused(request, here), [], live.topics([])
    view = here.view(request.now_us)
    chosen, own = _chosen(request, here, view), own_tags(request, here)
    topics = live.topics(dict.fromkeys([here.node, *(tag.node_id for tag in chosen)]))
    return here.name, machine.tabs(view), None, False, picker.choices(own, chosen, _found(request, sought)), topics


def _refused(request: Request, here: Context) -> tuple[str, None, Any, bool]:
    """What stands in the way: no such place within the own part of the plant, or no right for what lies outside of it."""
    right = next(p.title for p in PERMISSIONS if p.key == machine.READ)
    above = places.tree(request.scope, request.store).nearest(asked_place(here.search))
    within = here.node is None and (above is None or request.scope.covers(above.id))
    title = t("No such machine") if within else here.name or t("Not open to you")
    return title, None, machine.refused(here, right, within), True


@callback(
    Output(machine.STRIP, "children"),
    Output(panel.body_id(machine.NOW), "children"),
    Output(machine.SENTENCE, "children"),
    Output(machine.SEEN, "data"),
    Input(live.PLACE, "data"),
    permission=machine.READ,
)
def show_now(request: Request, place: dict[str, Any] | None) -> Any:
    """Header strip and current values."""
    here = machine_at(place)
    if here is None:
        return (no_update,) * 4
    if here.node is None or not request.scope.covers(here.node):
        return [], [], "", {}
    found = readings(request, own_tags(request, here))
    said = machine.sentence(found, request.now_us)
    strip = machine.strip(found, request.now_us, made(request, here.node, found))
    return strip, machine.now_rows(found, request.now_us), said, machine.stamps(found)


@callback(
    Output(machine.STRIP, "children", allow_duplicate=True),
    Output(machine.SENTENCE, "children", allow_duplicate=True),
    Output(machine.SEEN, "data", allow_duplicate=True),
    Output(machine.row_id(ALL), "children"),
    Input(live.LIVE, "data"),
    Input(live.BEAT, "data"),
    State(live.PLACE, "data"),
    State(machine.SEEN, "data"),
    State(machine.row_id(ALL), "id"),
    permission=machine.READ,
    prevent_initial_call=True,
)
def refresh_now(request: Request, _live: Any, _beat: Any, place: Any, seen: Any, rows: list[dict[str, int]]) -> Any:
    """The rows whose value is newer than the one shown; on the beat too, since silence raises no revision."""
    here = machine_at(place)
    if here is None or here.node is None:
        return no_update, no_update, no_update, [no_update] * len(rows)
    found = readings(request, own_tags(request, here))
    newer = {r.tag.id: r for r in found if (seen or {}).get(str(r.tag.id)) != r.at_us}
    running, now_us = machine.runs(found), request.now_us
    cells = [machine.now_row(newer[row["tag"]], now_us, running) if row["tag"] in newer else no_update for row in rows]
    strip = machine.strip(found, now_us, made(request, here.node, found))
    return strip, machine.sentence(found, now_us), machine.stamps(found), cells


@callback(
    Output(trend.FIGURE, "data"),
    Output(trend.EMPTY, "children"),
    Output(trend.SUMMARY, "children"),
    Output(panel.sub_id(trend.PANEL), "children"),
    Input(live.PLACE, "data"),
    permission=machine.READ,
)
def show_trend(request: Request, place: dict[str, Any] | None) -> Any:
    """The chosen signals over the range."""
    here = machine_at(place)
    if here is None:
        return (no_update,) * 4
    view = here.view(request.now_us)
    chosen = _chosen(request, here, view)
    courses = _courses(request, chosen, (view.from_us, view.to_us))
    drawn = trend.figure(courses, view, request.now_us) | trend.context(_batches(request, here, view), view)
    nothing = trend.nothing(courses, view, request.now_us, lambda: _newest_us(request, chosen))
    return drawn, nothing, summary(courses, view), trend.subtitle(courses)


def _batches(request: Request, here: Context, view: View) -> list[Occupation]:
    if here.node is None:
        return []
    return orders.batches_between(request.scope, request.store, here.node, view.from_us, view.to_us)


def _newest_us(request: Request, chosen: list[Tag]) -> int | None:
    """The time of the newest value of any of these signals."""
    newest = last_values(request.scope, request.store, [tag.id for tag in chosen])
    return max((value.at_us for value in newest.values()), default=None)


def _courses(request: Request, chosen: list[Tag], window: tuple[int, int]) -> list[Course]:
    traces = reduce(request.scope, request.store, [tag.id for tag in chosen], *window, POINTS, request.now_us)
    named = tables(request)
    return [course(tag, traces[tag.id], named, window[1]) for tag in chosen if tag.id in traces]


@callback(
    Output(trend.TICK, "data"),
    Input(live.LIVE, "data"),
    State(live.PLACE, "data"),
    State(trend.AFTER, "data"),
    permission=machine.READ,
    prevent_initial_call=True,
)
def extend_trend(request: Request, _live: Any, place: dict[str, Any] | None, known: dict[str, Any] | None) -> Any:
    """What came since, and only that."""
    here = machine_at(place)
    view = here.view(request.now_us) if here else None
    if here is None or view is None or not view.live or not known:
        return no_update
    cuts = trend.due(_chosen(request, here, view), known, view)
    samples = _courses(request, cuts.raw, (cuts.from_us, view.to_us)) if cuts.raw else []
    buckets = _courses(request, cuts.buckets, (view.from_us, view.to_us)) if cuts.buckets else []
    batch = batch_now(request, here.node) if here.node is not None else None
    return trend.tick([*samples, *buckets], view, cuts.at_us) | trend.context_now(batch, view)


@callback(
    Output(picker.PICKER, "children", allow_duplicate=True),
    Input(picker.SOUGHT, "value"),
    State(live.PLACE, "data"),
    permission=machine.READ,
    prevent_initial_call=True,
)
def search_signals(request: Request, sought: str | None, place: dict[str, Any] | None) -> Any:
    """Signals of this machine, and with words typed those of the whole plant that match."""
    here = machine_at(place)
    if here is None:
        return no_update
    own, chosen = own_tags(request, here), _chosen(request, here, here.view(request.now_us))
    return picker.choices(own, chosen, _found(request, sought))


@rows(trend.PANEL, permission=machine.READ)
def trend_rows(request: Request, here: Context) -> Sheet:
    """Every drawn point of the trend."""
    view = here.view(request.now_us)
    return sheet.trend_sheet(_courses(request, _chosen(request, here, view), (view.from_us, view.to_us)))


@rows(machine.NOW, permission=machine.READ)
def now_rows(request: Request, here: Context) -> Sheet:
    """Current values."""
    return sheet.now_sheet(readings(request, own_tags(request, here)))
