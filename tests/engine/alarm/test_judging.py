"""Judging: deadband and delays as ISA-18.2-2016 (IEC 62682) means them, and what holds for any course of a signal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.alarm import AlarmDefinition, AlarmKind, AlarmState, Priority, Rule
from engine.alarm.judging import NEVER, Condition, Sample, Watch, beyond, judge, step
from engine.errors import Invalid

S = 1_000_000


def rule(kind: AlarmKind = AlarmKind.ABOVE, **more: Any) -> Rule:
    limits = {"limit": 8.0} if kind in (AlarmKind.ABOVE, AlarmKind.BELOW) else {}
    return Rule(**{"id": 1, "site_id": 1, "node_id": 2, "kind": kind, "priority": Priority.HIGH} | limits | more)


def at(seconds: float, value: float, **more: Any) -> Sample:
    return Sample(round(seconds * S), value, **more)


def run(alarm: Rule, course: list[tuple[float, float]], every_s: float = 1.0) -> list[tuple[float, bool]]:
    """Judge once a second what a course (seconds, value) says last; the changes as (seconds, active)."""
    condition, found, last = NEVER, [], course[-1][0] + 600
    for tick in range(int(last / every_s) + 1):
        now = tick * every_s
        said = [s for s in course if s[0] <= now]
        before = condition.active
        condition = judge(alarm, condition, at(*said[-1]) if said else None, round(now * S))
        if condition.active != before:
            found.append((now, condition.active))
    return found


def test_an_alarm_without_a_response_is_an_event() -> None:
    known = {"id": 1, "site_id": 1, "node_id": 2, "kind": AlarmKind.ABOVE, "priority": Priority.LOW, "limit": 1.0}
    told = {"key": "k", "title": "T", "consequence": "Waste.", "respond_within_s": 60.0}
    assert AlarmDefinition(**known, **told, response="Close the valve.").response
    with pytest.raises(Invalid, match="event, not an alarm"):
        AlarmDefinition(**known, **told, response="  ")


def test_without_delay_and_deadband_it_follows_the_limit() -> None:
    assert run(rule(), [(0, 7.0), (10, 8.0), (20, 8.1), (30, 8.0)]) == [(20, True), (30, False)]


def test_below_is_the_mirror_of_above() -> None:
    assert run(rule(AlarmKind.BELOW, deadband=0.5), [(0, 9), (10, 7.9), (20, 8.4), (30, 8.6)]) == [(10, True), (30, False)]


def test_the_deadband_keeps_an_active_alarm_from_chattering() -> None:
    noise = [(t, 8.0 + 0.2 * (-1) ** t) for t in range(20)]
    assert len(run(rule(), noise)) > 10
    assert run(rule(deadband=0.5), [*noise, (30, 7.4)]) == [(0, True), (30, False)]


def test_the_on_delay_lets_short_excursions_pass_and_counts_from_the_sample() -> None:
    alarm = rule(on_delay_s=30)
    assert run(alarm, [(0, 5), (10, 9), (39, 5)]) == []
    assert run(alarm, [(0, 5), (10, 9), (41, 5)])[0] == (40, True)
    judged = judge(alarm, NEVER, at(10, 9), 40 * S)
    assert judged == Condition(True, 10 * S)


def test_the_off_delay_joins_what_belongs_together() -> None:
    assert run(rule(off_delay_s=30), [(0, 9), (10, 5), (30, 9), (50, 5)]) == [(0, True), (80, False)]


@pytest.mark.parametrize(
    "sample",
    [None, at(0, 9, usable=False), at(-100, 9, fresh_s=30.0)],
    ids=["nothing ever came", "bad quality", "too old"],
)
def test_what_is_not_known_changes_nothing(sample: Sample | None) -> None:
    for before in (NEVER, Condition(True, 5), Condition(True, 5, 7), Condition(pending_us=3)):
        assert judge(rule(), before, sample, 0) == before


def test_silence_and_bad_quality_are_what_a_stale_alarm_tells() -> None:
    alarm = rule(AlarmKind.STALE)
    assert beyond(alarm, None, False, 0)
    assert beyond(alarm, at(0, 5, usable=False), False, 0)
    assert not beyond(alarm, at(0, 5, fresh_s=30.0), False, 30 * S)
    assert beyond(alarm, at(0, 5, fresh_s=30.0), False, 31 * S)
    assert not beyond(rule(AlarmKind.STALE, limit=60.0), at(0, 5, fresh_s=30.0), False, 60 * S)


def test_a_limit_that_was_taken_away_is_unknown_not_normal() -> None:
    assert beyond(rule(limit=None), at(0, 99), True, 0) is None


# ------------------------------------------------------------------ laws
COURSES = st.lists(st.tuples(st.integers(1, 60), st.floats(0, 16).map(lambda v: round(v, 1))), min_size=1, max_size=25).map(
    lambda steps: [(sum(s for s, _ in steps[: i + 1]), value) for i, (_, value) in enumerate(steps)]
)
RULES = st.builds(
    lambda kind, on, off, band: rule(kind, on_delay_s=on, off_delay_s=off, deadband=band),
    st.sampled_from([AlarmKind.ABOVE, AlarmKind.BELOW]),
    st.integers(0, 90),
    st.integers(0, 90),
    st.sampled_from([0.0, 0.5, 3.0]),
)


@given(RULES, COURSES)
def test_judging_twice_at_an_instant_is_judging_once(alarm: Rule, course: list[tuple[float, float]]) -> None:
    condition = NEVER
    for t, value in course:
        once = judge(alarm, condition, at(t, value), round(t * S))
        assert judge(alarm, once, at(t, value), round(t * S)) == once
        condition = once


@given(RULES, st.floats(0, 16), st.lists(st.integers(0, 400), min_size=1, max_size=12))
def test_how_often_is_judged_does_not_matter_while_a_value_holds(alarm: Rule, value: float, ticks: list[int]) -> None:
    often = NEVER
    for tick in sorted(ticks):
        often = judge(alarm, often, at(0, value), tick * S)
    once = judge(alarm, NEVER, at(0, value), max(ticks) * S)
    assert (often.active, often.since_us) == (once.active, once.since_us)


@given(RULES, COURSES)
def test_an_alarm_is_never_raised_before_its_delay_nor_cleared_before_its_other(
    alarm: Rule, course: list[tuple[float, float]]
) -> None:
    changes = run(alarm, course)
    assert [active for _, active in changes] == [i % 2 == 0 for i in range(len(changes))]
    for when, active in changes:
        delay = alarm.on_delay_s if active else alarm.off_delay_s
        said = [beyond(alarm, at(t, v), not active, 0) for t, v in _during(course, when - delay, when)]
        assert all(one is active for one in said), (when, active)


def _during(course: list[tuple[float, float]], begin: float, end: float) -> list[tuple[float, float]]:
    """What was said at some time in [begin, end]."""
    held = [s for s in course if s[0] <= begin][-1:]
    return [*held, *(s for s in course if begin < s[0] <= end)]


# ------------------------------------------------------------------ records
def watch(**more: Any) -> Watch:
    given_ = {"rule": rule(), "before": NEVER, "sample": at(0, 5.0)} | more
    return Watch(**given_)


def test_nothing_is_to_be_done_while_all_is_normal() -> None:
    assert step(watch(), 0) is None
    assert step(watch(before=Condition(True, 0), sample=at(0, 9), standing=(7, False, False)), 0) is None


def test_a_new_condition_raises_and_a_gone_one_clears() -> None:
    raised = step(watch(sample=at(0, 9)), 0)
    assert raised is not None
    assert raised.raised
    assert raised.ended_as is None
    cleared = step(watch(before=Condition(True, 0), standing=(7, False, False)), 0)
    assert cleared is not None
    assert cleared.cleared
    assert cleared.ended_as is None
    over = step(watch(before=Condition(True, 0), standing=(7, False, True)), 0)
    assert over is not None
    assert over.cleared
    assert over.ended_as == "normal"


def test_what_returned_unseen_and_comes_again_is_another_alarm() -> None:
    again = step(watch(sample=at(0, 9), standing=(7, True, False)), 0)
    assert again is not None
    assert again.raised
    assert again.ended_as == "repeated"


@pytest.mark.parametrize(
    ("more", "ended"),
    [
        ({"aside": AlarmState.SHELVED}, "shelved"),
        ({"aside": AlarmState.OUT_OF_SERVICE}, "out_of_service"),
        ({"retired": True}, "removed"),
        ({"rule": rule(out_of_service=True)}, "out_of_service"),
    ],
)
def test_what_is_set_aside_leaves_the_list_and_is_not_raised(more: dict[str, Any], ended: str) -> None:
    standing = step(watch(before=Condition(True, 0), sample=at(0, 9), standing=(7, False, False), **more), 0)
    assert standing is not None
    assert standing.ended_as == ended
    assert not standing.raised
    quiet = step(watch(sample=at(0, 9), **more), 0)
    assert quiet is not None
    assert not quiet.transition
    assert quiet.condition.active


def test_a_lost_operator_record_is_raised_again() -> None:
    """The condition is stored active but no record stands: the record is what people see, so it is made."""
    found = step(watch(before=Condition(True, 0), sample=at(0, 9)), 0)
    assert found is not None
    assert found.raised


def test_suppression_by_design_waits_for_the_machine_and_its_delay_begins_then() -> None:
    alarm = rule(on_delay_s=10, while_states=("running",))
    stopped, running = Sample(0, 2.0, "stopped"), Sample(100 * S, 4.0, "running")
    first = step(watch(rule=alarm, sample=at(0, 9), machine=stopped), 50 * S)
    assert first is not None
    assert first.condition == Condition(suppressed=True)
    begun = step(watch(rule=alarm, before=first.condition, sample=at(99, 9), machine=running), 100 * S)
    assert begun is not None
    assert begun.condition == Condition(pending_us=100 * S)
    raised = step(watch(rule=alarm, before=begun.condition, sample=at(110, 9), machine=running), 110 * S)
    assert raised is not None
    assert raised.raised


def test_a_machine_that_does_not_tell_leaves_suppression_as_it_is() -> None:
    alarm = rule(while_states=("running",))
    assert step(watch(rule=alarm, before=Condition(suppressed=True), sample=at(0, 9), machine=None), 0) is None
    raised = step(watch(rule=alarm, sample=at(0, 9), machine=None), 0)
    assert raised is not None
    assert raised.raised
