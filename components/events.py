"""What happened at a machine over a range: one row for each stop, mode and change of batch, newest first.

A stop is everything between two stretches of running, however many states the machine passes on its way (PackML:
Aborting, Aborted, Clearing, Stopped, Resetting); it is named by the gravest of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any
from zlib import crc32

from dash import html

from components import format as show
from components import live
from components.shape import icon, shape, word
from components.states import empty
from components.text import t
from components.timeline import MODES_THAT_LEAD, Change
from components.view import View
from engine.historian.block import TextEvent
from engine.tag import Tag
from engine.time import SECOND_US

MOST_EVENTS = 40
STOPS = ("aborted", "held", "stopped", "suspended", "idle")
"""Categories in which a machine stands, the gravest first."""
UNKNOWN = "unknown"
REASON = "stop_reason"
"""Last word of the name of the text signal that says why a machine stands."""
TOGETHER_US = 2 * SECOND_US
_LEADING = ("batch", "phase", "order", "product")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `until_us` is its end, `ended` False: it lasts until then at least; with neither it lasts.
    What has no length (a message) has the same `at_us` and `until_us`."""

    at_us: int
    title: str
    detail: str = ""
    category: str | None = None
    until_us: int | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """The events of a range: the newest of them, and how many there are (`more`: at least)."""

    rows: list[Event]
    count: int
    more: bool = False


def together(stood: Sequence[Event], said: Sequence[Event]) -> list[Event]:
    """What was said at the moment at which a stop or mode began stands beside it; the rest are events of their own."""
    found = list(stood)
    for message in said:
        at = next((i for i, event in enumerate(stood) if abs(event.at_us - message.at_us) <= TOGETHER_US), None)
        if at is None:
            found.append(message)
        else:
            beside = (found[at].detail, message.title, message.detail)
            found[at] = replace(found[at], detail=" · ".join(part for part in beside if part))
    return found


def told(found: Sequence[Event], since_us: int, from_us: int) -> Told:
    """The newest events of a range from `from_us` on, of which all since `since_us` were read."""
    whole = since_us <= from_us
    kept = [row for row in found if whole or row.at_us >= since_us]
    return Told(sorted(kept, key=lambda row: -row.at_us)[:MOST_EVENTS], len(kept), not whole)


# ------------------------------------------------------------------ states
def stops(changes: Sequence[Change], view: View, now_us: int, reasons: Sequence[TextEvent] = ()) -> list[Event]:
    """One event for each time that the machine stood, was cleaned, serviced or set up, or told nothing.

    Of what comes after the range only the next change is believed: traces bring no more than one sample from there.
    """
    inside = [change for change in changes if change[0] < min(view.to_us, now_us)]
    beyond = [change for change in changes[len(inside) :] if change[0] < now_us][:1]
    grouped = [list(group) for _, group in groupby([*inside, *beyond], key=lambda change: _kind(change[1]))]
    ends = dict(enumerate(members[0][0] for members in grouped[1:]))
    found = []
    for place, members in enumerate(grouped):
        end_us = ends.get(place)
        outside = members[0][0] >= view.to_us or (end_us is not None and end_us <= view.from_us)
        if outside or _kind(members[0][1]) == "running":
            continue
        until_us = view.to_us if end_us is None and beyond else end_us
        said = _reason(reasons, members[0][0], until_us or now_us)
        found.append(Event(members[0][0], _title(members), said, _gravest(members), until_us, end_us is not None))
    return found


def _kind(category: str | None) -> str:
    if category is None:
        return UNKNOWN
    if category in MODES_THAT_LEAD:
        return category
    return "stop" if category in STOPS else "running"


def _gravest(members: Sequence[Change]) -> str | None:
    passed = {category for _, category, _ in members}
    return next((category for category in STOPS if category in passed), members[0][1])


def _title(members: Sequence[Change]) -> str:
    category = _gravest(members)
    return t("State not known") if category is None else word(category)


def _reason(reasons: Sequence[TextEvent], from_us: int, to_us: int) -> str:
    """The last thing that was said to be the reason while the machine stood; what was said before it stood counts not."""
    said = [event.text for event in reasons if from_us <= event.at_us < to_us and event.text]
    return said[-1] if said else ""


