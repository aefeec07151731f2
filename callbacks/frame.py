"""The frame reacts to the address: where we are, which range, who is signed in; and hands the page its place."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, replace
from typing import Any

from dash import Input, Output, State, no_update

from callbacks.registry import Request, callback, clientside
from components import frame, live, location, states, time_range
from components import help as told
from components.view import ANCHORS, Context, address_of, anchors, asked_place, context_of
from db import access
from db import location as places
from engine.errors import NotFound
from engine.location import MapDef, NodeKind, Tree
from engine.shift import occurrences
from engine.time import DAY_US

clientside("address.start", Output(live.ADDRESS, "data"), Input(frame.APP, "id"))
clientside("trend.theme", Output(live.THEME, "data"), Input(frame.APP, "id"))
clientside("live.watch", Output(live.SINK_WATCH, "data"), Input(live.WATCH, "data"))
clientside("live.range", Output(live.SINK_RANGE, "data"), Input(live.RANGE, "data"))
clientside(
    "address.apply",
    Output(live.SINK_APPLY, "data"),
    Input(time_range.APPLY, "n_clicks"),
    Input(time_range.FROM, "n_submit"),
    Input(time_range.TO, "n_submit"),
    State(time_range.FROM, "value"),
    State(time_range.TO, "value"),
)
clientside(
    "tree.draw",
    Output(location.SINK_TREE, "data"),
    Input(location.NODES, "data"),
    Input(location.MARKS, "data"),
    Input(location.ALARMS, "data"),
    Input(live.PLACE, "data"),
)


@callback(Output(frame.USER, "children"), Input(frame.APP, "id"), permission="profile.self")
def show_user(request: Request, _app: str) -> Any:
    """Who is signed in."""
    return frame.user_menu(request.user)


@callback(Output(location.NODES, "data"), Input(frame.APP, "id"), Input(live.REFRESH, "data"), permission="location.read")
def show_tree(request: Request, *_causes: Any) -> Any:
    """The places that the user may see."""
    return location.tree_nodes(places.tree(request.scope, request.store))


@callback(Output(live.PLACE, "data"), Input(live.ADDRESS, "data"), Input(live.REFRESH, "data"), permission="location.read")
def open_place(request: Request, sent: Any, _again: Any) -> Any:
    """What the address leads to. Without a place: the first one that the user may see."""
    address = address_of(sent)
    if address is None:
        return no_update
    tree = places.tree(request.scope, request.store)
    node = _asked(request, tree, asked_place(address["search"]))
    common = Context(address["path"], address["search"], address["zone"])
    if node is None:
        return asdict(common)
    zone = tree.zone_of(node.id)
    known = {"node": node.id, "path": node.path, "name": node.name, "kind": node.kind.value, "zone": zone}
    return asdict(common) | known | {"anchors": _anchors(request, node, zone)}


@callback(
    Output(live.PLACE, "data", allow_duplicate=True),
    Input(live.BEAT, "data"),
    State(live.PLACE, "data"),
    permission="location.read",
    prevent_initial_call=True,
)
def follow_calendar(request: Request, _beat: Any, place: dict[str, Any] | None) -> Any:
    """“This shift” and “Today” of a page that is open while the next one begins."""
    here = context_of(place)
    view = here.view(request.now_us) if here else None
    if here is None or here.node is None or view is None or not {view.start, view.end} & {*ANCHORS}:
        return no_update
    node = places.tree(request.scope, request.store).nodes.get(here.node)
    found = _anchors(request, node, here.zone) if node else here.anchors
    return no_update if found == here.anchors else asdict(replace(here, anchors=found))


def _asked(request: Request, tree: Tree, path: str) -> MapDef | None:
    if not path:
        return _first(request, tree)
    found = tree.find(path)
    if found is None:
        with contextlib.suppress(NotFound):
            found = places.node_at(request.scope, request.store, path)
    return found


def _first(request: Request, tree: Tree) -> MapDef | None:
    """The uppermost place that the user may read; below an enterprise of one site, the site."""
    readable = [node for node in tree if request.scope.covers(node.id)]
    if len(readable) > 1 and readable[0].kind is NodeKind.ENTERPRISE and len(tree.children(readable[0].id)) == 1:
        return tree.children(readable[0].id)[0]
    return readable[0] if readable else None


def _anchors(request: Request, node: MapDef, zone: str) -> dict[str, int]:
    calendar = places.calendar_at(request.scope, request.store, node.id) if request.scope.covers(node.id) else None
    around = (request.now_us - 3 * DAY_US, request.now_us + DAY_US)
    return anchors(request.now_us, zone, occurrences(calendar, *around) if calendar else [])


@callback(
    Output(frame.CRUMB, "children"),
    Output(frame.NAV, "children"),
    Output(frame.BOTTOM, "children"),
    Output(frame.ASKED, "children"),
    Output(frame.ABOUT, "children"),
    Output(frame.KEYS, "children"),
    Input(live.PLACE, "data"),
    permission="location.read",
)
def show_place(request: Request, place: dict[str, Any] | None) -> Any:
    """Breadcrumb, navigation, what was wrong with the address, help."""
    here = context_of(place)
    if here is None:
        return (no_update,) * 6
    view, tree = here.view(request.now_us), places.tree(request.scope, request.store)
    crumb = location.breadcrumb(tree, tree.nodes.get(here.node or 0), view)
    rights = access.holdings(request.store, request.user).permissions
    links = frame.navigation(here.page, here.search, rights), frame.bottom(here.page, here.search, rights)
    return crumb, *links, [states.notice(n) for n in view.notices], told.about(here.page), frame.keys(rights)


@callback(
    Output(time_range.LABEL, "children"),
    Output(time_range.CHOICES, "children"),
    Output(time_range.PREVIOUS, "href"),
    Output(time_range.NEXT, "href"),
    Output(live.RANGE, "data"),
    Input(live.PLACE, "data"),
    permission="location.read",
)
def show_range(request: Request, place: dict[str, Any] | None) -> Any:
    """The time range control."""
    here = context_of(place)
    if here is None:
        return (no_update,) * 5
    view = here.view(request.now_us)
    choices = time_range.choices(view, frozenset(here.anchors))
    return time_range.label(view, request.now_us), choices, *time_range.arrows(view, request.now_us), live.range_of(view)
