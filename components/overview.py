"""The overview of a place: tiles, the matrix of its parts, what changed. Owns their ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dash import dcc, html

from components import format as show
from components.analog import analog_bar
from components.changes import AGAINST, EXPLAIN
from components.export import Cell, Column, Sheet
from components.help import kpi_shown
from components.kpi import Tile, kpi_dialog, kpi_tile, told
from components.location import KIND_WORDS
from components.panel import panel
from components.shape import STATES, shape, word
from components.states import empty, skeleton
from components.text import aria, t
from components.view import View, href, place_href
from engine.alarm import Priority
from engine.kpi import Kpi
from engine.location import MapDef
from engine.overview import (
    COVERAGE,
    ENERGY,
    KPIS,
    OEE,
    PLAN,
    QUALITY,
    STEPS,
    Figures,
    Mover,
    Row,
    conditions,
    odd_energy,
    worst_first,
)
from engine.tag import Limits
from engine.wall.fact import Rooms

PAGES = ("/", "/overview")
TITLE, SENTENCE, TOOLS, TILES, WATCH = "overview-title", "overview-said", "overview-tools", "overview-tiles", "overview-watch"
SINK_WATCH = "overview-sink"
MATRIX, CHANGED, ORDER = "overview-parts", "overview-changed", "overview-order"
MOST_ROWS = 60
_ORDERS = {"live": "Layout", "worst": "Worst first"}
_CHOICES = {"week": "Same time last week", "before": "Range before"}
_PRIORITIES = {Priority.URGENT: "p1", Priority.HIGH: "p2", Priority.LOW: "p3"}


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the page shows of a place."""

    node: MapDef
    now: Figures
    before: Figures
    rows: tuple[Row, ...]
    changed: tuple[Mover, ...]
    courses: Mapping[str, Sequence[float | None]]
    normal: Mapping[str, Limits]
    alarms: Mapping[Priority, int] | None
    unacknowledged: int
    machines: int


def page() -> list[Any]:
    """The skeleton."""
    explain = tuple(t(said) for said in _EXPLAIN)
    order_ = html.Div(id=ORDER, className="seg sm", role="group", **aria(label=t("Order")))
    matrix = panel(MATRIX, t("Parts"), skeleton(6), tools=(order_,), wide=True, main=True, rows=True, explain=explain)
    changed = panel(CHANGED, t("What changed"), skeleton(4), rows=True, explain=tuple(t(said) for said in EXPLAIN))
    tools_ = html.Div(id=TOOLS, className="tools")
    return [
        html.Div([html.H1(t("Overview"), id=TITLE), html.Span(id=SENTENCE, className="sub"), tools_], className="pl-head"),
        html.Div([html.Div(skeleton(2), className="c2") for _ in range(6)], id=TILES, className="row12 tiles"),
        html.Div([html.Div(matrix, className="c8 fill"), html.Div(changed, className="c4 fill")], className="row12"),
        *(kpi_dialog(kpi) for kpi in KPIS),
        dcc.Store(id=WATCH),
        dcc.Store(id=SINK_WATCH),
    ]


_EXPLAIN = (
    "A line is judged by its constraint machine; above a line, sums are added, never averaged.",
    (
        "The bar of a ratio shows the place's own normal band: from the lowest tenth of its shifts of the last 14 days upward."
        " Below it by more than a change that is told, the cell is marked low; twice as far from the middle it is marked high."
        " With few shifts nothing is marked."
    ),
    "Energy is marked when 1,000 units took 10 % more than in the range that is compared with, and high from 25 %.",
    "Rooms counts those with every signal within its alarm limits. Alarms counts those that stand, by priority.",
)


# ------------------------------------------------------------------ head
def sentence(shown: Overview) -> str:
    """What a manager reads first: how many stand, and the plan."""
    known, running, stand = conditions(shown.rows)
    said = [t("{running} of {known} running, {stand} stopped", stand=stand, known=known, running=running)] if known else []
    if shown.now.plan is not None:
        said.append(t("output {plan} of plan", plan=kpi_shown(PLAN, shown.now.plan)))
    return "; ".join(said)


