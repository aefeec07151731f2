"""The time range control of the top bar: ranges by plant logic first, arrows, live lock, absolute times."""

from __future__ import annotations

from datetime import time
from typing import Any

from dash import dcc, html

from components import format as show
from components.shape import icon
from components.text import aria, data, t
from components.view import ANCHORS, View, back, href, neighbour
from engine.time import DAY_US, HOUR_US

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
    """`Last 8 hours IST`, `This shift · 14:00–now IST`, or a range that stands still, with its days and times."""
    return [f"{_said(view, now_us)} ", html.Span(_zone(view), className="t3 hide-t")]


def words(view: View, now_us: int) -> str:
    """The same as plain words, for the heading of a panel."""
    return f"{_said(view, now_us)} {_zone(view)}".strip()


def _said(view: View, now_us: int) -> str:
    named = title(view)
    if not view.live:
        stands = span(view, now_us)
        stands = t("{span}, in the future", span=stands) if view.from_us >= now_us else stands
        return f"{named} · {stands}" if named else stands
    since = show.when(view.from_us, view.zone, now_us)
    if not named:
        return t("Since {at}", at=since)
    return f"{named} · {since}–{t('now')}" if view.start in ANCHORS else named


def title(view: View) -> str:
    """The name of a range that moves along or goes by the calendar; nothing for one between two fixed times."""
    start = _plain(view)
    named = {(first, last): name for name, first, last, _ in QUICK}
    if (start, view.end) in named:
        return t(named[start, view.end])
    if not view.live or not start.startswith("now-"):
        return ""
    count, unit = int(start[4:-1]), start[-1]
    return t(_LAST_ONE[unit]) if count == 1 else t(_LAST[unit], count=count)


_LAST = {"s": "Last {count} seconds", "m": "Last {count} minutes", "h": "Last {count} hours", "d": "Last {count} days"}
_LAST_ONE = {"s": "Last second", "m": "Last minute", "h": "Last hour", "d": "Last 24 hours"}


def _plain(view: View) -> str:
    """`now-1d` for `now-24h`: the same range is the same word, however it was written."""
    return back(view.to_us - view.from_us) if view.live and view.start.startswith("now-") else view.start


def span(view: View, now_us: int) -> str:
    """`14:00–16:42` today, with the day before or after, with the year in another one; days alone when they are whole
    or many. On the day the clocks change each time has its zone."""
    first, last = show.local(view.from_us, view.zone), show.local(view.to_us, view.zone)
    year = any(at.year != show.local(now_us, view.zone).year for at in (first, last))
    if _in_days(view):
        end_us = view.to_us - 1 if _whole(view) else view.to_us
        days = _day(view.from_us, view.zone, year), _day(end_us, view.zone, year)
        return days[0] if days[0] == days[1] else f"{days[0]} – {days[1]}"
    clocks = _clock(view.from_us, view), _clock(view.to_us, view)
    if first.date() != last.date():
        return f"{_day(view.from_us, view.zone, year)} {clocks[0]} – {_day(view.to_us, view.zone, year)} {clocks[1]}"
    between = " – " if _changes_clocks(view) else "–"
    today = first.date() == show.local(now_us, view.zone).date()
    return ("" if today else f"{_day(view.from_us, view.zone, year)} ") + between.join(clocks)


def _in_days(view: View) -> bool:
    return _whole(view) or view.to_us - view.from_us >= 6 * DAY_US


def _whole(view: View) -> bool:
    return all(show.local(at, view.zone).time() == time() for at in (view.from_us, view.to_us))


def _day(at_us: int, zone: str, year: bool) -> str:
    return show.day(at_us, zone) + (f" {show.local(at_us, zone).year}" if year else "")


def _clock(at_us: int, view: View) -> str:
    zone = f" {show.zone_label(at_us, view.zone)}" if _changes_clocks(view) else ""
    return show.clock(at_us, view.zone, seconds=view.to_us - view.from_us < HOUR_US // 6) + zone


def _changes_clocks(view: View) -> bool:
    return show.zone_label(view.from_us, view.zone) != show.zone_label(view.to_us, view.zone)


def _zone(view: View) -> str:
    """The zone of what is shown; nothing when each time has its own."""
    if view.live or not _changes_clocks(view):
        return show.zone_label(view.to_us, view.zone)
    return f"{show.zone_label(view.from_us, view.zone)}/{show.zone_label(view.to_us, view.zone)}" if _in_days(view) else ""


def choices(view: View, anchors: frozenset[str]) -> list[html.Div | html.Fieldset | html.Ul]:
    """The content of the menu: quick ranges, absolute times, zone."""
    quick = [_quick(view, *row[:3]) for row in QUICK if not row[3] or row[3] in anchors]
    return [html.Ul(quick, className="pl-list"), _absolute(view), _zones(view)]


def _quick(view: View, name: str, start: str, end: str) -> html.Li:
    on = (_plain(view), view.end) == (start, end)
    return html.Li(html.A(t(name), href=href(view, start=start, end=end), className="it on" if on else "it", **_on(on)))


def _absolute(view: View) -> html.Fieldset:
    return html.Fieldset(
        [
            html.Legend(t("From and to ({zone})", zone=show.zone_label(view.to_us, view.zone)), className="cap t2"),
            _field(FROM, t("From"), _typed(view.from_us, view.zone)),
            _field(TO, t("To"), _typed(view.to_us, view.zone)),
            html.Button(t("Show this range"), id=APPLY, className="pl-ctl prim", n_clicks=0),
        ],
        className="pl-abs",
    )


def _typed(at_us: int, zone: str) -> str:
    at = show.local(at_us, zone).replace(microsecond=0, tzinfo=None)
    return at.isoformat(" ", "seconds" if at.second else "minutes")


def _field(name: str, title_: str, value: str) -> html.Label:
    return html.Label(
        [html.Span(title_), dcc.Input(id=name, type="text", value=value, className="pl-in", placeholder="2026-11-17 14:00")]
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
