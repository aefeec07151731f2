"""Places: the tree beside every page, the breadcrumb, and the table of a place's children. Owns their ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dash_ag_grid as dag
from dash import dcc, html

from components import format as show
from components.analog import scale
from components.export import Cell, Column, Sheet
from components.machine import Reading, few, fresh, of_key, overall
from components.panel import panel
from components.shape import STATES, icon, word
from components.states import empty, skeleton
from components.text import aria, data, t
from components.view import WITH_SIGNALS, Context, View, place_href
from engine.location import MapDef, NodeKind, Tree

TREE, FILTER, REST, NODES, MARKS, SINK_TREE = "tree", "tree-filter", "tree-rest", "tree-nodes", "tree-marks", "sink-tree"
ALARMS = "tree-alarms"
TITLE, SENTENCE, BODY, GRID = "location-title", "location-sentence", "location-said", "location-grid"
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
    return html.Div(
        [filter_box, tree, rest, *(dcc.Store(id=name) for name in (NODES, MARKS, ALARMS, SINK_TREE))], className="pl-tree"
    )


def tree_nodes(tree: Tree) -> list[dict[str, Any]]:
    """The tree as the script wants it, parents before children."""
    return [
        {"id": node.id, "parent": node.parent_id, "path": node.path, "name": node.name, "kind": node.kind.value}
        for node in tree
    ]


def tree_marks(states: Mapping[int, str]) -> dict[str, list[str]]:
    """Node -> [class suffix of its shape, the word for it]."""
    return {str(node): [STATES[state][0], word(state)] for node, state in states.items() if state in STATES}


def breadcrumb(tree: Tree, node: MapDef | None, view: View) -> list[html.A | html.B | html.Span]:
    """The way back, with the range kept."""
    if node is None:
        return [html.B(t("All places"), **aria(current="page"))]
    line = tree.ancestors(node.id)
    parts: list[html.A | html.B | html.Span] = []
    for step, above in enumerate(line[:-1]):
        classes = "hide-t" if step < len(line) - 2 else ""
        parts.append(html.A(above.name, href=place_href(view, above.path, above.kind.value), className=classes))
        parts.append(html.Span(icon("right", small=True), className=f"sep {classes}".strip()))
    return [*parts, html.B(node.name, **aria(current="page"))]


# ------------------------------------------------------------------ the page of a place
@dataclass(frozen=True, slots=True)
class Row:
    """A child of a place. Unknown is None; `fresh` of `signals` are young and good; `states` counts its machines that
    neither run nor are down, by category."""

    node: MapDef
    category: str | None = None
    batch: str = ""
    product: str = ""
    last_us: int | None = None
    fresh: int = 0
    signals: int = 0
    machines: int = 0
    running: int = 0
    down: int = 0
    states: tuple[tuple[str, int], ...] = ()
    readings: tuple[tuple[str, str], ...] = ()


def row(node: MapDef, below: Mapping[int, Sequence[Reading]], kinds: Mapping[int, NodeKind], now_us: int) -> Row:
    """A child from the readings of every node in it (`below`, itself included)."""
    own = below.get(node.id, ())
    everything = [reading for readings in below.values() for reading in readings]
    timed = [reading for reading in everything if reading.tag.interval_s is not None]
    state = overall(own)
    machines = [n for n, kind in kinds.items() if kind is NodeKind.MACHINE]
    running = [n for n in machines if _runs(below.get(n, ()))]
    told = below.values() if node.kind is NodeKind.LINE else (own,)
    return Row(
        node,
        category=state.category if state else None,
        batch=_common(told, "batch"),
        product=_common(told, "product"),
        last_us=max((r.at_us for r in everything if r.at_us is not None), default=None),
        fresh=sum(fresh(reading, now_us) for reading in timed),
        signals=len(timed),
        machines=0 if node.kind is NodeKind.MACHINE else sum(kind is NodeKind.MACHINE for kind in kinds.values()),
        running=0 if node.kind is NodeKind.MACHINE else len(running),
        down=sum(_is_down(below.get(n, ())) for n in machines),
        states=tuple(Counter(_standing(below.get(n, ())) for n in machines if _stands(below.get(n, ()))).most_common()),
        readings=tuple(_key_figures(own)),
    )


def _runs(readings: Sequence[Reading]) -> bool:
    state = overall(readings)
    return state is not None and state.category == "running"


def _is_down(readings: Sequence[Reading]) -> bool:
    """Stopped by a fault, or not to be reached."""
    state = overall(readings)
    return state is not None and (state.category == "aborted" or state.severity >= 2)


def _stands(readings: Sequence[Reading]) -> bool:
    return not _runs(readings) and not _is_down(readings)


def _standing(readings: Sequence[Reading]) -> str:
    state = overall(readings)
    return state.category if state is not None and state.category in STATES else ""


def _common(machines: Iterable[Sequence[Reading]], key: str) -> str:
    """What every machine that tells it tells alike, such as the batch on a line; nothing when they differ."""
    found = {reading.text for readings in machines if (reading := of_key(readings, key)) and reading.text}
    return found.pop() if len(found) == 1 else ""


def _key_figures(readings: Sequence[Reading], most: int = 3) -> Iterator[tuple[str, str]]:
    """The first measured values that have a normal range."""
    measured = [r for r in readings if r.value is not None and scale(r.tag.limits) and not r.tag.counter]
    for reading in measured[:most]:
        yield reading.tag.title, show.quantity(reading.value, reading.tag.unit, reading.tag.decimals)


def nothing(records: Sequence[Any], here: Context, view: View) -> html.Div | None:
    """What is said in place of a table without rows; what has signals of its own leads to them."""
    if records:
        return None
    said = t("Lists what lies in {name}. Nothing is configured below it.", name=here.name)
    if here.kind not in WITH_SIGNALS:
        return empty(said)
    return empty(said, html.A(t("Show its signals"), href=place_href(view, here.path, here.kind), className="pl-ctl"))


def _told(field: str) -> dict[str, str]:
    """The whole text when the pointer rests on a cell that is too narrow for it."""
    return {"tooltipField": field}


_COLUMNS: tuple[dict[str, Any], ...] = (
    {"field": "name", "headerName": "Place", "cellRenderer": "PlaceLink", "minWidth": 156, "flex": 1.3},
    {"field": "kind", "headerName": "Kind", "minWidth": 84, "flex": 0.6},
    {"field": "state", "headerName": "State", "cellRenderer": "StateChip", "minWidth": 120, "flex": 1.3, **_told("state")},
    {"field": "batch", "headerName": "Batch", "cellClass": "pl-id", "minWidth": 112, "flex": 0.6},
    {"field": "product", "headerName": "Product", "minWidth": 76, "flex": 0.6},
    {"field": "readings", "headerName": "Now", "minWidth": 182, "flex": 3, **_told("readings")},
    {"field": "signals", "headerName": "Fresh signals", "cellRenderer": "Coverage", "minWidth": 144, "flex": 0.6},
    {"field": "last", "headerName": "Last data", "cellRenderer": "Age", "type": "rightAligned", "minWidth": 84, "flex": 0.4},
)
COUNTED_PX = 200
"""A column that says what several machines do: `0 of 4 running, 4 cleaning`."""
_ALWAYS = ("name", "state", "signals", "last")


def columns(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Column definitions of the table of places: those that say something about at least one row."""
    used = {c["field"] for c in _COLUMNS if c["field"] in _ALWAYS or any(record[c["field"]] for record in records)}
    if len({record["kind"] for record in records}) == 1:
        used.discard("kind")
    common = {"sortable": True, "resizable": True}
    shown = [{**c, **common, "headerName": t(c["headerName"])} for c in _COLUMNS if c["field"] in used]
    counted = any(record["state"] and not record["shape"] for record in records)
    return [c | {"minWidth": COUNTED_PX} if c["field"] == "state" and counted else c for c in shown]


