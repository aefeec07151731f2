"""The machine page, live tab: current values, trend, states, events; each extended live."""

from __future__ import annotations

from typing import Any

from dash import ALL, Input, Output, State, no_update

from callbacks.registry import Request, callback, clientside
from callbacks.signals import readings, tables, tags_below
from components import frame, live, machine, panel, sheet, states, timeline, trend
from components.course import Course, course, summary
from components.text import t
from components.view import Context, View, context_of
from db import tag as tags
from db.historian.read import texts_between
from db.historian.trace import reduce
from engine.historian.block import TextEvent
from engine.tag import Tag, ValueKind
from engine.time import HOUR_US

POINTS = 1_000
STATE_POINTS = 2_000
STATE_US, EVENTS_US = 8 * HOUR_US, 24 * HOUR_US
MOST_FOUND = 40
PAGE = "/machine"

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


def _here(place: dict[str, Any] | None) -> Context | None:
    here = context_of(place)
    return here if here and here.page == PAGE else None


def _own_tags(request: Request, here: Context) -> tuple[Tag, ...]:
    return tags_below(request, here.node, subtree=False) if here.node is not None else ()


def _chosen(request: Request, here: Context, view: View) -> list[Tag]:
    """The signals in the address, else a sensible few of the machine."""
    if not view.sel:
        return trend.default_choice(_own_tags(request, here))
    return [tag for tag in tags.tags_named(request.scope, request.store, view.sel) if tag.kind is not ValueKind.TEXT]


@callback(
    Output(machine.TITLE, "children"),
    Output(machine.TABS, "children"),
    Output(trend.PICKER, "children"),
    Output(live.WATCH, "data"),
    Input(live.PLACE, "data"),
    permission="historian.read",
)
def show_machine(request: Request, place: dict[str, Any] | None) -> Any:
    """Name, tabs, the choice of signals, and what the page watches."""
    here = _here(place)
    if here is None:
        return (no_update,) * 4
    view = here.view(request.now_us)
    chosen, own = _chosen(request, here, view), _own_tags(request, here)
    nodes = dict.fromkeys([here.node or 0, *(tag.node_id for tag in chosen)])
    return here.name or t("No such machine"), machine.tabs(view), trend.choices(own, chosen), live.topics(nodes)


@callback(
    Output(machine.STRIP, "children"),
    Output(panel.body_id(machine.NOW), "children"),
    Output(machine.SENTENCE, "children"),
    Output(machine.SEEN, "data"),
    Input(live.PLACE, "data"),
    permission="historian.read",
)
def show_now(request: Request, place: dict[str, Any] | None) -> Any:
    """Header strip and current values."""
    here = _here(place)
    if here is None:
        return (no_update,) * 4
    if here.node is None:
        return [], states.nowhere(here.search), "", {}
    found = readings(request, _own_tags(request, here))
    said = machine.sentence(found, request.now_us)
    return machine.strip(found, request.now_us), machine.now_rows(found, request.now_us), said, machine.stamps(found)


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
    permission="historian.read",
    prevent_initial_call=True,
)
def refresh_now(request: Request, _live: Any, _beat: Any, place: Any, seen: Any, rows: list[dict[str, int]]) -> Any:
    """The rows whose value is newer than the one shown; on the beat too, since silence raises no revision."""
    here = _here(place)
    if here is None or here.node is None:
        return no_update, no_update, no_update, [no_update] * len(rows)
    found = readings(request, _own_tags(request, here))
    newer = {r.tag.id: r for r in found if (seen or {}).get(str(r.tag.id)) != r.at_us}
    running, now_us = machine.runs(found), request.now_us
    cells = [machine.now_row(newer[row["tag"]], now_us, running) if row["tag"] in newer else no_update for row in rows]
    return machine.strip(found, request.now_us), machine.sentence(found, request.now_us), machine.stamps(found), cells


@callback(
    Output(trend.FIGURE, "data"),
    Output(trend.EMPTY, "children"),
    Output(trend.SUMMARY, "children"),
    Output(panel.sub_id(trend.PANEL), "children"),
    Input(live.PLACE, "data"),
    permission="historian.read",
)
def show_trend(request: Request, place: dict[str, Any] | None) -> Any:
    """The chosen signals over the range."""
    here = _here(place)
    if here is None:
        return (no_update,) * 4
    view = here.view(request.now_us)
    courses = _courses(request, _chosen(request, here, view), (view.from_us, view.to_us))
    drawn = trend.figure(courses, view, request.now_us)
    return drawn, trend.nothing(courses, view), summary(courses, view), trend.subtitle(courses)


def _courses(request: Request, chosen: list[Tag], window: tuple[int, int]) -> list[Course]:
    traces = reduce(request.scope, request.store, [tag.id for tag in chosen], *window, POINTS, request.now_us)
    named = tables(request)
    return [course(tag, traces[tag.id], named, window[1]) for tag in chosen if tag.id in traces]


@callback(
    Output(trend.TICK, "data"),
    Input(live.LIVE, "data"),
    State(live.PLACE, "data"),
    State(trend.AFTER, "data"),
    permission="historian.read",
    prevent_initial_call=True,
)
def extend_trend(request: Request, _live: Any, place: dict[str, Any] | None, known: dict[str, Any] | None) -> Any:
    """What came since, and only that."""
    here = _here(place)
    view = here.view(request.now_us) if here else None
    if here is None or view is None or not view.live or not known:
        return no_update
    cuts = trend.due(_chosen(request, here, view), known, view)
    samples = _courses(request, cuts.raw, (cuts.from_us, view.to_us)) if cuts.raw else []
    buckets = _courses(request, cuts.buckets, (view.from_us, view.to_us)) if cuts.buckets else []
    return trend.tick([*samples, *buckets], view, cuts.at_us)


