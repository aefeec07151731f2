"""The trend: small multiples in one figure on one time axis, as a plain dict with colours by name.

One row for each signal: band of the normal range, dash-dot alarm limits, the value at the end. Raw samples are a line;
aggregated ones are the mean in an envelope of least and greatest, and the tooltip says so. Gaps are gaps. Times are
epoch milliseconds shifted by the zone's offset, since Plotly's date axis knows no zones. Owns the ids of the trend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import dcc, html

from components import format as show
from components.analog import level
from components.course import Course, crosses_change, points, shift_ms
from components.states import empty, no_data
from components.text import aria, t
from components.view import View, back, href, stamp
from engine.order import Occupation
from engine.tag import Interpolation, Limits, Tag
from engine.time import HOUR_US, MINUTE_US, SECOND_US

GRAPH, FIGURE, TICK, AFTER, ZOOM = "trend", "trend-figure", "trend-tick", "trend-after", "trend-zoom"
SUMMARY, PANEL, EMPTY = "trend-summary", "trend", "trend-empty"

MOST_POINTS, FEW = 2_000, 300
ROW_PX, EDGE_PX = 118, 62


# ------------------------------------------------------------------ the widget
def graph() -> list[Any]:
    """The chart with its stores and its words for screen readers."""
    config: Any = {
        "displaylogo": False,
        "doubleClick": "reset",
        "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
    }
    chart = dcc.Graph(id=GRAPH, className="pl-chart", config=config, responsive=True)
    stores = [dcc.Store(id=name) for name in (FIGURE, TICK, AFTER, ZOOM)]
    return [
        *stores,
        html.Div(id=EMPTY),
        html.Div(chart, id="trend-holder", role="group", **aria(label=t("Trend of the chosen signals"), describedby=SUMMARY)),
        html.P(id=SUMMARY, className="pl-sr"),
    ]


# ------------------------------------------------------------------ the figure
def figure(courses: Sequence[Course], view: View, made: int = 0) -> dict[str, Any]:
    """What the browser keeps: the figure, where each signal's traces and label stand, and what a tick must match.

    `made` tells one figure from the next (the time it was made, in µs).
    """
    shift = shift_ms(view)
    courses = courses if newest_us(courses) else ()  # an axis without a single value has no scale
    drawn: dict[str, Any] = {"data": [], "layout": _layout(len(courses), view)}
    places: dict[str, dict[str, int]] = {}
    for row, course in enumerate(courses):
        places[str(course.tag.id)] = _add_row(drawn, course, row, len(courses), view)
    return {
        "figure": drawn,
        "traces": places,
        "key": key(view),
        "made": made,
        "shift_ms": shift,
        "after": {str(c.tag.id): frontier(c, view) for c in courses},
        "widths": {str(c.tag.id): c.width_us for c in courses},
        "at": newest_us(courses),
        "hold": hold_us(courses) if view.live else 0,
    }


def context(batches: Sequence[Occupation], view: View) -> dict[str, Any]:
    """What the pointer is told beside the values: the batch of the place, and (while live) how long ago a point was."""
    return {
        "batches": [_span(batch, view) for batch in batches],
        "words": {"batch": t("Batch {batch}"), "ago": t("{age} ago") if view.live else ""},
    }


def context_now(batch: Occupation | None, view: View) -> dict[str, Any]:
    """The batch that is there now, for a tick."""
    return {"batch": _span(batch, view) if batch else None}


def _span(batch: Occupation, view: View) -> dict[str, Any]:
    shift = shift_ms(view)
    end = None if batch.to_us is None else batch.to_us / 1000 + shift
    return {"name": escape(batch.batch), "from": batch.from_us / 1000 + shift, "to": end}


def key(view: View) -> str:
    """Equal for a figure and the ticks that belong to it."""
    return "|".join([view.start, view.end, view.tz])


def newest_us(courses: Sequence[Course]) -> int:
    """The newest sample of all drawn signals; 0 when there is none."""
    return max((c.newest_us or 0 for c in courses), default=0)


def frontier(course: Course, view: View) -> int:
    """From where on a live tick brings points: the newest bucket again (it grows), or what follows the newest sample."""
    newest = course.newest_us
    if newest is None:
        return view.from_us
    return newest if course.width_us else newest + 1


def hold_us(courses: Sequence[Course]) -> int:
    """After how long without any sample the chart is stale: three of the slowest expected intervals; 0: never."""
    held = [c.tag.fresh_s for c in courses]
    if not held or any(h is None for h in held):
        return 0
    return int(max(h for h in held if h is not None) * SECOND_US) + max(c.width_us for c in courses)


def _layout(rows: int, view: View) -> dict[str, Any]:
    shift = shift_ms(view)
    axis: dict[str, Any] = {
        "type": "date",
        "range": [view.from_us / 1000 + shift, view.to_us / 1000 + shift],
        "anchor": f"y{rows}" if rows > 1 else "y",
        "title": {"text": _axis_title(view)},
        "tickformatstops": _STOPS,
        "hoverformat": "%a %-d %b %H:%M:%S",
        "nticks": 7,
        "fixedrange": False,
    }
    return {
        "xaxis": axis,
        "height": EDGE_PX + ROW_PX * rows,
        "margin": {"t": 22, "r": 72, "l": 46, "b": 46},
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "uirevision": f"{view.start}|{view.end}",
        "shapes": [],
        "annotations": [],
        "dragmode": "zoom",
    } | _axis_of_changes(view, axis)


_STOPS = [
    {"dtickrange": [None, 1000], "value": "%H:%M:%S.%L"},
    {"dtickrange": [1000, 60_000], "value": "%H:%M:%S"},
    {"dtickrange": [60_000, 86_400_000], "value": "%H:%M\n%a %-d %b"},
    {"dtickrange": [86_400_000, None], "value": "%-d %b\n%Y"},
]


def _axis_title(view: View) -> str:
    first, last = show.zone_label(view.from_us, view.zone), show.zone_label(view.to_us, view.zone)
    return last if first == last else t("{first}, from the clock change on {last}", first=first, last=last)


def _axis_of_changes(view: View, axis: dict[str, Any]) -> dict[str, Any]:
    """Where the clock changes within the range, labels are computed here: the shifted axis would be an hour off."""
    if not crosses_change(view):
        return {}
    step = next((s for s in _STEPS_US if (view.to_us - view.from_us) / s <= 7), _STEPS_US[-1])
    at = [view.from_us + i * step for i in range(1, (view.to_us - view.from_us) // step + 1)]
    words = [show.clock(a, view.zone) + "<br>" + show.day(a, view.zone) for a in at]
    shift = shift_ms(view)
    return {"xaxis": axis | {"tickvals": [a / 1000 + shift for a in at], "ticktext": words}}


_STEPS_US = [MINUTE_US * m for m in (5, 15, 30)] + [HOUR_US * h for h in (1, 2, 4, 6, 12, 24, 48, 168, 336, 744, 2208, 8784)]


def _add_row(drawn: dict[str, Any], course: Course, row: int, rows: int, view: View) -> dict[str, int]:
    suffix = "" if row == 0 else str(row + 1)
    drawn["layout"][f"yaxis{suffix}"] = _value_axis(course, row, rows)
    drawn["layout"]["shapes"] += _limits(course.tag.limits, f"y{suffix}")
    places = {}
    for part, trace in _traces(course, f"y{suffix}", view).items():
        places[part] = len(drawn["data"])
        drawn["data"].append(trace)
    notes = drawn["layout"]["annotations"]
    notes.append(_name(course.tag, f"y{suffix}"))
    places["label"] = len(notes)
    notes.append(
        {"xref": "paper", "yref": f"y{suffix}", "x": 1, "xshift": 8, "xanchor": "left", "showarrow": False, **end_label(course)}
    )
    return places


def _value_axis(course: Course, row: int, rows: int) -> dict[str, Any]:
    height = 1.0 / rows
    top = 1.0 - row * height
    axis: dict[str, Any] = {
        "domain": [max(0.0, top - 0.74 * height), top - 0.08 * height],
        "type": "linear",
        "nticks": 4,
        "showgrid": False,
        "anchor": "x",
        "fixedrange": True,
        "automargin": False,
    }
    if course.names:
        used = sorted({int(v) for v in course.value[course.usable]})[:8]
        axis |= {"tickvals": used, "ticktext": [course.names.get(code, str(code)) for code in used]}
    return axis


def _limits(limits: Limits, axis: str) -> list[dict[str, Any]]:
    place = {"xref": "paper", "yref": axis, "x0": 0, "x1": 1, "layer": "below"}
    shapes: list[dict[str, Any]] = []
    if limits.normal_low is not None and limits.normal_high is not None:
        band = {"type": "rect", "y0": limits.normal_low, "y1": limits.normal_high}
        shapes.append({**place, **band, "fillcolor": "@band/55", "line": {"width": 0}})
    for limit in (limits.alarm_low, limits.alarm_high):
        if limit is not None:
            line = {"color": "@text-2", "width": 1.25, "dash": "dashdot"}
            shapes.append({**place, "type": "line", "y0": limit, "y1": limit, "line": line})
    return shapes


def _traces(course: Course, axis: str, view: View) -> dict[str, dict[str, Any]]:
    parts = points(course, view)
    shape = "hv" if course.tag.interpolation is Interpolation.STEP else "linear"
    base = {"type": "scatter", "mode": "lines", "xaxis": "x", "yaxis": axis, "connectgaps": False}
    traces: dict[str, dict[str, Any]] = {}
    if "envelope" in parts:
        stroke = {"color": "@normal/40", "width": 1.25}
        traces["envelope"] = {**base, **parts["envelope"], "line": stroke, "hoverinfo": "skip"}
    line = {"color": "@normal", "width": 1.5, "shape": "linear" if course.width_us else shape}
    if not course.width_us and (course.lone or len(course.at_us) <= FEW):
        base |= {"mode": "lines+markers", "marker": {"size": 4, "color": "@normal"}}
    traces["line"] = {
        **base,
        **parts["line"],
        "line": line,
        "name": escape(course.tag.title),
        "hovertemplate": _hover(course, view),
    }
    traces["bad"] = _bad(parts["bad"], course.tag, axis)
    return traces


def _hover(course: Course, view: View) -> str:
    """Value and unit; of buckets also that it is a mean, and of least and greatest."""
    digits = f":,.{course.tag.decimals}f" if course.tag.decimals is not None else ""
    said = "%{text} " if crosses_change(view) else ""
    said += f"{escape(course.tag.title)} %{{y{digits}}} {escape(course.tag.unit)}"
    if course.low is not None:
        width = show.duration(course.width_us)
        said += t(", mean of {width}", width=width) + f" (%{{customdata[0]{digits}}} – %{{customdata[1]{digits}}})"
    elif course.width_us:
        said += t(", last of {width}", width=show.duration(course.width_us))
    return said + "<extra></extra>"


def _bad(part: dict[str, list[Any]], tag: Tag, axis: str) -> dict[str, Any]:
    marker = {"symbol": "square-open", "size": 7, "color": "@text-3", "line": {"width": 1.25, "color": "@text-3"}}
    hover = t("{title}: bad or uncertain quality", title=escape(tag.title)) + "<extra></extra>"
    return {"type": "scatter", "mode": "markers", "xaxis": "x", "yaxis": axis, **part, "marker": marker, "hovertemplate": hover}


def _name(tag: Tag, axis: str) -> dict[str, Any]:
    unit = f", {escape(tag.unit)}" if tag.unit else ""
    place = {"xref": "paper", "yref": f"{axis} domain", "x": 0, "y": 1, "yshift": 1, "yanchor": "bottom", "xanchor": "left"}
    return {**place, "text": f"<b>{escape(tag.title)}</b>{unit}", "font": {"size": 12, "color": "@text-1"}, "showarrow": False}


def escape(text: str) -> str:
    """Text for a chart: Plotly reads a few tags and links as markup, names must not be read so."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def end_label(course: Course) -> dict[str, Any]:
    """The value at the line's end: its words, its height, and the mark of a crossed limit."""
    last = course.last
    words = show.number(last, course.tag.decimals)
    if course.names and last is not None:
        words = course.names.get(int(last), words)
    crossed = "▲ " if level(course.tag.limits, last) == "p2" else ""
    return {
        "text": f"<b>{crossed}{escape(words)}</b>",
        "y": last if last is not None else 0,
        "visible": last is not None,
        "font": {"size": 12, "color": "@text-1"},
    }