# ------------------------------------------------------------------ texts
def sorted_out(texts: Sequence[tuple[Tag, TextEvent]]) -> tuple[list[TextEvent], list[tuple[Tag, TextEvent]]]:
    """The reasons of stops, and everything else that was said."""
    says_why = [tag.name.rpartition(".")[2] == REASON for tag, _ in texts]
    reasons = [event for (_, event), why in zip(texts, says_why, strict=True) if why]
    return reasons, [pair for pair, why in zip(texts, says_why, strict=True) if not why]


def messages(texts: Sequence[tuple[Tag, TextEvent]], from_us: int) -> list[Event]:
    """One event for what is said at one moment: a new batch comes with its product, order and phase.

    `texts` are in order of time; those before `from_us` tell what an end is the end of.
    """
    before: dict[int, str] = {}
    found: list[list[tuple[Tag, TextEvent, str]]] = []
    for tag, event in texts:
        was, before[tag.id] = before.get(tag.id, ""), event.text
        if event.at_us < from_us or event.text == was:
            continue
        if found and event.at_us - found[-1][0][1].at_us <= TOGETHER_US:
            found[-1].append((tag, event, was))
        else:
            found.append([(tag, event, was)])
    return [_message(group) for group in found]


def _message(group: Sequence[tuple[Tag, TextEvent, str]]) -> Event:
    """Named by what began, else by what ended; the rest stands beside it."""
    ordered = sorted(group, key=lambda item: (not item[1].text, _turn(item[0])))
    tag, event, was = ordered[0]
    title = f"{tag.title} {event.text}" if event.text else t("{title} {was} ended", title=tag.title, was=was)
    beside = [f"{other.title}: {said.text}" for other, said, _ in ordered[1:] if said.text]
    return Event(event.at_us, title, " · ".join(beside), until_us=event.at_us, ended=True)


def horizon(texts: Sequence[tuple[Tag, TextEvent]], most: int, from_us: int) -> int:
    """From when on these texts are all there are, when at most `most` of each signal were read."""
    at_us: dict[int, list[int]] = {}
    for tag, event in texts:
        at_us.setdefault(tag.id, []).append(event.at_us)
    return max([from_us, *(moments[0] for moments in at_us.values() if len(moments) >= most)])


def _turn(tag: Tag) -> int:
    key = tag.name.rpartition(".")[2]
    return _LEADING.index(key) if key in _LEADING else len(_LEADING)


# ------------------------------------------------------------------ shown
def telling(place: str, found: Told) -> str:
    """Changes when the list does."""
    rows = [(row.at_us, row.title, row.detail, row.until_us) for row in found.rows]
    return f"{place}|{found.count}|{crc32(repr(rows).encode())}"


def heading(found: Told, span: str) -> str:
    """The subtitle: which range, and how many of its events are listed."""
    values = {"span": span, "shown": len(found.rows), "all": found.count}
    if found.more:
        return t("{span} · newest {shown} of more than {all}", **values)
    return t("{span} · newest {shown} of {all}", **values) if len(found.rows) < found.count else span


def events(found: Told, view: View, now_us: int) -> Any:
    """The list."""
    if not found.rows:
        first, last = show.dated(view.from_us, view.zone), show.dated(view.to_us, view.zone)
        return empty(t("Lists stops and changes of batch. Nothing happened from {first} to {last}.", first=first, last=last))
    return html.Ul([_row(row, view.zone, now_us) for row in found.rows], className="ev")


def _row(row: Event, zone: str, now_us: int) -> html.Li:
    mark = icon("flag") if row.until_us == row.at_us else shape(row.category or "bad", hidden=True)
    moment = html.Span(show.when(row.at_us, zone, now_us), className="w", title=show.iso(row.at_us, zone))
    said = html.Span([row.title, *_length(row, now_us)], className="med")
    return html.Li([moment, mark, said, html.Span(row.detail, className="m")])


def _length(row: Event, now_us: int) -> list[Any]:
    """How long it took; of what lasts, the script counts on."""
    if row.until_us is None:
        return [t(" for "), live.age(row.at_us, now_us)]
    if row.until_us == row.at_us:
        return []
    lasted = show.duration(row.until_us - row.at_us)
    return [f", {lasted}" if row.ended else t(", {lasted} or longer", lasted=lasted)]
