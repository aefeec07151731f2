"""Places: the tree beside every page, the breadcrumb, and the table of a place's children. Owns their ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import dash_ag_grid as dag
from dash import dcc, html

from components import format as show
from components.shape import STATES, icon, word
from components.states import skeleton
from components.text import aria, data, t
from components.view import View, href, place_href
from engine.location import MapDef, NodeKind, Tree

TREE, FILTER, REST, NODES, MARKS, SINK_TREE = "tree", "tree-filter", "tree-rest", "tree-nodes", "tree-marks", "sink-tree"
TITLE, SENTENCE, BODY, GRID, ROWS = "location-title", "location-sentence", "location-body", "location-grid", "location-rows"
SHOWN = "location-shown"
PANEL = "places"

KIND_WORDS: dict[NodeKind, str] = {
    NodeKind.ENTERPRISE: "Enterprise",
    NodeKind.SITE: "Site",
    NodeKind.AREA: "Area",
    NodeKind.LINE: "Line",
    NodeKind.PROCESS_CELL: "Process cell",
    NodeKind.UTILITY_SYSTEM: "Utility system",
    NodeKind.ROOM: "Room",
    NodeKind.MACHINE: "Machine",
}


# ------------------------------------------------------------------ the tree beside every page
def side_tree() -> html.Div:
    """The empty tree with its filter; assets/tree.js draws it from the stores."""
    filter_box = html.Label(
        [icon("search", small=True), dcc.Input(id=FILTER, type="text", placeholder=t("Filter locations"), autoComplete="off")],
        className="f",
        **aria(label=t("Filter locations")),
    )
    tree = html.Div(id=TREE, role="tree", **aria(label=t("Locations")))
    rest = html.Div(
        id=REST, className="cap t2", **data(words=t("{n} more: filter to find them"), none=t("No location matches"))
    )
    return html.Div([filter_box, tree, rest, *(dcc.Store(id=name) for name in (NODES, MARKS, SINK_TREE))], className="pl-tree")


def tree_nodes(tree: Tree) -> list[dict[str, Any]]:
    """The tree as the script wants it, parents before children."""
    return [
        {"id": node.id, "parent": node.parent_id, "path": node.path, "name": node.name, "kind": node.kind.value}
        for node in tree
    ]


def tree_marks(states: Mapping[int, str]) -> dict[str, list[str]]:
    """Node -> [class suffix of its shape, the word for it]."""
    return {str(node): [STATES[state][0], word(state)] for node, state in states.items() if state in STATES}


def breadcrumb(tree: Tree, node: MapDef | None, view: View) -> list[html.A | html.B | html.I]:
    """The way back, with the range kept."""
    if node is None:
        return [html.B(t("All places"), **aria(current="page"))]
    line = tree.ancestors(node.id)
    parts: list[html.A | html.B | html.I] = []
    for step, above in enumerate(line[:-1]):
        classes = "hide-t" if step < len(line) - 2 else ""
        parts.append(html.A(above.name, href=place_href(view, above.path, above.kind.value), className=classes))
        parts.append(icon("right", small=True))
    return [*parts, html.B(node.name, **aria(current="page"))]


# ------------------------------------------------------------------ the page of a place
@dataclass(frozen=True, slots=True)
class Row:
    """A child of a place. Unknown is None; `coverage` is the share of its signals that are fresh and good."""

    node: MapDef
    category: str | None = None
    state: str = ""
    batch: str = ""
    product: str = ""
    last_us: int | None = None
    fresh: int = 0
    signals: int = 0
    machines: int = 0
    running: int = 0
    readings: tuple[tuple[str, str], ...] = ()
    worst: str = ""


def columns() -> list[dict[str, Any]]:
    """Column definitions of the table of places."""
    text = {"sortable": True, "resizable": True}
    return [
        {"field": "name", "headerName": t("Place"), "cellRenderer": "PlaceLink", "minWidth": 190, "flex": 2, **text},
        {"field": "kind", "headerName": t("Kind"), "minWidth": 90, "flex": 1, **text},
        {"field": "state", "headerName": t("State"), "cellRenderer": "StateChip", "minWidth": 150, "flex": 1.4, **text},
        {"field": "batch", "headerName": t("Batch"), "cellClass": "pl-id", "minWidth": 110, "flex": 1, **text},
        {"field": "product", "headerName": t("Product"), "minWidth": 120, "flex": 1.3, **text},
        {"field": "readings", "headerName": t("Now"), "minWidth": 240, "flex": 2.6, **text},
        {
            "field": "signals",
            "headerName": t("Signals fresh and good"),
            "cellRenderer": "Coverage",
            "minWidth": 150,
            "flex": 1.2,
            **text,
        },
        {
            "field": "last",
            "headerName": t("Last data"),
            "cellRenderer": "Age",
            "type": "rightAligned",
            "minWidth": 100,
            "flex": 0.8,
            **text,
        },
    ]


def table(rows: list[dict[str, Any]]) -> dag.AgGrid:
    """The table of a place's children; only visible rows exist in the page."""
    return dag.AgGrid(
        id=GRID,
        columnDefs=columns(),
        rowData=rows,
        getRowId="params.data.id",
        className="pl-grid",
        dashGridOptions={
            "theme": {"function": "themeQuartz"},
            "domLayout": "autoHeight" if len(rows) <= 30 else "normal",
            "suppressCellFocus": False,
            "animateRows": False,
            "ensureDomOrder": True,
            "overlayNoRowsTemplate": t("Nothing here"),
        },
        style={"height": None if len(rows) <= 30 else "calc(100vh - 240px)"},
    )