def tools(view: View) -> list[html.Span | html.Div]:
    """What the range is compared with."""
    choices = [_choice(t(_CHOICES[name]), view.cmp == name, href(view, cmp=name)) for name in AGAINST]
    return [
        html.Span(t("Compared with"), className="cap t2"),
        html.Div(choices, className="seg", role="group", **aria(label=t("Compared with"))),
    ]


def _choice(words: str, on: bool, link: str) -> html.A:
    return html.A(words, href=link, className="on" if on else "", **(aria(current="true") if on else {}))


# ------------------------------------------------------------------ tiles
def tiles(shown: Overview, view: View) -> list[html.Div]:
    """The tiles that have something behind them: an indicator that is unknown in every part of the place is not drawn."""
    drawn = [kpi for kpi in KPIS if _has(shown, kpi)]
    made = [kpi_tile(_tile(shown, kpi, view)) for kpi in drawn]
    if shown.alarms is not None:
        made.insert(len(made) - (COVERAGE in drawn), alarm_tile(shown.alarms, shown.unacknowledged, view))
    return [html.Div(tile, className="c2") for tile in made]


def explained(shown: Overview, view: View) -> list[html.Div]:
    """What the dialog of each indicator says, in the order of `KPIS`."""
    return [told(_tile(shown, kpi, view)) for kpi in KPIS]


def _has(shown: Overview, kpi: Kpi[Figures]) -> bool:
    return any(kpi.value(f) is not None for f in (shown.now, shown.before)) or any(
        v is not None for v in shown.courses.get(kpi.key, ())
    )


def _tile(shown: Overview, kpi: Kpi[Figures], view: View) -> Tile:
    value = kpi.value(shown.now)
    level = odd_energy(value, kpi.value(shown.before)) if kpi is ENERGY else below(value, shown.normal.get(kpi.key), kpi)
    course = shown.courses.get(kpi.key, ())
    compared = shown.before if kpi is ENERGY or shown.before.totals.known_s > 0 else Figures()  # from nothing is no rise
    return Tile(kpi, shown.now, compared, t(AGAINST[view.cmp]), course, foot(shown.now, kpi), level, facts(shown.now, kpi))


def below(value: float | None, limits: Limits | None, kpi: Kpi[Figures]) -> str:
    """ "p2" far below the normal band, "p3" below it, by more than the least change that is told of the indicator."""
    if value is None or limits is None or limits.normal_low is None:
        return ""
    reached = value + STEPS.get(kpi.key, (0.0, 0.0))[0]
    if limits.alarm_low is not None and reached < limits.alarm_low:
        return "p2"
    return "p3" if reached < limits.normal_low else ""


def foot(of: Figures, kpi: Kpi[Figures]) -> str:
    """The small print of a tile."""
    coverage = of.totals.coverage
    if kpi is ENERGY:
        return t("{kwh} in all", kwh=show.quantity(of.kwh, "kWh", 0))
    if kpi in (PLAN, COVERAGE) or coverage is None or coverage > 0.995:
        return ""
    return t("{known} of time known", known=show.quantity(100 * coverage, "%", 0))


def facts(of: Figures, kpi: Kpi[Figures]) -> list[tuple[str, str]]:
    """What went into an indicator, in words."""
    sums = of.totals
    if kpi is ENERGY:
        return [(t("Energy"), show.quantity(of.kwh, "kWh", 1)), (t("Good units"), show.number(of.units, 0))]
    if kpi is QUALITY:
        return [(t("Made"), show.number(sums.produced, 0)), (t("Good"), show.number(sums.good, 0))]
    made = [(t("Good units"), show.number(of.units, 0))] if kpi is PLAN else []
    times = [(t("Planned busy time"), sums.pbt_s), (t("Production"), sums.production_s), (t("Setup"), sums.setup_s),
             (t("Standing with a batch"), sums.delay_s), (t("Standing without a batch"), sums.down_s),
             (t("Unknown"), sums.unknown_s)]  # fmt: skip
    interval = (
        [(t("Between"), f"{kpi_shown(OEE, sums.oee_low)} {show.DASH} {kpi_shown(OEE, sums.oee_high)}")] if kpi is OEE else []
    )
    return [*made, *interval, *((name, show.duration(int(seconds * 1e6))) for name, seconds in times)]


