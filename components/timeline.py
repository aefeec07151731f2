"""The state timeline: one row of a machine's states, with its words for screen readers and its legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from dash import html

from components import format as show
from components.course import Course
from components.shape import STATES, word
from components.text import aria, t
from engine.historian.reduce import Trace
from engine.tag import StateTable
from engine.time import DAY_US

MOST_PARTS = 480


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
    """Changes of a machine's state from its state and mode signals: a mode such as cleaning leads over the state.

    What several signals say at one instant is one change."""
    moments = sorted((int(at), i, float(v)) for i, (c, _) in enumerate(signals) for at, v in zip(c.at_us, c.value, strict=True))
    now: dict[int, tuple[str | None, str]] = {}
    found: list[Change] = []
    for at, i, value in moments:
        now[i] = _named(signals[i][1], value)
        if found and found[-1][0] == at:
            found.pop()
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


@dataclass(frozen=True, slots=True)
class History:
    """A machine's states over a range. `width_us`: above 0, only the last state of each interval so wide is known, and
    `told` is how many changes the machine told in all."""

    row: list[Stretch]
    width_us: int = 0
    told: int = 0


def history(found_changes: Sequence[Change], traces: Sequence[Trace], window: tuple[int, int], now_us: int) -> History:
    """Changes that came from these traces, over [from, to); what lies after now is unknown."""
    from_us, to_us = window
    known = [*(c for c in found_changes if c[0] < now_us), *([(now_us, None, "")] if now_us < to_us else [])]
    told = sum(int(trace.count[(trace.at_us >= from_us) & (trace.at_us < to_us)].sum()) for trace in traces)
    return History(stretches(known, from_us, to_us), max((trace.width_us for trace in traces), default=0), told)


def exact_since(traces: Sequence[Trace], window: tuple[int, int], longest_us: int, most: int = 1_000) -> int:
    """From when on these signals can be read change by change: from the range's start when they were; else from where at
    most `most` changes of each remain, and no more than `longest_us` before its end."""
    from_us, to_us = window
    coarse = [trace for trace in traces if trace.width_us]
    starts = [from_us if not coarse else max(from_us, to_us - longest_us)]
    for trace in coarse:
        left = np.cumsum(trace.count[::-1])[::-1]
        kept = np.flatnonzero(left <= most)
        starts.append(int(trace.at_us[kept[0]]) if len(kept) else int(trace.at_us[-1]))
    return min(max(starts), to_us - 1)


def merged(row: Sequence[Stretch], most: int = MOST_PARTS) -> list[Stretch]:
    """The row in at most `most` stretches: of more, each of so many equal slots shows what lasted longest in it."""
    if len(row) <= most:
        return list(row)
    from_us, width_us = row[0].from_us, row[-1].to_us - row[0].from_us
    lasted: list[dict[str | None, int]] = [{} for _ in range(most)]
    for part in row:
        for slot in range((part.from_us - from_us) * most // width_us, -(-(part.to_us - from_us) * most // width_us)):
            begin, end = (from_us + width_us * edge // most for edge in (slot, slot + 1))
            inside = min(end, part.to_us) - max(begin, part.from_us)
            lasted[slot][part.category] = lasted[slot].get(part.category, 0) + inside
    longest = [(from_us + width_us * i // most, max(held, key=held.__getitem__), "") for i, held in enumerate(lasted)]
    return stretches(longest, from_us, row[-1].to_us)


def heading(found: History, span: str) -> str:
    """The subtitle: which range, and how far the row is from every single state."""
    if found.width_us:
        each = show.duration(found.width_us)
        return t("{span} · last state of each {each}; {told} changes in all", span=span, each=each, told=found.told)
    if len(found.row) > MOST_PARTS:
        shown = len(merged(found.row))
        return t("{span} · {told} states merged to {shown}, the longest leads", span=span, told=len(found.row), shown=shown)
    return span


def telling(found: History, place: str, now_us: int) -> str:
    """Changes when the drawn row does: with a state, or once time has moved by a part of it."""
    last = found.row[-1]
    moved = now_us * MOST_PARTS // max(1, last.to_us - found.row[0].from_us)
    return f"{place}|{len(found.row)}|{last.from_us if len(found.row) > 1 else 0}|{last.category}|{last.text}|{moved}"


def timeline(found: History, zone: str) -> html.Div:
    """The row with its time marks."""
    row = merged(found.row)
    from_us, to_us = row[0].from_us, row[-1].to_us
    coarse = bool(found.width_us) or len(row) < len(found.row)
    parts = [_part(stretch, from_us, to_us - from_us, zone, coarse) for stretch in row]
    marks = [html.Span(_moment(from_us + (to_us - from_us) * i // 4, to_us - from_us, zone)) for i in range(5)]
    marks[-1].children = f"{marks[-1].children} {show.zone_label(to_us, zone)}"
    bar = html.Div(parts, className="pl-states", role="img", **aria(label=spoken(found)))
    lasted = html.P(spoken(found), className="cap t2") if coarse else None
    return html.Div([bar, html.Div(marks, className="pl-marks cap t2"), lasted])


def _moment(at_us: int, width_us: int, zone: str) -> str:
    """A time mark: the clock within a day, the day in longer ranges."""
    if width_us <= DAY_US:
        return show.clock(at_us, zone)
    return show.day_and_clock(at_us, zone) if width_us <= 4 * DAY_US else show.day_and_year(at_us, zone)


def _part(stretch: Stretch, from_us: int, width_us: int, zone: str, coarse: bool) -> html.I:
    left = 100 * (stretch.from_us - from_us) / width_us
    width = 100 * (stretch.to_us - stretch.from_us) / width_us
    suffix = STATES[stretch.category][0] if stretch.category in STATES else "unknown"
    lasted = show.duration(stretch.to_us - stretch.from_us)
    moment = show.clock if width_us <= DAY_US else show.day_and_clock
    span = f"{moment(stretch.from_us, zone)}–{moment(stretch.to_us, zone)}, {lasted}"
    said = _words(stretch)
    if coarse and stretch.category:
        said = t("Mostly {state}", state=word(stretch.category).lower())
    style = {"left": f"{left:.3f}%", "width": f"{width:.3f}%"}
    return html.I(className=f"st st--{suffix}", style=style, title=f"{said}: {span}")


def _words(stretch: Stretch) -> str:
    if stretch.category is None:
        return t("Unknown")
    return stretch.text or word(stretch.category)


def spoken(found: History) -> str:
    """How long in each state, longest first."""
    sums: dict[str, int] = {}
    for stretch in found.row:
        name = word(stretch.category) if stretch.category else t("Unknown")
        sums[name] = sums.get(name, 0) + stretch.to_us - stretch.from_us
    ordered = sorted(sums.items(), key=lambda pair: -pair[1])
    parts = ", ".join(f"{name} {show.duration(us)}" for name, us in ordered)
    return t("States, about: {parts}.", parts=parts) if found.width_us else t("States: {parts}.", parts=parts)


def legend() -> html.Div:
    """The shapes and their words."""
    chips = [
        html.Span(
            [html.I(className=f"st-key st--{STATES[c][0]}", **aria(hidden="true")), word(c).lower()], className="state_chip cap"
        )
        for c in ("running", "idle", "stopped", "cleaning")
    ]
    return html.Div(chips, className="pl-legend cap t2")