def subtitle(courses: Sequence[Course]) -> str:
    """What is drawn, in words."""
    if not newest_us(courses):
        return ""
    widths = sorted({c.width_us for c in courses if c.width_us})
    if not widths:
        return t("Every stored sample. Dash-dot: alarm limits")
    shown = list(dict.fromkeys(show.duration(width) for width in widths))
    each = shown[0] if len(shown) == 1 else t("{first} to {last} (by signal)", first=shown[0], last=shown[-1])
    if any(not c.width_us for c in courses):
        return t("Every stored sample, or the mean of each {each}, with least and greatest. Dash-dot: alarm limits", each=each)
    return t("Mean of each {each}, with least and greatest. Dash-dot: alarm limits", each=each)


def nothing(
    courses: Sequence[Course], view: View, now_us: int, newest: Callable[[], int | None] = lambda: None
) -> html.Div | None:
    """What is said in place of a chart without a single point. `newest` finds when any of the signals told something last."""
    if not courses:
        return empty(t("Shows the course of signals. Choose at least one above."))
    if newest_us(courses):
        return None
    first, last = show.dated(view.from_us, view.zone), show.dated(view.to_us, view.zone)
    return no_data(first, last, _latest(view, now_us, newest()))


def _latest(view: View, now_us: int, at_us: int | None) -> html.A | html.P:
    """The link to a range as wide that ends with the newest value; one that still comes in leads to the present."""
    if at_us is None:
        return html.P(t("These signals have never told a value."))
    width = view.to_us - view.from_us
    if now_us - width // 2 < at_us <= now_us:
        way = href(view, start=back(width), end="now")
    else:
        end_us = at_us // SECOND_US * SECOND_US + SECOND_US
        way = href(view, start=stamp(end_us - width), end=stamp(end_us))
    return html.A(t("Show the newest data, up to {at}", at=show.dated(at_us, view.zone)), href=way, className="pl-ctl")