def table() -> dag.AgGrid:
    """The empty table of a place's children; only visible rows exist in the page."""
    return dag.AgGrid(
        id=GRID,
        columnDefs=columns([]),
        rowData=[],
        getRowId="params.data.id",
        className="pl-grid",
        dashGridOptions={
            "theme": "themeQuartz",
            "animateRows": False,
            "ensureDomOrder": True,
            "suppressColumnVirtualisation": True,
        },
        eventListeners={name: ["fitPlaces(params)"] for name in ("gridSizeChanged", "newColumnsLoaded")},
        style={"display": "none"},
    )


def height(rows: int) -> dict[str, Any]:
    """The style of the table for so many rows: whole up to 20, then it scrolls; without any it is not there."""
    scroll_bar = 16  # for columns that do not fit
    return {"height": f"{34 + 36 * min(rows, 20) + 2 + scroll_bar}px"} if rows else {"display": "none"}


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
        "signals": round(row.fresh / row.signals, 4) if row.signals else None,
        "signals_words": t("{fresh} of {signals}", fresh=row.fresh, signals=row.signals) if row.signals else show.NOTHING,
        "last": row.last_us,
        "last_words": show.duration(now_us - row.last_us) if row.last_us is not None else show.NOTHING,
    }


def sheet(rows: Iterable[Row]) -> Sheet:
    """The rows as a table or file has them."""
    columns = (
        *(Column(t(title)) for title in ("Place", "Path", "Kind", "State", "Batch", "Product")),
        Column(t("Fresh signals"), "share", decimals=0),
        Column(t("Signals"), "number", decimals=0),
        Column(t("Last data"), "time"),
    )
    return Sheet(t("Places"), columns, [_cells(row) for row in rows])