def alarm_tile(counts: Mapping[Priority, int], unacknowledged: int, view: View) -> html.Section:
    """Active alarms by priority, with the way to them."""
    total = sum(counts.values())
    worst = next((_PRIORITIES[p] for p in Priority if counts.get(p)), "")
    level = worst if unacknowledged and worst in ("p1", "p2") else ""
    name = html.A(
        html.Span(t("Active alarms"), className="ell"), href=href(view, "/alarm", sel=(), tab="live"), className="open"
    )
    return html.Section(
        [
            html.Div(name, className="lb"),
            html.Div(show.number(total, 0), className="v"),
            html.Div(t("{count} not acknowledged", count=unacknowledged), className="d"),
            html.Div(alarm_counts(counts), className="counts"),
            html.Div([html.Span(t("in the place and below"))], className="ft"),
        ],
        className=f"kpi_tile{f' is-{level}' if level else ''}",
        **aria(label=t("Active alarms {total}", total=total)),
    )


def alarm_counts(counts: Mapping[Priority, int]) -> list[Any]:
    """Shape and number for each priority that there is."""
    return [html.Span([shape(_PRIORITIES[p]), str(counts[p])]) for p in Priority if counts.get(p)]


# ------------------------------------------------------------------ matrix
_HEADS = ("OEE, %", "Right first, %", "kWh per 1,000", "Known, %", "Rooms in limits", "Alarms")


def order(view: View) -> list[html.A]:
    """In which order the parts stand."""
    on = "worst" if view.tab == "worst" else "live"
    return [_choice(t(words), name == on, href(view, tab=name)) for name, words in _ORDERS.items()]


def matrix(rows: Sequence[Row], view: View) -> Any:
    """The parts of a place, one a row; colour only where abnormal."""
    rows = worst_first(rows) if view.tab == "worst" else rows
    if not rows:
        return empty(t("Shows the lines and machines of a place. There is none in it."))
    heads = [html.Div(t("Location"), role="columnheader"), *(html.Div(t(h), role="columnheader") for h in _HEADS)]
    lines = [html.Div(heads, className="h", role="row")]
    lines += [_row(row, view) for row in rows[:MOST_ROWS]]
    shown = html.Div(html.Div(lines, className="mx", role="table", **aria(label=t("Parts"))), className="mxw")
    rest = len(rows) - MOST_ROWS
    return (
        [
            shown,
            html.Div(
                t("{rest} more: choose a place in the tree, or take the table from the menu", rest=rest),
                className="cap t2 more",
            ),
        ]
        if rest > 0
        else shown
    )


def _row(row: Row, view: View) -> html.Div:
    link = html.A(row.node.name, href=place_href(view, row.node.path, row.node.kind.value))
    mark = shape(row.condition) if row.condition in STATES else None
    energy = ENERGY.value(row.now)
    cells = [
        html.Div([mark, link], className="rn", role="rowheader"),
        _ratio(OEE, row, row.oee),
        _ratio(QUALITY, row, row.quality),
        _plain(show.number(energy, ENERGY.decimals), odd_energy(energy, ENERGY.value(row.before))),
        _ratio(COVERAGE, row, Limits(low=0.0, high=1.0, normal_low=0.98, alarm_low=0.8)),
        _rooms(row.rooms),
        _alarms(row.alarms),
    ]
    return html.Div(cells, className="r area" if row.head else "r", role="row")


