"""The machine page's states and events over the range of the page; live ranges move along."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, no_update

from callbacks.export import rows
from callbacks.registry import Request, callback
from callbacks.signals import machine_at, own_tags, tables
from components import events, live, machine, panel, sheet, time_range, timeline
from components.course import course
from components.export import Sheet
from components.text import t
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


@rows(machine.STATE, permission=machine.READ)
def state_rows(request: Request, here: Context) -> Sheet:
    """The same as rows."""
    if not _state_tags(request, here):
        return sheet.state_sheet(None, t("This place has no state signal."))
    view = here.view(request.now_us)
    found = _history(request, here, view)
    return sheet.state_sheet(found, timeline.heading(found, time_range.words(view, request.now_us)))


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


@rows(machine.EVENTS, permission=machine.READ)
def event_rows(request: Request, here: Context) -> Sheet:
    """The listed events as rows."""
    view = here.view(request.now_us)
    found = _told(request, here, view)
    return sheet.event_sheet(found, events.heading(found, time_range.words(view, request.now_us)))


def _events(request: Request, here: Context) -> tuple[Any, str, str]:
    """Body, subtitle, and what changes with them."""
    view = here.view(request.now_us)
    found = _told(request, here, view)
    span = time_range.words(view, request.now_us)
    telling = events.telling(here.path + here.search, found)
    return events.events(found, view, request.now_us), events.heading(found, span), telling


def _told(request: Request, here: Context, view: View) -> events.Told:
    changes, since_us = _exact_changes(request, here, view)
    texts = _texts(request, here, view)
    since_us = max(since_us, events.horizon(texts, MOST_TEXTS, view.from_us))
    reasons, messages = events.sorted_out(texts)
    stood = events.stops(changes, view, request.now_us, reasons)
    happened = events.together(stood, events.messages(messages, view.from_us))
    return events.told(happened, since_us, view.from_us)


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
