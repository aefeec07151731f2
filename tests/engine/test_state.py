"""States become intervals, and intervals time elements (OPC 40001-1 annex C, PackML in both numberings)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.state import (
    FOREVER_US,
    ISO_22400,
    StateInterval,
    StateMap,
    StateRule,
    StateSignal,
    TimeElement,
    filled,
    intervals_of,
    signal_of,
)
from engine.tag import BAD, StateTable
from engine.twin.places import ITEM_STATES, MODES, OPERATION_MODES, PACKML, PACKTAGS

APT, AUST, ADET, ADOT = TimeElement.PRODUCTION, TimeElement.SETUP, TimeElement.DELAY, TimeElement.DOWN


def interval(table: StateTable, code: int, modes: StateTable | None = None, mode: int = 0) -> StateInterval:
    text, category = table.codes[code]
    return StateInterval(1, 0, 1, code, text, category, modes.codes[mode][1] if modes else "")


# ------------------------------------------------------------------ maps
OPC_40001 = [
    # state, mode, order active, element: annex C of OPC 40001-1
    ("Executing", "Processing", True, APT),
    ("NotExecuting", "Processing", True, ADET),
    ("NotExecuting", "None", False, ADOT),
    ("OutOfService", "Processing", True, ADET),
    ("OutOfService", "None", False, ADOT),
    ("NotExecuting", "Setup", True, AUST),
    ("Executing", "Setup", False, AUST),
    ("Executing", "Maintenance", True, TimeElement.PLANNED_DOWN),
    ("OutOfService", "Maintenance", False, TimeElement.PLANNED_DOWN),
]


@pytest.mark.parametrize(("state", "mode", "order", "element"), OPC_40001)
def test_machinery_item_states_and_modes_are_the_elements_of_annex_c(
    state: str, mode: str, order: bool, element: TimeElement
) -> None:
    codes = {text: code for code, (text, _) in ITEM_STATES.codes.items()}
    modes = {text: code for code, (text, _) in OPERATION_MODES.codes.items()}
    found = interval(ITEM_STATES, codes[state], OPERATION_MODES, modes[mode])
    assert ISO_22400.element(found, order, True) is element
    assert ISO_22400.element(found, order, False) is TimeElement.NOT_SCHEDULED


def test_both_numberings_of_packml_mean_the_same_and_only_execute_is_production() -> None:
    for code, (text, _) in PACKML.codes.items():
        other = next(n for n, (name, _) in PACKTAGS.codes.items() if name == text)
        for order in (True, False):
            elements = {
                ISO_22400.element(interval(table, number), order, True) for table, number in ((PACKML, code), (PACKTAGS, other))
            }
            assert elements == {APT if text == "Execute" else ADET if order else ADOT}, text


@pytest.mark.parametrize(
    ("mode", "element"), [(1, APT), (2, TimeElement.PLANNED_DOWN), (3, TimeElement.PLANNED_DOWN), (4, AUST), (5, AUST)]
)
def test_the_mode_of_a_packml_unit_decides_before_its_state(mode: int, element: TimeElement) -> None:
    assert ISO_22400.element(interval(PACKML, 4, MODES, mode), True, True) is element


def test_unknown_is_unknown_whatever_the_rules_and_the_order_say() -> None:
    everything = StateMap("all", "All", rules=(StateRule(APT),))
    assert everything.element(StateInterval(1, 0, 1), True, True) is TimeElement.UNKNOWN
    assert everything.element(interval(PACKML, 0), False, True) is APT


def test_the_first_rule_that_fits_holds() -> None:
    special = StateMap("x", "X", rules=(StateRule(AUST, states=("Held",), order=True), StateRule(APT, categories=("held",))))
    assert special.element(interval(PACKML, 15), True, True) is AUST
    assert special.element(interval(PACKML, 15), False, True) is APT
    assert special.element(interval(PACKML, 8), False, True) is ADOT


# ------------------------------------------------------------------ intervals
def signal(table: StateTable, points: list[tuple[int, int]], bad: tuple[int, ...] = (), gaps: tuple = ()) -> StateSignal:
    at, codes = (np.array(column, np.int64) for column in zip(*points, strict=True))
    status = np.array([BAD if t in bad else 0 for t, _ in points], np.uint32)
    return signal_of(7, table, (at, codes, status), gaps)


def short(found: list[StateInterval]) -> list[tuple[int, int | None, str]]:
    return [(i.from_us, i.to_us, i.text) for i in found]


def test_a_gap_without_an_end_lasts_until_the_next_sample() -> None:
    said = signal(PACKML, [(10, 4), (50, 4)], gaps=((20, FOREVER_US),))
    assert short(intervals_of(1, said, None, 0, None)) == [(10, 20, "Execute"), (20, 50, "Unknown"), (50, None, "Execute")]


def test_a_sample_at_the_very_end_of_a_window_belongs_to_the_next() -> None:
    said = signal(PACKML, [(10, 4), (20, 8)])
    assert short(intervals_of(1, said, None, 0, 20)) == [(10, 20, "Execute")]
    assert short(intervals_of(1, said, None, 20, 30)) == [(20, 30, "Aborted")]


def test_of_two_values_of_one_instant_the_last_one_holds() -> None:
    said = signal(PACKML, [(10, 4), (10, 8), (20, 4)])
    assert short(intervals_of(1, said, None, 0, 30)) == [(10, 20, "Aborted"), (20, 30, "Execute")]


times = st.integers(0, 50)
points = st.lists(st.tuples(times, st.integers(0, 18)), min_size=1, max_size=12).map(sorted)
gaps = st.lists(st.tuples(times, times).filter(lambda g: g[0] < g[1]), max_size=3)


@given(points, points, gaps, times, times)
def test_intervals_cover_their_window_from_the_first_sample_on_and_neighbours_differ(
    states: list, modes: list, lost: list, one: int, other: int
) -> None:
    begin, end = min(one, other), max(one, other) + 1
    found = intervals_of(1, signal(PACKML, states, gaps=tuple(lost)), signal(MODES, modes), begin, end)
    first = max(begin, states[0][0])
    assert sum((i.to_us or 0) - i.from_us for i in found) == max(end - first, 0)
    for left, right in pairwise(found):
        assert left.to_us == right.from_us
        assert (left.code, left.mode_category) != (right.code, right.mode_category) or left.category != right.category


@given(points, gaps, times, times)
def test_intervals_of_two_windows_are_those_of_both(states: list, lost: list, one: int, cut: int) -> None:
    said = signal(PACKML, states, gaps=tuple(lost))
    whole = {t: i.text for i in intervals_of(1, said, None, 0, 60) for t in range(i.from_us, i.to_us or 0)}
    parts = [*intervals_of(1, said, None, 0, cut), *intervals_of(1, said, None, cut, 60)]
    assert {t: i.text for i in parts for t in range(i.from_us, i.to_us or 0)} == whole


# ------------------------------------------------------------------ views
@given(st.lists(st.tuples(times, st.integers(1, 9)), max_size=5), times, st.integers(1, 60), st.none() | times)
def test_a_filled_window_has_no_hole_and_no_overlap(spans: list, begin: int, length: int, dead: int | None) -> None:
    stored, free = [], 0
    for at, lasts in sorted(spans):
        start = max(at, free)
        free = start + lasts
        stored.append(StateInterval(1, start, free, 4, "Execute", "running"))
    found = filled(1, stored, (begin, begin + length), dead)
    assert [i.from_us for i in found] == [begin, *(i.to_us for i in found[:-1])]
    assert found[-1].to_us == begin + length
    known = sum((i.to_us or 0) - i.from_us for i in found if i.known)
    until = begin + length if dead is None else min(begin + length, max(dead, begin))
    assert known == sum(max(0, min(i.to_us or 0, until) - max(i.from_us, begin)) for i in stored)


def test_an_open_stop_ends_where_its_source_was_last_heard() -> None:
    stop = StateInterval(1, 10, None, 8, "Aborted", "aborted")
    assert short(filled(1, [stop], (0, 100), 40)) == [(0, 10, "Unknown"), (10, 40, "Aborted"), (40, 100, "Unknown")]
