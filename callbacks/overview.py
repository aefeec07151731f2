"""The overview of a place: everything on it from a constant number of queries, read again every quarter of a minute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dash import Input, Output, no_update

from callbacks.export import rows
from callbacks.registry import Request, callback, clientside, request_for
from components import changes, live, overview, states
from components.export import Sheet
from components.kpi import told_id
from components.panel import body_id, sub_id
from components.view import Context, View, context_of, range_before
from db import alarm as alarms
from db import location as places
from db import oee, state, wall
from db import overview as kept
from db.store import Store
from engine import overview as engine
from engine.access import Scope
from engine.alarm import Priority, rolled_up
from engine.errors import Forbidden
from engine.location import MapDef, Tree
from engine.oee import ShiftTotals
from engine.state import StateInterval
from engine.time import DAY_US, SECOND_US
from engine.wall.fact import Reading
from engine.wall.fact import rooms as rooms_of

READ = "oee.read"
PARTS = 8 + len(engine.KPIS)
KEPT_S, SLOWLY_S = 15, 60
NORMAL_US = 14 * DAY_US
COURSE = 21
"""Shifts in a sparkline: a week of three shifts."""

clientside("live.watch", Output(overview.SINK_WATCH, "data"), Input(overview.WATCH, "data"))


@callback(
    Output(overview.TITLE, "children"),
    Output(overview.SENTENCE, "children"),
    Output(overview.TOOLS, "children"),
    Output(overview.TILES, "children"),
    Output(overview.ORDER, "children"),
    Output(body_id(overview.MATRIX), "children"),
    Output(sub_id(overview.MATRIX), "children"),
    Output(body_id(overview.CHANGED), "children"),
    *(Output(told_id(kpi), "children") for kpi in engine.KPIS),
    Input(live.PLACE, "data"),
    Input(live.LIVE, "data"),
    Input(live.BEAT, "data"),
    permission=READ,
)
def show_overview(request: Request, place: dict[str, Any] | None, *_causes: Any) -> Any:
    """The whole page."""
    here = _here(place)
    if here is None:
        return (no_update,) * PARTS
    if here.node is None:
        return (no_update, "", [], [], [], states.nowhere(here.search), "", None, *[None] * len(engine.KPIS))
    view = here.view(request.now_us)
    shown = _overview(request, here.node, view)
    return (
        here.name,
        overview.sentence(shown),
        overview.tools(view),
        overview.tiles(shown, view),
        overview.order(view),
        overview.matrix(shown.rows, view),
        overview.subtitle(shown),
        changes.changed(shown.changed, view, shown.before.totals.known_s > 0 or shown.before.kwh is not None),
        *overview.explained(shown, view),
    )


@callback(Output(overview.WATCH, "data"), Input(live.PLACE, "data"), permission=READ)
def watch(_request: Request, place: dict[str, Any] | None) -> Any:
    """What the page listens to: alarms of the place."""
    here = _here(place)
    return no_update if here is None else {"topics": [f"alarm:{here.node}"] if here.node else []}


@rows(overview.MATRIX, permission=READ)
def part_rows(request: Request, here: Context) -> Sheet:
    """The place and its parts, for a table or file."""
    return overview.parts_sheet(_overview(request, here.node or 0, here.view(request.now_us)))


@rows(overview.CHANGED, permission=READ)
def change_rows(request: Request, here: Context) -> Sheet:
    """Every change, for a table or file."""
    view = here.view(request.now_us)
    return changes.changes_sheet(_overview(request, here.node or 0, view).changed, view)


def _here(place: dict[str, Any] | None) -> Context | None:
    here = context_of(place)
    return here if here and here.page in overview.PAGES else None


# ------------------------------------------------------------------ reading
def _overview(request: Request, node_id: int, view: View) -> overview.Overview:
    """Raises `Forbidden` when the place is not the reader's."""
    request.scope.check(node_id)
    turn = request.now_us // (KEPT_S * SECOND_US)
    step = KEPT_S * SECOND_US if view.live else 1
    spans = tuple((at // step * step) for at in (view.from_us, view.to_us, *range_before(view)))
    still = _still(request.scope, request.store, node_id, spans, turn)
    return _with_now(request, still)


@dataclass(frozen=True, slots=True)
class _Still:
    """What is read every quarter of a minute: sums, and everything that is made of them."""

    tree: Tree
    node: MapDef
    per_hour: Mapping[int, float]
    now: engine.Sums
    before: engine.Sums
    counted: Mapping[int, str]
    shifts: Sequence[ShiftTotals]

    def figures(self, node_id: int) -> tuple[engine.Figures, engine.Figures]:
        """Of the range, and of the one before."""
        common = self.per_hour, self.counted
        return tuple(engine.figures(self.tree, node_id, sums, *common) for sums in (self.now, self.before))  # type: ignore[return-value]

    def course(self, node_id: int, kpi: Any) -> list[float | None]:
        """An indicator by shift."""
        return engine.course(engine.speakers_of(self.tree, node_id, self.per_hour), self.shifts, kpi)


@lru_cache(maxsize=64)
def _still(scope: Scope, store: Store, node_id: int, spans: tuple[int, int, int, int], turn: int) -> _Still:
    now_us = (turn + 1) * KEPT_S * SECOND_US
    tree = _tree(scope, store, turn * KEPT_S // SLOWLY_S)
    nodes = [node.id for node in tree.subtree(node_id)]
    counters = kept.counters(scope, store, nodes)
    per_hour = oee.rates(scope, store, nodes, min(spans[1], now_us))
    now, before = (
        engine.Sums(oee.totals(scope, store, nodes, *span, now_us), kept.used(scope, store, counters.meters, *span, now_us))
        for span in (spans[:2], spans[2:])
    )
    speakers = [s for node in {node_id, *nodes} for s in engine.speakers_of(tree, node, per_hour)]
    shifts = oee.shifts(scope, store, set(speakers), spans[1] - NORMAL_US, spans[1])
    return _Still(tree, tree.nodes[node_id], per_hour, now, before, counters.counted, shifts)


@lru_cache(maxsize=64)
def _tree(scope: Scope, store: Store, _turn: int) -> Tree:
    return places.tree(scope, store)


@dataclass(frozen=True, slots=True)
class _Now:
    """What is read each time: states, alarms, rooms."""

    states: Mapping[int, StateInterval]
    alarms: Mapping[int, Mapping[Priority, int]] | None
    open: Mapping[int, Mapping[Priority, int]] | None
    readings: Sequence[Reading]
    at_us: int

    def rooms(self, nodes: set[int]) -> Any:
        """How the rooms among these nodes are."""
        return rooms_of([r for r in self.readings if r.node_id in nodes], self.at_us)

    def alarms_of(self, node_id: int) -> Mapping[Priority, int] | None:
        """The alarms of a place and below; None without the right to see them."""
        return None if self.alarms is None else self.alarms.get(node_id, {})


def _now(request: Request, tree: Tree, node_id: int) -> _Now:
    nodes = [node.id for node in tree.subtree(node_id)]
    scope, store = request.scope, request.store
    alarmed = _scope("alarm.read")
    counts = [
        rolled_up(tree, alarms.counts(alarmed, store, unacknowledged=unacknowledged)) if alarmed else None
        for unacknowledged in (False, True)
    ]
    return _Now(state.current(scope, store, nodes), counts[0], counts[1], wall.readings(scope, store, nodes), request.now_us)


def _scope(permission: str) -> Scope | None:
    try:
        return request_for(permission).scope
    except Forbidden:
        return None


def _with_now(request: Request, still: _Still) -> overview.Overview:
    now = _now(request, still.tree, still.node.id)
    found = engine.parts(still.tree, still.node.id, still.per_hour)
    lines = tuple(_row(still, now, node, head) for node, head in found)
    whole = still.figures(still.node.id)
    courses = {kpi.key: still.course(still.node.id, kpi) for kpi in (engine.OEE, engine.QUALITY, engine.PLAN, engine.COVERAGE)}
    return overview.Overview(
        still.node,
        *whole,
        lines,
        tuple(engine.movers(lines)),
        {key: values[-COURSE:] for key, values in courses.items()},
        {key: engine.normal(values) for key, values in courses.items() if key in ("oee", "quality_ratio")},
        now.alarms_of(still.node.id),
        sum((now.open or {}).get(still.node.id, {}).values()),
        len(still.now.totals),
    )


def _row(still: _Still, now: _Now, node: MapDef, head: bool) -> engine.Row:
    speakers = engine.speakers_of(still.tree, node.id, still.per_hour)
    current = now.states.get(speakers[0]) if len(speakers) == 1 else None
    below = {inner.id for inner in still.tree.subtree(node.id)}
    return engine.Row(
        node,
        head,
        (current.mode_category if current.mode_category in ("cleaning", "maintenance") else current.category)
        if current
        else "",
        *still.figures(node.id),
        engine.normal(still.course(node.id, engine.OEE)),
        engine.normal(still.course(node.id, engine.QUALITY)),
        now.rooms(below),
        now.alarms_of(node.id),
    )
