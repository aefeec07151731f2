"""The machine page, live tab: header strip, current values, trend, states, events. Owns their ids."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from dash import dcc, html

from components import format as show
from components import live, picker, timeline, trend
from components.analog import analog_bar, level
from components.panel import panel
from components.shape import shape, word
from components.states import empty, forbidden, nowhere, skeleton
from components.text import aria, data, t
from components.view import Context, View, asked_place, href
from engine.historian.reduce import LastValue
from engine.order import Made
from engine.tag import StateTable, Tag, ValueKind
from engine.time import SECOND_US

TITLE, SENTENCE, STRIP, TABS = "machine-title", "machine-sentence", "machine-strip", "machine-tabs"
REFUSED, CONTENT, SINK = "machine-refused", "machine-content", "machine-sink"
NOW, STATE, EVENTS, ROW, SEEN, TOLD = "now", "state", "events", "now-row", "now-seen", "events-told"
PANELS = (NOW, STATE, EVENTS)
STATE_TOLD = "state-told"
READ = "historian.read"


@dataclass(frozen=True, slots=True)
class Reading:
    """A tag's newest value. `value` for numbers, `text` for texts and named states; severity 0 good, 1 uncertain, 2 bad."""

    tag: Tag
    value: float | None = None
    text: str = ""
    at_us: int | None = None
    severity: int = 0
    category: str | None = None

    @property
    def shown(self) -> str:
        """The value as it is written, without its unit."""
        if self.text or self.value is None:
            return self.text or show.NOTHING
        if self.tag.kind is ValueKind.BOOL:
            return t("on") if self.value else t("off")
        return show.number(self.value, self.tag.decimals)


def reading(tag: Tag, last: LastValue | None, tables: Mapping[str, StateTable]) -> Reading:
    """The newest stored value as it is shown; a state by the name in its table."""
    if last is None:
        return Reading(tag)
    severity = last.status >> 30 & 3
    if isinstance(last.value, str):
        return Reading(tag, None, last.value, last.at_us, severity)
    table = tables.get(tag.state_table or "")
    text, category = table.codes.get(int(last.value), ("", "")) if table else ("", "")
    if severity >= 2:  # what a broken signal carries is no measurement
        return Reading(tag, None, t("Not known") if table else "", last.at_us, severity, category or None)
    if table and not text:
        text = t("Unknown code {code}", code=last.value)
    return Reading(tag, float(last.value), text, last.at_us, severity, category or None)


def of_key(readings: Iterable[Reading], key: str) -> Reading | None:
    """The reading of the tag named `<machine>.<key>`."""
    return next((r for r in readings if r.tag.name.rpartition(".")[2] == key), None)


def tells_state(tag: Tag) -> bool:
    """True for the signals that the timeline is drawn from: state first, then mode."""
    return tag.kind is ValueKind.STATE and tag.name.rpartition(".")[2] in ("state", "mode") and bool(tag.state_table)


def overall(readings: Iterable[Reading]) -> Reading | None:
    """The state to show: the machine's state, unless its mode says that it is cleaned, maintained or set up."""
    readings = list(readings)
    state = of_key(readings, "state") or of_key(readings, "item_state")
    mode = of_key(readings, "mode") or of_key(readings, "operation_mode")
    if mode and mode.category in timeline.MODES_THAT_LEAD and mode.at_us is not None:
        return mode
    return state


def fresh(reading: Reading, now_us: int) -> bool:
    """True while the newest value still speaks and is not bad."""
    hold = reading.tag.fresh_s
    if reading.at_us is None or reading.severity >= 2:
        return False
    return hold is None or now_us - reading.at_us <= hold * SECOND_US


# ------------------------------------------------------------------ the page
def page() -> list[Any]:
    """The skeleton of the page."""
    return [
        html.Div([html.H1(t("Machine"), id=TITLE), html.Span(id=SENTENCE, className="sub")], className="pl-head"),
        html.Dl(id=STRIP, className="mh"),
        html.Nav(id=TABS, className="tabs", **aria(label=t("Tabs of this machine"))),
        *(dcc.Store(id=name) for name in (live.WATCH, SEEN, TOLD, STATE_TOLD, SINK)),
        html.Div(id=REFUSED),
        html.Div(_columns(), id=CONTENT, className="row12 pl-live-tab"),
    ]  # fmt: skip


def _columns() -> list[html.Div]:
    return [
        html.Div(_now(), className="c4 tall"),
        html.Div([_trend(), _state()], className="c5 stack"),
        html.Div(_events(), className="c3 tall"),
    ]


def tabs(view: View) -> list[html.A]:
    """The tabs that exist."""
    return [html.A(t("Live"), href=href(view, tab="live"), className="on", **aria(current="page"))]


def _now() -> html.Section:
    explain = (
        t("Each row is a signal of this machine: its newest value, its unit, and how old it is."),
        t("The grey band is the normal range, the hatched ends are beyond the alarm limits, the tip above is the setpoint."),
        t("A triangle: beyond an alarm limit. A diamond: outside the normal range. A square with a mark: bad quality."),
        t("A hatched row is older than three expected intervals: do not trust it."),
    )
    return panel(
        NOW, t("Now"), skeleton(8), subtitle=t("Band normal, hatch alarm zone, tip setpoint"), rows=True, explain=explain
    )


