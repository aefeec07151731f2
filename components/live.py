"""The stores between the live script (assets/live.js), the address script and the callbacks. Owns their ids.

`ADDRESS` {path, search, zone}: the URL. `PLACE`: what it leads to (`view.Context`). `RANGE` {from_us, to_us, live, zone,
zone_label}: the range. `WATCH` {topics}: what the page shows. `LIVE` {now, changed}: raised when a watched revision
changed. `BEAT`: every five seconds. `REFRESH`: read everything again (after a lost connection, or "Try again").
`THEME`: the theme in use.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dash import dcc, html

from components import format as show
from components.shape import icon
from components.text import aria, data, t
from components.view import View

ADDRESS, PLACE, RANGE, WATCH = "address", "place", "range", "watch"
LIVE, BEAT, REFRESH, THEME = "live", "beat", "refresh", "theme"
SINK_WATCH, SINK_RANGE, SINK_APPLY = "sink-watch", "sink-range", "sink-apply"
DOT, CLOCK, SOURCES, ENGINE, FILLING, AWAY = "live-dot", "clock", "foot-sources", "foot-engine", "foot-filling", "away"
MOST_TOPICS = 400
BY_ITSELF = (LIVE, BEAT, REFRESH)
"""Stores that the live script raises without anybody touching the page."""


def stores() -> list[dcc.Store]:
    """Every store of the frame; `WATCH` belongs to the pages that show signals."""
    names = (ADDRESS, PLACE, RANGE, LIVE, BEAT, REFRESH, THEME, SINK_WATCH, SINK_RANGE, SINK_APPLY)
    return [dcc.Store(id=name) for name in names]


def dot() -> html.Button:
    """The live dot, which is also the lock: pressing it holds or releases the range."""
    return html.Button(
        t("Connecting"), id=DOT, className="pl-live is-paused", title=t("Live on or off (l)"), **data(do="live", key="l")
    )


def away() -> html.Div:
    """The banner that says since when there are no answers; hidden while there are."""
    return html.Div([icon("flag"), html.Span()], id=AWAY, className="pl-banner", hidden=True, role="alert")


def topics(nodes: Iterable[int]) -> dict[str, Any]:
    """What the page watches: the tags of these nodes."""
    return {"topics": [f"tag:{node}" for node in list(nodes)[:MOST_TOPICS]]}


def range_of(view: View) -> dict[str, Any]:
    """What the scripts must know of the range."""
    return {
        "from_us": view.from_us,
        "to_us": view.to_us,
        "live": view.live,
        "zone": view.zone,
        "zone_label": show.zone_label(view.to_us, view.zone),
    }


def age(at_us: int | None, now_us: int, *, suffix: str = "") -> html.Span:
    """How old something is; the script counts on. `suffix` such as " ago" stays."""
    if at_us is None:
        return html.Span(show.NOTHING, className="age")
    counted = html.Span(show.duration(now_us - at_us), **data(age_of=at_us))
    return html.Span([counted, suffix], className="age")


def polite() -> dict[str, Any]:
    """Attributes of a region whose changes are read out when the reader pauses."""
    return aria(live="polite") | {"role": "status"}