@callback(
    Output(panel.body_id(machine.STATE), "children"),
    Input(live.PLACE, "data"),
    Input(live.BEAT, "data"),
    permission="historian.read",
)
def show_states(request: Request, place: dict[str, Any] | None, _beat: Any) -> Any:
    """The states of the last eight hours."""
    here = _here(place)
    if here is None:
        return no_update
    row = _states(request, here)
    return timeline.timeline(row, here.zone) if row else machine.no_state()


@callback(
    Output(machine.STATE_TABLE, "children"),
    Input(panel.table_id(machine.STATE), "n_clicks"),
    State(live.PLACE, "data"),
    permission="historian.read",
    prevent_initial_call=True,
)
def show_state_table(request: Request, clicks: int | None, place: dict[str, Any] | None) -> Any:
    """The same as rows."""
    here = _here(place)
    if here is None or not clicks:
        return no_update
    return timeline.table(_states(request, here), here.zone)


def _states(request: Request, here: Context) -> list[timeline.Stretch]:
    if not any(machine.tells_state(tag) for tag in _own_tags(request, here)):
        return []
    return timeline.stretches(_changes(request, here, STATE_US), request.now_us - STATE_US, request.now_us)


def _changes(request: Request, here: Context, back_us: int) -> list[timeline.Change]:
    """Changes of state, from the machine's state and mode signals."""
    signals = [tag for tag in _own_tags(request, here) if machine.tells_state(tag)]
    window = (request.now_us - back_us, request.now_us)
    traces = reduce(request.scope, request.store, [tag.id for tag in signals], *window, STATE_POINTS, request.now_us)
    named = tables(request)
    return timeline.changes([(course(tag, traces[tag.id], named), named[tag.state_table or ""]) for tag in signals])


@callback(
    Output(panel.body_id(machine.EVENTS), "children"),
    Output(machine.TOLD, "data"),
    Input(live.PLACE, "data"),
    Input(live.BEAT, "data"),
    State(machine.TOLD, "data"),
    permission="historian.read",
)
def show_events(request: Request, place: dict[str, Any] | None, _beat: Any, told: Any) -> Any:
    """The newest changes of state, batch and phase; nothing is sent while there is no newer one."""
    here = _here(place)
    if here is None:
        return no_update, no_update
    found = machine.event_rows(_changes(request, here, EVENTS_US), _texts(request, here))
    telling = machine.telling(here.path, found)
    return (no_update, no_update) if told == telling else (machine.events(found, here.zone, request.now_us), telling)


def _texts(request: Request, here: Context) -> list[tuple[Tag, TextEvent]]:
    signals = [tag for tag in _own_tags(request, here) if tag.kind is ValueKind.TEXT]
    window = (request.now_us - EVENTS_US, request.now_us)
    return [(tag, event) for tag in signals for event in texts_between(request.scope, request.store, tag.id, *window)]


@callback(
    Output(trend.PICKER, "children", allow_duplicate=True),
    Input(trend.SOUGHT, "value"),
    State(live.PLACE, "data"),
    permission="historian.read",
    prevent_initial_call=True,
)
def search_signals(request: Request, sought: str | None, place: dict[str, Any] | None) -> Any:
    """Signals of this machine, and with words typed those of the whole plant that match."""
    here = _here(place)
    if here is None:
        return no_update
    own, chosen = _own_tags(request, here), _chosen(request, here, here.view(request.now_us))
    found = tags.tags_like(request.scope, request.store, sought, MOST_FOUND) if sought else None
    return trend.choices(own, chosen, found)


@callback(
    Output(frame.DOWNLOAD, "data"),
    Input(panel.csv_id(trend.PANEL), "n_clicks"),
    State(live.PLACE, "data"),
    permission="historian.read",
    prevent_initial_call=True,
)
def save_trend(request: Request, clicks: int | None, place: dict[str, Any] | None) -> Any:
    """What the trend shows, as CSV."""
    here = _here(place)
    if here is None or not clicks:
        return no_update
    view = here.view(request.now_us)
    courses = _courses(request, _chosen(request, here, view), (view.from_us, view.to_us))
    return sheet.download(sheet.trend_csv(courses, view, here.path), here.name, t("trend"))


@callback(
    Output(frame.DOWNLOAD, "data", allow_duplicate=True),
    Input(panel.csv_id(machine.NOW), "n_clicks"),
    State(live.PLACE, "data"),
    permission="historian.read",
    prevent_initial_call=True,
)
def save_now(request: Request, clicks: int | None, place: dict[str, Any] | None) -> Any:
    """Current values, as CSV."""
    here = _here(place)
    if here is None or not clicks:
        return no_update
    found = readings(request, _own_tags(request, here))
    return sheet.download(sheet.now_csv(found, here.view(request.now_us), here.path), here.name, t("now"))


@callback(
    Output(trend.TABLE, "children"),
    Input(panel.table_id(trend.PANEL), "n_clicks"),
    State(live.PLACE, "data"),
    permission="historian.read",
    prevent_initial_call=True,
)
def show_table(request: Request, clicks: int | None, place: dict[str, Any] | None) -> Any:
    """The numbers of the trend."""
    here = _here(place)
    if here is None or not clicks:
        return no_update
    view = here.view(request.now_us)
    courses = _courses(request, _chosen(request, here, view), (view.from_us, view.to_us))
    return trend.table(courses, view)
