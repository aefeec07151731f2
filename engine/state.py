"""Machine states and what they mean in time: from coded samples to intervals, from intervals to time elements.

A `StateInterval` is what a machine said of itself over [from, to): a state and a mode, or that nobody knows. A `StateMap`
says which element of the ISO 22400-2 time model such an interval is, given whether an order was active and whether the
calendar wanted the machine. Codes differ between makers (PackML alone has two numberings in the field), so maps speak of
the names and categories that state tables give to codes, never of numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from engine.tag import StateTable, is_good

UNKNOWN = "unknown"
"""Category of time of which nobody knows the state."""
FOREVER_US = 2**62
"""Later than every instant: the end of what has none."""


class TimeElement(StrEnum):
    """The buckets of machine time (ISO 22400-2); every instant is in exactly one."""

    PRODUCTION = "apt"
    SETUP = "aust"
    DELAY = "adet"
    DOWN = "adot"
    PLANNED_DOWN = "planned_down"
    NOT_SCHEDULED = "not_scheduled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StateInterval:
    """A machine was in a state and mode over [from_us, to_us); None: still. `code` None and category “unknown”: nobody knows.

    `tag_id` is the evidence, the tag that said the state; `batch` is what was on the machine when the interval began.
    """

    node_id: int
    from_us: int
    to_us: int | None
    code: int | None = None
    text: str = "Unknown"
    category: str = UNKNOWN
    mode_category: str = ""
    tag_id: int | None = None
    batch: str | None = None

    @property
    def known(self) -> bool:
        """False when nobody knows the state."""
        return self.category != UNKNOWN

    def clipped(self, from_us: int, to_us: int) -> StateInterval:
        """The part within a window that it overlaps."""
        end = to_us if self.to_us is None else min(self.to_us, to_us)
        return replace(self, from_us=max(self.from_us, from_us), to_us=end)


@dataclass(frozen=True, slots=True)
class StateRule:
    """Which element an interval is when all of these fit; what is empty or None fits always.

    `states` are names of states (“Execute”), `categories` and `modes` categories of states and of modes (“running”),
    `order` whether an order was active.
    """

    element: TimeElement
    states: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    order: bool | None = None

    def fits(self, interval: StateInterval, order_active: bool) -> bool:
        """True when the rule speaks of such an interval."""
        return (
            (not self.states or interval.text in self.states)
            and (not self.categories or interval.category in self.categories)
            and (not self.modes or interval.mode_category in self.modes)
            and self.order in (None, order_active)
        )


@dataclass(frozen=True, slots=True)
class StateMap:
    """From states to time elements: the first rule that fits holds; without one, a delay of the order or down without one.

    `states` and `modes` are last words of tag names: the first that a machine has says its state, and its mode.
    """

    name: str
    title: str
    states: tuple[str, ...] = ("state", "item_state")
    modes: tuple[str, ...] = ("mode", "operation_mode")
    rules: tuple[StateRule, ...] = field(default=(), metadata={"key": "rule"})

    def element(self, interval: StateInterval, order_active: bool, in_calendar: bool) -> TimeElement:
        """The time element of an interval over which order and calendar stay the same."""
        if not in_calendar:
            return TimeElement.NOT_SCHEDULED
        if not interval.known:
            return TimeElement.UNKNOWN
        found = next((rule.element for rule in self.rules if rule.fits(interval, order_active)), None)
        return found or (TimeElement.DELAY if order_active else TimeElement.DOWN)


ISO_22400 = StateMap(
    "iso-22400",
    "PackML and OPC 40001-1 states as elements of ISO 22400-2",
    rules=(
        StateRule(TimeElement.PLANNED_DOWN, modes=("maintenance",)),
        StateRule(TimeElement.PLANNED_DOWN, categories=("maintenance",)),
        StateRule(TimeElement.SETUP, modes=("setup", "cleaning")),
        StateRule(TimeElement.SETUP, categories=("setup", "cleaning")),
        StateRule(TimeElement.DELAY, states=("Starting", "Completing"), order=True),
        StateRule(TimeElement.DOWN, states=("Starting", "Completing"), order=False),
        StateRule(TimeElement.PRODUCTION, categories=("running",)),
    ),
)
"""The map that holds where a machine names none: only Execute is production, setting up and cleaning are
setup, maintenance is planned; everything else delays an order, or is time down without one."""


# ------------------------------------------------------------------ from samples to intervals
@dataclass(frozen=True, slots=True)
class StateSignal:
    """What a state tag said: samples in order, the last of one instant last, and the spans [from, to) that were lost.

    `codes` int64[n], `good` bool[n].
    """

    tag_id: int
    table: StateTable
    at_us: np.ndarray
    codes: np.ndarray
    good: np.ndarray
    lost: tuple[tuple[int, int], ...] = ()


def signal_of(
    tag_id: int, table: StateTable, columns: tuple[np.ndarray, np.ndarray, np.ndarray], gaps: Iterable[tuple[int, int]]
) -> StateSignal:
    """A signal of its samples (times, bits, statuses) and the gaps that were declared for it.

    A declared gap is believed until the next sample: that one says what holds from its own time on. So a gap of no
    known end (`FOREVER_US`) lasts until the tag speaks again.
    """
    at_us, bits, status = columns
    spans = []
    for from_us, to_us in gaps:
        after = int(np.searchsorted(at_us, from_us, "right"))
        spans.append((from_us, min(to_us, int(at_us[after])) if after < len(at_us) else to_us))
    return StateSignal(tag_id, table, at_us, bits, is_good(status), _joined(spans))


def _joined(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for from_us, to_us in sorted(span for span in spans if span[0] < span[1]):
        if found and from_us <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], to_us))
        else:
            found.append((from_us, to_us))
    return tuple(found)


def intervals_of(
    node_id: int, state: StateSignal, mode: StateSignal | None, from_us: int, to_us: int | None
) -> list[StateInterval]:
    """The intervals of a machine over [from_us, to_us) (None: the last one goes on), neighbours always different.

    They begin with the first sample: before it there is nothing to tell.
    """
    if not len(state.at_us):
        return []
    begin, end = max(from_us, int(state.at_us[0])), FOREVER_US if to_us is None else to_us
    if begin >= end:
        return []
    edges = _edges([state, *([mode] if mode else [])], begin, end)
    states = _said(state, edges)
    modes = _said(mode, edges) if mode else [None] * len(edges)
    ends: Sequence[int | None] = [*edges[1:].tolist(), to_us]
    found = [
        _interval(node_id, state, said, mode, how, span)
        for said, how, span in zip(states, modes, zip(edges.tolist(), ends, strict=True), strict=True)
    ]
    return _merged(found)


def _edges(signals: Sequence[StateSignal], begin: int, end: int) -> np.ndarray:
    """Where something may change within [begin, end), ascending, `begin` first."""
    lost = np.array([edge for signal in signals for span in signal.lost for edge in span], np.int64)
    edges = np.unique(np.concatenate([np.array([begin], np.int64), lost, *(signal.at_us for signal in signals)]))
    found: np.ndarray = edges[(edges >= begin) & (edges < end)]
    return found


def _said(signal: StateSignal, edges: np.ndarray) -> list[int | None]:
    """The code in force at each instant; None: unknown."""
    if not len(signal.at_us):
        return [None] * len(edges)
    place = np.searchsorted(signal.at_us, edges, "right") - 1
    known = (place >= 0) & signal.good[np.maximum(place, 0)]
    for from_us, to_us in signal.lost:
        known &= (edges < from_us) | (edges >= to_us)
    codes = signal.codes[np.maximum(place, 0)].tolist()
    return [code if fine and code in signal.table.codes else None for code, fine in zip(codes, known.tolist(), strict=True)]


def _interval(  # what is in one row
    node_id: int,
    state: StateSignal,
    code: int | None,
    mode: StateSignal | None,
    mode_code: int | None,
    span: tuple[int, int | None],
) -> StateInterval:
    if code is None:
        return StateInterval(node_id, *span, tag_id=state.tag_id)
    text, category = state.table.codes[code]
    how = "" if mode is None or mode_code is None else mode.table.codes[mode_code][1]
    return StateInterval(node_id, *span, code, text, category, how, state.tag_id)


def _merged(found: Iterable[StateInterval]) -> list[StateInterval]:
    merged: list[StateInterval] = []
    for item in found:
        if merged and _same(merged[-1], item):
            merged[-1] = replace(merged[-1], to_us=item.to_us)
        else:
            merged.append(item)
    return merged


def _same(one: StateInterval, other: StateInterval) -> bool:
    return (one.code, one.category, one.mode_category, one.tag_id) == (
        other.code,
        other.category,
        other.mode_category,
        other.tag_id,
    )


# ------------------------------------------------------------------ reading
def filled(node_id: int, found: Sequence[StateInterval], span: tuple[int, int], dead_us: int | None) -> list[StateInterval]:
    """Intervals that cover a window [from, to) without holes: unknown where there is none, and since the source is dead.

    `dead_us` is when the machine's source was last heard of, None while it lives: from then on nobody knows, whatever
    the last interval said.
    """
    from_us, to_us = span
    if from_us >= to_us:
        return []
    end = to_us if dead_us is None else min(to_us, max(dead_us, from_us))
    kept = [i.clipped(from_us, end) for i in found if i.from_us < end and (i.to_us is None or i.to_us > from_us)]
    ends = [from_us, *(i.to_us or end for i in kept)]
    starts = [*(i.from_us for i in kept), to_us]
    holes = [StateInterval(node_id, a, b) for a, b in zip(ends, starts, strict=True) if a < b]
    return sorted([*kept, *holes], key=lambda i: i.from_us)
