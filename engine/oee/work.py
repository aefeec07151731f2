"""From what is known of a machine (states, occupations, counters, calendar, ideal rates) to its sums over any span."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.oee.plan import PAUSED, PLANNED, Plan
from engine.oee.totals import OeeTotals
from engine.state import FOREVER_US, StateInterval, StateMap, TimeElement
from engine.time import HOUR_US, SECOND_US

LOOK_BACK_US = 4 * HOUR_US
"""How far before a rise of a counter known and unknown time are told apart."""
ALWAYS_US = -(2**62)
"""Before all time."""
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Counted:
    """What a counter counted: at `at_us[i]` it was seen to have risen by `gains[i]` since `since_us[i]`. Good samples only.

    `bad_us` are the times of bad samples; before `heard_us` nothing good was ever heard of it.
    """

    at_us: np.ndarray
    since_us: np.ndarray
    gains: np.ndarray
    bad_us: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    heard_us: int = ALWAYS_US

    @classmethod
    def nothing(cls) -> Counted:
        """A counter that is not there: what is made is unknown, and not zero."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), heard_us=FOREVER_US)

    def blind(self, from_us: int, to_us: int) -> list[tuple[int, int]]:
        """The parts of [from_us, to_us) in which nobody knows what was counted.

        That is before the first good sample, and from the first of the bad ones with which the span ends: a good one
        after bad ones tells what rose in between.
        """
        if self.heard_us >= to_us:
            return [(from_us, to_us)]
        found = [(from_us, self.heard_us)] if self.heard_us > from_us else []
        before = np.searchsorted(self.at_us, to_us)
        last_good = int(self.at_us[before - 1]) if before else self.heard_us
        bad = self.bad_us[(self.bad_us > last_good) & (self.bad_us < to_us)]
        return [*found, (max(int(bad[0]), from_us), to_us)] if len(bad) else found

    def within(self, from_us: int, to_us: int) -> Counted:
        """The rises seen in [from_us, to_us): half-open, so that a pulse on a boundary counts once."""
        inside = slice(*np.searchsorted(self.at_us, [from_us, to_us]))
        return Counted(self.at_us[inside], self.since_us[inside], self.gains[inside])


@dataclass(frozen=True, slots=True)
class Worked:
    """The machine was used by a batch of a product over [from_us, to_us)."""

    from_us: int
    to_us: int
    product: str | None


@dataclass(frozen=True, slots=True)
class Rates:
    """Ideal rates of a machine, pieces an hour: for each product the rates with the times from which they hold, ascending."""

    by_product: Mapping[str, tuple[tuple[int, float], ...]] = field(default_factory=dict)

    def at(self, product: str | None, at_us: int) -> float | None:
        """The rate in effect for a product; of an unknown one only when all products have the same."""
        if product is not None:
            return next((rate for since, rate in reversed(self.by_product.get(product, ())) if since <= at_us), None)
        known = self._in_effect(at_us)
        return known[0] if len(set(known)) == 1 else None

    def usual(self, at_us: int) -> float | None:
        """The mean of the rates in effect: what the machine could do while nobody says with what; None without any."""
        known = self._in_effect(at_us)
        return sum(known) / len(known) if known else None

    def _in_effect(self, at_us: int) -> list[float]:
        found = (self.at(product, at_us) for product in self.by_product)
        return [rate for rate in found if rate is not None]

    def changes(self) -> list[int]:
        """The times at which a rate begins to hold."""
        return sorted({since for rates in self.by_product.values() for since, _ in rates})


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """All that is known of a machine over a window.

    `intervals` cover it, and `LOOK_BACK_US` before it, without holes; `worked` never overlaps and is in order.
    `dead_us`: since when its source was silent, None while it lives.
    """

    node_id: int
    site_id: int
    state_map: StateMap
    plan: Plan
    intervals: Sequence[StateInterval]
    worked: Sequence[Worked] = ()
    rates: Rates = field(default_factory=Rates)
    produced: Counted = field(default_factory=Counted.nothing)
    rejected: Counted = field(default_factory=Counted.nothing)
    dead_us: int | None = None