def _trend() -> html.Section:
    explain = (
        t("Short ranges show every stored sample; longer ones the mean of equal intervals, between least and greatest."),
        t("A gap in the line is a gap in the data. Hollow squares are samples of bad or uncertain quality."),
        t("Drag to look closer, down to single samples; double-click goes back."),
    )
    return panel(
        trend.PANEL, t("Selected signals"), trend.graph(),
        tools=(picker.picker(),), subtitle=t("Dash-dot: alarm limits"), rows=True, figure=True,
        explain=explain, main=True,
    )  # fmt: skip


def _state() -> html.Section:
    explain = (
        t("What the machine says of itself over the range of the page, from its state and mode signals."),
        t("Where states are too short to be drawn, each part of the row shows the state that lasted longest in it."),
    )
    return panel(STATE, t("State"), skeleton(1), tools=(timeline.legend(),), rows=True, explain=explain)


def _events() -> html.Section:
    explain = (
        t("Stops, cleaning, set-up and service with their lengths, and changes of batch, phase and order, newest first."),
        t("A stop is one row from its beginning until the machine runs again, named by the gravest state in it."),
    )
    return panel(EVENTS, t("Last events"), skeleton(6), rows=True, explain=explain)


# ------------------------------------------------------------------ refused
def refused(here: Context, right: str, within: bool) -> html.Section:
    """The one panel of a place that the reader may not see (`within` False: outside the own part of the plant), or that
    does not exist. It says the same whether or not there is something outside."""
    if within:
        return html.Section(nowhere(here.search), className="pl-panel")
    asked = here.path or asked_place(here.search)
    said = t("There is no place “{place}” that you may see. If it exists, it lies outside your part of the plant.", place=asked)
    way = html.A(t("Show my places"), href="/location", className="pl-ctl")
    return html.Section([html.P(said), forbidden(right, asked), way], className="pl-panel pl-refused")


# ------------------------------------------------------------------ header strip
def strip(readings: Sequence[Reading], now_us: int, made: Made | None = None) -> list[html.Div]:
    """State with its duration, batch, recipe phase, speed, what was made; what the machine does not tell is left out."""
    state = overall(readings)
    cells = [_state_cell(state, now_us)] if state else []
    for label, key, beside in (
        (t("Batch"), "batch", "product"),
        (t("Recipe phase"), "phase", ""),
        (t("Work order"), "order", ""),
    ):
        found = of_key(readings, key)
        if found and found.text:
            more = of_key(readings, beside)
            cells.append(_fact(label, found.text, more.text if more else ""))
    speed = of_key(readings, "speed")
    return [*cells, *([_quantity(speed, now_us)] if speed else []), *_counts(readings, made, now_us)]


def counters(readings: Iterable[Reading]) -> dict[str, Reading]:
    """The counters whose increase is shown: what was made (rejects included), and what of it was rejected."""
    found = {key: of_key(readings, key) for key in ("produced", "rejected")}
    return {key: r for key, r in found.items() if r is not None and r.tag.counter}


def _counts(readings: Sequence[Reading], made: Made | None, now_us: int) -> list[html.Div]:
    """Good and rejected since the batch or the shift began. A register counts for years, so it is never shown as a count."""
    shown = counters(readings)
    if not shown:
        return []
    since = t("this batch") if made and made.batch else t("this shift") if made else t("no batch")
    made = made or Made(0)
    unit = next(iter(shown.values())).tag.unit
    old = "" if all(fresh(r, now_us) for r in shown.values()) else t("not fresh")
    rejects = t("{count} rejected", count=show.number(made.rejected, 0))
    if "produced" not in shown:
        return [_fact(t("Rejected, {since}", since=since), show.number(made.rejected, 0), _beside(unit, old))]
    if "rejected" not in shown:
        return [_fact(t("Made, {since}", since=since), show.number(made.produced, 0), _beside(unit, old))]
    return [_fact(t("Good, {since}", since=since), show.number(made.good, 0), _beside(unit, rejects, old))]


