"""The page of a place, and the state shapes in the tree."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, no_update

from callbacks.export import rows
from callbacks.registry import Request, callback
from callbacks.signals import readings, tags_below
from components import live, location, states
from components.export import Sheet
from components.machine import Reading, overall
from components.text import t
from components.view import Context, context_of
from db import location as places
from engine.location import Tree
from engine.tag import ValueKind

PAGE = "/location"


@callback(Output(location.MARKS, "data"), Input(live.BEAT, "data"), Input(location.NODES, "data"), permission="historian.read")
def show_marks(request: Request, _beat: Any, nodes: list[dict[str, Any]] | None) -> Any:
    """The state of every machine, for the tree."""
    roots = [node["id"] for node in nodes or () if node["parent"] is None]
    found = [tag for root in roots for tag in tags_below(request, root) if tag.kind is ValueKind.STATE]
    by_node: dict[int, list[Reading]] = {}
    for reading in readings(request, found):
        by_node.setdefault(reading.tag.node_id, []).append(reading)
    shown = {node: state.category for node, of in by_node.items() if (state := overall(of)) and state.category}
    return location.tree_marks(shown)


@callback(
    Output(location.TITLE, "children"),
    Output(location.SENTENCE, "children"),
    Output(location.BODY, "children"),
    Output(location.GRID, "rowData"),
    Output(location.GRID, "style"),
    Output(location.GRID, "columnDefs"),
    Input(live.PLACE, "data"),
    Input(live.BEAT, "data"),
    permission="historian.read",
)
def show_children(request: Request, place: dict[str, Any] | None, _beat: Any) -> Any:
    """What lies in the place, as it is now."""
    here = context_of(place)
    if here is None or here.page != PAGE:
        return (no_update,) * 6
    if here.node is None:
        return t("No such place"), "", states.nowhere(here.search), [], location.height(0), no_update
    rows = _rows(request, here)
    records = [location.record(row, here.view(request.now_us), request.now_us) for row in rows]
    shown = records, location.height(len(records)), location.columns(records)
    return here.name, location.sentence(rows), location.nothing(records, here, here.view(request.now_us)), *shown


@rows(location.PANEL, permission="historian.read")
def place_rows(request: Request, here: Context) -> Sheet:
    """What lies in the place, for a table or file."""
    return location.sheet(_rows(request, here))


def _rows(request: Request, here: Context) -> list[location.Row]:
    tree = places.tree(request.scope, request.store)
    by_node: dict[int, list[Reading]] = {}
    for reading in readings(request, tags_below(request, here.node or 0)):
        by_node.setdefault(reading.tag.node_id, []).append(reading)
    return [_row(request, tree, child.id, by_node) for child in tree.children(here.node)]


def _row(request: Request, tree: Tree, node_id: int, by_node: dict[int, list[Reading]]) -> location.Row:
    below = {node.id: by_node.get(node.id, []) for node in tree.subtree(node_id)}
    return location.row(tree.nodes[node_id], below, {n.id: n.kind for n in tree.subtree(node_id)}, request.now_us)