# ------------------------------------------------------------------ live
@dataclass(frozen=True, slots=True)
class Cuts:
    """What a tick must read: `raw` tags from `from_us` on, `buckets` anew; `at_us` says from where each has news."""

    raw: list[Tag]
    buckets: list[Tag]
    from_us: int
    at_us: dict[int, int]


def due(tags: Sequence[Tag], known: Mapping[str, Any], view: View) -> Cuts:
    """Which tags have news: raw ones always, aggregated ones once a bucket is over. `known` is what the browser told."""
    after, widths = known.get("after") or {}, known.get("widths") or {}
    at = {tag.id: min(max(int(after.get(str(tag.id), view.from_us)), view.from_us), view.to_us - 1) for tag in tags}
    raw = [tag for tag in tags if not int(widths.get(str(tag.id), 0))]
    buckets = [tag for tag in tags if tag not in raw and view.to_us - at[tag.id] > int(widths[str(tag.id)])]
    return Cuts(raw, buckets, min((at[tag.id] for tag in raw), default=view.from_us), at)


def tick(courses: Sequence[Course], view: View, cuts_us: Mapping[int, int]) -> dict[str, Any]:
    """What a live tick brings: for each signal that has news the points from its cut on, which replace what was there."""
    shift = shift_ms(view)
    news = [c if c.holds else c.since(cuts_us[c.tag.id]) for c in courses]
    news = [c for c in news if len(c.at_us)]
    return {
        "key": key(view),
        "from_ms": view.from_us / 1000 + shift,
        "to_ms": view.to_us / 1000 + shift,
        "after": {str(c.tag.id): frontier(c, view) for c in news if c.newest_us is not None},
        "at": newest_us(courses),
        "rows": [_tick_row(c, view) for c in news],
    }


def _tick_row(course: Course, view: View) -> dict[str, Any]:
    row = {"tag": course.tag.id, "cut_ms": int(course.at_us[0]) / 1000 + shift_ms(view), "parts": points(course, view)}
    return row | ({"label": _moved(course)} if course.last is not None else {})


def _moved(course: Course) -> dict[str, Any]:
    label = end_label(course)
    return {"text": label["text"], "y": label["y"], "visible": True}