def totals_of(machine: MachineFacts, from_us: int, to_us: int) -> OeeTotals:
    """The sums of a machine over [from_us, to_us), which lies within its facts; every instant is in exactly one bucket."""
    if from_us >= to_us:
        return OeeTotals()
    pieces = _pieces(machine, from_us, to_us)
    return OeeTotals(**_times(pieces), **_made(machine, pieces, from_us, to_us))


@dataclass(frozen=True, slots=True)
class _Pieces:
    """The window cut wherever anything changes: in each piece all is constant. `rate` and `usual` are NaN where unknown.

    `rate` is so too where nobody knows what was made: pieces that were not counted are no loss.
    """

    edges: np.ndarray
    element: np.ndarray
    rate: np.ndarray
    usual: np.ndarray

    @property
    def seconds(self) -> np.ndarray:
        """Length of each piece."""
        found: np.ndarray = np.diff(self.edges) / SECOND_US
        return found

    def is_in(self, *elements: TimeElement) -> np.ndarray:
        """True for pieces of these elements."""
        return np.isin(self.element, [_NUMBER[e] for e in elements])


_ELEMENTS = tuple(TimeElement)
_NUMBER = {element: n for n, element in enumerate(_ELEMENTS)}
_SUM_OF = {
    TimeElement.PRODUCTION: "production_s",
    TimeElement.SETUP: "setup_s",
    TimeElement.DELAY: "delay_s",
    TimeElement.DOWN: "down_s",
    TimeElement.PLANNED_DOWN: "planned_down_s",
    TimeElement.NOT_SCHEDULED: "not_scheduled_s",
    TimeElement.UNKNOWN: "unknown_s",
}
_OUTSIDE = (TimeElement.NOT_SCHEDULED, TimeElement.PLANNED_DOWN)


def _pieces(machine: MachineFacts, from_us: int, to_us: int) -> _Pieces:
    begins = np.array([i.from_us for i in machine.intervals], np.int64)
    used = np.array([[w.from_us, w.to_us] for w in machine.worked], np.int64).reshape(-1, 2)
    changes = np.array(machine.rates.changes(), np.int64)
    blind = np.array(machine.produced.blind(from_us, to_us), np.int64).reshape(-1, 2)
    edges = np.unique(
        np.concatenate([[from_us], begins, used.ravel(), machine.plan.starts_us, changes, blind.ravel(), [to_us]])
    )
    edges = edges[(edges >= from_us) & (edges <= to_us)]
    starts = edges[:-1]
    state = np.searchsorted(begins, starts, "right") - 1
    turn = _turns(used, starts)
    element = _elements(machine, state, turn >= 0, machine.plan.kind_at(starts))
    rate, usual = _rates(machine, turn, np.searchsorted(changes, starts, "right"), starts)
    return _Pieces(edges, element, np.where(_turns(blind, starts) >= 0, np.nan, rate), usual)