def _alarms(counts: Mapping[Priority, int] | None) -> html.Div:
    none = html.Span(show.NOTHING if counts is None else "0", className="t3")
    return html.Div(alarm_counts(counts or {}) or none, className="al", role="cell")


def _ratio(kpi: Kpi[Figures], row: Row, limits: Limits) -> html.Div:
    """The bar and the number; areas have numbers only."""
    value = kpi.value(row.now)
    number = html.Span(show.number(None if value is None else 100 * value, kpi.decimals), className="val")
    if value is None or row.head:
        return _cell([number], below(value, limits, kpi))
    bar = analog_bar(replace(limits, low=_floor(limits, value)), value, "")
    return _cell([html.Span(bar, **aria(hidden="true")), number], below(value, limits, kpi))


def _floor(limits: Limits, value: float) -> float:
    """Where the bar begins: ratios near 1 are told apart on a shorter scale."""
    least = min(v for v in (value, limits.normal_low, limits.alarm_low) if v is not None)
    return 0.9 if least > 0.91 else 0.5 if least > 0.55 else 0.0


def _plain(shown: str, level: str) -> html.Div:
    return _cell([html.Span(shown, className="val")], level)


def _cell(content: list[Any], level: str) -> html.Div:
    classes = {"p2": "ab", "p3": "ab3"}.get(level, "")
    said = html.Span(t("far from normal") if level == "p2" else t("not normal"), className="pl-sr") if level else None
    return html.Div([*content, said], className=classes, role="cell")


def _rooms(rooms: Rooms | None) -> html.Div:
    if rooms is None:
        return html.Div(html.Span(show.NOTHING, className="t3"), className="rm", role="cell")
    shown = f"{rooms.inside}/{rooms.count}"
    classes = "rm ab" if rooms.outside else "rm"
    unknown = html.Span(t("{count} unknown", count=rooms.unknown), className="cap t2") if rooms.unknown else None
    return html.Div([html.Span(shown), unknown], className=classes, role="cell")


def subtitle(shown: Overview) -> str:
    """What the matrix shows."""
    if not shown.rows:
        return ""
    if any(row.oee.normal_low is not None for row in shown.rows):
        return t("Bar: normal band and value of this range. Colour only where abnormal")
    return t("Too few shifts are known to say what is normal: nothing is coloured for its ratios")


def parts_sheet(shown: Overview) -> Sheet:
    """The matrix with the place itself, as rows."""
    heads = (
        Column(t("Place")), Column(t("Path")), Column(t("Kind")), Column(t("State")),
        *(_column(kpi) for kpi in KPIS), Column(t("Energy"), "number", "kWh", 1), Column(t("Good units"), "number", "", 0),
        Column(t("Rooms in limits"), "number", "", 0), Column(t("Rooms"), "number", "", 0),
        *(Column(t("{name} alarms", name=word(_PRIORITIES[p])), "number", "", 0) for p in Priority),
    )  # fmt: skip
    whole = _cells(shown.node, "", shown.now, None, shown.alarms)
    parts = [_cells(r.node, word(r.condition) if r.condition else "", r.now, r.rooms, r.alarms) for r in shown.rows]
    return Sheet(t("Parts of {name}", name=shown.node.name), heads, [whole, *parts])


def _column(kpi: Kpi[Any]) -> Column:
    return Column(t(kpi.title), "share") if kpi.unit == "%" else Column(t(kpi.title), "number", kpi.unit, kpi.decimals)


def _cells(  # one row
    node: MapDef, state: str, of: Figures, rooms: Rooms | None, alarms: Mapping[Priority, int] | None
) -> list[Cell]:
    inside = [None, None] if rooms is None else [rooms.inside, rooms.count]
    counts = [None if alarms is None else alarms.get(p, 0) for p in Priority]
    return [
        node.name,
        node.path,
        t(KIND_WORDS[node.kind]),
        state,
        *(kpi.value(of) for kpi in KPIS),
        of.kwh,
        of.units,
        *inside,
        *counts,
    ]
