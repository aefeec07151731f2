"""Performance figures: definitions of ISA-18.2-2016 clause 16 and EEMUA 191, with answers by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.alarm import Priority, rolled_up, worst
from engine.alarm.performance import KPIS, SPAN_US, Raised, per_span, performance
from engine.location import MapDef, NodeKind, Tree
from engine.time import HOUR_US, SECOND_US

T0 = 1_789_999_200 * SECOND_US  # a multiple of ten minutes
MINUTE = 60 * SECOND_US


def one(at_us: int, definition: int = 1, priority: Priority = Priority.LOW, cleared: int | None = None) -> Raised:
    return Raised(definition, f"alarm {definition}", "press", priority, at_us, cleared)


def test_mean_worst_and_flood() -> None:
    flood = [one(T0 + SPAN_US + i * 30 * SECOND_US, i) for i in range(12)]
    found = performance([one(T0, 99), *flood], T0, T0 + HOUR_US)
    assert found.mean_per_span == pytest.approx(13 / 6)
    assert (found.worst_per_span, found.worst_span_us) == (12, T0 + SPAN_US)
    assert found.flood_share == pytest.approx(1 / 6)


def test_ten_in_ten_minutes_is_no_flood_yet() -> None:
    assert performance([one(T0 + i * MINUTE, i) for i in range(10)], T0, T0 + SPAN_US).flood_share == 0.0


def test_chattering_is_three_within_a_minute() -> None:
    slow = [one(T0 + i * 31 * SECOND_US, 1) for i in range(5)]
    fast = [one(T0 + i * 29 * SECOND_US, 2) for i in range(3)]
    found = performance(sorted([*slow, *fast], key=lambda r: r.raised_at_us), T0, T0 + HOUR_US)
    assert [o.definition_id for o in found.chattering] == [2]


def test_fleeting_is_gone_before_anybody_could_act() -> None:
    found = performance([one(T0, 1, cleared=T0 + 9 * SECOND_US), one(T0, 2, cleared=T0 + 10 * SECOND_US)], T0, T0 + HOUR_US)
    assert [o.definition_id for o in found.fleeting] == [1]


def test_the_top_ten_and_the_mix_are_shares_of_all() -> None:
    raised = [one(T0 + i, i % 12, Priority.LOW if i % 5 else Priority.HIGH) for i in range(60)]
    found = performance(raised, T0, T0 + HOUR_US)
    assert len(found.top) == 10
    assert found.top_share == pytest.approx(50 / 60)
    assert found.mix == {Priority.URGENT: 0.0, Priority.HIGH: 0.2, Priority.LOW: 0.8}


def test_a_range_without_alarms_or_too_short_has_no_shares() -> None:
    empty = performance([], T0, T0 + HOUR_US)
    assert (empty.mean_per_span, empty.worst_per_span, empty.flood_share, empty.top_share, empty.mix) == (0, 0, 0, None, {})
    short = performance([one(T0)], T0, T0 + MINUTE)
    assert (short.mean_per_span, short.worst_per_span, short.flood_share) == (None, None, None)
    assert all(kpi.value(short) is None for kpi in KPIS[:3])


@given(st.lists(st.integers(0, 6 * HOUR_US), max_size=50))
def test_every_alarm_is_in_exactly_one_span(times: list[int]) -> None:
    raised = [one(T0 + t) for t in sorted(times) if t < 6 * HOUR_US]
    assert sum(count for _, count in per_span(raised, T0, T0 + 6 * HOUR_US)) == len(raised)


def test_a_node_wears_the_worst_alarm_below_it() -> None:
    nodes = [
        MapDef(1, 1, None, "dublin", "dublin", "Dublin", NodeKind.SITE),
        MapDef(2, 1, 1, "line", "dublin/line", "Line", NodeKind.LINE),
        MapDef(3, 1, 2, "press", "dublin/line/press", "Press", NodeKind.MACHINE),
        MapDef(4, 1, 1, "room", "dublin/room", "Room", NodeKind.ROOM),
    ]
    found = rolled_up(Tree(nodes), {3: {Priority.LOW: 2}, 4: {Priority.URGENT: 1}, 2: {Priority.HIGH: 1}})
    assert found[1] == {Priority.LOW: 2, Priority.HIGH: 1, Priority.URGENT: 1}
    assert found[2] == {Priority.LOW: 2, Priority.HIGH: 1}
    assert found[3] == {Priority.LOW: 2}
    assert [worst(found[n]) for n in (1, 2, 3, 4)] == [Priority.URGENT, Priority.HIGH, Priority.LOW, Priority.URGENT]
    assert worst({}) is None
    assert worst({Priority.LOW: 0}) is None