def _turns(used: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Index of the span (of some that never overlap) that holds each piece; -1: none."""
    if not len(used):
        return np.full(len(starts), -1)
    place = np.searchsorted(used[:, 0], starts, "right") - 1
    return np.where((place >= 0) & (starts < used[np.maximum(place, 0), 1]), place, -1)


def _elements(machine: MachineFacts, state: np.ndarray, active: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """The time element of each piece, decided once for each combination that occurs."""

    def decide(where: tuple[int, bool, int]) -> int:
        index, order_active, planned = where
        if planned == PAUSED:
            return _NUMBER[TimeElement.PLANNED_DOWN]
        interval = machine.intervals[index]
        return _NUMBER[machine.state_map.element(interval, order_active, planned == PLANNED)]

    return _mapped(decide, list(zip(state.tolist(), active.tolist(), kind.tolist(), strict=True)), np.int64)


def _rates(machine: MachineFacts, turn: np.ndarray, era: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ideal rate of each piece's product, and the usual rate of the machine; both constant between changes of rates."""
    first = dict(zip(era.tolist()[::-1], starts.tolist()[::-1], strict=True))
    products = [machine.worked[t].product if t >= 0 else None for t in turn.tolist()]
    where = list(zip(products, era.tolist(), strict=True))
    rate = _mapped(lambda key: _number(machine.rates.at(key[0], first[key[1]])), where, np.float64)
    usual = _mapped(lambda key: _number(machine.rates.usual(first[key[1]])), where, np.float64)
    return rate, np.where(np.isnan(rate), usual, rate)


def _number(rate: float | None) -> float:
    return np.nan if rate is None else rate


def _mapped(function: Callable[..., float], keys: Sequence[tuple[object, ...]], kind: type) -> np.ndarray:
    known = {key: function(key) for key in set(keys)}
    return np.array([known[key] for key in keys], kind)


def _times(pieces: _Pieces) -> dict[str, float]:
    seconds = pieces.seconds
    sums = np.bincount(pieces.element, seconds, len(_ELEMENTS))
    making = pieces.is_in(TimeElement.PRODUCTION)
    busy = ~pieces.is_in(*_OUTSIDE)
    found = {_SUM_OF[element]: float(sums[n]) for n, element in enumerate(_ELEMENTS)}
    return found | {
        "all_s": float((pieces.edges[-1] - pieces.edges[0]) / SECOND_US),
        "unrated_s": float(seconds[making & np.isnan(pieces.rate)].sum()),
        "capacity": float(np.nansum(seconds[busy] * pieces.usual[busy]) / _HOUR_S),
    }


def _made(machine: MachineFacts, pieces: _Pieces, from_us: int, to_us: int) -> dict[str, float]:
    """Pieces made, good ones, and the standard time of both."""
    produced, rejected = machine.produced.within(from_us, to_us), machine.rejected.within(from_us, to_us)
    made, lost = float(produced.gains.sum()), float(rejected.gains.sum())
    standard = _standard_s(produced, machine, pieces)
    wasted = _standard_s(rejected, machine, pieces)
    return {
        "produced": made,
        "good": max(made - lost, 0.0),
        "standard_s": standard,
        "standard_good_s": max(standard - wasted, 0.0),
    }


def _standard_s(counted: Counted, machine: MachineFacts, pieces: _Pieces) -> float:
    """Σ PRI·pieces over pieces seen in planned busy time with an ideal rate.

    Of pieces seen first after a silence only the share counts that fell into known time: the rest belongs to time that
    is in no ratio.
    """
    if not len(counted.at_us):
        return 0.0
    place = np.searchsorted(pieces.edges, counted.at_us, "right") - 1
    counts = ~pieces.is_in(*_OUTSIDE)[place] & ~np.isnan(pieces.rate[place])
    each_s = np.where(counts, _HOUR_S / np.where(counts, pieces.rate[place], 1.0), 0.0)
    return float((counted.gains * each_s * _known_share(counted, machine)).sum())


def _known_share(counted: Counted, machine: MachineFacts) -> np.ndarray:
    """The share of known time between the sample before (no further back than `LOOK_BACK_US`) and the one that saw the rise."""
    since_us = np.maximum(counted.since_us, counted.at_us - LOOK_BACK_US)
    ends = [i.to_us if i.to_us is not None else FOREVER_US for i in machine.intervals]
    edges = np.array([machine.intervals[0].from_us, *ends], np.float64)
    lost = [0.0 if i.known else float(end - i.from_us) for i, end in zip(machine.intervals, ends, strict=True)]
    unknown = np.concatenate([[0.0], np.cumsum(lost)])
    span = np.maximum((counted.at_us - since_us).astype(np.float64), 1.0)
    gone = np.interp(counted.at_us, edges, unknown) - np.interp(since_us, edges, unknown)
    return np.clip(1.0 - gone / span, 0.0, 1.0)