def _beside(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _fact(label: str, value: str, beside: Any = "") -> html.Div:
    return html.Div([html.Dt(label), html.Dd([value, html.Span(beside)])])


def _quantity(found: Reading, now_us: int) -> html.Div:
    setpoint = found.tag.limits.setpoint
    target = t("target {value}", value=show.number(setpoint, found.tag.decimals)) if setpoint is not None else ""
    old = "" if fresh(found, now_us) else t("not fresh")
    return _fact(found.tag.title, show.number(found.value, found.tag.decimals), " ".join([found.tag.unit, old or target]))


def _state_cell(state: Reading, now_us: int) -> html.Div:
    if state.category is None:
        return _fact(t("State"), t("not known"))
    beside: list[Any] = [f"{state.text} · " if state.text != word(state.category) else "", live.age(state.at_us, now_us)]
    mark = html.Span(shape(state.category, hidden=True), className="big")
    return html.Div([html.Dt(t("State")), html.Dd([mark, word(state.category), html.Span(beside)])], className="st-cell")


def no_state() -> html.Div:
    """Rooms and meters have no state of their own."""
    return empty(t("Shows running, idle, stopped and cleaning. This place has no state signal."))


# ------------------------------------------------------------------ current values
def now_rows(readings: Sequence[Reading], now_us: int) -> html.Div:
    """Every current value, grouped by function in the order of the tags."""
    running = runs(readings)
    listed = [r for r in readings if r.tag.kind is not ValueKind.STATE]
    if not listed:
        return empty(t("Shows the newest value of each signal. No signal is configured for this machine yet."))
    first = {r.tag.group: i for i, r in reversed(list(enumerate(listed)))}
    ordered = sorted(listed, key=lambda r: first[r.tag.group])
    rows: list[Any] = []
    for group, members in groupby(ordered, key=lambda r: r.tag.group):
        rows.append(html.H3(group or t("Other"), className="gh"))
        rows += [
            html.Div(now_row(member, now_us, running), id=row_id(member.tag.id), className="now-cell") for member in members
        ]
    return html.Div(rows, className="now")


def row_id(tag_id: Any) -> dict[str, Any]:
    """The row of a signal; `ALL` for every row."""
    return {"type": ROW, "tag": tag_id}


def stamps(readings: Iterable[Reading]) -> dict[str, int | None]:
    """The time of each value that is shown, so that a tick brings only rows that changed."""
    return {str(r.tag.id): r.at_us for r in readings}


def runs(readings: Iterable[Reading]) -> bool:
    """True unless a state says that the machine stands: what stands is not judged by the normal range of running."""
    state = overall(readings)
    return state is None or state.category in (None, "running")


def now_row(reading: Reading, now_us: int, running: bool = True) -> html.Div:
    """One current value: name, bar, value with unit, age, quality."""
    tag = reading.tag
    value = reading.value if reading.value is not None and math.isfinite(reading.value) else None
    usable = value if reading.severity < 2 else None
    spoken = f"{tag.title}: {reading.shown} {tag.unit}"
    bar = analog_bar(tag.limits, usable, spoken) if tag.kind in (ValueKind.FLOAT, ValueKind.INT) else None
    hold = int(tag.fresh_s * SECOND_US) if tag.fresh_s else None
    stale = " is-stale" if hold and reading.at_us is not None and now_us - reading.at_us > hold else ""
    bad = " is-bad" if reading.severity >= 2 else ""
    wide = "" if bar else " wide"
    cells = [
        html.Span(
            [tag.title, html.Span(t("register"), className="reg") if tag.counter else None], className="l", title=tag.name
        ),
        html.Span(bar, className="b") if bar else None,
        html.Span(
            [reading.shown, html.Span(tag.unit, className="u") if tag.unit and value is not None else None], className="v"
        ),
        html.Span(live.age(reading.at_us, now_us), className="a"),
        html.Span(_quality(reading, usable, running), className="q"),
    ]
    return html.Div(cells, className=f"now-row{stale}{bad}{wide}", **data(at=reading.at_us, hold=hold))


def _quality(reading: Reading, usable: float | None, running: bool) -> html.I | None:
    if reading.severity >= 2:
        return shape("bad", label=t("Bad quality"))
    if reading.severity == 1:
        return shape("bad", label=t("Uncertain quality"))
    crossed = level(reading.tag.limits, usable)
    if crossed == "p3" and not running:
        return None
    words = {"p2": t("Beyond the alarm limit"), "p3": t("Outside the normal range")}
    return shape(crossed, label=words[crossed]) if crossed else None


def sentence(readings: Iterable[Reading], now_us: int) -> str:
    """The generated sentence beside the title: what is beyond its limits, then what does not tell; else quiet."""
    readings = list(readings)
    beyond = [r.tag.title for r in readings if fresh(r, now_us) and level(r.tag.limits, r.value) == "p2"]
    silent = [r for r in readings if r.tag.interval_s and not fresh(r, now_us)]
    stands = _stands(readings, now_us)
    if stands:
        return stands
    if beyond:
        return t("Beyond the alarm limit: {names}", names=few(beyond))
    if silent and len(silent) == sum(1 for r in readings if r.tag.interval_s):
        return t("No fresh data: the source is silent")
    if silent:
        return t("No fresh data: {names}", names=few([r.tag.title for r in silent]))
    return t("All signals fresh, none beyond its alarm limit") if readings else ""


def _stands(readings: Sequence[Reading], now_us: int) -> str:
    """What a manager must know first: the machine was stopped by a fault, or its controller does not answer."""
    state = overall(readings)
    if state is None or state.at_us is None:
        return ""
    since = show.duration(now_us - state.at_us)
    if state.severity >= 2:
        return t("Not connected for {since}", since=since)
    return t("{state} for {since}", state=state.text, since=since) if state.category == "aborted" else ""


def few(names: Sequence[str], most: int = 3) -> str:
    """The first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (t(" and {more} more", more=more) if more > 0 else "")
