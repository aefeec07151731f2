"""The time range control of the top bar: ranges by plant logic first, arrows, live lock, absolute times."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from components import format as show
from components.shape import icon
from components.text import aria, data, t
from components.view import ANCHORS, View, href, neighbour
from engine.time import HOUR_US

MENU, LABEL, PREVIOUS, NEXT, LIVE_LOCK = "range-menu", "range-label", "range-previous", "range-next", "range-live"
FROM, TO, APPLY, FORM = "range-from", "range-to", "range-apply", "range-form"
CHOICES = "range-choices"

QUICK: tuple[tuple[str, str, str, str], ...] = (
    ("This shift", "shift", "now", "shift"),
    ("Last shift", "last-shift", "shift", "last-shift"),
    ("Today", "today", "now", "today"),
    ("Last hour", "now-1h", "now", ""),
    ("Last 8 hours", "now-8h", "now", ""),
    ("Last 24 hours", "now-1d", "now", ""),
    ("Last 7 days", "now-7d", "now", ""),
    ("Last 30 days", "now-30d", "now", ""),
    ("Last 90 days", "now-90d", "now", ""),
)
"""Title, from, to, the anchor that must be known."""


def control() -> html.Div:
    """The empty control; `body` fills its parts."""
    summary = html.Summary(
        [icon("clock"), html.Span("…", id=LABEL, className="ell"), icon("down", small=True)],
        className="pl-ctl",
        title=t("Time range (t)"),
        **data(key="t"),
    )
    return html.Div(
        [
            html.A(
                icon("left"),
                id=PREVIOUS,
                href="#",
                className="pl-ctl icon ghost",
                title=t("Previous range ([)"),
                **_named("Previous range", "["),
            ),
            html.Details([summary, html.Div(id=CHOICES, className="pl-pop")], id=MENU, className="pl-menu"),
            html.A(
                icon("right"),
                id=NEXT,
                href="#",
                className="pl-ctl icon ghost",
                title=t("Next range (])"),
                **_named("Next range", "]"),
            ),
        ],
        className="pl-range",
    )


def _named(name: str, key: str) -> dict[str, Any]:
    return aria(label=t(name)) | data(key=key)


def label(view: View, now_us: int) -> list[str | html.Span]:
    """`Last 8 hours IST`, `This shift · 14:00–now IST`, or a past range with its times."""
    named = title(view)
    if view.live and named:
        since = f" · {show.when(view.from_us, view.zone, now_us)}–{t('now')}" if view.start in ANCHORS else ""
        return [f"{named}{since} ", html.Span(show.zone_label(view.to_us, view.zone), className="t3 hide-t")]
    return [
        f"{named} · {span(view, now_us)} " if named else f"{span(view, now_us)} ",
        html.Span(show.zone_label(view.to_us, view.zone), className="t3 hide-t"),
    ]


def title(view: View) -> str:
    """The quick range's name, or nothing."""
    named = {(start, end): name for name, start, end, _ in QUICK}
    name = named.get((view.start, view.end))
    return t(name) if name else ""


def span(view: View, now_us: int) -> str:
    """`14:00–16:42`, with days when it is not all of today."""
    first, last = show.local(view.from_us, view.zone), show.local(view.to_us, view.zone)
    today = show.local(now_us, view.zone).date()
    seconds = view.to_us - view.from_us < HOUR_US // 6
    if first.date() == last.date() == today:
        return f"{show.clock(view.from_us, view.zone, seconds=seconds)}–{show.clock(view.to_us, view.zone, seconds=seconds)}"
    if view.to_us - view.from_us >= 36 * HOUR_US * 4:
        return f"{show.day(view.from_us, view.zone)} – {show.day(view.to_us, view.zone)}"
    tail = show.clock(view.to_us, view.zone) if first.date() == last.date() else show.day_and_clock(view.to_us, view.zone)
    return f"{show.day_and_clock(view.from_us, view.zone)} – {tail}"


def choices(view: View, anchors: frozenset[str]) -> list[html.Div | html.Fieldset | html.Ul]:
    """The content of the menu: quick ranges, absolute times, zone."""
    quick = [_quick(view, *row[:3]) for row in QUICK if not row[3] or row[3] in anchors]
    return [html.Ul(quick, className="pl-list"), _absolute(view), _zones(view)]


def _quick(view: View, name: str, start: str, end: str) -> html.Li:
    on = (view.start, view.end) == (start, end)
    return html.Li(html.A(t(name), href=href(view, start=start, end=end), className="it on" if on else "it", **_on(on)))


def _absolute(view: View) -> html.Fieldset:
    return html.Fieldset(
        [
            html.Legend(t("From and to ({zone})", zone=show.zone_label(view.to_us, view.zone)), className="cap t2"),
            _field(FROM, t("From"), show.local(view.from_us, view.zone).strftime("%Y-%m-%dT%H:%M")),
            _field(TO, t("To"), show.local(view.to_us, view.zone).strftime("%Y-%m-%dT%H:%M")),
            html.Button(t("Show this range"), id=APPLY, className="pl-ctl prim", n_clicks=0),
        ],
        className="pl-abs",
    )


def _field(name: str, title_: str, value: str) -> html.Label:
    return html.Label(
        [html.Span(title_), dcc.Input(id=name, type="text", value=value, className="pl-in", placeholder="2026-11-17T14:00")]
    )


def _zones(view: View) -> html.Div:
    options = (("plant", t("Plant time")), ("own", t("My time")), ("utc", t("UTC")))
    links = [
        html.A(name, href=href(view, tz=tz), className="on" if view.tz == tz else "", **_on(view.tz == tz))
        for tz, name in options
    ]
    return html.Div(links, className="seg", role="group", **aria(label=t("Time zone")))


def _on(current: bool) -> dict[str, Any]:
    return aria(current="true") if current else {}


def arrows(view: View, now_us: int) -> tuple[str, str]:
    """The links of the previous and the next range."""
    before, after = neighbour(view, -1, now_us), neighbour(view, 1, now_us)
    return href(view, start=before[0], end=before[1]), href(view, start=after[0], end=after[1])
