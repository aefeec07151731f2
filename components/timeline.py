"""The state timeline: one row of a machine's states, with its words for screen readers and its legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dash import html

from components import format as show
from components.course import Course
from components.shape import STATES, shape, word
from components.text import aria, t
from engine.tag import StateTable


@dataclass(frozen=True, slots=True)
class Stretch:
    """The machine was in a state over [from_us, to_us). `category` None: nobody knows."""

    from_us: int
    to_us: int
    category: str | None
    text: str = ""


Change = tuple[int, str | None, str]
"""When, the category from then on (None: unknown), the words of it."""
MODES_THAT_LEAD = ("cleaning", "maintenance", "setup", "out_of_service")


def changes(signals: Sequence[tuple[Course, StateTable]]) -> list[Change]:
    """Changes of a machine's state from its state and mode signals: a mode such as cleaning leads over the state."""
    moments = sorted((int(at), i, float(v)) for i, (c, _) in enumerate(signals) for at, v in zip(c.at_us, c.value, strict=True))
    now: dict[int, tuple[str | None, str]] = {}
    found: list[Change] = []
    for at, i, value in moments:
        now[i] = _named(signals[i][1], value)
        said = _leading([now[j] for j in sorted(now)])
        if not found or found[-1][1:] != said:
            found.append((at, *said))
    return found


def _named(table: StateTable, value: float) -> tuple[str | None, str]:
    if math.isnan(value):
        return None, ""
    text, category = table.codes.get(int(value), (t("Unknown code {code}", code=int(value)), None))
    return category, text


def _leading(present: Sequence[tuple[str | None, str]]) -> tuple[str | None, str]:
    return next((said for said in present if said[0] in MODES_THAT_LEAD), present[0])


def stretches(found_changes: Sequence[Change], from_us: int, to_us: int) -> list[Stretch]:
    """Changes (time, category, text) in order of time, as stretches of [from_us, to_us); before the first: unknown."""
    found: list[Stretch] = []
    starts: list[Change] = [(from_us, None, ""), *found_changes]
    for (at, category, text), (end, _, _) in zip(starts, [*starts[1:], (to_us, None, "")], strict=True):
        first, last = max(at, from_us), min(end, to_us)
        if last <= first:
            continue
        if found and (found[-1].category, found[-1].text) == (category, text):
            found[-1] = Stretch(found[-1].from_us, last, category, text)
        else:
            found.append(Stretch(first, last, category, text))
    return found


def timeline(row: Sequence[Stretch], zone: str) -> html.Div:
    """The row with its time marks."""
    from_us, to_us = row[0].from_us, row[-1].to_us
    parts = [_part(stretch, from_us, to_us - from_us, zone) for stretch in row]
    marks = [html.Span(show.clock(from_us + (to_us - from_us) * i // 4, zone)) for i in range(5)]
    marks[-1].children = f"{marks[-1].children} {show.zone_label(to_us, zone)}"
    bar = html.Div(parts, className="pl-states", role="img", **aria(label=spoken(row)))
    return html.Div([bar, html.Div(marks, className="pl-marks cap t2")])


def _part(stretch: Stretch, from_us: int, width_us: int, zone: str) -> html.I:
    left = 100 * (stretch.from_us - from_us) / width_us
    width = 100 * (stretch.to_us - stretch.from_us) / width_us
    suffix = STATES[stretch.category][0] if stretch.category in STATES else "unknown"
    lasted = show.duration(stretch.to_us - stretch.from_us)
    span = f"{show.clock(stretch.from_us, zone)}–{show.clock(stretch.to_us, zone)}, {lasted}"
    style = {"left": f"{left:.3f}%", "width": f"{width:.3f}%"}
    return html.I(className=f"st st--{suffix}", style=style, title=f"{_words(stretch)}: {span}")


def _words(stretch: Stretch) -> str:
    if stretch.category is None:
        return t("Unknown")
    return stretch.text or word(stretch.category)


def spoken(row: Sequence[Stretch]) -> str:
    """How long in each state, longest first."""
    sums: dict[str, int] = {}
    for stretch in row:
        name = word(stretch.category) if stretch.category else t("Unknown")
        sums[name] = sums.get(name, 0) + stretch.to_us - stretch.from_us
    ordered = sorted(sums.items(), key=lambda pair: -pair[1])
    return t("States: {parts}.", parts=", ".join(f"{name} {show.duration(us)}" for name, us in ordered))


def legend() -> html.Div:
    """The shapes and their words."""
    chips = [
        html.Span(
            [html.I(className=f"st-key st--{STATES[c][0]}", **aria(hidden="true")), word(c).lower()], className="state_chip cap"
        )
        for c in ("running", "idle", "stopped", "cleaning")
    ]
    return html.Div(chips, className="pl-legend cap t2")


def table(row: Sequence[Stretch], zone: str) -> html.Table:
    """The same as rows, newest first, at most 200."""
    head = html.Tr([html.Th(t("From")), html.Th(t("State")), html.Th(t("For"), className="num")])
    body = [
        html.Tr(
            [
                html.Td(show.day_and_clock(s.from_us, zone)),
                html.Td([shape(s.category, hidden=True), " ", _words(s)] if s.category else _words(s)),
                html.Td(show.duration(s.to_us - s.from_us), className="num"),
            ]
        )
        for s in list(row)[::-1][:200]
    ]
    return html.Table([html.Thead(head), html.Tbody(body)], className="pl-table")
