"""The machine page's states and events over the range of the page; live ranges move along."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, no_update

from callbacks.registry import Request, callback
from callbacks.signals import machine_at, own_tags, tables
from components import events, live, machine, panel, time_range, timeline
from components.course import course
from components.view import Context, View
from db.historian.read import newest_texts
from db.historian.trace import reduce
from engine.historian.block import TextEvent
from engine.historian.reduce import Trace
from engine.tag import Tag, ValueKind
from engine.time import DAY_US

STATE_POINTS = 2_000
EXACT_US = 20 * DAY_US
MOST_TEXTS = 500


@callback(
    Output(panel.body_id(machine.STATE), "children"),
    Output(panel.sub_id(machine.STATE), "children"),
    Output(machine.STATE_TOLD, "data"),
    Input(live.PLACE, "data"),
    permission=machine.READ,
)
def show_states(request: Request, place: dict[str, Any] | None) -> Any:
    """The states of the range."""
    here = machine_at(place)
    return (no_update,) * 3 if here is None else _states(request, here)


@callback(
    Output(panel.body_id(machine.STATE), "children", allow_duplicate=True),
    Output(panel.sub_id(machine.STATE), "children", allow_duplicate=True),
    Output(machine.STATE_TOLD, "data", allow_duplicate=True),
    Input(live.BEAT, "data"),
    State(live.PLACE, "data"),
    State(machine.STATE_TOLD, "data"),
    permission=machine.READ,
    prevent_initial_call=True,
)
def refresh_states(request: Request, _beat: Any, place: dict[str, Any] | None, told: Any) -> Any:
    """The same once the drawn row would differ."""
    here = machine_at(place)
    if here is None or not here.view(request.now_us).live:
        return (no_update,) * 3
    found = _states(request, here)
    return (no_update,) * 3 if found[2] == told else found


def _states(request: Request, here: Context) -> tuple[Any, str, str]:
    """Body, subtitle, and what changes with them."""
    view = here.view(request.now_us)
    span = time_range.words(view, request.now_us)
    if not _state_tags(request, here):
        return machine.no_state(), span, ""
    found = _history(request, here, view)
    telling = timeline.telling(found, here.path + here.search, request.now_us)
    return timeline.timeline(found, view.zone), timeline.heading(found, span), telling


@callback(
    Output(machine.STATE_TABLE, "children"),
    Input(panel.table_id(machine.STATE), "n_clicks"),
    State(live.PLACE, "data"),
    permission=machine.READ,
    prevent_initial_call=True,
)
def show_state_table(request: Request, clicks: int | None, place: dict[str, Any] | None) -> Any:
    """The same as rows."""
    here = machine_at(place)
    if here is None or not clicks or not _state_tags(request, here):
        return no_update
    view = here.view(request.now_us)
    return timeline.table(_history(request, here, view), view.zone, time_range.words(view, request.now_us))


def _state_tags(request: Request, here: Context) -> list[Tag]:
    return [tag for tag in own_tags(request, here) if machine.tells_state(tag)]


def _history(request: Request, here: Context, view: View) -> timeline.History:
    window = (view.from_us, view.to_us)
    traces = _traces(request, _state_tags(request, here), window)
    return timeline.history(_changes(request, traces), [trace for _, trace in traces], window, request.now_us)


def _traces(request: Request, signals: list[Tag], window: tuple[int, int]) -> list[tuple[Tag, Trace]]:
    found = reduce(request.scope, request.store, [tag.id for tag in signals], *window, STATE_POINTS, request.now_us)
    return [(tag, found[tag.id]) for tag in signals if tag.id in found]


def _changes(request: Request, traces: list[tuple[Tag, Trace]]) -> list[timeline.Change]:
    named = tables(request)
    return timeline.changes([(course(tag, trace, named), named[tag.state_table or ""]) for tag, trace in traces])


# ------------------------------------------------------------------ events
@callback(
    Output(panel.body_id(machine.EVENTS), "children"),
    Output(panel.sub_id(machine.EVENTS), "children"),
    Output(machine.TOLD, "data"),
    Input(live.PLACE, "data"),
    permission=machine.READ,
)
def show_events(request: Request, place: dict[str, Any] | None) -> Any:
    """The newest stops and changes of batch and phase in the range."""
    here = machine_at(place)
    return (no_update,) * 3 if here is None else _events(request, here)


@callback(
    Output(panel.body_id(machine.EVENTS), "children", allow_duplicate=True),
    Output(panel.sub_id(machine.EVENTS), "children", allow_duplicate=True),
    Output(machine.TOLD, "data", allow_duplicate=True),
    Input(live.BEAT, "data"),
    State(live.PLACE, "data"),
    State(machine.TOLD, "data"),
    permission=machine.READ,
    prevent_initial_call=True,
)
def refresh_events(request: Request, _beat: Any, place: dict[str, Any] | None, told: Any) -> Any:
    """The same once there is news."""
    here = machine_at(place)
    if here is None or not here.view(request.now_us).live:
        return (no_update,) * 3
    found = _events(request, here)
    return (no_update,) * 3 if found[2] == told else found


def _events(request: Request, here: Context) -> tuple[Any, str, str]:
    """Body, subtitle, and what changes with them."""
    view = here.view(request.now_us)
    changes, since_us = _exact_changes(request, here, view)
    texts = _texts(request, here, view)
    since_us = max(since_us, events.horizon(texts, MOST_TEXTS, view.from_us))
    reasons, messages = events.sorted_out(texts)
    stood = events.stops(changes, view, request.now_us, reasons)
    rows = events.together(stood, events.messages(messages, view.from_us))
    found = events.told(rows, since_us, view.from_us)
    span = time_range.words(view, request.now_us)
    telling = events.telling(here.path + here.search, found)
    return events.events(found, view, request.now_us), events.heading(found, span), telling


def _exact_changes(request: Request, here: Context, view: View) -> tuple[list[timeline.Change], int]:
    """Every change of state since an instant, which is the range's start unless there are too many for one reading."""
    signals = _state_tags(request, here)
    traces = _traces(request, signals, (view.from_us, view.to_us))
    since_us = timeline.exact_since([trace for _, trace in traces], (view.from_us, view.to_us), EXACT_US)
    if since_us > view.from_us:
        traces = _traces(request, signals, (since_us, view.to_us))
    return _changes(request, traces), since_us


def _texts(request: Request, here: Context, view: View) -> list[tuple[Tag, TextEvent]]:
    """What the machine said, in order of time."""
    signals = {tag.id: tag for tag in own_tags(request, here) if tag.kind is ValueKind.TEXT}
    found = newest_texts(request.scope, request.store, signals, view.to_us, MOST_TEXTS)
    return [(signals[event.tag_id], event) for event in found]