def record(row: Row, view: View, now_us: int) -> dict[str, Any]:
    """A row as the table's renderers want it."""
    machine = row.node.kind is NodeKind.MACHINE
    return {
        "id": str(row.node.id),
        "name": row.node.name,
        "href": place_href(view, row.node.path, row.node.kind.value),
        "kind": t(KIND_WORDS[row.node.kind]),
        "state": _state_words(row),
        "shape": _shape_of(row, machine),
        "batch": row.batch,
        "product": row.product,
        "readings": " · ".join(f"{name} {value}" for name, value in row.readings),
        "worst": row.worst,
        "signals": round(row.fresh / row.signals, 4) if row.signals else None,
        "signals_words": t("{fresh} of {signals}", fresh=row.fresh, signals=row.signals) if row.signals else show.NOTHING,
        "last": row.last_us,
        "last_words": show.duration(now_us - row.last_us) if row.last_us is not None else show.NOTHING,
    }


def _state_words(row: Row) -> str:
    if row.category:
        return row.state or word(row.category)
    if row.machines:
        return t("{running} of {machines} running", running=row.running, machines=row.machines)
    return ""


def _shape_of(row: Row, machine: bool) -> str:
    return STATES[row.category][0] if machine and row.category in STATES else ""


def page() -> list[Any]:
    """The skeleton of the page of a place."""
    return [
        html.Div([html.H1(t("Location"), id=TITLE), html.Span(id=SENTENCE, className="sub")], className="pl-head"),
        dcc.Store(id=SHOWN),
        html.Div(skeleton(6), id=BODY),
    ]


def sentence(rows: Iterable[Row]) -> str:
    """The generated sentence beside the title: what runs, and what does not tell."""
    rows = list(rows)
    machines = sum(row.machines or (row.node.kind is NodeKind.MACHINE) for row in rows)
    running = sum(row.running or (row.category == "running") for row in rows)
    silent = [row.node.name for row in rows if row.signals and not row.fresh]
    said = t("{running} of {machines} machines running", running=running, machines=machines) if machines else ""
    if silent:
        said += ("; " if said else "") + t("no fresh data from {names}", names=", ".join(silent[:3]))
    return said


def chooser(view: View, roots: list[MapDef]) -> html.Ul:
    """Links to the places at the top, for a page without a place."""
    links = [html.Li(html.A(node.name, href=href(view, "/location", at=node.path, sel=()), className="it")) for node in roots]
    return html.Ul(links, className="pl-list")