def _cells(row: Row) -> list[Cell]:
    fresh = row.fresh / row.signals if row.signals else None
    words = [row.node.name, row.node.path, t(KIND_WORDS[row.node.kind]), _state_words(row), row.batch, row.product]
    return [*words, fresh, row.signals, row.last_us]


def _state_words(row: Row) -> str:
    if row.category:
        return word(row.category)
    if row.machines:
        said = t("{running} of {machines} running", running=row.running, machines=row.machines)
        down = [t("{down} down", down=row.down)] if row.down else []
        return ", ".join([said, *down, *_counted(row.states)])
    return ""


def _counted(states: Iterable[tuple[str, int]]) -> list[str]:
    """`4 cleaning`, `1 idle`; what tells no state is counted too."""
    unknown = t("of unknown state")
    return [f"{count} {word(category).lower() if category else unknown}" for category, count in states]


def _shape_of(row: Row, machine: bool) -> str:
    return STATES[row.category][0] if machine and row.category in STATES else ""


def page() -> list[Any]:
    """The skeleton of the page of a place."""
    body = [html.Div(skeleton(6), id=BODY), table()]
    places = panel(PANEL, t("Places"), body, wide=True, main=True, rows=True, explain=tuple(t(said) for said in _EXPLAIN))
    return [html.Div([html.H1(t("Places"), id=TITLE), html.Span(id=SENTENCE, className="sub")], className="pl-head"), places]


_EXPLAIN = (
    "State is what a machine says of itself; a mode such as cleaning or maintenance leads over its state.",
    "Fresh and good counts the signals whose newest value is younger than three expected intervals and not of bad quality.",
    "Last data is the age of the newest value of any signal in the place.",
)


def sentence(rows: Iterable[Row]) -> str:
    """The generated sentence beside the title: what runs, what the rest does, and what does not tell."""
    rows = list(rows)
    machines = sum(row.machines or (row.node.kind is NodeKind.MACHINE) for row in rows)
    running = sum(row.running or (row.category == "running") for row in rows)
    silent = [row.node.name for row in rows if row.signals and not row.fresh]
    rest: Counter[str] = Counter()
    for row in rows:
        rest.update(dict(row.states))
    said = [t("{running} of {machines} machines running", running=running, machines=machines)] if machines else []
    said = [", ".join([*said, *_counted(rest.most_common())])] if said else []
    down = sum(row.down for row in rows)
    said += [t("{down} aborted or not connected", down=down)] if down else []
    said += [t("no fresh data from {names}", names=few(silent))] if silent else []
    return "; ".join(said)
