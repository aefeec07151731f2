"""The states of an alarm: ANSI/ISA-18.2-2016 (IEC 62682:2022), the alarm state transition diagram."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.alarm import AlarmEvent as E
from engine.alarm import AlarmState as S
from engine.alarm import after
from engine.alarm.state import ANNUNCIATED, TRANSITIONS
from engine.errors import Conflict


@pytest.mark.parametrize(
    ("state", "event", "then"),
    [
        (S.NORMAL, E.RAISE, S.UNACKNOWLEDGED),
        (S.UNACKNOWLEDGED, E.ACKNOWLEDGE, S.ACKNOWLEDGED),
        (S.UNACKNOWLEDGED, E.CLEAR, S.RETURNED),
        (S.RETURNED, E.ACKNOWLEDGE, S.NORMAL),
        (S.RETURNED, E.RAISE, S.UNACKNOWLEDGED),
        (S.ACKNOWLEDGED, E.CLEAR, S.NORMAL),
        (S.ACKNOWLEDGED, E.SHELVE, S.SHELVED),
        (S.SHELVED, E.RETURN, S.NORMAL),
    ],
)
def test_transitions_of_the_standard(state: S, event: E, then: S) -> None:
    assert after(state, event) is then


def test_what_is_not_in_the_table_is_refused_in_a_sentence() -> None:
    for state, event in product(S, E):
        if (state, event) not in TRANSITIONS:
            with pytest.raises(Conflict, match=r"^An alarm that is .* cannot be .*\.$"):
                after(state, event)


def test_every_state_can_be_set_aside_and_comes_back() -> None:
    for state in (S.NORMAL, *ANNUNCIATED):
        for event in (E.SHELVE, E.SUPPRESS, E.REMOVE):
            assert after(after(state, event), E.RETURN) is S.NORMAL


@given(st.lists(st.sampled_from([*E]), max_size=30))
def test_an_alarm_leaves_the_list_only_by_acknowledging_or_by_being_set_aside(events: list[E]) -> None:
    """Nothing that nobody has seen ever vanishes by itself."""
    state, seen = S.NORMAL, True
    for event in events:
        if (state, event) not in TRANSITIONS:
            continue
        state = after(state, event)
        seen = (seen or event is E.ACKNOWLEDGE) and event is not E.RAISE
        if state is S.NORMAL and event in (E.CLEAR, E.ACKNOWLEDGE):
            assert seen or event is E.ACKNOWLEDGE
